"""One sample's questions and answers: what was answered before, and what a model is asked for."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, TypeVar

from utils.errors import BadReply
from utils.generation.recovery import SampleKey
from utils.generation.run_state import RunState
from utils.generation.sender import Request, Sender
from utils.generation.servers import Channel
from utils.jsonl import Row
from utils.providers.answer_schemas import (
    Schema,
    is_schema_refused,
    schema_field,
    without_schema,
)
from utils.providers.chat_forms import FORMS, Body, most_tokens, written_body
from utils.providers.openai_form import asked_messages, guess_prompt_tokens
from utils.providers.replies import PassingError, Reply, RequestRefused, RunRefused, Usage
from utils.replies.finish_reasons import (
    TOOL_CALLS,
    finish_word,
    is_whole,
    ran_out_of_tokens,
    refuse_unfinished,
    unfinished_words,
)
from utils.replies.thoughts import split_thoughts
from utils.sampling import derive_seed

Messages = list[dict[str, str]]
Found = TypeVar("Found")
Parsed = TypeVar("Parsed")


class Job(NamedTuple):
    """One sample to make: its key, the hash of its prompt's texts, and the prompt's row."""

    key: SampleKey
    prompt_hash: str
    row: Row


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
    """One job's questions and answers, from a model or from the journal."""

    def __init__(self, run: RunState, job: Job) -> None:
        self._run = run
        self._job = job
        self._answered = run.journal.answered_rounds(job.key)
        self.replies: list[Reply] = []
        self.sender = Sender(run, run.draw_channel(*job.key, 0), has_slot=True)

    def head(self) -> Row:
        """Give the fields that a finished row begins with: a resume reads no more of it."""
        names = dict.fromkeys(reply.model or self._run.names[0] for reply in self.replies)
        return {
            **self._job.key._asdict(),
            "prompt_hash": self._job.prompt_hash,
            "model": ", ".join(names or self._run.names),
            "finish_reason": [reply.finish_reason for reply in self.replies],
            "usage": [reply.usage.as_row() for reply in self.replies],
            **self._reasoning(),
        }

    def _reasoning(self) -> Row:
        """Give what the model thought before each reply, where it is to be kept."""
        if not self._run.settings.keep_reasoning:
            return {}
        apart = [reply.reasoning or split_thoughts(reply.text).reasoning for reply in self.replies]
        return {"reasoning": apart}

    async def wait_for(self, other: Awaitable[Found]) -> Found:
        """Wait for what another conversation finds, without holding a slot meanwhile."""
        self.sender.release_slot()
        found = await other
        await self.sender.take_slot()
        return found

    async def ask(
        self,
        question: Messages | str,
        last: bool = False,
        attempt: int = 0,
        model: str | None = None,
        options: dict[str, Any] | None = None,
        prompt_kind: str = "",
        schema: Schema | None = None,
    ) -> Reply:
        """Get the answer to messages, or the completion of a text: journaled, or from a model.

        With `last` the reply is not journaled, since the finished row follows at once. A question
        asked anew has another `attempt`, which gives it another seed. `model` is one of the run's;
        without it, one is drawn. `options` are further fields of the request. `prompt_kind` says
        what is asked for, to embedded models alone; `schema` the JSON that is wanted, to models
        that take one.
        """
        run, place = self._run, len(self.replies)
        if place < len(self._answered):
            self._refuse_as_before(model, self._answered[place])
            self.replies.append(self._answered[place])
            return self.replies[-1]
        channel = run.channels[model] if model else run.draw_channel(*self._job.key, place)

        def body_for(asked: Channel) -> Body:
            body = self._body(asked, question, attempt, prompt_kind)
            return body | schema_field(schema if asked.takes_schemas else None) | (options or {})

        try:
            reply = await self._answer_of(channel, body_for)
        except PassingError as error:
            raise SampleFailed(error.cause, str(error), passing=True) from None
        except RequestRefused as error:
            run.refusals.note(error)
            # What nobody understands may be mended in the settings, and was not paid for.
            cause = "refused_by_server"
            raise SampleFailed(cause, str(error), passing=error.is_unknown) from None
        if not last:
            run.journal.add_round(self._job.key, self._job.prompt_hash, reply)
            run.note_write()
        self.replies.append(reply)
        return reply

    async def _answer_of(self, channel: Channel, body_for: Callable[[Channel], Body]) -> Reply:
        """Get the answer of a model, or of those that stand in for it where it can't be had."""
        run = self._run
        while (fallback := run.fallback_of(channel)) is not None:
            if channel.out_until <= time.monotonic():
                try:
                    return await self._whole_answer(channel, body_for(channel))
                except (PassingError, RequestRefused, RunRefused) as error:
                    run.note_out(channel, error)
            channel = fallback
        return await self._whole_answer(channel, body_for(channel))

    async def _whole_answer(self, channel: Channel, body: Body) -> Reply:
        """Ask one model, and again for longer where that is wanted."""
        self.sender.turn_to(channel)
        reply = self._cut_off_before(body)
        if reply is None:
            reply = await self._sent(channel, body)
        factor = self._run.settings.length_retry_factor
        if factor and ran_out_of_tokens(reply.finish_reason):
            reply = await self._asked_for_all(reply, body, factor)
        self._refuse_empty(reply, body)
        return reply

    async def _sent(self, channel: Channel, body: Body) -> Reply:
        """Send a request; a server that refuses its schema is asked without one from then on."""
        try:
            return await self.sender.send(self._request(body))
        except (RequestRefused, RunRefused) as error:
            if not is_schema_refused(body, error):
                raise
            refused = error
        reply = await self.sender.send(self._request(without_schema(body)))
        self._run.note_no_schemas(channel, refused)
        return reply

    def _refuse_as_before(self, model: str | None, answered: Reply) -> None:
        """Fail as the asked model did: the next answer came from the one that was asked after it.

        Only who goes on without a model that refuses ever comes here.
        """
        if model and answered.model not in ("", *self._run.line_of(model)):
            raise SampleFailed("refused_by_server", f"{model} has refused before", passing=False)

    def _body(
        self, channel: Channel, question: Messages | str, attempt: int, prompt_kind: str
    ) -> Body:
        """Build the body of a request in OpenAI's form."""
        run = self._run
        body: Body = {
            "model": channel.model_id,
            "prompt" if isinstance(question, str) else "messages": question,
            "temperature": run.sampling.temperature,
            "top_p": run.sampling.top_p,
            "max_tokens": most_tokens(run.sampling.max_tokens, channel.model),
        }
        if channel.model.send_seed:
            parts = (*self._job.key, attempt) if attempt else self._job.key
            # 31 bits: some servers read the seed into a signed 32-bit number.
            body["seed"] = derive_seed(run.settings.random_seed, *parts) >> 32
        if channel.model.is_embedded and prompt_kind:
            body["metadata"] = {"prompt_kind": prompt_kind}
        return body

    def _request(self, body: Body) -> Request[Reply]:
        channel = self.sender.channel
        sent = guess_prompt_tokens(asked_messages(body))
        return Request(
            FORMS[channel.model.protocol].path(body),
            written_body(body, channel.model),
            tokens=sent + body["max_tokens"],
            parse=partial(self._parse, body, sent),
            highest_cost=self._run.highest_cost(channel, body),
        )

    def _parse(self, body: Body, sent: int, content: bytes) -> tuple[Reply, Usage]:
        """Read a reply and who it is from; one that is useless, but paid for, is noted."""
        channel = self.sender.channel
        try:
            reply = FORMS[channel.model.protocol].read(content, body)
        except (PassingError, RequestRefused) as error:
            if error.usage:
                error.usage = self._priced(error.usage)
                self._run.statistics.add_waste(error.usage)
                self._run.journal.add_waste(error.usage)
            raise
        if ran_out_of_tokens(reply.finish_reason):
            reply = _without_cut_thought(reply)
        for word in unfinished_words([reply.finish_reason]):
            self._run.statistics.count("unfinished", word)
        self._run.note_context(channel, sent, reply.usage)
        if reply.reasoning and not self._run.settings.keep_reasoning:
            reply = replace(reply, reasoning="")
        if len(self._run.channels) > 1:
            self._run.statistics.count("answered_by", channel.name)
            reply = replace(reply, usage=self._priced(reply.usage), model=channel.name)
        return reply, reply.usage

    def _priced(self, usage: Usage) -> Usage:
        """Say what it cost, where prices differ."""
        if len(self._run.channels) == 1:
            return usage
        return replace(usage, cost=self.sender.channel.cost_of(usage))

    # An answer that is none, or was cut off

    def _refuse_empty(self, reply: Reply, body: Body) -> None:
        """Fail where the model was at work and gave no answer: asked again, it would do the same.

        That nothing is missing from a text to complete is an answer, though.
        """
        if reply.text or ("prompt" in body and is_whole(reply.finish_reason)):
            return
        if ran_out_of_tokens(reply.finish_reason):
            self._run.journal.add_cut_off(self._job.key, self._job.prompt_hash, reply)
            raise _out_of_tokens(body)
        self._run.journal.add_waste(reply.usage)
        if finish_word(reply.finish_reason) in TOOL_CALLS:
            raise SampleFailed("tool_call", "the model called a tool, no answer", passing=False)
        raise SampleFailed("no_answer", "the model thought, and gave no answer", passing=False)

    def _cut_off_before(self, body: Body) -> Reply | None:
        """Return this round's reply of an earlier run that was cut off, if it is to be made whole.

        A reply of another model is none of this question. One without any answer is not asked for
        again as it was.
        """
        reply = self._run.journal.cut_off_reply(self._job.key, len(self.replies))
        if not reply or reply.model not in ("", self.sender.channel.name):
            return None
        if self._run.settings.length_retry_factor:
            return reply
        if not reply.text:
            raise _out_of_tokens(body)
        return None

    async def _asked_for_all(self, cut_off: Reply, body: Body, factor: float) -> Reply:
        """Ask once more, for longer; the usage of the answer is that of both."""
        journal, key = self._run.journal, self._job.key
        if journal.cut_off_reply(key, len(self.replies)) is not cut_off:
            journal.add_cut_off(key, self._job.prompt_hash, cut_off)
        longer = {**body, "max_tokens": int(body["max_tokens"] * factor)}
        try:
            whole = await self.sender.send(self._request(longer))
        except (PassingError, RequestRefused):
            if not cut_off.text:
                raise
            return cut_off  # more than the server gives; half an answer is paid for and stays
        if not whole.text:
            journal.add_waste(whole.usage)
            raise _out_of_tokens(longer)
        return replace(whole, usage=cut_off.usage + whole.usage)


