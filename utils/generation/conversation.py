"""Asking until an answer is good enough.

One sample's questions and answers: slots, limits, retries, and what was answered before.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, NamedTuple, TypeVar

from utils.errors import BadReply
from utils.generation.client import asked_messages, estimate_tokens
from utils.generation.recovery import SampleKey
from utils.generation.replies import PassingError, Reply, RequestRefused, Usage
from utils.generation.run_state import RunState
from utils.generation.servers import Endpoint
from utils.jsonl import Row
from utils.sampling import derive_seed

Messages = list[dict[str, str]]
Found = TypeVar("Found")

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0  # seconds
Parsed = TypeVar("Parsed")


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


class SampleRejected(Exception):
    """A sample that was answered and is not good enough; `row` says what there is, and why."""

    def __init__(self, row: Row) -> None:
        super().__init__(row["reject_reason"])
        self.row = row


class Conversation:
    """One job's questions and answers; holds a slot from its first question to its last.

    The slot is kept between rounds, so that the next round finds the server's prefix cache warm,
    and let go for every wait.
    """

    def __init__(self, run: RunState, job: Job) -> None:
        self._run = run
        self._job = job
        self._answered = run.journal.answered_rounds(job.key)
        self.replies: list[Reply] = []
        self._has_slot = True
        self._channel = run.draw_channel(*job.key, 0)
        self._endpoint: Endpoint | None = None
        self._failed_endpoint: Endpoint | None = None
        self.is_sending = False

    def head(self) -> Row:
        """Give the fields that a finished row begins with: a resume reads no more of it."""
        names = dict.fromkeys(reply.model or self._run.names[0] for reply in self.replies)
        return {
            **self._job.key._asdict(),
            "prompt_hash": self._job.prompt_hash,
            "model": ", ".join(names or self._run.names),
            "finish_reason": [reply.finish_reason for reply in self.replies],
            "usage": [reply.usage.as_row() for reply in self.replies],
        }

    def release_slot(self) -> None:
        if self._has_slot:
            self._has_slot = False
            self._run.limiter.release()

    async def ask(
        self,
        question: Messages | str,
        last: bool = False,
        attempt: int = 0,
        model: str | None = None,
        options: dict[str, Any] | None = None,
        prompt_kind: str = "",
    ) -> Reply:
        """Get the answer to messages, or the completion of a text: journaled, or from a model.

        With `last` the reply is not journaled, since the finished row follows at once. A question
        asked anew has another `attempt`, which gives it another seed. `model` is one of the run's;
        without it, one is drawn. `options` are further fields of the request. `prompt_kind` says
        what is asked for, to embedded models alone.
        """
        place = len(self.replies)
        if place < len(self._answered):
            self._refuse_as_before(model, self._answered[place])
            self.replies.append(self._answered[place])
            return self.replies[-1]
        self._turn_to(model, place)
        body = self._request_body(question, attempt, prompt_kind) | (options or {})
        factor = self._run.settings.length_retry_factor
        reply = await (
            self._ask_for_all(body, factor) if factor else self._ask_until_answered(body)
        )
        if not last:
            self._run.journal.add_round(self._job.key, self._job.prompt_hash, reply)
            self._run.note_write()
        self.replies.append(reply)
        return reply

    def _refuse_as_before(self, model: str | None, answered: Reply) -> None:
        """Fail as the asked model did: the next answer came from the one that was asked after it.

        Only who goes on without a model that refuses ever comes here.
        """
        if model and answered.model not in ("", model):
            raise SampleFailed("refused_by_server", f"{model} has refused before", passing=False)

    async def wait_for(self, other: Awaitable[Found]) -> Found:
        """Wait for what another conversation finds, without holding a slot meanwhile."""
        self.release_slot()
        found = await other
        await self._regain_slot()
        return found

    def _turn_to(self, model: str | None, place: int) -> None:
        run, channel = self._run, self._channel
        turned_to = run.channels[model] if model else run.draw_channel(*self._job.key, place)
        if turned_to is not channel:
            self._channel = turned_to
            self._endpoint = self._failed_endpoint = None

    async def _ask_for_all(self, body: dict[str, Any], factor: float) -> Reply:
        """Ask once more, for longer, where the answer was cut off; its usage is that of both."""
        journal, key = self._run.journal, self._job.key
        reply = journal.cut_off_reply(key, len(self.replies))
        if reply is None or reply.model not in ("", self._channel.name):
            reply = await self._ask_until_answered(body)
            if reply.finish_reason != "length":
                return reply
            journal.add_cut_off(key, self._job.prompt_hash, reply)
        try:
            longer = {**body, "max_tokens": int(body["max_tokens"] * factor)}
            whole = await self._ask_until_answered(longer)
        except SampleFailed:
            return reply  # more than the server gives; half an answer is paid for and stays
        return replace(whole, usage=reply.usage + whole.usage)

    def _request_body(
        self, question: Messages | str, attempt: int, prompt_kind: str
    ) -> dict[str, Any]:
        run, channel = self._run, self._channel
        body: dict[str, Any] = {
            "model": channel.model_id,
            "prompt" if isinstance(question, str) else "messages": question,
            "temperature": run.sampling.temperature,
            "top_p": run.sampling.top_p,
            "max_tokens": run.sampling.max_tokens,
        }
        if channel.model.send_seed:
            parts = (*self._job.key, attempt) if attempt else self._job.key
            # 31 bits: some servers read the seed into a signed 32-bit number.
            body["seed"] = derive_seed(run.settings.random_seed, *parts) >> 32
        if channel.model.is_embedded and prompt_kind:
            body["metadata"] = {"prompt_kind": prompt_kind}
        return body | channel.model.extra_body

    async def _ask_until_answered(self, body: dict[str, Any]) -> Reply:
        run = self._run
        for attempt in range(run.settings.max_retries + 1):
            try:
                return await self._send(body)
            except PassingError as error:
                if attempt == run.settings.max_retries:
                    raise SampleFailed(error.cause, str(error), passing=True) from None
                run.statistics.retries[error.cause] += 1
                await self._rest(self._backoff(attempt, error.retry_after))
            except RequestRefused as error:
                raise SampleFailed("refused_by_server", str(error), passing=False) from None
        raise AssertionError("the loop returns or raises")

    def _backoff(self, attempt: int, retry_after: float | None) -> float:
        """Draw a wait in seconds: exponential with full jitter.

        Where the server says how long, it is that and a little more, unless another may be asked.
        """
        jitter = self._run.jitter
        longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**attempt)
        if retry_after is None:
            return jitter.uniform(0, longest)
        if self._channel.endpoints.has_other(self._failed_endpoint):
            return 0.0
        return retry_after + jitter.uniform(0, 0.1 * longest)

    def _refuse_when_stopping(self) -> None:
        if self._run.stop.event.is_set():
            raise Stopped

    async def _rest(self, seconds: float) -> None:
        """Wait without holding a slot."""
        self._refuse_when_stopping()
        self.release_slot()
        await asyncio.sleep(seconds)
        await self._regain_slot()

    async def _regain_slot(self) -> None:
        await self._run.limiter.acquire(urgent=True)
        self._has_slot = True

    async def _ready_endpoint(self) -> Endpoint:
        endpoints = self._channel.endpoints
        while (endpoint := endpoints.pick(self._endpoint, self._failed_endpoint)) is None:
            await self._rest(endpoints.wait() + self._run.jitter.uniform(0, 0.1))
        return endpoint

    async def _send(self, body: dict[str, Any]) -> Reply:
        """Send once, within all limits, and note how it went."""
        run, channel = self._run, self._channel
        self._refuse_when_stopping()
        if run.limiter.is_over_limit():
            self.release_slot()
            await self._regain_slot()
        reserved_tokens = estimate_tokens(asked_messages(body)) + body["max_tokens"]
        if wait := channel.reserve_rates(reserved_tokens):
            await self._rest(wait)
        # Before the budget: who waits for a server lets the slot go, and may not tie up money
        # that those who hold the slots wait for.
        endpoint = await self._ready_endpoint()
        highest_cost = run.highest_cost(channel, body)
        await run.budget.reserve(highest_cost)
        usage = Usage(0, 0)
        try:
            self._refuse_when_stopping()
            reply, seconds = await self._exchange(endpoint, body)
            reply = self._signed(reply)
            usage = reply.usage
            run.statistics.add_reply(usage, seconds)
            return reply
        except PassingError as error:
            if error.usage:
                usage = self._priced(error.usage)
                run.statistics.add_waste(usage)
                run.journal.add_waste(usage)
            raise
        finally:
            run.budget.settle(highest_cost, run.statistics.cost_of(usage))
            channel.give_back_tokens(reserved_tokens, usage)

    def _signed(self, reply: Reply) -> Reply:
        """Say who answered, where several may."""
        if len(self._run.names) == 1:
            return reply
        return replace(reply, usage=self._priced(reply.usage), model=self._channel.name)

    def _priced(self, usage: Usage) -> Usage:
        """Say what it cost, where prices differ."""
        if len(self._run.names) == 1:
            return usage
        return replace(usage, cost=self._channel.cost_of(usage))

    async def _exchange(self, endpoint: Endpoint, body: dict[str, Any]) -> tuple[Reply, float]:
        run, endpoints = self._run, self._channel.endpoints
        ticket, started = run.limiter.note_sent(), time.perf_counter()
        endpoint.in_flight += 1
        self.is_sending = True
        try:
            reply = await endpoint.client.complete(body)
        except PassingError as error:
            self._endpoint, self._failed_endpoint = None, endpoint
            endpoints.note_failure(endpoint, error.retry_after)
            if error.throttled:
                run.limiter.note_throttled(ticket)
            raise
        finally:
            self.is_sending = False
            endpoint.in_flight -= 1
        self._endpoint, self._failed_endpoint = endpoint, None
        endpoints.note_success(endpoint)
        run.limiter.note_success(ticket)
        return reply, time.perf_counter() - started


async def ask_for(
    conversation: Conversation,
    question: Messages | str,
    parse: Callable[[str], Parsed],
    max_try: int,
    model: str | None = None,
    options: dict[str, Any] | None = None,
    first_attempt: int = 0,
    prompt_kind: str = "",
) -> Parsed:
    """Ask until `parse` takes the answer, each time with another seed.

    After `max_try` answers it raises the BadReply of the last one. An answer that was cut off is a
    bad one, whatever it holds. Who asks the same question several times in one conversation counts
    on with `first_attempt`, or gets the same answers again.
    """
    for attempt in range(first_attempt, first_attempt + max_try):
        reply = await conversation.ask(
            question, attempt=attempt, model=model, options=options, prompt_kind=prompt_kind
        )
        try:
            if reply.finish_reason == "length":
                raise BadReply("cut_off")
            return parse(reply.text)
        except BadReply as error:
            last = error
    raise last
