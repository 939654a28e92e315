"""Runs many conversations at once over one model: limits, retries, journal, an orderly stop.

A caller gives jobs and a coroutine `converse(job, conversation)` that asks its questions in turn
through `conversation.ask(messages)` and returns the finished row. Every reply is journaled as it
arrives; after a crash `ask` gives back what was answered before without sending it again.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from utils.cli import EXIT_USER_ERROR
from utils.generation.client import estimate_tokens
from utils.generation.endpoints import Endpoint, Endpoints
from utils.generation.journal import Journal, SampleKey
from utils.generation.limiter import Budget, BudgetSpent, RateBucket, SlotLimiter
from utils.generation.model_map import ModelSettings
from utils.generation.replies import PassingError, Reply, RequestRefused, RunRefused
from utils.generation.statistics import RunStatistics
from utils.jsonl import Row
from utils.sampling import derive_seed

Messages = list[dict[str, str]]

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0  # seconds
GRACE_SECONDS = 30.0
# Conversations that wait for a retry hold no slot; this many for each slot may be alive.
ALIVE_PER_SLOT = 4
SYNC_SECONDS = 5.0


@dataclass(frozen=True)
class Sampling:
    """What is asked of the model for each answer."""

    temperature: float = 0.8
    top_p: float = 0.95
    max_tokens: int = 2048


@dataclass(frozen=True)
class BatchSettings:
    """How a batch is run; none of it changes what a model would answer."""

    concurrency: int = 64
    max_retries: int = 8
    length_retry_factor: float | None = None
    max_consecutive_failures: int = 50
    max_cost: float | None = None
    save_every: int = 20
    random_seed: int = 42


class Job(NamedTuple):
    """One sample to make: its key, the hash of its prompt's texts, and the prompt's row."""

    key: SampleKey
    prompt_hash: str
    row: Row


class Stopped(Exception):
    """The run is stopping; nothing further goes out."""


class SampleFailed(Exception):
    """A sample that can't be had; `passing` if another try later may succeed."""

    def __init__(self, cause: str, message: str, passing: bool) -> None:
        super().__init__(message)
        self.cause = cause
        self.passing = passing


@dataclass
class Stop:
    """Why and how a run ends before its work is done; the first reason stays."""

    reason: str = ""
    exit_code: int = 0
    event: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self, reason: str, exit_code: int) -> None:
        if not self.event.is_set():
            self.reason, self.exit_code = reason, exit_code
            self.event.set()


