import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from programming_instruct.aiprogrammer import main, plan_snippets
from programming_instruct.stage_replies import check_history
from utils.errors import PipelineError
from utils.jsonl import Row

ROOT = Path(__file__).resolve().parents[2]
CODE = "def greet(name):\n    message = 'Hello, ' + name\n    return message + '!'\n"
FIELDS = {"prompt_id", "model", "content", "lang", "persona", "output"}


def write(path: Path, value: Any) -> str:
    path.write_text(json.dumps(value), encoding="utf-8")
    return str(path)


def write_map(folder: Path, base: str = "embedded") -> str:
    model: dict[str, Any] = {"base": base}
    if base != "embedded":  # a server that was started by hand is told in the body
        model["extra_body"] = {"metadata": {"prompt_kind": "coding_stages"}}
    return write(folder / "model_map.json", {"offline": model})


def plan(folder: Path, snippets: Any, seed: int = 42) -> list[Row]:
    path = write(folder / "snippets.json", snippets)
    return list(plan_snippets(path, 3072, seed))


def flags(folder: Path, snippets: Any, base: str = "embedded", name: str = "out.json") -> list[str]:
    return [
        *("--model_map", write_map(folder, base)),
        *("--input_path", write(folder / "snippets.json", snippets)),
        *("--output_path", str(folder / name)),
    ]


def rejected(folder: Path) -> list[Row]:
    text = (folder / "out.rejected.jsonl").read_text(encoding="utf-8")
    return [json.loads(line) for line in text.splitlines()]


@contextmanager
def offline_server(*options: str) -> Iterator[str]:
    command = [sys.executable, "-m", "offline_model", "--exit_with_stdin", *options]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def numbered(count: int) -> list[str]:
    return [CODE.replace("greet", f"greet_{number}") for number in range(count)]


def test_snippets_are_texts_or_objects(tmp_path: Path) -> None:
    rows = plan(tmp_path, [CODE, {"code": "x = 1\n", "lang": "python", "license": "mit"}])
    assert [row["content"] for row in rows] == [CODE, "x = 1\n"]
    assert [row["lang"] for row in rows] == ["", "python"]
    assert rows[1]["license"] == "mit"


def test_json_lines_are_read_by_the_files_ending(tmp_path: Path) -> None:
    path = tmp_path / "snippets.jsonl"
    path.write_text(f"{json.dumps(CODE)}\n{json.dumps({'code': CODE})}\n")
    assert [row["content"] for row in plan_snippets(str(path), 3072, 1)] == [CODE, CODE]


def test_equal_snippets_get_ids_of_their_own(tmp_path: Path) -> None:
    first, second, third = (
        row["prompt_id"] for row in plan(tmp_path, [CODE, CODE, {"code": CODE}])
    )
    assert (second, third) == (f"{first}-2", f"{first}-3")


def test_the_programmer_is_drawn_by_seed_and_id_alone(tmp_path: Path) -> None:
    snippets = numbered(30)
    drawn = {row["prompt_id"]: row["persona"] for row in plan(tmp_path, snippets)}
    turned = {row["prompt_id"]: row["persona"] for row in plan(tmp_path, snippets[::-1])}
    assert drawn == turned
    assert set(drawn.values()) == {"novice", "ordinary", "expert"}
    other = {row["prompt_id"]: row["persona"] for row in plan(tmp_path, snippets, seed=7)}
    assert drawn != other


@pytest.mark.parametrize(
    ("snippet", "reason"),
    [
        ("", "empty_code"),
        (" \n\t\n", "empty_code"),
        ({"code": ""}, "empty_code"),
        (None, "not_text"),
        (7, "not_text"),
        (["x = 1"], "not_text"),
        ({"code": None}, "not_text"),
        ({"code": CODE, "lang": 3}, "lang_not_text"),
        ("x = 1\n" * 3000, "too_long"),
    ],
)
def test_what_is_no_snippet_is_put_aside_before_any_call(
    tmp_path: Path, snippet: Any, reason: str
) -> None:
    (row,) = plan(tmp_path, [snippet])
    assert row["reject_reason"] == reason and row["prompt_id"]


def test_a_language_of_null_is_not_known(tmp_path: Path) -> None:
    (row,) = plan(tmp_path, [{"code": CODE, "lang": None}])
    assert row["lang"] == "" and "reject_reason" not in row


def test_an_object_without_code_is_the_wrong_file(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match=r"snippets.json, record 2: field 'code' is missing"):
        plan(tmp_path, [CODE, {"content": CODE}])


def test_each_snippet_becomes_a_history_that_ends_in_it(tmp_path: Path) -> None:
    snippets = [CODE, "", {"code": CODE.replace("\n", "\r\n"), "lang": "python"}, CODE.rstrip("\n")]
    assert main(flags(tmp_path, snippets)) == 0
    rows = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [row["content"] for row in rows] == [
        CODE,
        CODE.replace("\n", "\r\n"),
        CODE.rstrip("\n"),
    ]
    for row in rows:
        assert set(row) == FIELDS and row["output"][-1] == row["content"]
        check_history(row["output"])
    assert all("\r\n" in version for version in rows[1]["output"])
    assert not any(version.endswith("\n") for version in rows[2]["output"])
    assert [row["reject_reason"] for row in rejected(tmp_path)] == ["empty_code"]


def test_a_bad_reply_is_asked_again_with_another_seed(tmp_path: Path) -> None:
    with offline_server("--misbehave_share", "0.5") as base:
        code = main(flags(tmp_path, numbered(20), base))
    summary = json.loads((tmp_path / "out.summary.json").read_text())
    assert code == 0 and summary["kept"] >= 18
    assert 25 <= summary["requests"] <= 70


def test_after_the_last_try_the_snippet_is_put_aside_with_its_reason(tmp_path: Path) -> None:
    with offline_server("--misbehave_share", "1") as base:
        assert main([*flags(tmp_path, numbered(8), base), "--max_try", "2"]) == 0
    assert json.loads((tmp_path / "out.json").read_text()) == []
    summary = json.loads((tmp_path / "out.summary.json").read_text())
    assert summary["requests"] == 16 and summary["rejected"] == 8
    reasons = {row["reject_reason"] for row in rejected(tmp_path)}
    spoiled = {"refusal", "last_block_differs", "equal_neighbours", "single_stage", "truncated"}
    assert reasons <= spoiled and len(reasons) > 1
    assert all(row["content"] and row["persona"] for row in rejected(tmp_path))


def test_a_killed_run_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    whole, part = tmp_path / "whole.json", tmp_path / "part.json"
    with offline_server("--delay", "0.1") as base:
        words = [*flags(tmp_path, numbered(16), base), "--num_proc", "4"]
        assert main([*words, "--output_path", str(whole)]) == 0
        words += ["--output_path", str(part), "--save_every", "1"]
        command = [sys.executable, "-m", "programming_instruct.aiprogrammer", *words]
        with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
            answers = tmp_path / "part.answers.jsonl"
            deadline = time.monotonic() + 300
            while not (answers.exists() and answers.stat().st_size > 1000):
                assert time.monotonic() < deadline
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        assert not part.exists()
        assert main([*words, "--continue_from_error"]) == 0
    assert part.read_bytes() == whole.read_bytes()
