import asyncio
from contextlib import suppress

import pytest

from utils.generation.limiter import Budget, BudgetSpent, RateBucket, SlotLimiter


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
