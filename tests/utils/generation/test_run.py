import http.client
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from code_generation_api import main
from tests.fault_server import FaultServer
from tests.stage2 import (
    flags,
    keys,
    outcome,
    read_jsonl,
    set_up,
    start_stage,
    write_map,
    write_prompts,
)
from utils.errors import PipelineError
from utils.generation import run as embedded
from utils.generation.run import embedded_server

ROOT = Path(__file__).resolve().parents[3]


def answers(url: str) -> bool:
    body = {"model": "offline", "messages": [{"role": "user", "content": "hello"}]}
    request = urllib.request.Request(
        url + "/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=300) as response:
            return bool(json.load(response)["choices"])
    except (urllib.error.URLError, ConnectionError, http.client.HTTPException):
        return False


def test_the_embedded_model_answers_while_the_block_lasts() -> None:
    with embedded_server() as url:
        assert url.startswith("http://127.0.0.1:") and answers(url)
    assert not answers(url)


def test_it_ends_with_a_stage_that_is_killed() -> None:
    program = """
import time
from utils.generation.run import embedded_server
with embedded_server() as url:
    print(url, flush=True)
    time.sleep(60)
"""
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as stage:
        assert stage.stdout is not None
        url = stage.stdout.readline().strip()
        assert answers(url)
        stage.kill()
    ending = time.monotonic() + 300
    while answers(url):
        assert time.monotonic() < ending, "the server outlives its stage"
        time.sleep(0.05)


def test_a_server_that_does_not_start_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_PROJECT", tmp_path)
    with pytest.raises(PipelineError, match="did not start"), embedded_server():
        pass


def test_ctrl_c_at_the_terminal_leaves_it_running_for_what_is_in_flight(tmp_path: Path) -> None:
    write_prompts(tmp_path / "prompts.jsonl", 2000)
    (tmp_path / "models.yaml").write_text("m: {base: embedded}")
    with start_stage(tmp_path, start_new_session=True) as stage:
        while not (tmp_path / "out.jsonl").exists() or not read_jsonl(tmp_path / "out.jsonl"):
            assert stage.poll() is None
            time.sleep(0.02)
        os.killpg(stage.pid, signal.SIGINT)  # as a terminal does: to all of the group
        said = stage.communicate(timeout=300)[1]
    assert stage.returncode == 130 and "Traceback" not in said
    assert outcome(tmp_path)["retries"] == {}
    assert 0 < len(read_jsonl(tmp_path / "out.jsonl")) < 2000


KEY = "sk-planted-0123456789"


def test_resuming_asks_nothing_twice_and_ends_with_the_same_bytes(tmp_path: Path) -> None:
    with FaultServer({"only_after": {"401": 7}}) as server:
        set_up(tmp_path, server, 6)
        assert main(flags(tmp_path, "--concurrency", "2")) == 2
        first = server.state
    with FaultServer() as server:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path, "--concurrency", "2", "--continue_from_error")) == 0
        assert not first.answered.keys() & server.state.asked.keys()
        assert len(first.answered) + len(server.state.asked) == 12
    whole = tmp_path / "whole"
    whole.mkdir()
    with FaultServer() as server:
        set_up(whole, server, 6)
        main(flags(whole))
    assert (tmp_path / "out.jsonl").read_bytes() == (whole / "out.jsonl").read_bytes()


def test_a_stop_between_rounds_does_not_pay_the_first_again(tmp_path: Path) -> None:
    with FaultServer({"only_after": {"401": 1}}) as server:
        set_up(tmp_path, server, 1)
        assert main(flags(tmp_path)) == 2
        assert server.state.order == ["p1r1", "p1r2"]
    with FaultServer() as server:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path, "--continue_from_error")) == 0
        assert server.state.order == ["p1r2"]
    assert outcome(tmp_path)["completion_tokens"] == 40


@pytest.mark.parametrize("file", ["out.jsonl", "out_recovery.jsonl"])
def test_a_torn_last_line_costs_that_line_alone(tmp_path: Path, file: str) -> None:
    with FaultServer({"only_after": {"401": 7}}) as server:
        set_up(tmp_path, server, 6)
        main(flags(tmp_path, "--concurrency", "1"))
    whole = (tmp_path / file).read_bytes()
    (tmp_path / file).write_bytes(whole[: whole.rindex(b"finish_reason")])
    with FaultServer() as server:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path, "--continue_from_error")) == 0
        # Of the twelve seven were answered; the last row held two, or the last round one.
        assert len(server.state.order) == 5 + (1 if file == "out.jsonl" else 1)
    assert keys(read_jsonl(tmp_path / "out.jsonl")) == [(f"p{n}", 1) for n in range(1, 7)]


def test_a_pilot_is_scaled_without_paying_again(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 4)

        def asked(*more: str) -> int:
            before = len(server.state.order)
            assert main(flags(tmp_path, *more)) == 0
            return len(server.state.order) - before

        assert asked("--max_samples", "2") == 4
        assert asked("--continue_from_error") == 4
        write_prompts(tmp_path / "prompts.jsonl", 2, first=5)
        assert asked("--continue_from_error") == 4
        assert asked("--continue_from_error", "--num_completion", "2") == 12
        assert asked("--continue_from_error", "--num_completion", "2") == 0
        scaled = keys(read_jsonl(tmp_path / "out.jsonl"))
        assert scaled == [(f"p{n}", index) for n in range(1, 7) for index in (1, 2)]
        assert asked("--continue_from_error", "--max_samples", "1") == 0
        assert keys(read_jsonl(tmp_path / "out.jsonl")) == scaled, "paid rows are never dropped"


def test_a_resume_with_nothing_left_keeps_the_figures_of_the_run(tmp_path: Path) -> None:
    with FaultServer({"faults": {"500": 0.3}}) as server:
        set_up(tmp_path, server)
        main(flags(tmp_path))
        before = outcome(tmp_path)
        assert before["retries"] and before["requests"] == 10
        assert main(flags(tmp_path, "--continue_from_error")) == 0
        assert outcome(tmp_path) == before


def test_going_on_with_other_settings_is_refused_naming_the_difference(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1)
        main(flags(tmp_path))
        with pytest.raises(PipelineError, match="temperature 0.8, now 0.3"):
            main(flags(tmp_path, "--continue_from_error", "--temperature", "0.3"))
        # What does not change an answer may change.
        assert main(flags(tmp_path, "--continue_from_error", "--concurrency", "3")) == 0


def test_going_on_with_changed_prompts_is_refused_naming_the_prompt(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 2)
        main(flags(tmp_path))
        (tmp_path / "prompts.jsonl").unlink()
        write_prompts(tmp_path / "prompts.jsonl", 2, mark=" please")
        with pytest.raises(PipelineError, match="prompt p1 has other texts"):
            main(flags(tmp_path, "--continue_from_error"))


def test_an_existing_output_is_neither_lost_nor_mixed_up(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1)
        main(flags(tmp_path, "--continue_from_error"))
        with pytest.raises(PipelineError, match=r"out\.jsonl: exists; --continue_from_error"):
            main(flags(tmp_path))
        assert main(flags(tmp_path, "--overwrite")) == 0
        assert len(server.state.order) == 4
    assert len(read_jsonl(tmp_path / "out.jsonl")) == 1


def test_a_lost_recovery_file_is_said(tmp_path: Path, said: list[str]) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1)
        main(flags(tmp_path))
        (tmp_path / "out_recovery.jsonl").unlink()
        assert main(flags(tmp_path, "--continue_from_error")) == 0
    assert any("out_recovery.jsonl: missing" in line for line in said)
