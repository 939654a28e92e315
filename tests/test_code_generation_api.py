"""Whole runs of stage 2 that go well, what they say, and what they refuse."""

import json
import re
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path

import pytest

from code_generation_api import main, prompt_kind
from get_instruct_from_response import read_batch
from tests.fault_server import FaultServer
from tests.stage2 import (
    ROOT,
    command,
    flags,
    keys,
    log_lines,
    outcome,
    read_jsonl,
    set_up,
    write_map,
    write_prompts,
)
from utils.errors import PipelineError
from utils.generation import run, sender
from utils.jsonl import write_rows

KEY = "sk-planted-0123456789"


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sender, "FIRST_BACKOFF", 0.02)


# A run that goes well


def test_a_row_holds_the_prompt_the_replies_and_how_they_came(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1)
        assert main(flags(tmp_path)) == 0
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert list(row)[:3] == ["prompt_id", "sample_index", "prompt_hash"]
    assert row["response"] == [row["response_1"], row["response_2"]]
    assert row["response_1"].startswith("answer ") and row["response_1"] != row["response_2"]
    assert row["model"] == "m" and row["finish_reason"] == ["stop", "stop"]
    assert [usage["completion_tokens"] for usage in row["usage"]] == [20, 20]
    assert row["user"] == ["p1r1", "p1r2"] and row["license"] == ["mit", "mit"]


def test_a_run_that_kept_nothing_goes_on_with_mended_settings(tmp_path: Path) -> None:
    with FaultServer({"faults": {"404_model": 1.0}}) as server:
        set_up(tmp_path, server, 2)
        assert main(flags(tmp_path, "--temperature", "0.5")) == 2
    with FaultServer() as server:
        write_map(tmp_path, server.url)
        go_on = ("--temperature", "0.1", "--continue_from_error")
        assert main(flags(tmp_path, *go_on)) == 0
        assert {body["temperature"] for body in server.state.bodies} == {0.1}
        with pytest.raises(PipelineError, match="made with temperature 0.1, now 0.5"):
            main(flags(tmp_path, "--temperature", "0.5", "--continue_from_error"))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [("refusal", "refusal"), ("unreasonable", "unreasonable"), ("length", "truncated")],
)
def test_no_second_round_is_asked_after_a_first_that_is_a_dead_end(
    tmp_path: Path, fault: str, reason: str
) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 2)
        rows = read_jsonl(tmp_path / "prompts.jsonl")
        rows[0] |= {"user": [f"<<{fault}>>", "go on"], "commit": ["a", "b"]}
        write_rows(tmp_path / "prompts.jsonl", rows)
        assert main(flags(tmp_path)) == 0
        assert sorted(server.state.order) == [f"<<{fault}>>", "p2r1", "p2r2"]
        assert main(flags(tmp_path, "--continue_from_error")) == 0
        assert len(server.state.order) == 3
    row, whole = sorted(read_jsonl(tmp_path / "out.jsonl"), key=lambda row: row["prompt_id"])
    assert row["response"] == [row["response_1"]] and "response_2" not in row
    assert len(row["finish_reason"]) == len(row["usage"]) == 1
    assert len(whole["response"]) == 2
    [(_, found)] = read_batch([row], "python")
    assert found == reason


def test_the_second_round_carries_the_history(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1)
        main(flags(tmp_path))
        first, second = server.state.bodies
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert first["messages"] == [
        {"role": "system", "content": "be brief"},
        {"role": "user", "content": "p1r1"},
    ]
    assert second["messages"][2:] == [
        {"role": "assistant", "content": row["response_1"]},
        {"role": "user", "content": "p1r2"},
    ]


def test_sampling_settings_and_extra_body_reach_the_server(tmp_path: Path) -> None:
    with FaultServer() as server:
        write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1)
        write_map(tmp_path, server.url, model="org/M", extra_body={"enable_thinking": False})
        main(flags(tmp_path, "--temperature", "0.1", "--top_p", "0.5", "--max_tokens", "77"))
        (body,) = server.state.bodies
    assert (body["temperature"], body["top_p"], body["max_tokens"]) == (0.1, 0.5, 77)
    assert body["model"] == "org/M" and body["enable_thinking"] is False
    assert 0 <= body["seed"] < 2**31


