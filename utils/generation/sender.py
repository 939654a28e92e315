"""Sends any request until it is answered: slots, rates, retries, failover and cost in one place.

Chat, completions, embeddings and scores differ in their `Request` alone: where it goes, what it
holds, and how its answer is read. What all of them share in a run is their `Traffic`.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from utils.errors import PipelineError
from utils.generation.servers import Channel, Endpoint
from utils.generation.traffic import GRACE_SECONDS, Stopped, Traffic
from utils.providers.replies import PassingError, RequestRefused, RunRefused, Usage

Answer = TypeVar("Answer")
Item = TypeVar("Item", contravariant=True)

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0  # seconds
LONGEST_JITTER = 0.1  # seconds after a server's rest, so that not all come back at once
NOTHING = Usage(0, 0)


@dataclass(frozen=True)
class Request(Generic[Answer]):
    """One request to a path below a server's base.

    `tokens` is what it may take, in and out. `parse` reads the answer and what it took, None where
    the server doesn't say; a useless answer raises PassingError. `highest_cost` bounds its cost.
    """

    path: str
    body: Any
    tokens: int
    parse: Callable[[bytes], tuple[Answer, Usage | None]]
    highest_cost: float = 0.0


class _Sent(NamedTuple):
    ticket: int
    moment: float


class Sender:
    """Sends one party's requests, one after the other.

    It holds a slot from its first request on, so that the next one finds the server's prefix cache
    warm, and lets it go for every wait. It stays with a server that has answered.
    """

    def __init__(self, traffic: Traffic, channel: Channel, has_slot: bool = False) -> None:
        self.channel = channel
        self.is_sending = False
        self.has_sent = False
        self._traffic = traffic
        self._has_slot = has_slot
        self._endpoint: Endpoint | None = None
        self._failed_endpoint: Endpoint | None = None

    def turn_to(self, channel: Channel) -> None:
        """Send what follows to another model."""
        if channel is not self.channel:
            self.channel = channel
            self._endpoint = self._failed_endpoint = None

    def release_slot(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self._traffic.limiter.release()

    def may_keep_slot(self) -> bool:
        """Ask whether another party may go on with the slot, as nobody has a better claim to it."""
        return self._has_slot and self._traffic.limiter.may_keep()

    def pass_slot_on(self) -> None:
        """Leave the slot to another sender, made with `has_slot`."""
        self._has_slot = False

    async def take_slot(self) -> None:
        await self._traffic.limiter.acquire(urgent=True)
        self._has_slot = True

    async def send(self, request: Request[Answer]) -> Answer:
        """Send until it is answered, within all limits.

        Raises the last PassingError when the retries are used up, RequestRefused, RunRefused,
        BudgetSpent, or Stopped where the run ends before.
        """
        has_waited_longest = False
        for attempt in range(self._traffic.max_retries + 1):
            endpoint = await self._admitted(request)
            usage, sent = NOTHING, self._note_sent(endpoint)
            try:
                self._refuse_when_stopping()
                content = await endpoint.client.post(request.path, request.body)
                answer, counted = endpoint.client.read(content, request.parse)
                usage = counted or Usage(request.tokens, 0, estimated=True)
                self._note_success(endpoint, sent, usage)
                return answer
            except PassingError as error:
                usage = error.usage or NOTHING
                if error.retry_after is not None and error.retry_after > self._traffic.max_wait:
                    self._traffic.say_wait(error.retry_after)
                    error.retry_after = self._traffic.max_wait
                    if has_waited_longest:
                        raise
                    has_waited_longest = True
                self._note_failure(endpoint, sent, error)
                if attempt == self._traffic.max_retries:
                    raise
                self._traffic.statistics.count("retries", error.cause)
                wait = self._backoff(attempt, error.retry_after)
            except RequestRefused as error:
                usage = error.usage or NOTHING
                raise
            finally:
                self._settle(endpoint, request, usage)
            await self._rest(wait)
        raise AssertionError("the loop returns or raises")

    # Before a request

    async def _admitted(self, request: Request[Any]) -> Endpoint:
        """Wait until slots, rates, a server and the budget allow one more; returns the server."""
        self._refuse_when_stopping()
        await self._traffic.until_room()
        if not self._has_slot or self._traffic.limiter.is_over_limit():
            self.release_slot()
            await self.take_slot()
        if wait := self.channel.reserve_rates(request.tokens):
            await self._rest(wait)
        # Before the budget: who waits for a server lets the slot go, and may not tie up money
        # that those who hold the slots wait for.
        endpoint = await self._ready_endpoint()
        await self._traffic.budget.reserve(request.highest_cost)
        return endpoint

    async def _ready_endpoint(self) -> Endpoint:
        endpoints = self.channel.endpoints
        while (endpoint := endpoints.pick(self._endpoint, self._failed_endpoint)) is None:
            jitter = self._traffic.jitter.uniform(0, LONGEST_JITTER)
            await self._rest(endpoints.wait() + jitter)
        return endpoint

    async def _rest(self, seconds: float) -> None:
        """Wait without holding a slot."""
        self._refuse_when_stopping()
        self.release_slot()
        await asyncio.sleep(seconds)
        await self.take_slot()

    def _refuse_when_stopping(self) -> None:
        if self._traffic.stop.event.is_set():
            raise Stopped

    def _backoff(self, attempt: int, retry_after: float | None) -> float:
        """Draw a wait in seconds: exponential with full jitter.

        Where the server says how long, it is that and a little more, unless another may be asked.
        """
        jitter = self._traffic.jitter
        longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**attempt)
        if retry_after is None:
            return jitter.uniform(0, longest)
        if self.channel.endpoints.has_other(self._failed_endpoint):
            return 0.0
        return retry_after + jitter.uniform(0, 0.1 * longest)

    # After it

    def _note_sent(self, endpoint: Endpoint) -> _Sent:
        endpoint.in_flight += 1
        self.is_sending = self.has_sent = True
        return _Sent(self._traffic.limiter.note_sent(), time.perf_counter())

    def _note_success(self, endpoint: Endpoint, sent: _Sent, usage: Usage) -> None:
        self._endpoint, self._failed_endpoint = endpoint, None
        self.channel.endpoints.note_success(endpoint)
        self._traffic.limiter.note_success(sent.ticket)
        self._traffic.refusals.note_answer()
        self._traffic.statistics.add_reply(usage, time.perf_counter() - sent.moment)

    def _note_failure(self, endpoint: Endpoint, sent: _Sent, error: PassingError) -> None:
        self._endpoint, self._failed_endpoint = None, endpoint
        self.channel.endpoints.note_failure(endpoint, error.retry_after)
        if error.throttled:
            self._traffic.limiter.note_throttled(sent.ticket)

    def _settle(self, endpoint: Endpoint, request: Request[Any], usage: Usage) -> None:
        """Replace what was set aside for a request by what it took."""
        self.is_sending = False
        endpoint.in_flight -= 1
        told, guessed = (self.channel.cost_of(each) for each in (usage, usage.guess or usage))
        self._traffic.budget.settle(request.highest_cost, max(told, guessed))
        self.channel.give_back_tokens(request.tokens, usage)


class BatchedWork(Protocol[Item, Answer]):
    """Items that are asked for several in one request."""

    def request(self, batch: Sequence[Item]) -> Request[Answer]: ...

    def save(self, batch: Sequence[Item], answer: Answer) -> None: ...

    def refuse(self, item: Item, error: RequestRefused) -> None:
        """Do what is to be done about an item that the server refuses."""
        ...


async def send_in_batches(
    work: BatchedWork[Item, Answer],
    items: Sequence[Item],
    size: int,
    traffic: Traffic,
    channel: Channel,
) -> None:
    """Ask for all items, as many requests at once as there are slots; each answer is saved at once.

    A batch that the server refuses is asked again in halves, since one item may be the reason, or
    the number of them. The first error that no retry mends is raised: PassingError, RunRefused, or
    what `save` and `refuse` raise; what is in flight then still comes in and is saved, and so it is
    at the first interrupt, which then is raised too.
    """
    waiting = deque(items[start : start + size] for start in range(0, len(items), size))
    errors: list[BaseException] = []
    senders: dict[asyncio.Task[None], Sender] = {}

    async def work_off(sender: Sender) -> None:
        while waiting and not traffic.stop.event.is_set():
            batch = waiting.popleft()
            try:
                work.save(batch, await sender.send(work.request(batch)))
            except RequestRefused as error:
                if len(batch) > 1:
                    middle = len(batch) // 2
                    waiting.extendleft((batch[middle:], batch[:middle]))
                else:
                    traffic.refusals.note(error)
                    work.refuse(batch[0], error)
            finally:
                sender.release_slot()

    async def see_through(sender: Sender) -> None:
        try:
            await work_off(sender)
        except (PassingError, RunRefused, PipelineError, OSError) as error:
            errors.append(error)
            traffic.stop.request(str(error), 1)
        except Stopped:
            pass

    with traffic.heeded_signals():
        for _ in range(traffic.limiter.maximum):
            sender = Sender(traffic, channel)
            senders[asyncio.create_task(see_through(sender))] = sender
        try:
            await _until_done_or_stopped(senders, traffic)
            await traffic.until_room()
        except asyncio.CancelledError:  # a second interrupt
            raise KeyboardInterrupt from None
        finally:
            for task in senders:
                task.cancel()
            await asyncio.gather(*senders, return_exceptions=True)
            await channel.endpoints.close()
    errors += [bug for task in senders if not task.cancelled() and (bug := task.exception())]
    if errors:
        raise errors[0]
    if traffic.stop.event.is_set():
        raise KeyboardInterrupt


async def _until_done_or_stopped(
    senders: dict[asyncio.Task[None], Sender], traffic: Traffic
) -> None:
    """Wait for all; when something asks to stop, only for what is in flight, and for a while."""
    stopping = asyncio.create_task(traffic.stop.event.wait())
    done: set[asyncio.Task[Any]] = set()
    try:
        while stopping not in done and not all(task.done() for task in senders):
            left = [task for task in senders if not task.done()]
            done, _ = await asyncio.wait([stopping, *left], return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
    for task, sender in senders.items():
        if not sender.is_sending:
            task.cancel()
    await asyncio.wait(senders, timeout=GRACE_SECONDS)
