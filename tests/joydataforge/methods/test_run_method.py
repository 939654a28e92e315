import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge.methods.answers import plain_answer
from joydataforge.methods.rows import planned_rows
from joydataforge.methods.run_method import run_method
from joydataforge.methods.settings import MethodConfig, read_settings
from joydataforge.methods.templates import fill
from tests.fault_server import FaultServer
from utils.errors import PipelineError
from utils.generation.conversation import Conversation, Job, ask_for
from utils.jsonl import Row, read_rows

ROWS: list[Row] = [{"input": f"question {n}", "target": "", "tag": n} for n in range(12)]


class TrialConfig(MethodConfig):
    def written_fields(self) -> list[str]:
        return ["target"]


def run_trial(folder: Path, *flags: str, **keys: Any) -> int:
    """Fill the prompt for every row of `rows.jsonl`; the answer goes to `target`."""
    path = folder / "trial.yaml"
    values = {
        "method": "trial",
        "model": "m",
        "model_map": str(folder / "models.json"),
        "prompt": "Q: {input}",
        "data_read_path": str(folder / "rows.jsonl"),
        "data_write_path": str(folder),
        "data_write_file_name": "out.jsonl",
    }
    path.write_text(yaml.safe_dump(values | keys))
    config, settings = read_settings(["--config", str(path), *flags], "", TrialConfig, "")

    async def converse(job: Job, conversation: Conversation) -> Row:
        asked = [{"role": "user", "content": fill(config.prompt, job.row)}]
        answer = await ask_for(conversation, asked, plain_answer, config.max_try)
        return {**job.row, "target": answer}

    return run_method(config, settings, lambda: planned_rows(config), converse)


def write_rows(folder: Path, rows: list[Row]) -> None:
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_map(folder: Path, **entry: Any) -> None:
    (folder / "models.json").write_text(json.dumps({"m": entry}))


def out(folder: Path) -> list[Row]:
    return list(read_rows(folder / "out.jsonl"))


def saving(folder: Path) -> dict[str, Any]:
    return {"is_save_caches": True, "save_cache_path": str(folder / "cache.jsonl")}


def test_rows_come_out_in_order_with_all_their_fields(tmp_path: Path) -> None:
    write_rows(tmp_path, [*ROWS, {"input": None}])
    with FaultServer() as server:
        write_map(tmp_path, base=server.url)
        assert run_trial(tmp_path, from_where="clinic") == 0
    assert [row["tag"] for row in out(tmp_path)] == list(range(12))
    assert out(tmp_path)[0]["target"].startswith("answer ")
    names = {"prompt_id", "model", "input", "target", "tag", "from_where"}
    assert set(out(tmp_path)[0]) == names
    [rejected] = read_rows(tmp_path / "out.rejected.jsonl")
    assert rejected["reject_reason"] == "empty_input"


def test_fields_that_the_engine_has_as_well_are_kept(tmp_path: Path) -> None:
    write_rows(tmp_path, [ROWS[0] | {"usage": "twice a day", "finish_reason": None}])
    with FaultServer() as server:
        write_map(tmp_path, base=server.url)
        assert run_trial(tmp_path, **saving(tmp_path)) == 0
    [row] = out(tmp_path)
    assert (row["usage"], row["finish_reason"]) == ("twice a day", None)
    [entry] = read_rows(tmp_path / "cache.jsonl")
    assert set(entry["result"]) == {"target"}


def test_a_saved_cache_answers_a_second_run_without_any_request(tmp_path: Path) -> None:
    write_rows(tmp_path, ROWS)
    with FaultServer() as server:
        write_map(tmp_path, base=server.url)
        assert run_trial(tmp_path, **saving(tmp_path)) == 0
        first, asked = out(tmp_path), server.state.asked.total()
        cached = (tmp_path / "cache.jsonl").read_bytes()
        again = saving(tmp_path) | {"data_cache_path": str(tmp_path / "cache.jsonl")}
        assert run_trial(tmp_path, "--overwrite", **again, from_where="here") == 0
        assert server.state.asked.total() == asked == 12
    summary = json.loads((tmp_path / "out.summary.json").read_text())
    assert (summary["from_cache"], summary["requests"]) == (12, 0)
    marks = {"from_cache": True, "from_where": "here"}
    assert out(tmp_path) == [row | marks for row in first]
    assert (tmp_path / "cache.jsonl").read_bytes() == cached


def test_a_cache_that_a_run_is_to_write_may_be_missing_at_its_start(tmp_path: Path) -> None:
    write_rows(tmp_path, ROWS[:1])
    with FaultServer() as server:
        write_map(tmp_path, base=server.url)
        path = str(tmp_path / "cache.jsonl")
        assert run_trial(tmp_path, **saving(tmp_path), data_cache_path=path) == 0
        with pytest.raises(PipelineError, match="gone.jsonl: no such file"):
            run_trial(tmp_path, "--overwrite", data_cache_path=str(tmp_path / "gone.jsonl"))


@pytest.mark.parametrize(
    ("keys", "entry"),
    [
        ({"prompt": "Question: {input}"}, {}),
        ({"temperature": 0.1}, {}),
        ({"random_seed": 1}, {}),
        ({}, {"model": "other/model"}),
        ({}, {"extra_body": {"top_k": 3}}),
    ],
)
def test_an_answer_of_another_prompt_model_or_sampling_is_not_taken(
    tmp_path: Path, keys: dict[str, Any], entry: dict[str, Any]
) -> None:
    write_rows(tmp_path, ROWS)
    with FaultServer() as server:
        write_map(tmp_path, base=server.url)
        assert run_trial(tmp_path, **saving(tmp_path)) == 0
        write_map(tmp_path, base=server.url, **entry)
        cache = str(tmp_path / "cache.jsonl")
        assert run_trial(tmp_path, "--overwrite", data_cache_path=cache, **keys) == 0
        assert server.state.asked.total() == 24


