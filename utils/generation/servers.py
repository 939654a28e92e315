"""What the sender keeps within: slots, rates, a budget; and which server of a model goes next.

Slots adapt to throttling; the least busy server goes next, a failing one rests and comes back. A
channel is one model: its servers, and its provider's limits of rates. Nothing here knows of HTTP;
the sender tells what happened.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence

from utils.generation.client import Client
from utils.generation.model_map import ModelSettings
from utils.providers.chat_forms import FORMS
from utils.providers.replies import Usage

# A round lasts until the first request that was sent after it began comes back.
GROWTH = 0.1  # share of the limit won back in a round without throttling
DEEPEST_CUT = 0.5  # share of the limit that goes when all of a round was throttled
# Enough that a server with one bad answer in five is not taken for a dead one.
FAILURES_BEFORE_REST = 6
THROTTLES_BEFORE_REST = 3
FIRST_REST, LONGEST_REST = 5.0, 60.0  # seconds


class SlotLimiter:
    """Slots for requests in flight, fewer after throttling, growing back while it goes well.

    A burst of throttled requests cuts the limit once, at the end of the round, and by as much as
    its share was (as DCTCP does, RFC 8257): a server that is full gets half as much, one that
    throttles now and then whatever comes gets nearly as much as before. Waiters that carry on a
    begun conversation go first.
    """

    def __init__(self, maximum: int) -> None:
        self.maximum = maximum
        self.limit = float(maximum)
        self.in_flight = 0
        self._sent = 0
        self._round_end = 0
        self._outcomes = self._throttled = 0
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def acquire(self, urgent: bool = False) -> None:
        if not self._urgent and not (self._waiting and not urgent) and self._has_room():
            self.in_flight += 1
            return
        waiter = asyncio.get_running_loop().create_future()
        (self._urgent if urgent else self._waiting).append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self.release()  # the slot was granted in the moment of the cancellation
            raise

    def release(self) -> None:
        self.in_flight -= 1
        self._wake()

    def is_over_limit(self) -> bool:
        """Ask whether a cut has left more in flight than should be."""
        return self.in_flight > int(self.limit)

    def may_keep(self) -> bool:
        """Ask whether who is done may begin anew: nobody who has begun is waiting."""
        return not self._urgent and not self.is_over_limit()

    def note_sent(self) -> int:
        """Number a request as it goes out; the number says later when it was sent."""
        self._sent += 1
        return self._sent

    def note_success(self, ticket: int) -> None:
        self._note_outcome(ticket, 0)
        if self.limit < self.maximum:
            self.limit = min(self.maximum, self.limit + max(GROWTH, 1 / self.limit))
            self._wake()

    def note_throttled(self, ticket: int) -> None:
        self._note_outcome(ticket, 1)

    def _note_outcome(self, ticket: int, throttled: int) -> None:
        if ticket > self._round_end and self._outcomes:
            share = self._throttled / self._outcomes
            self.limit = max(1.0, self.limit * (1 - DEEPEST_CUT * share))
            self._outcomes = self._throttled = 0
        if not self._outcomes:
            self._round_end = self._sent
        self._outcomes += 1
        self._throttled += throttled

    def _has_room(self) -> bool:
        return self.in_flight < int(self.limit)

    def _wake(self) -> None:
        while self._has_room() and (self._urgent or self._waiting):
            waiter = (self._urgent or self._waiting).popleft()
            if not waiter.done():
                self.in_flight += 1
                waiter.set_result(None)


class RateBucket:
    """A token bucket for a rate per minute; amounts are reserved ahead and partly given back."""

    def __init__(self, per_minute: float, clock: Callable[[], float] = time.monotonic) -> None:
        # One second's worth may go at once, so 61 are shared out: with it no minute holds more.
        self._per_second = per_minute / 61
        self._clock = clock
        self._level = self._capacity = self._per_second
        self._read_at = clock()

    def reserve(self, amount: float) -> float:
        """Take an amount; returns the seconds to wait until it is covered (0: go)."""
        now = self._clock()
        refill = (now - self._read_at) * self._per_second
        self._level = min(self._capacity, self._level + refill)
        self._read_at = now
        # An amount over the capacity may go once the bucket is full, and leaves a debt.
        wait = max(0.0, (min(amount, self._capacity) - self._level) / self._per_second)
        self._level -= amount
        return wait

    def give_back(self, amount: float) -> None:
        """Return what a reservation did not use (negative: it used more)."""
        self._level = min(self._capacity, self._level + amount)


class BudgetSpent(Exception):
    """The next request could pass the budget."""


class Budget:
    """Money: what is spent and what the requests in flight may cost at most stay within a limit."""

    def __init__(self, limit: float | None, spent: float = 0.0) -> None:
        self.limit = limit
        self.spent = spent
        self._reserved = 0.0
        self._holders = 0
        self._settled = asyncio.Event()

    async def reserve(self, cost: float) -> None:
        """Set aside a request's highest cost; waits for others to settle while they may do."""
        while self.limit is not None and self.spent + self._reserved + cost > self.limit:
            if not self._holders:
                raise BudgetSpent
            self._settled.clear()
            await self._settled.wait()
        self._reserved += cost
        self._holders += 1

    def settle(self, reserved: float, actual: float) -> None:
        """Replace a reservation by what the request cost in fact."""
        self._holders -= 1
        self._reserved = self._reserved - reserved if self._holders else 0.0
        self.spent += actual
        self._settled.set()


