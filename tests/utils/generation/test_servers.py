import asyncio
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest

from utils.generation.model_map import ModelSettings, Prices
from utils.generation.servers import (
    FAILURES_BEFORE_REST,
    Budget,
    BudgetSpent,
    Channel,
    Endpoints,
    RateBucket,
    SlotLimiter,
)
from utils.providers.replies import Usage


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_no_more_slots_are_taken_than_there_are() -> None:
    async def scene() -> None:
        limiter = SlotLimiter(2)
        await limiter.acquire()
        await limiter.acquire()
        third = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        assert not third.done() and limiter.in_flight == 2
        limiter.release()
        await third
        assert limiter.in_flight == 2

    asyncio.run(scene())


def test_a_begun_conversation_goes_before_a_new_one() -> None:
    async def scene() -> list[str]:
        limiter, order = SlotLimiter(1), []

        async def take(name: str, urgent: bool) -> None:
            await limiter.acquire(urgent)
            order.append(name)
            limiter.release()

        await limiter.acquire()
        tasks = [asyncio.create_task(take("new", False)), asyncio.create_task(take("begun", True))]
        await asyncio.sleep(0)
        limiter.release()
        await asyncio.gather(*tasks)
        return order

    assert asyncio.run(scene()) == ["begun", "new"]


def test_cancelled_waiters_lose_no_slot() -> None:
    async def scene() -> SlotLimiter:
        limiter = SlotLimiter(1)
        await limiter.acquire()
        waiting = [asyncio.create_task(limiter.acquire()) for _ in range(3)]
        await asyncio.sleep(0)
        limiter.release()  # grants the first waiter in the moment it is cancelled
        for task in waiting:
            task.cancel()
        for task in waiting:
            with suppress(asyncio.CancelledError):
                await task
        return limiter

    limiter = asyncio.run(scene())
    assert limiter.in_flight == 0
    asyncio.run(asyncio.wait_for(limiter.acquire(), 1))


def flight(limiter: SlotLimiter, throttled: int, well: int = 0) -> None:
    """Send many at once; they come back, the throttled ones first."""
    tickets = [limiter.note_sent() for _ in range(throttled + well)]
    for ticket in tickets[:throttled]:
        limiter.note_throttled(ticket)
    for ticket in tickets[throttled:]:
        limiter.note_success(ticket)


def test_a_burst_of_throttles_cuts_the_limit_once_when_its_round_ends() -> None:
    limiter = SlotLimiter(100)
    flight(limiter, throttled=50)
    assert limiter.limit == 100
    flight(limiter, throttled=50)
    assert limiter.limit == 50
    flight(limiter, throttled=50)
    assert limiter.limit == 25


def test_a_round_is_cut_by_as_much_as_was_throttled() -> None:
    limiter = SlotLimiter(1000)
    tickets = [limiter.note_sent() for _ in range(100)]
    for ticket in tickets[:20]:
        limiter.note_throttled(ticket)
    for ticket in tickets[20:]:
        limiter.note_success(ticket)
    limiter.note_throttled(limiter.note_sent())
    assert limiter.limit == pytest.approx(900)


def test_a_server_that_throttles_now_and_then_keeps_its_requests() -> None:
    limiter = SlotLimiter(256)
    for _ in range(100):
        flight(limiter, throttled=17, well=239)
    assert limiter.limit > 200


def test_the_limit_grows_back_with_success_and_never_above_the_flag() -> None:
    limiter = SlotLimiter(100)
    flight(limiter, throttled=50)
    flight(limiter, throttled=0, well=50)
    assert limiter.limit == pytest.approx(55)  # a tenth in a round of requests
    flight(limiter, throttled=0, well=10_000)
    assert limiter.limit == 100


def test_one_slot_is_always_left() -> None:
    limiter = SlotLimiter(2)
    for _ in range(20):
        flight(limiter, throttled=1)
    assert limiter.limit == 1
    asyncio.run(limiter.acquire())