def test_only_an_embedded_model_is_told_what_is_asked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1)
        prompts = read_jsonl(tmp_path / "prompts.jsonl")
        rows = [json.dumps(row | {"code_snippet": ["a", "b"]}) for row in prompts]
        (tmp_path / "prompts.jsonl").write_text("\n".join(rows) + "\n")
        assert main(flags(tmp_path)) == 0
        assert not any("metadata" in body for body in server.state.bodies)
        server.state.bodies.clear()
        monkeypatch.setattr(run, "embedded_server", lambda: nullcontext(server.url))
        (tmp_path / "models.yaml").write_text(json.dumps({"m": {"base": "embedded"}}))
        assert main([*flags(tmp_path), "--overwrite"]) == 0
        told = [body["metadata"] for body in server.state.bodies]
    assert told == [{"prompt_kind": "code_extend"}] * 2


@pytest.mark.parametrize(
    "field, kind",
    [
        ("code_snippet", "code_extend"),
        ("commit_message", "rewrite_commit"),
        ("judged_prompt_id", "judge_triplet"),
        ("mine", ""),
    ],
)
def test_the_fields_of_a_row_tell_what_its_prompt_asks_for(field: str, kind: str) -> None:
    assert prompt_kind({"user": "Go on.", field: "x"}) == kind


def test_several_completions_differ_in_their_seed(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 2)
        assert main(flags(tmp_path, "--num_completion", "3")) == 0
    rows = read_jsonl(tmp_path / "out.jsonl")
    assert keys(rows) == [(prompt, index) for prompt in ("p1", "p2") for index in (1, 2, 3)]
    assert len({row["response_1"] for row in rows}) == 6


def test_one_conversation_at_a_time_sends_its_rounds_back_to_back(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 4)
        main(flags(tmp_path, "--concurrency", "1"))
        assert server.state.order == [f"p{p}r{r}" for p in (1, 2, 3, 4) for r in (1, 2)]


def test_with_many_in_flight_a_second_round_never_waits_for_new_prompts(tmp_path: Path) -> None:
    with FaultServer({"delay": 0.05}) as server:
        set_up(tmp_path, server, 12)
        main(flags(tmp_path, "--concurrency", "4"))
        order = server.state.order
        assert server.state.most_in_flight == 4
    assert {text[-2:] for text in order[:4]} == {"r1"}
    assert {text[-2:] for text in order[4:8]} == {"r2"}


def test_equal_runs_give_equal_bytes_whatever_the_order_of_the_replies(tmp_path: Path) -> None:
    outputs = []
    for number, concurrency in enumerate(("1", "7")):
        folder = tmp_path / str(number)
        folder.mkdir()
        with FaultServer({"faults": {"500": 0.2, "empty_content": 0.1}}, seed=number) as server:
            set_up(folder, server, 20)
            assert main(flags(folder, "--concurrency", concurrency)) == 0
        outputs.append((folder / "out.jsonl").read_bytes())
    assert outputs[0] == outputs[1]
    assert not re.search(rb'"(time|date|created|seconds|latency)', outputs[0])


def test_fields_of_a_prompt_never_replace_what_the_run_made(tmp_path: Path) -> None:
    prompt = {"prompt_id": "a", "user": "x", "model": "old", "sample_index": 9, "usage": 1}
    (tmp_path / "prompts.jsonl").write_text(json.dumps(prompt) + "\n")
    with FaultServer() as server:
        write_map(tmp_path, server.url)
        main(flags(tmp_path))
        assert main(flags(tmp_path, "--continue_from_error")) == 0
        assert len(server.state.order) == 1
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert (row["model"], row["sample_index"]) == ("m", 1)


def test_a_lone_surrogate_survives_to_the_next_round_and_to_the_file(tmp_path: Path) -> None:
    row = {"prompt_id": "a", "user": ["<<surrogate>>", "next"]}
    (tmp_path / "prompts.jsonl").write_text(json.dumps(row) + "\n")
    with FaultServer() as server:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path)) == 0
        assert server.state.bodies[1]["messages"][1]["content"].endswith("\ud800")
    (made,) = read_jsonl(tmp_path / "out.jsonl")
    assert made["response_1"].endswith("x\ud800")


def test_the_json_map_with_a_literal_key_works(tmp_path: Path) -> None:
    with FaultServer() as server:
        write_prompts(tmp_path / "prompts.jsonl", 1)
        (tmp_path / "models.yaml").write_text(
            json.dumps({"m": {"base": server.url, "api": KEY}}, indent="\t")
        )
        assert main(flags(tmp_path)) == 0
        assert server.state.headers[0]["Authorization"] == f"Bearer {KEY}"


