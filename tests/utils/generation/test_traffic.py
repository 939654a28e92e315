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
