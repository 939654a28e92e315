"""Step 5b: turn conversations into rows of input and output.

Reads conversations, one a row (`messages` with role and content; ShareGPT's `conversations` with
from and value), or plain text of `User:` and `Bot:` turns; writes `{"Input", "Output"}`.
    python -m data_v5.chat_2_seq2seq --input_file data/data_v5/chat.jsonl \\
        --output_file data/data_v5/chat_seq2seq.jsonl
    python -m data_v5.chat_2_seq2seq --template mistral \\
        --output_file data/data_v5/mistral_chat_seq2seq.jsonl

No turn that an answer follows is lost: the answer's row holds all turns before it. What the user
says last, with no answer, is cut off and counted. A system turn at the beginning stands before the
first role's mark, as it is, or where the template has marks for it, within the first turn of the
user; a blank one says nothing and is left out. A text that holds a role's mark can't be read back,
so its conversation is rejected. Conversations of one tree begin alike: rows that are equal are
written once.
"""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt
from tqdm import tqdm

from data_v5.chats.chat_texts import read_text_file
from data_v5.chats.role_marks import (
    MESSAGE_LISTS,
    TEMPLATES,
    BadConversation,
    RoleMarks,
    check_turns,
    cut_unanswered,
    read_turns,
    to_rows,
)
from utils.cli import Flag, log, parse_flags, run
from utils.jsonl import Row
from utils.row_files import read_records
from utils.stage_output import StageOutput


def read_conversations(path: Path, input_format: str) -> Iterator[Row]:
    """Yield rows that hold a conversation, whatever the file is."""
    if input_format == "messages":
        yield from read_records(path, [MESSAGE_LISTS])
        return
    for turns in read_text_file(path):
        yield {"messages": [{"role": role, "content": text} for role, text in turns]}


class Seen:
    """Tells rows that were written already, by a hash of 64 bits."""

    def __init__(self) -> None:
        self._hashes: set[int] = set()

    def add(self, row: Row) -> bool:
        """Note a row; false if it was there."""
        size = len(self._hashes)
        text = f"{row['Input']}\x1f{row['Output']}".encode("utf-8", "surrogatepass")
        digest = hashlib.blake2b(text, digest_size=8).digest()
        self._hashes.add(int.from_bytes(digest, "big"))
        return len(self._hashes) > size


def write_conversations(
    output: StageOutput,
    conversations: Iterable[Row],
    marks: RoleMarks,
    is_every: bool,
    min_turns: int = 1,
) -> None:
    """Write the rows of each conversation, or reject it."""
    seen, count, unanswered = Seen(), 0, 0
    for conversation in conversations:
        count += 1
        try:
            said = read_turns(conversation)
            turns = cut_unanswered(said)
            check_turns(turns, marks, min_turns)
        except BadConversation as reason:
            output.reject(conversation, str(reason))
            continue
        unanswered += len(said) - len(turns)
        # The rows of one tree must not be parted later.
        tree_id = conversation.get("tree_id")
        origin = {"tree_id": tree_id} if isinstance(tree_id, str) else {}
        for row in to_rows(marks.fold_system(turns), marks, is_every):
            if seen.add(row):
                output.keep(row | origin)
            else:
                output.pass_over("repeated_row", 1)
    output.summary["conversations"] = count
    output.summary["last_user_turns_dropped"] = unanswered


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Turn conversations into input and output."""

    input_file: Annotated[Path, Field(description="the conversations")] = Path(
        "data/data_v5/chat.jsonl"
    )
    output_file: Annotated[Path, Field(description="the rows")] = Path(
        "data/data_v5/chat_seq2seq.jsonl"
    )
    input_format: Annotated[
        Literal["messages", "text"],
        Field(description="rows, or text of 'User:' and 'Bot:' turns"),
    ] = "messages"
    turns: Annotated[
        Literal["every", "last"], Field(description="a row for each answer, or for the last")
    ] = "every"
    min_turns: Annotated[PositiveInt, Field(description="reject conversations of fewer turns")] = 1
    template: Annotated[
        str,
        Flag(choices=list(TEMPLATES)),
        Field(description="marks: <Role user> and <Role bot>, Mistral's, or Llama 2's"),
    ] = "roles"
    user_mark: Annotated[
        str | None,
        Field(description="goes before a turn of the user (default: the template's)"),
    ] = None
    bot_mark: Annotated[
        str | None, Field(description="goes before a turn of the bot (default: the template's)")
    ] = None
    bot_end: Annotated[
        str | None,
        Field(description="goes after a turn of the bot in Input (default: the template's)"),
    ] = None

    def __post_init__(self) -> None:
        if fault := self.marks().fault():
            raise ValueError(f"--user_mark, --bot_mark: {fault}")

    def marks(self) -> RoleMarks:
        """Give the template's marks, and in their place those that are named."""
        given = {"user": self.user_mark, "bot": self.bot_mark, "bot_end": self.bot_end}
        named = {key: text for key, text in given.items() if text is not None}
        return replace(TEMPLATES[self.template], **named)


def main(argv: list[str] | None = None) -> None:
    args = parse_flags(Flags, argv)
    marks = args.marks()
    output = StageOutput(args.output_file, [args.input_file], stage="exchanges")
    with output:
        conversations = read_conversations(args.input_file, args.input_format)
        progress = tqdm(conversations, desc="writing", unit="conversation", disable=None)
        write_conversations(output, progress, marks, args.turns == "every", args.min_turns)
        output.summary["settings"] = {
            "turns": args.turns,
            "min_turns": args.min_turns,
            "template": args.template,
            "user_mark": marks.user,
            "bot_mark": marks.bot,
            "bot_end": marks.bot_end,
        }
    if not output.kept:
        log.warning("no row is left; see %s for the reasons", output.rejected_path)


if __name__ == "__main__":
    run(main)