def test_one_instruction_with_other_code_is_another_query(tmp_path: Path) -> None:
    rows = [{"input": "Add types.", "code": code, "target": ""} for code in ("a", "b", "a")]
    write_rows(tmp_path, rows)
    with FaultServer() as server:
        write_map(tmp_path, base=server.url)
        assert run_trial(tmp_path, prompt="{input} {code}") == 0
        assert server.state.asked.total() == 2
    targets = [row["target"] for row in out(tmp_path)]
    assert targets[0] == targets[2] != targets[1]


def test_an_answer_equal_to_what_a_row_had_is_cached_too(tmp_path: Path) -> None:
    write_rows(tmp_path, ROWS[:1])
    with FaultServer() as server:
        write_map(tmp_path, base=server.url)
        assert run_trial(tmp_path) == 0
        [made] = out(tmp_path)
        write_rows(tmp_path, [ROWS[0] | {"target": made["target"]}])
        assert run_trial(tmp_path, "--overwrite", **saving(tmp_path)) == 0
        [same] = out(tmp_path)
        assert same["target"] == made["target"]
        write_rows(tmp_path, ROWS[:1])
        cache = str(tmp_path / "cache.jsonl")
        assert run_trial(tmp_path, "--overwrite", data_cache_path=cache) == 0
    assert out(tmp_path)[0]["target"] == made["target"]


def test_equal_queries_are_asked_once_and_each_row_gets_the_answer(tmp_path: Path) -> None:
    rows = [ROWS[0], ROWS[1], {"input": " question 0\n", "tag": "x"}, ROWS[0] | {"tag": "y"}]
    write_rows(tmp_path, rows)
    with FaultServer() as server:
        write_map(tmp_path, base=server.url)
        assert run_trial(tmp_path, "--max_works", "1", **saving(tmp_path)) == 0
        assert server.state.asked.total() == 2
    made = out(tmp_path)
    assert made[0]["target"] == made[2]["target"] == made[3]["target"] != made[1]["target"]
    assert [row.get("from_cache") for row in made] == [None, None, True, True]
    assert [row["tag"] for row in made] == [0, 1, "x", "y"]
    assert len(list(read_rows(tmp_path / "cache.jsonl"))) == 2


def test_where_the_first_of_equal_queries_fails_the_next_one_asks(tmp_path: Path) -> None:
    mark = "a<<400_filter*1>>"
    write_rows(tmp_path, [{"input": mark, "n": 1}, {"input": mark, "n": 2}])
    with FaultServer() as server:
        write_map(tmp_path, base=server.url, send_seed=False)
        assert run_trial(tmp_path, max_works=1) == 1
        assert [row["n"] for row in out(tmp_path)] == [2]
        assert run_trial(tmp_path, "--continue_from_error", "--retry_failed") == 0
    assert [row["n"] for row in out(tmp_path)] == [1, 2]


@pytest.mark.parametrize("stop_after", [1, 5, 11])
def test_a_stopped_run_goes_on_to_the_same_bytes_and_cache(tmp_path: Path, stop_after: int) -> None:
    rows = [*ROWS, *(row | {"tag": "again"} for row in ROWS[:6])]
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
        write_rows(folder, rows)
    with FaultServer() as server:
        write_map(whole, base=server.url)
        assert run_trial(whole, **saving(whole)) == 0
        assert server.state.asked.total() == 12
    with FaultServer({"only_after": {"401": stop_after}}) as first:
        write_map(parts, base=first.url)
        assert run_trial(parts, "--max_works", "2", **saving(parts)) == 2
        saved = len(list(read_rows(parts / "cache.jsonl")))
        assert saved == stop_after, "what was answered is kept though the run was stopped"
    with FaultServer() as server:
        write_map(parts, base=server.url)
        assert run_trial(parts, "--continue_from_error", "--max_works", "3", **saving(parts)) == 0
        assert server.state.asked.total() == 12 - stop_after
    assert (parts / "out.jsonl").read_bytes() == (whole / "out.jsonl").read_bytes()
    assert set((parts / "cache.jsonl").read_bytes().split(b"\n")) == set(
        (whole / "cache.jsonl").read_bytes().split(b"\n")
    )


def test_a_run_that_got_no_answer_saves_an_empty_cache(tmp_path: Path) -> None:
    write_rows(tmp_path, ROWS[:2])
    with FaultServer({"only_after": {"401": 0}}) as server:
        write_map(tmp_path, base=server.url)
        assert run_trial(tmp_path, **saving(tmp_path)) == 2
    assert (tmp_path / "cache.jsonl").read_bytes() == b""


@pytest.mark.parametrize("name", ["rows.jsonl", "out.jsonl", "out.answers.jsonl", "models.json"])
def test_a_cache_may_not_take_the_place_of_another_file(tmp_path: Path, name: str) -> None:
    write_rows(tmp_path, ROWS[:1])
    write_map(tmp_path, base="http://127.0.0.1:9/v1")
    keys = {"is_save_caches": True, "save_cache_path": str(tmp_path / name)}
    with pytest.raises(PipelineError):
        run_trial(tmp_path, **keys)
    assert not (tmp_path / "out.answers.jsonl").exists(), "nothing was asked"
