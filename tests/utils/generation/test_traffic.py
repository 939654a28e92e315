import asyncio
from collections import Counter

import pytest

from utils.generation.model_map import Prices
from utils.generation.traffic import RunStatistics, Stop
from utils.providers.replies import Usage


def test_tokens_and_cost_go_on_from_what_was_paid_before() -> None:
    run = RunStatistics(Prices(input=1.0, output=2.0, cached_input=0.5))
    run.add_paid_before(
        Counter(prompt_tokens=1_000_000, completion_tokens=10, cached_tokens=500_000, estimated=2)
    )
    run.add_reply(Usage(1_000_000, 500_000, estimated=True), seconds=0.1)
    run.add_waste(Usage(0, 500_000))
    summary = run.summary()
    assert summary["cost"] == pytest.approx(0.5 + 0.25 + 1.0 + 1.0 + 1.0, abs=1e-4)
    assert summary["requests"] == 1 and run.new_completion_tokens == 500_000
    assert (summary["prompt_tokens"], summary["cached_tokens"]) == (2_000_000, 500_000)
    assert summary["usages_estimated"] == 3


def test_latency_is_told_in_percentiles() -> None:
    run = RunStatistics(Prices())
    for number in range(1, 101):
        run.add_reply(Usage(1, 1), number / 100)
    assert run.summary()["latency_seconds"] == {
        **{"p50": 0.505, "p90": 0.901, "p99": 0.99},
        "of_requests": 100,
    }
    assert "latency_seconds" not in RunStatistics(Prices()).summary()


def test_the_figures_of_earlier_runs_are_added_to_this_ones() -> None:
    runs = [RunStatistics(Prices()), RunStatistics(Prices())]
    log: Counter[str] = Counter()
    for run, (seconds, cause) in zip(runs, [(9.0, "429"), (1.0, "500")], strict=True):
        run.before.update(log)
        for _ in range(3):
            run.add_reply(Usage(1, 1), seconds)
            run.count("retries", cause)
            run.count("unfinished", "length")
            log.update(run.take_new())
        run.count("retries", "429")
        log.update(run.take_new())
    first, second = (run.summary() for run in runs)
    assert first["requests"] == 3 and first["retries"] == {"429": 4}
    assert second["requests"] == 6 and second["retries"] == {"429": 5, "500": 3}
    assert second["unfinished"] == {"length": 6}
    assert second["latency_seconds"] == {"p50": 5.0, "p90": 9.0, "p99": 9.0, "of_requests": 6}
    idle = RunStatistics(Prices())
    idle.before.update(log)
    left_out = {"prompt_tokens", "completion_tokens"}  # the answers on disk tell these
    assert {name: value for name, value in idle.summary().items() if name not in left_out} == {
        name: value for name, value in second.items() if name not in left_out
    }


def test_the_first_reason_to_stop_stays() -> None:
    stop = Stop()
    assert not stop.event.is_set() and stop.exit_code == 0
    stop.request("no credit", 2)
    stop.request("interrupted", 130)
    assert (stop.reason, stop.exit_code) == ("no credit", 2) and stop.event.is_set()


def test_whoever_waits_for_the_stop_is_woken() -> None:
    async def wait() -> None:
        stop = Stop()
        waiter = asyncio.create_task(stop.event.wait())
        await asyncio.sleep(0)
        stop.request("interrupted", 130)
        assert await asyncio.wait_for(waiter, 300)

    asyncio.run(wait())
