from pathlib import Path
from typing import Any

import pytest

from code_generation_api import main
from tests.fault_server import FaultServer
from tests.stage2 import flags, keys, outcome, read_jsonl, set_up, write_map, write_prompts

KEY = "sk-planted-0123456789"


@pytest.mark.parametrize(
    "fault",
    ["408", "409", "425", "429", "500", "502", "503", "reset", "close", "broken_json"]
    + ["empty_body", "empty_content", "null_content"],
)
def test_what_may_pass_is_tried_again(tmp_path: Path, fault: str) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 2, rounds=1, mark=f"<<{fault}*2>>")
        assert main(flags(tmp_path)) == 0
        assert set(server.state.asked.values()) == {3}
        assert set(server.state.answered.values()) <= {1, 3}
    assert sum(outcome(tmp_path)["retries"].values()) == 4


@pytest.mark.parametrize("fault", ["hang", "trickle"])
def test_a_server_that_keeps_us_waiting_is_asked_again(tmp_path: Path, fault: str) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 3, rounds=1, mark=f"<<{fault}*1>>")
        assert main(flags(tmp_path, "--timeout", "0.3")) == 0
    assert outcome(tmp_path)["retries"] == {"timeout": 3}


def test_what_fails_to_the_last_retry_is_put_aside_and_taken_again_on_resume(
    tmp_path: Path, said: list[str]
) -> None:
    with FaultServer() as server:
        write_prompts(tmp_path / "prompts.jsonl", 2)
        write_prompts(tmp_path / "prompts.jsonl", 1, mark="<<500*3>>", first=3)
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path, "--max_retries", "2")) == 1
        (failed,) = read_jsonl(tmp_path / "out.failed.jsonl")
        assert (failed["prompt_id"], failed["reject_reason"]) == ("p3", "500")
        assert "HTTP 500" in failed["error"] and failed["user"] == ["p3r1", "p3r2<<500*3>>"]
        assert said[-1].startswith("to ask for the failed ones again: ")
        server.state.order.clear()
        assert main(flags(tmp_path, "--max_retries", "2", "--continue_from_error")) == 0
        assert server.state.order == ["p3r2<<500*3>>"]
    assert not (tmp_path / "out.failed.jsonl").exists()
    assert keys(read_jsonl(tmp_path / "out.jsonl")) == [("p1", 1), ("p2", 1), ("p3", 1)]


@pytest.mark.parametrize("fault", ["400_too_long", "400_filter", "withheld"])
def test_a_refused_sample_fails_alone_and_is_asked_again_on_demand_only(
    tmp_path: Path, fault: str
) -> None:
    with FaultServer() as server:
        write_prompts(tmp_path / "prompts.jsonl", 3)
        write_prompts(tmp_path / "prompts.jsonl", 1, mark=f"<<{fault}*1>>", first=4)
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path)) == 1
        assert outcome(tmp_path)["reject_reasons"] == {"refused_by_server": 1}
        assert main(flags(tmp_path, "--continue_from_error")) == 1
        assert len(server.state.order) == 8
        assert main(flags(tmp_path, "--continue_from_error", "--retry_failed")) == 0
        assert len(server.state.order) == 9, "its first round was paid for and is kept"
    assert len(read_jsonl(tmp_path / "out.jsonl")) == 4
    assert not (tmp_path / "out.failed.jsonl").exists()


@pytest.mark.parametrize("fault", ["401", "403", "404_model", "400_model", "429_quota"])
def test_what_every_request_would_meet_stops_the_run_at_once(
    tmp_path: Path, said: list[str], fault: str
) -> None:
    with FaultServer({"faults": {fault: 1.0}}) as server:
        set_up(tmp_path, server, 50)
        assert main(flags(tmp_path, "--concurrency", "4")) == 2
        assert len(server.state.order) <= 4
    (stopped,) = [line for line in said if line.startswith("stopped: ")]
    assert f"HTTP {fault[:3]}" in stopped and server.url in stopped and "\n" not in stopped


def test_a_key_that_ends_midway_stops_the_run_with_all_that_was_paid_saved(tmp_path: Path) -> None:
    with FaultServer({"only_after": {"401": 30}, "delay": 0.01}) as server:
        set_up(tmp_path, server, 40, rounds=1)
        assert main(flags(tmp_path, "--concurrency", "8")) == 2
        assert len(read_jsonl(tmp_path / "out.jsonl")) == 30
        assert len(server.state.order) <= 38
    assert "HTTP 401" in outcome(tmp_path)["stopped"]


def test_too_many_failures_in_a_row_stop_the_run(tmp_path: Path, said: list[str]) -> None:
    with FaultServer({"only_after": {"500": 5}}) as server:
        set_up(tmp_path, server, 40, rounds=1)
        more = ("--max_consecutive_failures", "3", "--max_retries", "0", "--concurrency", "1")
        assert main(flags(tmp_path, *more)) == 1
        assert len(server.state.order) == 9
    assert len(read_jsonl(tmp_path / "out.jsonl")) == 5
    assert any("more than 3 failures in a row" in line and "HTTP 500" in line for line in said)
    assert said[-1].startswith("to go on: ") and "--continue_from_error" in said[-1]