def test_after_a_cut_those_in_flight_know_that_they_are_too_many() -> None:
    limiter = SlotLimiter(10)
    for _ in range(10):
        asyncio.run(limiter.acquire())
    assert not limiter.is_over_limit()
    flight(limiter, throttled=10)
    flight(limiter, throttled=1)
    assert limiter.is_over_limit()


@pytest.mark.parametrize("per_minute", [3, 60, 600, 6000])
def test_no_minute_holds_more_requests_than_the_rate(per_minute: int) -> None:
    clock = Clock()
    bucket = RateBucket(per_minute, clock)
    times = []
    while clock.now < 100 + 200:
        wait = bucket.reserve(1)
        clock.now += wait
        times.append(clock.now)
    assert len(times) > 3 * per_minute  # 200 s at nearly the full rate
    for first, after in zip(times, times[per_minute:], strict=False):
        assert after - first >= 60 - 1e-6


def test_tokens_given_back_are_there_for_the_next() -> None:
    clock = Clock()
    bucket = RateBucket(61_000, clock)  # 1,000 a second
    assert bucket.reserve(1000) == 0
    assert bucket.reserve(1000) == pytest.approx(1.0)
    bucket.give_back(900)
    bucket.give_back(900)
    assert bucket.reserve(500) == 0


def test_a_request_above_the_bucket_goes_and_leaves_a_debt() -> None:
    clock = Clock()
    bucket = RateBucket(6100, clock)  # 100 a second
    assert bucket.reserve(1000) == 0
    assert bucket.reserve(100) == pytest.approx(10.0)


def test_the_budget_holds_back_what_is_in_flight() -> None:
    async def scene() -> None:
        budget = Budget(10.0, spent=4.0)
        await budget.reserve(4.0)
        second = asyncio.create_task(budget.reserve(4.0))
        await asyncio.sleep(0)
        assert not second.done()
        budget.settle(4.0, 1.0)
        await second
        assert budget.spent == 5.0

    asyncio.run(scene())


def test_a_request_that_could_pass_the_budget_stops() -> None:
    async def scene() -> None:
        budget = Budget(10.0, spent=9.0)
        await budget.reserve(1.0)
        waiting = asyncio.create_task(budget.reserve(0.5))
        await asyncio.sleep(0)
        budget.settle(1.0, 1.0)
        with pytest.raises(BudgetSpent):
            await waiting

    asyncio.run(scene())


def test_without_a_limit_nothing_is_held_back() -> None:
    asyncio.run(Budget(None).reserve(1e9))


class EndpointClock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def servers(count: int) -> tuple[Any, EndpointClock]:
    clock = EndpointClock()
    clients: Any = [SimpleNamespace(name=number) for number in range(count)]
    return Endpoints(clients, clock), clock


def fail(endpoints: Any, endpoint: Any, times: int) -> None:
    for _ in range(times):
        endpoints.note_failure(endpoint, None)


def test_the_least_busy_goes_next() -> None:
    endpoints, _ = servers(3)
    for load, endpoint in zip((3, 1, 2), endpoints._all, strict=True):
        endpoint.in_flight = load
    assert endpoints.pick().client.name == 1


def test_a_conversation_stays_where_its_prefix_is_cached() -> None:
    endpoints, _ = servers(2)
    busy = endpoints._all[0]
    busy.in_flight = 9
    assert endpoints.pick(preferred=busy) is busy


def test_the_one_that_has_just_failed_goes_last() -> None:
    endpoints, _ = servers(2)
    idle, busy = endpoints._all
    busy.in_flight = 9
    assert endpoints.pick(avoided=idle) is busy
    alone, _ = servers(1)
    assert alone.pick(avoided=alone._all[0]) is alone._all[0]


def test_a_failing_server_rests_and_comes_back_by_a_single_trial() -> None:
    endpoints, clock = servers(2)
    bad, good = endpoints._all
    good.in_flight = 50
    fail(endpoints, bad, FAILURES_BEFORE_REST)
    assert endpoints.pick() is good
    clock.now = 5.1
    assert endpoints.pick() is bad
    bad.in_flight = 1
    assert endpoints.pick() is good, "one request tries it out"
    bad.in_flight = 0
    endpoints.note_success(bad)
    bad.in_flight = 20
    assert endpoints.pick() is bad


