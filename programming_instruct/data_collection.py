"""Make samples from coding histories: what is on the screen, the next edit, and words for both.

Reads rows of one source and plans samples (`histories`); asks models for what a sample lacks, in
this order:
- with user words: the request, unless the row gives it; `next` is the final code;
- without: whether each block of the remaining change was foreseeable; `next` has those that were;
- the chat message that explains the change from current to next.
    python -m programming_instruct.data_collection --data_type commit \\
        --input_path data/commit.json --output_path data/commit_end.json --limit_one_block_prob 1.0

A reply that its parser refuses is asked for again, up to --max_try; then the sample is rejected
with the reason, `judge_...`, `instruction_...` or `chat_...`. (Programming-Instruct writes an empty
chat where that one fails.)
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Annotated, TypeVar

from pydantic import Field, PositiveInt

from programming_instruct.change_prompts import (
    Messages,
    Screen,
    chat_messages,
    instruction_messages,
    judge_messages,
)
from programming_instruct.change_replies import read_chat, read_instruction
from programming_instruct.edit_blocks import apply_blocks
from programming_instruct.histories import (
    ORIGIN_FIELDS,
    PlanSettings,
    plan_samples,
    remaining_changes,
)
from programming_instruct.judge_decisions import read_decisions
from utils.cli import parse_flags, run
from utils.errors import BadReply
from utils.generation.conversation import Conversation, Job, ask_for
from utils.generation.jobs import generate_samples
from utils.generation.settings import SampleFlags, sample_settings
from utils.jsonl import Row, dump_row
from utils.records import text_id
from utils.row_files import read_records

# The fields that rows of each source must have.
REQUIRED = {
    "aiprogrammer": ("output",),
    "commit": ("code1", "code2", "git", "lang"),
    "submit": ("submissions", "language", "problems_contexts"),
}
Parsed = TypeVar("Parsed")


def plan_rows(path: str, settings: PlanSettings) -> Iterator[Row]:
    """Yield the planned samples of a file, and the rows that none can be planned from."""
    seen: Counter[str] = Counter()
    for row in read_records(path, REQUIRED[settings.data_type]):
        row_id = id_of(row, settings.data_type)
        seen[row_id] += 1
        # Equal rows are drawn from separately.
        repeat = f"-r{seen[row_id]}" if seen[row_id] > 1 else ""
        yield from plan_samples(row, row_id + repeat, settings)


def id_of(row: Row, data_type: str) -> str:
    """Give a row's `prompt_id`, or the hash of the fields that its samples are made from."""
    known = row.get("prompt_id")
    if isinstance(known, str) and known:
        return known
    return text_id(dump_row([row[field] for field in REQUIRED[data_type]]).decode())


@dataclass(frozen=True, kw_only=True)
class Flags(PlanSettings, SampleFlags):
    """Make samples from coding histories."""

    input_path: Annotated[str, Field(description="the rows: an array (.json) or lines (.jsonl)")]
    output_path: Annotated[
        str, Field(description="the samples: an array (.json) or lines (.jsonl)")
    ]
    max_prompt_chars: Annotated[
        PositiveInt, Field(description="reject samples of longer prompts")
    ] = 60_000
    max_blocks: Annotated[
        PositiveInt, Field(description="reject samples with more blocks to judge")
    ] = 64


@dataclass(frozen=True)
class Collector:
    """Asks for what planned samples lack, within limits."""

    max_try: int
    max_prompt_chars: int
    max_blocks: int

    async def converse(self, job: Job, conversation: Conversation) -> Row:
        """Make one sample; the asks and their order depend on the plan and the replies alone."""
        plan = job.row
        try:
            self._refuse_large(plan)
            user, after = await self._user_and_next(plan, conversation)
            chat = await self._chat(screen_of(plan), after, user, conversation)
        except BadReply as error:
            return {**plan, "reject_reason": error.reason}
        return {
            "history": plan["history"],
            "current": plan["current"],
            "user": user,
            "chat": chat,
            "next": {**plan["current"], "code": after},
            "data_type": plan["data_type"],
            **{field: plan[field] for field in ORIGIN_FIELDS if field in plan},
        }

    async def _user_and_next(self, plan: Row, conversation: Conversation) -> tuple[str, str]:
        if not plan["use_user"]:
            return "", await self._foreseeable(plan, conversation)
        if plan["user"] is not None:
            return plan["user"], plan["final"]
        return await self._instruction(plan, conversation), plan["final"]

    async def _foreseeable(self, plan: Row, conversation: Conversation) -> str:
        """Apply those blocks of the remaining change that the judge calls foreseeable."""
        current = plan["current"]["code"]
        blocks, diffs = remaining_changes(plan)
        if len(blocks) > self.max_blocks:
            raise BadReply("too_many_blocks")
        messages = judge_messages(screen_of(plan), diffs)
        parse = partial(read_decisions, count=len(blocks))
        decisions = await self._ask("judge", conversation, messages, parse)
        chosen = [number for number, foreseeable in enumerate(decisions) if foreseeable]
        return apply_blocks(current, blocks, chosen)

    async def _instruction(self, plan: Row, conversation: Conversation) -> str:
        screen, final = screen_of(plan), plan["final"]
        context = "\n\n".join(text for text in plan["context"].values() if text.strip())
        messages = instruction_messages(screen, final, context)
        parse = partial(
            read_instruction, current=screen.current, after=final, language=screen.language
        )
        return await self._ask("instruction", conversation, messages, parse)

    async def _chat(self, screen: Screen, after: str, user: str, conversation: Conversation) -> str:
        messages = chat_messages(screen, after, user)
        parse = partial(read_chat, current=screen.current, after=after)
        return await self._ask("chat", conversation, messages, parse)

    async def _ask(
        self,
        name: str,
        conversation: Conversation,
        messages: Messages,
        parse: Callable[[str], Parsed],
    ) -> Parsed:
        if sum(len(message["content"]) for message in messages) > self.max_prompt_chars:
            raise BadReply("prompt_too_long")
        try:
            return await ask_for(conversation, messages, parse, self.max_try)
        except BadReply as error:
            raise BadReply(f"{name}_{error.reason}") from None

    def _refuse_large(self, plan: Row) -> None:
        """Refuse codes whose prompt must become too long, before the work of comparing them."""
        size = len(plan["current"]["code"])
        others = [plan["final"], *(version["code"] for version in plan["history"])]
        # A version that is so much longer than the current one leaves a diff as long.
        growth = max(map(len, others)) - size
        if max(size, growth) > self.max_prompt_chars:
            raise BadReply("prompt_too_long")


def screen_of(plan: Row) -> Screen:
    """Show the model what a planned sample shows: the history and the current code."""
    history = [version["code"] for version in plan["history"]]
    return Screen(plan["current"]["code"], history, plan["current"]["lang"])


def main(argv: list[str] | None = None) -> int:
    flags = parse_flags(Flags, argv)
    collector = Collector(flags.max_try, flags.max_prompt_chars, flags.max_blocks)
    nothing = Screen("")
    prompts = (
        judge_messages(nothing, ()),
        instruction_messages(nothing, ""),
        chat_messages(nothing, ""),
    )
    plan = partial(plan_rows, flags.input_path, flags)
    return generate_samples(
        [flags.input_path],
        plan,
        flags.output_path,
        sample_settings(flags, flags.output_path, prompts),
        collector.converse,
        stage="samples",
    )


if __name__ == "__main__":
    run(main)
