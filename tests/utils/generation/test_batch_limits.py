"""Runs within limits: throttling, rates, a budget; and over several servers."""

import time
from pathlib import Path

import pytest

from code_generation_api import main
from tests.fault_server import FaultServer
from tests.stage2 import flags, outcome, read_jsonl, set_up, write_map, write_prompts
from utils.errors import PipelineError
from utils.generation import servers as endpoints


@pytest.fixture(autouse=True)
def short_rests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "FIRST_REST", 0.3)


KEY = "sk-planted-0123456789"

# Limits


@pytest.mark.parametrize("kind", ["429_seconds", "429_ms", "429_date"])
def test_a_throttled_request_waits_for_as_long_as_the_server_asks(
    tmp_path: Path, kind: str
) -> None:
    wait = 1.5 if kind == "429_date" else 0.5
    with FaultServer({"retry_after": wait}) as server:
        set_up(tmp_path, server, 1, rounds=1, mark=f"<<{kind}*1>>")
        write_prompts(tmp_path / "prompts.jsonl", 20, rounds=1, first=2)
        assert main(flags(tmp_path, "--concurrency", "1")) == 0
        order, arrivals = server.state.order, server.state.arrivals
    assert order[0] == order[-1] and len(order) == 22, "others go on in the meantime"
    assert arrivals[-1] - arrivals[0] > (0.4 if kind == "429_date" else 0.5)


def test_a_server_that_throttles_all_is_left_alone_for_as_long_as_it_asks(tmp_path: Path) -> None:
    with FaultServer({"retry_after": 0.5}) as server:

        def throttle_at_first(name: str, text: str) -> str | None:
            arrivals = server.state.arrivals
            return "429_seconds" if arrivals[-1] - arrivals[0] < 0.3 else None

        server.state.fault = throttle_at_first  # type: ignore[method-assign]
        set_up(tmp_path, server, 20, rounds=1)
        assert main(flags(tmp_path, "--concurrency", "1")) == 0
        assert server.state.given == {"429_seconds": 3, "good": 20}


def test_throttling_cuts_what_is_in_flight_and_all_come_through(tmp_path: Path) -> None:
    with FaultServer({"delay": 0.05}) as server:
        most = 8  # the server takes so many at once

        def refuse_the_many(name: str, text: str) -> str | None:
            return "429_seconds" if server.state.in_flight > most else None

        server.state.fault = refuse_the_many  # type: ignore[method-assign]
        set_up(tmp_path, server, 150, rounds=1)
        assert main(flags(tmp_path, "--concurrency", "64")) == 0
        assert len(read_jsonl(tmp_path / "out.jsonl")) == 150
        assert server.state.given["429_seconds"] < 300


def test_a_retry_goes_out_while_the_first_pass_runs(tmp_path: Path) -> None:
    with FaultServer({"delay": 0.03}) as server:
        set_up(tmp_path, server, 1, rounds=1, mark="<<500*1>>")
        write_prompts(tmp_path / "prompts.jsonl", 40, rounds=1, first=2)
        main(flags(tmp_path, "--concurrency", "2"))
        order = server.state.order
    assert [place for place, text in enumerate(order) if text.startswith("p1r1")][1] < 20


def test_while_one_waits_others_use_its_slot(tmp_path: Path) -> None:
    with FaultServer() as server:
        set_up(tmp_path, server, 1, rounds=1, mark="<<500*5>>")
        write_prompts(tmp_path / "prompts.jsonl", 30, rounds=1, first=2)
        main(flags(tmp_path, "--concurrency", "1"))
        order = server.state.order
    assert len(set(order[:10])) > 5


def test_requests_keep_to_the_rate_of_the_map(tmp_path: Path) -> None:
    with FaultServer() as server:
        write_prompts(tmp_path / "prompts.jsonl", 16, rounds=1)
        write_map(tmp_path, server.url, rpm=610)  # ten a second
        assert main(flags(tmp_path)) == 0
        arrivals = server.state.arrivals
    # Sixteen at ten a second, six of which may go at once; a server that is late bunches them.
    assert max(arrivals) - min(arrivals) > 0.3


def test_tokens_keep_to_the_rate_and_what_was_not_used_is_given_back(tmp_path: Path) -> None:
    with FaultServer({"completion_tokens": 1}) as server:
        write_prompts(tmp_path / "prompts.jsonl", 10, rounds=1)
        write_map(tmp_path, server.url, tpm=61_000)  # a thousand a second; each reserves 904
        started = time.monotonic()
        assert main(flags(tmp_path, "--max_tokens", "900", "--concurrency", "1")) == 0
    assert time.monotonic() - started < 4, "reserved alone they would take nine seconds"


