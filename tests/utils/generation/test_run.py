"""Runs that go on with what others left: nothing lost, nothing asked twice."""

from pathlib import Path

import pytest

from code_generation_api import main
from tests.fault_server import FaultServer
from tests.stage2 import flags, keys, outcome, read_jsonl, set_up, write_map, write_prompts
from utils.errors import PipelineError

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
    (tmp_path / file).write_bytes(whole[:-40])
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