class Batch:
    """The shared state of one run, and its loop."""

    def __init__(
        self,
        model: ModelSettings,
        model_name: str,
        endpoints: Endpoints,
        journal: Journal,
        sampling: Sampling,
        settings: BatchSettings,
        statistics: RunStatistics,
    ) -> None:
        self.model = model
        self.model_name = model_name
        self.model_id = model.model or model_name
        self.endpoints = endpoints
        self.journal = journal
        self.sampling = sampling
        self.settings = settings
        self.statistics = statistics
        self.stop = Stop()
        self.limiter = SlotLimiter(settings.concurrency)
        self.budget = Budget(settings.max_cost, statistics.cost)
        self.request_bucket = RateBucket(model.rpm) if model.rpm else None
        self.token_bucket = RateBucket(model.tpm) if model.tpm else None
        self.jitter = random.Random(derive_seed(settings.random_seed, "jitter"))
        self._failures_in_a_row = 0
        self._bug: BaseException | None = None
        self._alive: dict[asyncio.Task[None], Conversation] = {}
        self._freed = asyncio.Event()
        self._work_to_sync = asyncio.Event()

    async def run(
        self, jobs: Iterable[Job], converse: Callable[[Job, "Conversation"], Awaitable[Row]]
    ) -> None:
        """Run all jobs, or as many as go out before something asks to stop."""
        producing = asyncio.create_task(self._produce(jobs, converse))
        stopping = asyncio.create_task(self.stop.event.wait())
        syncing = asyncio.create_task(self._sync_now_and_then())
        try:
            await asyncio.wait({producing, stopping}, return_when=asyncio.FIRST_COMPLETED)
            if self._alive:
                await self._wind_down(producing)
            if producing.done() and not producing.cancelled():
                producing.result()  # a line of the prompts that could not be read
            if self._bug is not None:
                raise self._bug
        finally:
            for task in (producing, stopping, syncing, *self._alive):
                task.cancel()
            await asyncio.gather(producing, stopping, syncing, *self._alive, return_exceptions=True)
            await self.endpoints.close()

    async def _produce(
        self, jobs: Iterable[Job], converse: Callable[[Job, "Conversation"], Awaitable[Row]]
    ) -> None:
        for job in jobs:
            await self.limiter.acquire()
            conversation = Conversation(self, job)
            task = asyncio.create_task(self._see_through(job, conversation, converse))
            self._alive[task] = conversation
            task.add_done_callback(self._bury)
            while len(self._alive) >= ALIVE_PER_SLOT * self.settings.concurrency:
                await self._until_freed()
        while self._alive:
            await self._until_freed()

    async def _until_freed(self) -> None:
        self._freed.clear()
        await self._freed.wait()

    def _bury(self, task: asyncio.Task[None]) -> None:
        del self._alive[task]
        self._freed.set()
        if not task.cancelled() and (error := task.exception()):
            self._bug = error  # ours, not the server's: save what is in flight, then show it
            self.stop.request(f"a fault in the program: {error!r}", 1)

    async def _wind_down(self, producing: asyncio.Task[None]) -> None:
        """Let what is in flight come in, for a while; end everything that merely waits."""
        producing.cancel()
        for task, conversation in list(self._alive.items()):
            if not conversation.is_sending:
                task.cancel()
        if self._alive:
            await asyncio.wait(set(self._alive), timeout=GRACE_SECONDS)

    async def _see_through(
        self,
        job: Job,
        conversation: "Conversation",
        converse: Callable[[Job, "Conversation"], Awaitable[Row]],
    ) -> None:
        """Hold one conversation to its end and put the outcome where it belongs."""
        try:
            row = await converse(job, conversation)
            self.journal.add_finished(job.key, row)
            self.statistics.finished += 1
            self._failures_in_a_row = 0
            self._note_write()
        except SampleFailed as failure:
            self._note_failure(job, failure)
        except RunRefused as error:
            self.stop.request(str(error), EXIT_USER_ERROR)
        except BudgetSpent:
            self.stop.request(
                f"the next request could pass --max_cost {self.settings.max_cost:g} "
                f"(spent {self.budget.spent:.4f})",
                1,
            )
        except Stopped:
            pass
        except OSError as error:
            self.stop.request(f"{error.filename}: {error.strerror}", EXIT_USER_ERROR)
        finally:
            conversation.release_slot()

    def _note_failure(self, job: Job, failure: SampleFailed) -> None:
        self.statistics.failed += 1
        self._failures_in_a_row += 1
        self.journal.add_failed(
            job.key,
            {
                **job.row,
                **job.key._asdict(),
                "reject_reason": failure.cause,
                "error": str(failure),
                "passing": failure.passing,
            },
        )
        self._note_write()
        limit = self.settings.max_consecutive_failures
        if self._failures_in_a_row > limit:
            self.stop.request(f"more than {limit} failures in a row, the last: {failure}", 1)

    def _note_write(self) -> None:
        if self.journal.unsynced_rows >= self.settings.save_every:
            self._work_to_sync.set()

    async def _sync_now_and_then(self) -> None:
        while True:
            try:
                async with asyncio.timeout(SYNC_SECONDS):
                    await self._work_to_sync.wait()
            except TimeoutError:
                pass
            self._work_to_sync.clear()
            await asyncio.to_thread(self.journal.sync)