class Endpoint:
    """One server and how it has been doing."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.in_flight = 0
        self.failures_in_a_row = 0
        self.throttles_in_a_row = 0
        self.rests = 0  # since the last success
        self.ready_at = 0.0

    def is_ready(self, now: float) -> bool:
        """Ask whether it may be sent a request; after a rest one goes ahead to try it out."""
        on_trial = self.rests > 0 and self.in_flight > 0
        return self.ready_at <= now and not on_trial


class Endpoints:
    """Chooses among the servers of a model.

    A server that throttles three times in a row and says how long (`Retry-After`) is left alone by
    all for that long; a single throttled request waits by itself. One that fails six times in a row
    rests for 5 s, doubled up to a minute while the first request after a rest fails again; where it
    is the only one, the requests' own backoff is rest enough.
    """

    def __init__(
        self, clients: Sequence[Client], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._all = [Endpoint(client) for client in clients]
        self._clock = clock

    def pick(
        self, preferred: Endpoint | None = None, avoided: Endpoint | None = None
    ) -> Endpoint | None:
        """Return the ready endpoint with the fewest requests in flight, or None.

        `preferred` goes first while it is ready: its prefix cache holds the conversation so far.
        `avoided`, which has just failed, goes last.
        """
        now = self._clock()
        if preferred is not None and preferred.is_ready(now):
            return preferred
        ready = [endpoint for endpoint in self._all if endpoint.is_ready(now)]
        return min(ready, key=lambda each: (each is avoided, each.in_flight), default=None)

    def has_other(self, endpoint: Endpoint | None) -> bool:
        """Ask whether another than this one is ready."""
        return self.pick(avoided=endpoint) not in (endpoint, None)

    def wait(self) -> float:
        """Return the seconds until some endpoint is ready."""
        soonest = min(endpoint.ready_at for endpoint in self._all)
        return max(0.0, soonest - self._clock())

    def note_success(self, endpoint: Endpoint) -> None:
        endpoint.failures_in_a_row = endpoint.throttles_in_a_row = endpoint.rests = 0

    def note_failure(self, endpoint: Endpoint, retry_after: float | None) -> None:
        if retry_after is not None:
            endpoint.throttles_in_a_row += 1
            if endpoint.throttles_in_a_row >= THROTTLES_BEFORE_REST:
                self._rest(endpoint, retry_after)
            return
        if endpoint.ready_at > self._clock():
            return  # sent before the rest began; says nothing new
        endpoint.failures_in_a_row += 1
        is_failing = endpoint.rests or endpoint.failures_in_a_row >= FAILURES_BEFORE_REST
        if is_failing and len(self._all) > 1:
            self._rest(endpoint, min(LONGEST_REST, FIRST_REST * 2.0 ** min(endpoint.rests, 10)))
            endpoint.rests += 1

    def _rest(self, endpoint: Endpoint, seconds: float) -> None:
        endpoint.ready_at = max(endpoint.ready_at, self._clock() + seconds)

    async def close(self) -> None:
        for endpoint in self._all:
            await endpoint.client.close()


class Channel:
    """Where the requests for one model go; all conversations of a run share it."""

    def __init__(self, name: str, model: ModelSettings, endpoints: Endpoints) -> None:
        self.name = name
        self.model = model
        self.model_id = model.model or name
        self.endpoints = endpoints
        self.request_bucket = RateBucket(model.rpm) if model.rpm else None
        self.token_bucket = RateBucket(model.tpm) if model.tpm else None
        self.takes_schemas = model.structured
        self.out_until = 0.0  # a moment of the clock; until then its fallback is asked at once

    def reserve_rates(self, tokens: int) -> float:
        """Take a request and its tokens out of the rates; returns the seconds to wait."""
        wait = self.request_bucket.reserve(1) if self.request_bucket else 0.0
        if self.token_bucket:
            wait = max(wait, self.token_bucket.reserve(tokens))
        return wait

    def give_back_tokens(self, reserved: int, usage: Usage) -> None:
        """Return what a reservation did not use."""
        if self.token_bucket:
            used = usage.prompt_tokens + usage.completion_tokens
            self.token_bucket.give_back(reserved - used)

    def cost_of(self, usage: Usage) -> float:
        prices = self.model.prices
        return prices.cost(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)


def open_channel(
    name: str,
    model: ModelSettings,
    bases: Sequence[str],
    key: str,
    connections: int,
    timeout: float,
    max_response_bytes: int | None = None,
) -> Channel:
    """Open the way to a model at its addresses; `timeout` bounds each request in seconds."""
    headers = FORMS[model.protocol].key_headers
    named = headers(key) if headers else None
    clients = [Client(base, key, connections, timeout, named, max_response_bytes) for base in bases]
    return Channel(name, model, Endpoints(clients))
