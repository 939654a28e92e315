"""Synthesis with one model: rows answered, samples from nothing, cases worded anew."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge.synthesize import main
from tests.joydataforge.scripted_server import Body, ScriptedServer, asked_text
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "joydataforge" / "configs"
JSON_FIELDS = {"target": {"type": "text"}, "score": {"type": "number", "highest": 10}}


def config_file(folder: Path, base: str, **keys: Any) -> str:
    (folder / "models.json").write_text(json.dumps({"m": {"base": base}}))
    rows = keys.pop("rows", [{"input": "What is gout?", "target": "", "tag": "medicine"}])
    values = {
        "method": "single",
        "model": "m",
        "model_map": str(folder / "models.json"),
        "prompt": "Answer: {input}",
        "data_write_path": str(folder),
        "data_write_file_name": "out.jsonl",
    }
    if rows:
        (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
        values["data_read_path"] = str(folder / "rows.jsonl")
    (folder / "config.yaml").write_text(yaml.safe_dump(values | keys))
    return str(folder / "config.yaml")


def synthesize(folder: Path, base: str, *flags: str, **keys: Any) -> list[Row]:
    assert main(["--config", config_file(folder, base, **keys), *flags]) == 0
    path = folder / "out.jsonl"
    return list(read_rows(path)) if path.stat().st_size else []


def rejected(folder: Path) -> list[Row]:
    return list(read_rows(folder / "out.rejected.jsonl"))


def test_a_plain_answer_goes_to_the_field_that_is_named(tmp_path: Path) -> None:
    with ScriptedServer(lambda body: "<think>hm</think> A disease. ") as server:
        [row] = synthesize(tmp_path, server.url, answer_field="summary", system="Be {tag}.")
    assert row["summary"] == "A disease." and row["target"] == ""
    assert server.bodies[0]["messages"] == [
        {"role": "system", "content": "Be medicine."},
        {"role": "user", "content": "Answer: What is gout?"},
    ]


def test_a_json_answer_that_can_not_be_used_is_asked_again(tmp_path: Path) -> None:
    answers = iter(
        [
            "I would say a disease.",
            '{"target": "A disease."}',
            '{"target": "A disease.", "score": 11}',
            '{"target": "A disease.", "sc',
            "Here: {'target': 'A disease.', 'score': '7', 'sure': True} {fine?}",
        ]
    )
    with ScriptedServer(lambda body: next(answers)) as server:
        [row] = synthesize(tmp_path, server.url, answer_fields=JSON_FIELDS)
        assert len({body["seed"] for body in server.bodies}) == len(server.bodies) == 5
    assert (row["target"], row["score"], "sure" in row) == ("A disease.", 7, False)


def test_a_row_that_never_gets_a_good_answer_is_rejected_with_the_reason(tmp_path: Path) -> None:
    with ScriptedServer(lambda body: '{"target": "", "score": 1}') as server:
        assert synthesize(tmp_path, server.url, answer_fields=JSON_FIELDS, max_try=2) == []
        assert len(server.bodies) == 2
    assert [row["reject_reason"] for row in rejected(tmp_path)] == ["field_empty"]


def invented(body: Body) -> str:
    return f"About {asked_text(body)}"


DIRECT = {"method": "synthesis_directly", "rows": [], "threshold": 40, "answer_field": "input"}


def test_samples_from_nothing_draw_their_values_and_drop_duplicates(tmp_path: Path) -> None:
    keys = DIRECT | {"prompt": "{topic}!", "vary": {"topic": ["gout", "sleep", "pain"]}}
    with ScriptedServer(invented) as server:
        rows = synthesize(tmp_path, server.url, **keys)
        assert len(server.bodies) == 40
    assert sorted(row["input"] for row in rows) == ["About gout!", "About pain!", "About sleep!"]
    assert all(row["input"] == f"About {row['topic']}!" for row in rows)
    dropped = rejected(tmp_path)
    assert {row["reject_reason"] for row in dropped} == {"duplicate_of_earlier_sample"}
    assert len(dropped) == 37
    summary = json.loads((tmp_path / "out.summary.json").read_text())
    assert summary["reject_reasons"] == {"duplicate_of_earlier_sample": 37}


def test_more_samples_can_be_asked_for_later(tmp_path: Path) -> None:
    keys = DIRECT | {"prompt": "Invent.", "data_write_file_name": "out.jsonl"}
    with ScriptedServer(lambda body: f"sample {body['seed']}") as server:
        first = synthesize(tmp_path, server.url, **keys | {"threshold": 5})
        more = synthesize(tmp_path, server.url, "--continue_from_error", **keys | {"threshold": 9})
        assert len(server.bodies) == 9
    assert more[:5] == first and len({row["input"] for row in more}) == 9


REWRITE = {
    "method": "case_rewrite",
    "prompt": "{variants}|{input}",
    "answer_field": "input",
    "rewrites": 3,
}


def test_rewrites_that_repeat_the_case_or_each_other_are_asked_again(tmp_path: Path) -> None:
    said = ["what is gout", "Gout, what is it?", "Gout, what is it", "Explain gout.", "Gout?"]
    answers = iter(said)
    with ScriptedServer(lambda body: next(answers)) as server:
        rows = synthesize(tmp_path, server.url, **REWRITE)
        assert len({body["seed"] for body in server.bodies}) == 5
        assert asked_text(server.bodies[0]) == "(none)|What is gout?"
        assert asked_text(server.bodies[4]) == "- Gout, what is it?\n- Explain gout.|What is gout?"
    assert [row["input"] for row in rows] == ["Gout, what is it?", "Explain gout.", "Gout?"]
    assert {row["original_input"] for row in rows} == {"What is gout?"}
    assert [row["tag"] for row in rows] == ["medicine"] * 3
    assert len({row["prompt_id"] for row in rows}) == 3


def test_a_rewrite_that_never_comes_is_rejected_and_the_others_are_kept(tmp_path: Path) -> None:
    with ScriptedServer(lambda body: "Explain gout.") as server:
        [kept] = synthesize(tmp_path, server.url, **REWRITE, max_try=2)
        assert len(server.bodies) == 1 + 2 + 2
    assert kept["input"] == "Explain gout."
    assert [row["reject_reason"] for row in rejected(tmp_path)] == ["equal_to_other_rewrite"] * 2


def test_a_model_that_gives_the_case_back_gets_it_rejected(tmp_path: Path) -> None:
    with ScriptedServer(lambda body: "What is gout?") as server:
        assert synthesize(tmp_path, server.url, **REWRITE, max_try=2) == []
    assert [row["reject_reason"] for row in rejected(tmp_path)] == ["equal_to_original"]


def test_rewrites_come_out_of_the_cache_as_they_went_in(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache.jsonl")
    keys = REWRITE | {"is_save_caches": True, "save_cache_path": cache, "data_cache_path": cache}
    with ScriptedServer(lambda body: f"Gout {body['seed']}") as server:
        first = synthesize(tmp_path, server.url, **keys)
        again = synthesize(tmp_path, server.url, "--overwrite", **keys)
        assert len(server.bodies) == 3
    assert again == [row | {"from_cache": True} for row in first]


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"prompt": ""}, "'prompt' is missing"),
        ({"prompt": "{inptu}"}, "place for 'inptu'"),
        ({"system": "{variants}"}, "key 'system'.*'variants'"),
        ({"method": "double"}, "key 'method'"),
        ({"vary": {"a": [1]}}, "method single draws nothing"),
        ({"answer_field": ""}, "name an answer_field"),
        ({"answer_fields": {"a": {"typ": "text"}}}, "unknown key"),
        (REWRITE | {"rewrites": 0}, "'rewrites': must be above 0, not 0"),
        (DIRECT | {"threshold": None}, "needs a threshold"),
        (DIRECT | {"data_read_path": "x.jsonl"}, "reads no rows"),
        (DIRECT | {"vary": {"topic": []}}, "vary.topic must hold"),
        (DIRECT | {"vary": {"input": ["a"]}}, "vary.input: the answer has"),
        (DIRECT | {"prompt": "{topic}", "vary": {"kind": ["a"]}}, "place for 'topic'"),
    ],
)
def test_a_mistake_in_the_config_is_said_before_anything_is_asked(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with ScriptedServer(lambda body: "x") as server:
        with pytest.raises(PipelineError, match=message):
            main(["--config", config_file(tmp_path, server.url, **keys)])
        assert not server.bodies


@pytest.mark.parametrize(
    ("name", "kept"), [("single", 50), ("synthesis_directly", 45), ("case_rewrite", 98)]
)
def test_the_shipped_configs_work_with_the_embedded_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, kept: int
) -> None:
    monkeypatch.chdir(ROOT)
    flags = ["--config", str(CONFIGS / f"{name}.yaml"), "--data_write_path", str(tmp_path)]
    assert main(flags) == 0
    rows = list(read_rows(tmp_path / f"{name}.jsonl"))
    assert len(rows) >= kept
    assert all(row["input"].strip() for row in rows)


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    def slow(body: Body) -> str:
        time.sleep(0.01)
        return f"Gout {body['seed']} {len(asked_text(body))}"

    rows = [{"input": f"What is {n}?", "target": ""} for n in range(20)]
    rows += rows[:5]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    with ScriptedServer(slow) as server:
        for folder in (whole, parts):
            folder.mkdir()
            config_file(folder, server.url, rows=rows, **REWRITE, max_works=3)
        command = [sys.executable, "-m", "joydataforge.synthesize", "--continue_from_error"]
        running = subprocess.Popen([*command, "--config", str(parts / "config.yaml")], cwd=ROOT)
        while len(server.bodies) < 25 and running.poll() is None:
            time.sleep(0.005)
        os.kill(running.pid, signal.SIGKILL)
        assert running.wait() == -signal.SIGKILL
        assert not (parts / "out.jsonl").exists()
        asked = len(server.bodies)
        assert main(["--config", str(parts / "config.yaml"), "--continue_from_error"]) == 0
        assert len(server.bodies) <= 60 + 3, "only what was in flight is asked again"
        assert asked < len(server.bodies)
        assert main(["--config", str(whole / "config.yaml")]) == 0
    for name in ("out.jsonl", "out.answers.jsonl"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