class Conversation:
    """One job's questions and answers; holds a slot from its first question to its last.

    The slot is kept between rounds, so that the next round finds the server's prefix cache warm,
    and let go for every wait.
    """

    def __init__(self, batch: Batch, job: Job) -> None:
        self._batch = batch
        self._job = job
        self._answered = batch.journal.answered_rounds(job.key)
        self._asked = 0
        self._has_slot = True
        self._endpoint: Endpoint | None = None
        self.is_sending = False

    @property
    def model_name(self) -> str:
        return self._batch.model_name

    def release_slot(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self._batch.limiter.release()

    async def ask(self, messages: Messages, last: bool = False) -> Reply:
        """Get the answer to `messages`: from the journal, or from the model.

        With `last` the reply is not journaled, since the finished row follows at once.
        """
        self._asked += 1
        if self._asked <= len(self._answered):
            return self._answered[self._asked - 1]
        body = self._request_body(messages)
        reply = await self._ask_until_answered(body)
        factor = self._batch.settings.length_retry_factor
        if reply.finish_reason == "length" and factor:
            longer = {**body, "max_tokens": int(body["max_tokens"] * factor)}
            reply = await self._ask_until_answered(longer)
        if not last:
            self._batch.journal.add_round(self._job.key, self._job.prompt_hash, reply)
            self._batch._note_write()
        return reply

    def _request_body(self, messages: Messages) -> dict[str, Any]:
        batch = self._batch
        body: dict[str, Any] = {
            "model": batch.model_id,
            "messages": messages,
            "temperature": batch.sampling.temperature,
            "top_p": batch.sampling.top_p,
            "max_tokens": batch.sampling.max_tokens,
        }
        if batch.model.send_seed:
            # 31 bits: some servers read the seed into a signed 32-bit number.
            body["seed"] = derive_seed(batch.settings.random_seed, *self._job.key) >> 32
        return body | batch.model.extra_body

    async def _ask_until_answered(self, body: dict[str, Any]) -> Reply:
        batch = self._batch
        for attempt in range(batch.settings.max_retries + 1):
            try:
                return await self._send(body)
            except PassingError as error:
                if attempt == batch.settings.max_retries:
                    raise SampleFailed(error.cause, str(error), passing=True) from None
                batch.statistics.retries[error.cause] += 1
                await self._rest(self._backoff(attempt, error.retry_after))
            except RequestRefused as error:
                raise SampleFailed("refused_by_server", str(error), passing=False) from None
        raise AssertionError("the loop returns or raises")

    def _backoff(self, attempt: int, retry_after: float | None) -> float:
        """Draw a wait: exponential with full jitter, or what the server asks and a little more."""
        jitter = self._batch.jitter
        if retry_after is not None:
            return retry_after + jitter.uniform(0, 0.1 * retry_after)
        return jitter.uniform(0, min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**attempt))

    async def _rest(self, seconds: float) -> None:
        """Wait without holding a slot."""
        self.release_slot()
        await asyncio.sleep(seconds)
        await self._regain_slot()

    async def _regain_slot(self) -> None:
        await self._batch.limiter.acquire(urgent=True)
        self._has_slot = True

    async def _ready_endpoint(self) -> Endpoint:
        endpoints = self._batch.endpoints
        while (endpoint := endpoints.pick(self._endpoint)) is None:
            await self._rest(endpoints.wait() + self._batch.jitter.uniform(0, 0.1))
        return endpoint

    async def _send(self, body: dict[str, Any]) -> Reply:
        """Send once, within all limits, and note how it went."""
        batch = self._batch
        if batch.limiter.is_over_limit():
            self.release_slot()
            await self._regain_slot()
        prompt_tokens = estimate_tokens(body["messages"])
        reserved_tokens = prompt_tokens + body["max_tokens"]
        await self._keep_to_rates(reserved_tokens)
        self._endpoint = await self._ready_endpoint()
        highest_cost = batch.model.prices.cost(prompt_tokens * 4, body["max_tokens"])
        await batch.budget.reserve(highest_cost)
        cost, used_tokens = 0.0, 0
        try:
            if batch.stop.event.is_set():
                raise Stopped
            reply, seconds = await self._exchange(self._endpoint, body)
            batch.statistics.add_reply(reply.usage, seconds)
            cost = batch.statistics.cost_of(reply.usage)
            used_tokens = reply.usage.prompt_tokens + reply.usage.completion_tokens
            return reply
        finally:
            batch.budget.settle(highest_cost, cost)
            if batch.token_bucket:
                batch.token_bucket.give_back(reserved_tokens - used_tokens)

    async def _keep_to_rates(self, tokens: int) -> None:
        wait = 0.0
        if self._batch.request_bucket:
            wait = self._batch.request_bucket.reserve(1)
        if self._batch.token_bucket:
            wait = max(wait, self._batch.token_bucket.reserve(tokens))
        if wait:
            await self._rest(wait)

    async def _exchange(self, endpoint: Endpoint, body: dict[str, Any]) -> tuple[Reply, float]:
        batch = self._batch
        ticket, started = batch.limiter.note_sent(), time.perf_counter()
        endpoint.in_flight += 1
        self.is_sending = True
        try:
            reply = await endpoint.client.complete(body)
        except PassingError as error:
            batch.endpoints.note_failure(endpoint, error.retry_after)
            if error.throttled:
                batch.limiter.note_throttled(ticket)
            raise
        finally:
            self.is_sending = False
            endpoint.in_flight -= 1
        batch.endpoints.note_success(endpoint)
        batch.limiter.note_success()
        return reply, time.perf_counter() - started