@pytest.mark.parametrize("concurrency", ["1", "8"])
def test_the_budget_is_never_passed_and_a_larger_one_goes_on(
    tmp_path: Path, said: list[str], concurrency: str
) -> None:
    with FaultServer({"delay": 0.005, "faults": {"empty_content": 0.2}}) as server:
        set_up(tmp_path, server, 40)
        more = ("--max_tokens", "40", "--concurrency", concurrency)
        assert main(flags(tmp_path, *more, "--max_cost", "2")) == 1
        spent = 0.0
        for body in server.state.bodies:  # 1000 per million tokens: 0.001 a token
            asked = sum(len(message["content"]) for message in body["messages"])
            spent += (asked // 4 + 1 + 20) * 0.001
        assert outcome(tmp_path)["cost"] == pytest.approx(spent)
        assert 1.0 < spent <= 2.0
        assert any("could pass --max_cost 2" in line for line in said)
        asked_before = len(server.state.order)
        assert main(flags(tmp_path, *more, "--max_cost", "2", "--continue_from_error")) == 1
        assert len(server.state.order) <= asked_before + 1
        assert main(flags(tmp_path, *more, "--max_cost", "50", "--continue_from_error")) == 0
        good = {name for name, count in server.state.answered.items() if count}
        assert len(good) == 80
        assert server.state.answered.total() == 80 + server.state.given["empty_content"]


def test_a_budget_without_prices_is_refused(tmp_path: Path) -> None:
    with FaultServer() as server:
        write_prompts(tmp_path / "prompts.jsonl", 1)
        write_map(tmp_path, server.url, prices={})
        with pytest.raises(PipelineError, match="has no 'prices', so --max_cost"):
            main(flags(tmp_path, "--max_cost", "2"))


# Several servers


def test_several_servers_share_the_work(tmp_path: Path) -> None:
    with FaultServer({"delay": 0.03}) as one, FaultServer({"delay": 0.03}) as two:
        write_prompts(tmp_path / "prompts.jsonl", 40)
        write_map(tmp_path, one.url, two.url)
        assert main(flags(tmp_path, "--concurrency", "8")) == 0
        assert abs(len(one.state.order) - len(two.state.order)) <= 20
        for number in range(1, 41):  # the rounds of one conversation meet one prefix cache
            first, second = f"p{number}r1", f"p{number}r2"
            assert (first in one.state.order) == (second in one.state.order)


def test_a_dead_server_rests_and_its_share_goes_to_the_others(tmp_path: Path) -> None:
    with FaultServer({"delay": 0.01}) as alive, FaultServer({"faults": {"500": 1.0}}) as ill:
        write_prompts(tmp_path / "prompts.jsonl", 100, rounds=1)
        write_map(tmp_path, ill.url, alive.url)
        assert main(flags(tmp_path, "--concurrency", "4")) == 0
        assert len(alive.state.order) == 100
        assert len(ill.state.order) < 20


def test_a_server_that_was_ill_comes_back(tmp_path: Path) -> None:
    with FaultServer({"delay": 0.02}) as alive, FaultServer({"delay": 0.02}) as ill:

        def is_ill_at_first(name: str, text: str) -> str | None:
            return "500" if ill.state.arrivals[-1] - ill.state.arrivals[0] < 0.2 else None

        ill.state.fault = is_ill_at_first  # type: ignore[method-assign]
        write_prompts(tmp_path / "prompts.jsonl", 200, rounds=1)
        write_map(tmp_path, ill.url, alive.url)
        assert main(flags(tmp_path, "--concurrency", "4")) == 0
        assert ill.state.given["good"] > 40


def test_a_server_that_throttles_leaves_its_requests_to_the_others(tmp_path: Path) -> None:
    with (
        FaultServer() as alive,
        FaultServer({"faults": {"429_seconds": 1.0}, "retry_after": 60}) as full,
    ):
        write_prompts(tmp_path / "prompts.jsonl", 20, rounds=1)
        write_map(tmp_path, full.url, alive.url)
        started = time.monotonic()
        assert main(flags(tmp_path, "--concurrency", "2")) == 0
        assert time.monotonic() - started < 10 and len(full.state.order) <= 4