def _without_cut_thought(reply: Reply) -> Reply:
    """Take a text that is nothing but a thought for what it is, as where the server gives it apart.

    Half an answer below a thought stays.
    """
    spoken = split_thoughts(reply.text)
    if not spoken.is_cut_off or spoken.answer.strip():
        return reply
    return replace(reply, text="", reasoning=reply.reasoning or spoken.reasoning)


def _out_of_tokens(body: Body) -> SampleFailed:
    return SampleFailed(
        "out_of_tokens",
        f"the model's thoughts took all of its {body['max_tokens']:,} tokens; raise --max_tokens, "
        "or ask again for longer: --retry_failed --length_retry_factor 4",
        passing=False,
    )


async def ask_for(
    conversation: Conversation,
    question: Messages | str,
    parse: Callable[[str], Parsed],
    max_try: int,
    model: str | None = None,
    options: dict[str, Any] | None = None,
    first_attempt: int = 0,
    prompt_kind: str = "",
    schema: Schema | None = None,
) -> Parsed:
    """Ask until `parse` takes the answer, each time with another seed.

    After `max_try` answers it raises the BadReply of the last one. Half an answer is a bad one,
    whatever it holds. Who asks the same question several times in one conversation counts
    on with `first_attempt`, or gets the same answers again.
    """
    for attempt in range(first_attempt, first_attempt + max_try):
        reply = await conversation.ask(
            question,
            attempt=attempt,
            model=model,
            options=options,
            prompt_kind=prompt_kind,
            schema=schema,
        )
        try:
            refuse_unfinished([reply.finish_reason])
            return parse(reply.text)
        except BadReply as error:
            last = error
    raise last
