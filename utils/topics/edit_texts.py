"""The texts of one edit, whatever form its row has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from utils.jsonl import Row, load_row
from utils.records import HEADINGS

# The frame that stage 6 puts around the code and the instruction of a user turn.
FRAME = re.compile(rf"^(?:{'|'.join(HEADINGS)}|`{{3,}}\w*)[ \t]*$", re.MULTILINE)
USERS = ("user", "human")


class EditTexts(NamedTuple):
    """What a row says of an edit; a field that holds no text is None."""

    code_before: str | None
    code_after: str | None
    instruction: str | None


@dataclass(frozen=True)
class EditReader:
    """Reads the texts of rows: triplets, or conversations that carry the code beside the turns."""

    data_format: str
    field_name: str

    @property
    def required(self) -> tuple[str | tuple[str, ...], ...]:
        """Name the fields that rows must have."""
        if self.data_format == "sharegpt":
            return "old_code", "new_code", ("messages", "conversations")
        return "code_before_purify", "code_after_purify", self.field_name

    @property
    def field_names(self) -> tuple[str, str, str]:
        """Name the texts in the order of `EditTexts`, as reject reasons call them."""
        last = "instruct" if self.data_format == "sharegpt" else self.field_name
        return "code_before", "code_after", last.removesuffix("_purify")

    def read(self, row: Row) -> EditTexts:
        """Pick the texts of a row that has the required fields."""
        if self.data_format == "sharegpt":
            before, after = text(row["old_code"]), text(row["new_code"])
            return EditTexts(before, after, user_text(row, before or ""))
        before, after, instruction = (text(row[field]) for field in self.required)  # type: ignore[index]
        return EditTexts(before, after, instruction)

    def read_line(self, line: bytes) -> EditTexts:
        """Pick the texts of a row that has been read as JSON before."""
        return self.read(load_row(line.removeprefix(b"\xef\xbb\xbf")))


def text(value: Any) -> str | None:
    """Take a value for a text, or None if it is empty, blank or no string."""
    return value if isinstance(value, str) and value.strip() else None


def user_text(row: Row, code_before: str) -> str | None:
    """Join the user turns of a conversation, without the code that they quote.

    Turns are `role` and `content`, or `from` and `value`.
    """
    turns = row.get("messages") or row.get("conversations")
    said = []
    for turn in turns if isinstance(turns, list) else []:
        if isinstance(turn, dict) and turn.get("role", turn.get("from")) in USERS:
            said.append(turn.get("content", turn.get("value")))
    joined = "\n".join(["", *(part for part in said if isinstance(part, str)), ""])
    # Whole lines only: short code may well be a word of the instruction.
    quoted = code_before.strip("\n")
    return text(FRAME.sub("", joined.replace(f"\n{quoted}\n", "\n")).strip())