# What a person sees


def test_a_dry_run_shows_the_prompt_and_the_estimate_and_asks_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 10)
        assert main(flags(tmp_path, "--dry_run", "--num_completion", "2")) == 0
        assert not server.state.order
    shown = capsys.readouterr().out
    assert "p1r1" in shown and "p1r2" in shown and "be brief" in shown
    assert re.search(r"requests +40\n", shown) and re.search(r"cost +48\.20\n", shown)
    assert not (tmp_path / "out.jsonl").exists()


def test_the_summary_tells_tokens_cost_latency_and_retries(tmp_path: Path) -> None:
    with FaultServer({"delay": 0.02}) as server, log_lines() as said:
        set_up(tmp_path, server, 5, mark="<<500*1>>")
        main(flags(tmp_path))
    summary = outcome(tmp_path)
    assert (summary["rows_in"], summary["kept"], summary["requests"]) == (5, 5, 10)
    assert summary["stage"] == "replies"
    assert summary["retries"] == {"500": 5} and summary["completion_tokens"] == 200
    assert summary["latency_seconds"]["p50"] >= 0.02
    assert summary["cost"] == pytest.approx(
        (summary["prompt_tokens"] + summary["completion_tokens"]) * 0.001
    )
    assert re.match(r"kept 5 of 5; \d+ tokens in, 200 out, cost 0\.\d+ -> .*out\.jsonl", said[-1])


@pytest.mark.parametrize("end", ["401", "400_filter"])
def test_a_planted_key_appears_nowhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    monkeypatch.setenv("PLANTED", KEY)
    monkeypatch.setenv("OPENAI_LOG", "debug")
    with FaultServer({"echo_key": True}) as server:
        write_prompts(tmp_path / "prompts.jsonl", 2, mark="<<500*1>>")
        write_prompts(tmp_path / "prompts.jsonl", 1, mark=f"<<{end}>>", first=3)
        write_map(tmp_path, server.url, api_key_env="PLANTED")
        done = subprocess.run(command(tmp_path), capture_output=True, text=True, cwd=tmp_path)
        assert server.state.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert done.returncode == (2 if end == "401" else 1) and "Traceback" not in done.stderr
    assert KEY[:8] not in done.stdout + done.stderr and "Bearer sk" not in done.stderr
    for file in tmp_path.iterdir():
        assert KEY[:8].encode() not in file.read_bytes(), file


# Bad input


@pytest.mark.parametrize(
    ("more", "said_so"),
    [
        (("--concurrency", "0"), "must be above 0"),
        (("--max_samples", "0"), "--max_samples must be above 0"),
        (("--num_completion", "-1"), "--num_completion must be above 0"),
        (("--timeout", "0"), "--timeout must be above 0"),
        (("--temperature", "-1"), "--temperature must not be negative"),
        (("--length_retry_factor", "1"), "--length_retry_factor must be above 1"),
        (("--max_cost", "0"), "--max_cost must be above 0"),
        (("--model_name", "n"), "no model 'n'"),
        (("--input_file", "none.jsonl"), "none.jsonl: no such file"),
        (("--model_map", "none.yaml"), "none.yaml: no such file"),
    ],
)
def test_a_wrong_flag_is_one_line_and_leaves_no_file(
    tmp_path: Path, more: tuple[str, ...], said_so: str
) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 1)
    write_map(tmp_path, "http://127.0.0.1:9/v1")
    with pytest.raises(PipelineError, match=re.escape(said_so)):
        main(flags(tmp_path, *more))
    assert {file.name for file in tmp_path.iterdir()} == {"prompts.jsonl", "models.yaml"}


def test_the_input_is_never_the_output(tmp_path: Path) -> None:
    prompts = write_prompts(tmp_path / "prompts.jsonl", 1)
    write_map(tmp_path, "http://127.0.0.1:9/v1")
    for flag in ("--output_file", "--recovery_file"):
        with pytest.raises(PipelineError, match="would be overwritten|are the same"):
            main(flags(tmp_path, flag, str(prompts), "--overwrite"))
    assert prompts.read_text()


def test_the_command_of_the_help_runs_as_a_process(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 2)
        done = subprocess.run(command(tmp_path), capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0 and "kept 2 of 2" in done.stderr and not done.stdout
    helped = subprocess.run(
        [sys.executable, str(ROOT / "code_generation_api.py"), "--help"], capture_output=True
    )
    assert helped.returncode == 0 and b"--continue_from_error" in helped.stdout