def test_a_failed_trial_doubles_the_rest_up_to_a_minute() -> None:
    endpoints, clock = servers(2)
    bad = endpoints._all[0]
    fail(endpoints, bad, FAILURES_BEFORE_REST)
    rests = []
    for _ in range(2000):
        clock.now = bad.ready_at
        endpoints.note_failure(bad, None)
        rests.append(bad.ready_at - clock.now)
    assert rests[:5] == [10, 20, 40, 60, 60] and set(rests[5:]) == {60}


def test_failures_of_what_was_sent_before_the_rest_say_nothing_new() -> None:
    endpoints, _ = servers(2)
    bad = endpoints._all[0]
    fail(endpoints, bad, 100)
    assert bad.ready_at == 5.0


def test_one_bad_answer_in_five_is_no_reason_to_rest() -> None:
    endpoints, _ = servers(2)
    endpoint = endpoints._all[0]
    for _ in range(1000):
        fail(endpoints, endpoint, 1)
        for _ in range(4):
            endpoints.note_success(endpoint)
    assert endpoint.ready_at == 0.0


def test_an_only_server_never_rests_for_failures() -> None:
    endpoints, _ = servers(1)
    fail(endpoints, endpoints._all[0], 100)
    assert endpoints.pick() is endpoints._all[0]


def test_a_server_that_throttles_all_is_left_alone_for_as_long_as_it_says() -> None:
    endpoints, clock = servers(1)
    for _ in range(2):
        endpoints.note_failure(endpoints._all[0], 7.0)
    assert endpoints.pick() is endpoints._all[0], "now and then is not always"
    endpoints.note_failure(endpoints._all[0], 7.0)
    assert endpoints.pick() is None and endpoints.wait() == 7.0
    clock.now = 7.0
    assert endpoints.pick() is endpoints._all[0] and endpoints.wait() == 0.0


BASE = "http://127.0.0.1:1/v1"


def channel(**settings: object) -> Channel:
    return Channel("m", ModelSettings(BASE, **settings), Endpoints([]))  # type: ignore[arg-type]


def test_the_servers_name_for_a_model_is_the_maps_unless_it_says_another() -> None:
    assert channel().model_id == "m"
    assert channel(model="org/large").model_id == "org/large"


def test_rates_are_kept_to_only_where_the_map_gives_them() -> None:
    free, limited = channel(), channel(rpm=61)
    assert free.reserve_rates(10**9) == free.reserve_rates(10**9) == 0
    assert limited.reserve_rates(10**9) == 0 and limited.reserve_rates(1) > 0


def test_tokens_that_were_not_used_are_given_back() -> None:
    limited = channel(tpm=61 * 100)  # 100 a second
    assert limited.reserve_rates(100) == 0
    limited.give_back_tokens(100, Usage(3, 2))
    assert limited.reserve_rates(95) < 0.01
    assert limited.reserve_rates(50) > 0.1


def test_a_usage_costs_what_the_models_own_prices_say() -> None:
    priced = channel(prices=Prices(input=1e6, output=2e6, cached_input=0.0))
    assert priced.cost_of(Usage(10, 5, 4)) == 6 + 10


def test_who_is_done_may_keep_a_slot_unless_one_who_has_begun_waits_or_there_are_too_many() -> None:
    async def scenario() -> None:
        limiter = SlotLimiter(1)
        await limiter.acquire()
        anew = asyncio.create_task(limiter.acquire())
        await asyncio.sleep(0)
        assert limiter.may_keep()
        begun = asyncio.create_task(limiter.acquire(urgent=True))
        await asyncio.sleep(0)
        assert not limiter.may_keep()
        begun.cancel()
        anew.cancel()

    asyncio.run(scenario())
    limiter = SlotLimiter(4)
    limiter.in_flight, limiter.limit = 4, 2.0
    assert not limiter.may_keep()
