"""The servers of one model: the least busy goes next, a failing one rests and comes back."""

import time
from collections.abc import Callable, Sequence

from utils.generation.client import ChatClient

FAILURES_BEFORE_REST = 3
FIRST_REST, LONGEST_REST = 5.0, 60.0  # seconds


class Endpoint:
    """One server and how it has been doing."""

    def __init__(self, client: ChatClient) -> None:
        self.client = client
        self.in_flight = 0
        self.failures_in_a_row = 0
        self.ready_at = 0.0


class Endpoints:
    """Chooses among the servers of a model.

    A server that throttles with a `Retry-After` is left alone for that long. One that fails three
    times in a row rests for 5 s, doubled up to a minute while it goes on failing; where it is the
    only one, the requests' own backoff is rest enough.
    """

    def __init__(
        self, clients: Sequence[ChatClient], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._all = [Endpoint(client) for client in clients]
        self._clock = clock

    def pick(self, preferred: Endpoint | None = None) -> Endpoint | None:
        """Return the ready endpoint with the fewest requests in flight, or None.

        `preferred` goes first while it is ready: its prefix cache holds the conversation so far.
        """
        now = self._clock()
        if preferred is not None and preferred.ready_at <= now:
            return preferred
        ready = [endpoint for endpoint in self._all if endpoint.ready_at <= now]
        return min(ready, key=lambda endpoint: endpoint.in_flight, default=None)

    def wait(self) -> float:
        """Return the seconds until some endpoint is ready."""
        soonest = min(endpoint.ready_at for endpoint in self._all)
        return max(0.0, soonest - self._clock())

    def note_success(self, endpoint: Endpoint) -> None:
        endpoint.failures_in_a_row = 0

    def note_failure(self, endpoint: Endpoint, retry_after: float | None) -> None:
        if retry_after is not None:
            self._rest(endpoint, retry_after)
            return
        if endpoint.ready_at > self._clock():
            return  # sent before the rest began; says nothing new
        endpoint.failures_in_a_row += 1
        excess = endpoint.failures_in_a_row - FAILURES_BEFORE_REST
        if excess >= 0 and len(self._all) > 1:
            self._rest(endpoint, min(LONGEST_REST, FIRST_REST * 2 ** min(excess, 10)))

    def _rest(self, endpoint: Endpoint, seconds: float) -> None:
        endpoint.ready_at = max(endpoint.ready_at, self._clock() + seconds)

    async def close(self) -> None:
        for endpoint in self._all:
            await endpoint.client.close()
