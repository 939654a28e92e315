"""Reads the hand-written replies of `tests/fixtures/replies/`, one file per family.

    What stands above the first case is a remark on the family.

    %%%% name of a case
    %% reply 1
    ...
    %% reply 2
    ...
    %% code_after
    ...

A line `%%%%` begins a case, a line `%%` a part of it; the blank line above a case belongs to
neither. The first case of a file gives the parts that its other cases leave out. A case ends in a
triplet (`code_before`, `code_after`, `descriptive`, `lazy`), or in a `reason` alone.

`row` (JSON) sets fields of the row, `shape` tells how the row names its replies (`apart`, `list`,
`string`) and `language` the programs' language. `<U+200B>` stands for that character, `<END>`
at the end of a program for a last line without a newline, and the word `crlf` after a part's name
gives it the line ends of Windows.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "fixtures" / "replies"
TRIPLET_PARTS = {
    "code_before": "code_before_purify",
    "code_after": "code_after_purify",
    "descriptive": "instruct_descriptive_purify",
    "lazy": "instruct_lazy_purify",
}
PARTS = {*TRIPLET_PARTS, "reply 1", "reply 2", "reason", "row", "shape", "language"}
_CHARACTER = re.compile(r"<U\+([0-9A-F]{4,6})>")


@dataclass(frozen=True)
class Case:
    """One conversation and what a careful reader makes of it."""

    name: str
    parts: dict[str, str]

    @property
    def language(self) -> str:
        return self.parts.get("language", "python")

    @property
    def reason(self) -> str | None:
        return self.parts.get("reason")

    @property
    def triplet(self) -> dict[str, str]:
        """The expected fields, to the byte."""
        return {field: self.parts[part] for part, field in TRIPLET_PARTS.items()}

    @property
    def row(self) -> dict[str, Any]:
        row = {"prompt_id": self.name, "commit": ["a", "b"], "code_snippet": ["c", "d"]}
        replies = [self.parts[part] for part in ("reply 1", "reply 2") if self.parts[part].strip()]
        shape = self.parts.get("shape", "apart")
        if shape == "apart":
            row |= {f"response_{number}": reply for number, reply in enumerate(replies, 1)}
        else:
            row["response"] = {"list": replies, "string": replies[0]}[shape]
        return row | json.loads(self.parts.get("row", "{}"))


def read_corpus() -> list[Case]:
    """Read all cases of all files, in the order of their names."""
    return [case for path in sorted(FOLDER.glob("*.txt")) for case in read_family(path)]


def read_family(path: Path) -> Iterator[Case]:
    """Read the cases of one file; the first one lends its parts to the others."""
    _, *cases = re.split(r"^%%%% ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    usual: dict[str, str] = {}
    for text in cases:
        text = text[:-1] if text.endswith("\n\n") else text
        heading, *parts = re.split(r"^%% ", text, flags=re.MULTILINE)
        own = dict(map(read_part, parts))
        yield Case(f"{path.stem}: {heading.strip()}", usual | own)
        usual = usual or own


def read_part(text: str) -> tuple[str, str]:
    """Read a part's name and its text; only programs end in a newline."""
    heading, _, body = text.partition("\n")
    name = heading.removesuffix(" crlf")
    if name not in PARTS:
        raise ValueError(f"no part is named {name!r}")
    body += "\n" if body and not body.endswith("\n") else ""
    body = _CHARACTER.sub(lambda match: chr(int(match[1], 16)), body.replace("<END>\n", ""))
    body = body if name.startswith("code_") else body.removesuffix("\n")
    return name, body.replace("\n", "\r\n") if heading.endswith(" crlf") else body
