"""The servers of one model: the least busy goes next, a failing one rests and comes back."""

import time
from collections.abc import Callable, Sequence

from utils.generation.client import ChatClient

# Enough that a server with one bad answer in five is not taken for a dead one.
FAILURES_BEFORE_REST = 6
THROTTLES_BEFORE_REST = 3
FIRST_REST, LONGEST_REST = 5.0, 60.0  # seconds


class Endpoint:
    """One server and how it has been doing."""

    def __init__(self, client: ChatClient) -> None:
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
        self, clients: Sequence[ChatClient], clock: Callable[[], float] = time.monotonic
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