def test_failures_with_successes_between_them_do_not_stop_the_run(tmp_path: Path) -> None:
    with FaultServer() as server:
        for first in range(1, 21, 2):
            write_prompts(tmp_path / "prompts.jsonl", 1, rounds=1, first=first)
            write_prompts(
                tmp_path / "prompts.jsonl", 1, rounds=1, mark="<<400_filter>>", first=first + 1
            )
        write_map(tmp_path, server.url)
        more = ("--max_consecutive_failures", "1", "--concurrency", "1")
        assert main(flags(tmp_path, *more)) == 1
    assert outcome(tmp_path)["kept"] == outcome(tmp_path)["rejected"] == 10


def test_an_answer_cut_off_is_asked_for_once_more_and_both_are_counted(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1, mark="<<length>>")
        assert main(flags(tmp_path, "--length_retry_factor", "2")) == 0
        assert [body["max_tokens"] for body in server.state.bodies] == [2048, 2048, 4096]
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert row["finish_reason"] == ["stop", "stop"]
    assert [usage["completion_tokens"] for usage in row["usage"]] == [20, 40]


def test_without_the_flag_a_cut_off_answer_stays(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1, mark="<<length>>")
        assert main(flags(tmp_path)) == 0
        assert len(server.state.order) == 2
    assert read_jsonl(tmp_path / "out.jsonl")[0]["finish_reason"] == ["stop", "length"]


def test_a_stop_before_the_longer_answer_does_not_pay_the_cut_off_one_again(tmp_path: Path) -> None:
    more = ("--length_retry_factor", "2")
    with FaultServer({"only_after": {"401": 1}}) as server:
        (tmp_path / "prompts.jsonl").write_text('{"prompt_id": "a", "user": "x"}\n')
        server.state.script["only_after"] = {"length": 0}
        write_map(tmp_path, server.url)

        def refuse_the_longer(name: str, text: str) -> str:
            return "401" if server.state.bodies[-1]["max_tokens"] > 2048 else "length"

        server.state.fault = refuse_the_longer  # type: ignore[method-assign]
        assert main(flags(tmp_path, *more)) == 2
    with FaultServer() as server:
        write_map(tmp_path, server.url)
        assert main(flags(tmp_path, *more, "--continue_from_error")) == 0
        assert [body["max_tokens"] for body in server.state.bodies] == [4096]
    assert read_jsonl(tmp_path / "out.jsonl")[0]["usage"][0]["completion_tokens"] == 40


def test_half_an_answer_stays_where_a_longer_one_is_refused(tmp_path: Path) -> None:
    with FaultServer() as server:

        def refuse_the_longer(name: str, text: str) -> str:
            return "400_too_long" if server.state.bodies[-1]["max_tokens"] > 2048 else "length"

        server.state.fault = refuse_the_longer  # type: ignore[method-assign]
        set_up(tmp_path, server, 1, rounds=1)
        assert main(flags(tmp_path, "--length_retry_factor", "2")) == 0
    (row,) = read_jsonl(tmp_path / "out.jsonl")
    assert row["finish_reason"] == ["length"] and row["usage"][0]["completion_tokens"] == 20


def test_a_fault_of_ours_shows_its_traceback_with_what_was_paid_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(row: dict[str, Any]) -> list[str]:
        if row["prompt_id"] == "p4":
            raise ZeroDivisionError("our bug")
        return list(row["user"])

    monkeypatch.setattr("code_generation_api.round_texts", broken)
    with FaultServer({"delay": 0.05}) as server:
        set_up(tmp_path, server, 4, rounds=1)
        with pytest.raises(ZeroDivisionError, match="our bug"):
            main(flags(tmp_path))
    saved = sorted(keys(read_jsonl(tmp_path / "out.jsonl")))  # as they came in
    assert saved == [("p1", 1), ("p2", 1), ("p3", 1)]


def test_three_hundred_samples_come_through_one_fault_in_five(tmp_path: Path) -> None:
    kinds = ["429_seconds", "429_ms", "503", "500", "reset", "close", "hang", "trickle"]
    kinds += ["broken_json", "empty_body", "empty_content", "null_content"]
    with FaultServer({"faults": dict.fromkeys(kinds, 0.2 / len(kinds))}, seed=3) as server:
        set_up(tmp_path, server, 300)
        assert main(flags(tmp_path, "--timeout", "4")) == 0
        given = server.state.given
        useless = given["empty_content"] + given["null_content"]
        assert server.state.answered.total() == 600 + useless, "nothing was paid twice"
        assert set(given) == {*kinds, "good"}
    rows = read_jsonl(tmp_path / "out.jsonl")
    assert keys(rows) == [(f"p{number}", 1) for number in range(1, 301)]
