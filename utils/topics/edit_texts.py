"""The texts of one edit, whatever form its row has."""

from __future__ import annotations

import re
import struct
from array import array
from dataclasses import dataclass
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import Any, NamedTuple

from utils.jsonl import Row
from utils.records import HEADINGS

# The frame that stage 6 puts around the code and the instruction of a user turn.
FRAME = re.compile(rf"^(?:{'|'.join(HEADINGS)}|`{{3,}}\w*)[ \t]*$", re.MULTILINE)
USERS = ("user", "human")
HELD_IN_MEMORY = 2**26  # bytes of a text store
# The lengths of an edit's texts in bytes, which follow; -1 is that of None.
LENGTHS = struct.Struct("<3q")


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
            return EditTexts(before, after, unquoted_user_text(row, before or ""))
        before, after, instruction = (text(row[field]) for field in self.required)  # type: ignore[index]
        return EditTexts(before, after, instruction)


class TextStore:
    """Texts of edits set aside by row number, so that no later step parses their rows again.

    Those of a large file stand in a temporary one, which has no name and ends with the process.
    """

    def __init__(self, folder: Path) -> None:
        place = str(folder) if folder.is_dir() else None
        self._file = SpooledTemporaryFile(HELD_IN_MEMORY, dir=place)  # noqa: SIM115
        self._ends = array("Q", [0])

    def __enter__(self) -> TextStore:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def add(self, packed: bytes) -> None:
        """Set the next row's texts aside, packed; b"" for a row that nobody will ask for."""
        self._file.write(packed)
        self._ends.append(self._ends[-1] + len(packed))

    def read(self, number: int) -> bytes:
        """Read a row's texts, packed, for another process to unpack."""
        start, end = self._ends[number : number + 2]
        self._file.seek(start)
        return self._file.read(end - start)


def pack(texts: EditTexts) -> bytes:
    """Write an edit's texts as bytes, which are what they are known by, too."""
    parts = [b"" if text is None else text.encode("utf-8", "surrogatepass") for text in texts]
    known = zip(texts, parts, strict=True)
    lengths = LENGTHS.pack(*(-1 if text is None else len(part) for text, part in known))
    return b"".join([lengths, *parts])


def unpack(packed: bytes) -> EditTexts:
    """Give the texts that `pack` has written."""
    texts, end = [], LENGTHS.size
    for length in LENGTHS.unpack_from(packed):
        start, end = end, end + max(length, 0)
        texts.append(None if length < 0 else packed[start:end].decode("utf-8", "surrogatepass"))
    return EditTexts(*texts)


def text(value: Any) -> str | None:
    """Take a value for a text, or None if it is empty, blank or no string."""
    return value if isinstance(value, str) and value.strip() else None


def unquoted_user_text(row: Row, code_before: str) -> str | None:
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
