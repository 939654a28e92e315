"""Instructions out of a model's own template: filtered, answered, continued, told apart."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge.magpie import NEEDED, main
from tests.fault_server import FaultServer
from tests.joydataforge.scripted_server import Body, ScriptedServer, Written, asked_text
from utils.cli import log
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows

ROOT = Path(__file__).parents[2]


def settings(folder: Path, **keys: Any) -> str:
    (folder / "models.yaml").write_text(json.dumps({"m": {"base": keys.pop("base", "embedded")}}))
    values = {
        "method": "magpie",
        "model": "m",
        "model_map": str(folder / "models.yaml"),
        "data_write_path": str(folder),
        "data_write_file_name": "out.jsonl",
        "template": "qwen3",
        "threshold": 4,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(values | keys))
    return str(folder / "config.yaml")


def distil(folder: Path, *flags: str, **keys: Any) -> list[Row]:
    assert main(["--config", settings(folder, **keys), *flags]) == 0
    return list(read_rows(folder / "out.jsonl"))


def is_completion(body: Body) -> bool:
    return "prompt" in body


def ask_or_answer(body: Body) -> Written:
    """Write an instruction that the seed tells apart, or an answer."""
    if is_completion(body) and not body["prompt"].endswith("</think>\n\n"):
        return f"\nWhat is special about the number {body['seed']}?\n"
    number = re.findall(r"\d+", asked_text(body))[-1]
    return f"Its digits: {' '.join(number)}."


def test_the_model_writes_the_instruction_and_answers_it(tmp_path: Path) -> None:
    with ScriptedServer(ask_or_answer) as server:
        rows = distil(tmp_path, base=server.url, answer_options={"temperature": 0})
    assert len({row["input"] for row in rows}) == 4
    for row in rows:
        assert row["target"].startswith("Its digits: ") and row["history"] == []
        assert row["messages"] == [
            {"role": "user", "content": row["input"]},
            {"role": "assistant", "content": row["target"]},
        ]
        assert (row["template"], row["model"]) == ("qwen3", "m")
    asked = [body for body in server.bodies if is_completion(body)]
    assert {body["prompt"] for body in asked} == {"<|im_start|>user\n"}
    assert {tuple(body["stop"]) for body in asked} == {
        ("<|im_end|>", "<|endoftext|>", "<|im_start|>")
    }
    answers = [body for body in server.bodies if not is_completion(body)]
    assert all(body["temperature"] == 0 and "stop" not in body for body in answers)


def test_later_turns_go_on_with_the_template_so_far(tmp_path: Path) -> None:
    with ScriptedServer(ask_or_answer) as server:
        # With one seed the later turns would repeat the first instruction.
        keys = {"turns": 3, "threshold": 1, "answer_with": "completion", "max_try": 5}
        [row] = distil(tmp_path, base=server.url, **keys)
    [(first, answer), second] = row["history"]
    assert [m["role"] for m in row["messages"]] == ["user", "assistant"] * 3
    assert row["messages"][-2]["content"] == row["input"] != second[0] != first
    last = [body["prompt"] for body in server.bodies if body["prompt"].endswith("user\n")][-1]
    assert last == (
        f"<|im_start|>user\n{first}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>\n"
        f"<|im_start|>user\n{second[0]}<|im_end|>\n<|im_start|>assistant\n{second[1]}<|im_end|>\n"
        "<|im_start|>user\n"
    )
    assert all(is_completion(body) for body in server.bodies)


def test_bad_instructions_are_asked_for_again_and_a_later_one_ends_the_talk(tmp_path: Path) -> None:
    answers = iter(
        [
            "Hi",
            "Why is it so?<|reserved_special_token_1|>",
            ("Why is it so and what can be d", "length"),
            "I'm sorry, but I can't help with that request.",
            "Why is the sea salty?",
            "Because of the rivers.",
            "why is the sea salty?",
        ]
    )
    with ScriptedServer(lambda body: next(answers, "Hi")) as server:
        [row] = distil(tmp_path, base=server.url, turns=2, threshold=1)
    assert row["input"] == "Why is the sea salty?" and row["target"] == "Because of the rivers."
    assert row["history"] == [] and row["ended_by"] == "too_short"


def test_a_sample_without_a_good_instruction_or_answer_is_rejected(tmp_path: Path) -> None:
    def write(body: Body) -> Written:
        if not is_completion(body):
            return "I cannot assist with that request."
        return "Hi" if "medicine" in body["prompt"] else "Why is the sea salty?"

    with ScriptedServer(write) as server:
        keys = {"vary": ["You know medicine.", "You know the sea."], "threshold": 12}
        assert main(["--config", settings(tmp_path, base=server.url, max_try=2, **keys)]) == 0
    rejected = list(read_rows(tmp_path / "out.rejected.jsonl"))
    reasons = {(row["system"], row["reject_reason"]) for row in rejected}
    assert reasons == {("You know medicine.", "too_short"), ("You know the sea.", "answer_refused")}


def test_duplicates_go_by_the_plan_whoever_was_answered_first(tmp_path: Path) -> None:
    def write(body: Body) -> Written:
        if not is_completion(body):
            return "Because."
        time.sleep(body["seed"] % 7 / 100)
        return ("Why is the sea so salty in summer", "Where does the wind come from")[
            body["seed"] % 2
        ] + "?" * (body["seed"] % 3 + 1)

    kept = []
    for max_works in (1, 8):
        folder = tmp_path / str(max_works)
        folder.mkdir()
        with ScriptedServer(write) as server:
            keys = {"base": server.url, "threshold": 12, "max_works": max_works}
            distil(folder, near_duplicate=0.7, **keys)
        kept.append((folder / "out.jsonl").read_bytes())
        rejected = list(read_rows(folder / "out.rejected.jsonl"))
        assert {row["reject_reason"] for row in rejected} == {"duplicate", "near_duplicate"}
    assert kept[0] == kept[1] and kept[0].count(b"\n") == 2


def test_the_system_text_steers_and_is_answered_under_only_where_asked_for(tmp_path: Path) -> None:
    keys: dict[str, Any] = {"vary": ["You know medicine."], "threshold": 1}
    for vary_in_answer in (False, True):
        with ScriptedServer(ask_or_answer) as server:
            name = f"{vary_in_answer}.jsonl"
            main(
                ["--config"]
                + [settings(tmp_path, base=server.url, vary_in_answer=vary_in_answer, **keys)]
                + ["--data_write_file_name", name]
            )
        asked, answered = server.bodies
        assert asked["prompt"].startswith("<|im_start|>system\nYou know medicine.<|im_end|>\n")
        [row] = read_rows(tmp_path / name)
        roles = [message["role"] for message in row["messages"]]
        assert row["system"] == "You know medicine."
        assert roles == ["system"] * vary_in_answer + ["user", "assistant"]
        assert answered["messages"] == row["messages"][:-1]


def test_a_server_without_the_endpoint_is_named_with_what_is_needed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "propagate", True)
    with ScriptedServer(ask_or_answer, completions=False) as server:
        assert main(["--config", settings(tmp_path, base=server.url)]) == 2
    [line] = [record.getMessage() for record in caplog.records if NEEDED in record.getMessage()]
    assert "HTTP 404" in line and "\n" not in line and not (tmp_path / "out.jsonl").exists()


def test_a_model_that_the_server_lacks_is_another_matter(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "propagate", True)
    with FaultServer({"only_after": {"404_model": 0}}) as server:
        assert main(["--config", settings(tmp_path, base=server.url)]) == 2
    assert "The model does not exist" in caplog.text and NEEDED not in caplog.text


def test_more_samples_can_be_made_later_and_none_is_paid_twice(tmp_path: Path) -> None:
    with ScriptedServer(ask_or_answer) as server:
        first = distil(tmp_path, base=server.url)
        more = distil(tmp_path, "--threshold", "6", "--continue_from_error", base=server.url)
        assert more[:4] == first and len(more) == 6 and len(server.bodies) == 12


def test_cached_samples_are_not_asked_for(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache.jsonl")
    with ScriptedServer(ask_or_answer) as server:
        keys = {"base": server.url, "turns": 1, "save_cache_path": cache}
        first = distil(tmp_path, is_save_caches=True, **keys)
        again = distil(tmp_path, "--overwrite", data_cache_path=[cache], **keys)
        assert len(server.bodies) == 8
    assert [row.pop("from_cache") for row in again] == [True] * 4 and again == first


def test_another_template_of_the_same_name_is_other_work(tmp_path: Path) -> None:
    path = tmp_path / "own.yaml"
    form = "user_prefix: U\nuser_suffix: ''\nassistant_prefix: A\nassistant_suffix: ''\nstops: [{}]"
    with ScriptedServer(ask_or_answer) as server:
        keys = {"base": server.url, "template_file": str(path), "threshold": 1}
        path.write_text(form.format("END"))
        distil(tmp_path, **keys)
        path.write_text(form.format("STOP"))
        with pytest.raises(PipelineError, match="task"):
            distil(tmp_path, "--continue_from_error", **keys)


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ({"template": "vicuna"}, "no template 'vicuna'"),
        ({"template_file": "no.jinja"}, "no.jinja"),
        ({"threshold": None}, "how many samples"),
        ({"turns": 0}, "'turns': must be above 0, not 0"),
        ({"near_duplicate": 1.5}, "near_duplicate"),
        ({"vary_share": 2}, "vary_share"),
        ({"data_read_path": "x.jsonl"}, "reads no rows"),
    ],
)
def test_a_mistake_in_the_settings_is_named(
    tmp_path: Path, keys: dict[str, Any], says: str
) -> None:
    with pytest.raises(PipelineError, match=says):
        main(["--config", settings(tmp_path, **keys)])


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    config = "joydataforge/configs/magpie.yaml"
    flags = ["--config", config, "--turns", "2", "--threshold", "24", "--max_works", "2"]
    assert main([*flags, "--data_write_path", str(tmp_path / "whole")]) == 0
    command = [sys.executable, "-m", "joydataforge.magpie", *flags]
    command += ["--data_write_path", str(tmp_path / "killed")]
    answers = tmp_path / "killed" / "magpie.answers.jsonl"
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        while not answers.exists() or answers.stat().st_size < 2000:
            assert process.poll() is None
            time.sleep(0.002)
        os.kill(process.pid, signal.SIGKILL)
    assert not (tmp_path / "killed" / "magpie.jsonl").exists()
    assert subprocess.run([*command, "--continue_from_error"], cwd=ROOT).returncode == 0
    whole = (tmp_path / "whole" / "magpie.jsonl").read_bytes()
    assert (tmp_path / "killed" / "magpie.jsonl").read_bytes() == whole
    assert whole.count(b"\n") > 15
