"""Show one sample in the terminal: history, current code, words, next edit and chat.

Reads a file of samples (.json or .jsonl), as data_collection and post_collection write them.
    python -m programming_instruct.show_sample --input_path data/tmp_area.json --number 3
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from utils.cli import harmless, parse_flags, run
from utils.code.lines import lines_with_ends, split_lines, unified_diff
from utils.errors import PipelineError
from utils.files.wholeness import say_if_doubtful
from utils.jsonl import Row
from utils.row_files import read_records

REQUIRED = ("history", "current", "user")
RED, GREEN, CYAN, BOLD, REVERSE = "31", "32", "36", "1", "7"
CURSOR, LEFT, RIGHT = "▮", "⟦", "⟧"
# Lines shown above the area or the change where the code is too long to be shown whole.
LEAD_LINES = 10
_DIFF_COLOURS = {"+": GREEN, "-": RED, "@": CYAN}

Area = int | list[int] | None


class Painter:
    """Colours text where colours are wanted."""

    def __init__(self, colours: bool) -> None:
        self.colours = colours

    def paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colours and text else text

    def heading(self, title: str) -> str:
        """Rule a line with a title in it, freed of control characters."""
        return self.paint(f"── {harmless(title)} " + "─" * max(2, 72 - len(title)), BOLD) + "\n"

    def diff(self, before: str, after: str) -> str:
        """Show an edit as the hunks of a unified diff."""
        if before == after:
            return "(no change)\n"
        hunks = split_lines(unified_diff(before, after, "", ""))[2:]
        return "".join(self._diff_line(line) + "\n" for line in hunks)

    def _diff_line(self, line: str) -> str:
        colour = _DIFF_COLOURS.get(line[:1])
        return self.paint(harmless(line), colour) if colour else harmless(line)

    def code(self, code: str, area: Area, max_lines: int, place: int = 0) -> str:
        """Show code with its area marked, of long code the part around it, else around a place."""
        marks = self._marks(area)
        start, end = window(code, marks[0][0] if marks else place, max_lines)
        shown, at = more(code[:start]), start
        for offset, mark in marks:
            offset = min(max(offset, at), end)
            shown += harmless(code[at:offset]) + mark
            at = offset
        shown += harmless(code[at:end])
        return (shown if shown.endswith("\n") else shown + "\n") + more(code[end:])

    def _marks(self, area: Area) -> list[tuple[int, str]]:
        if area is None:
            return []
        if isinstance(area, int):
            return [(area, self.paint(CURSOR, REVERSE))]
        return [(area[0], self.paint(LEFT, REVERSE)), (area[1], self.paint(RIGHT, REVERSE))]


def window(code: str, place: int, max_lines: int) -> tuple[int, int]:
    """Choose the offsets of the part to show: all of short code, else lines around a place."""
    lines = lines_with_ends(code)
    if len(lines) <= max_lines:
        return 0, len(code)
    line = code.count("\n", 0, place)
    first = max(0, min(line - LEAD_LINES, len(lines) - max_lines))
    start = sum(map(len, lines[:first]))
    return start, start + sum(map(len, lines[first : first + max_lines]))


def more(hidden: str) -> str:
    count = len(lines_with_ends(hidden))
    return f"… {count:,} more line{'' if count == 1 else 's'}\n" if count else ""


def render(sample: Row, painter: Painter, max_lines: int) -> str:
    """Write a sample out as text; raises ValueError that names an ill-typed field."""
    return "".join(_parts(sample, painter, max_lines))


def _parts(sample: Row, painter: Painter, max_lines: int) -> Iterator[str]:
    current, area = _code_of(sample, "current"), _area_of(sample)
    versions = [*_history_of(sample), current]
    if len(versions) > 1:
        yield painter.heading(f"history: version 1 of {len(versions)}")
        yield painter.code(versions[0], None, max_lines)
    for number, (before, after) in enumerate(pairwise(versions), 2):
        title = f"edit to version {number}"
        yield painter.heading(title + (", the current code" if number == len(versions) else ""))
        yield painter.diff(before, after)
    yield painter.heading(f"current code ({language_of(sample)}){area_note(area)}")
    following = _code_of(sample, "next") if "next" in sample else current
    yield painter.code(current, area, max_lines, first_change(current, following))
    yield painter.heading("user")
    yield (harmless(_text_of(sample, "user")).strip() or "(says nothing)") + "\n"
    if "next" in sample:
        yield painter.heading("next edit")
        yield painter.diff(current, following)
    if "chat" in sample:
        yield painter.heading("chat")
        yield harmless(_text_of(sample, "chat")).strip() + "\n"


def first_change(before: str, after: str) -> int:
    """Give the offset of the first character that differs; 0 where none does."""
    return len(os.path.commonprefix([before, after])) if before != after else 0


def area_note(area: Area) -> str:
    if area is None:
        return ""
    if isinstance(area, int):
        return f", cursor at {area} ({CURSOR})"
    return f", selected {area[0]} to {area[1]} ({LEFT} {RIGHT})"


def _history_of(sample: Row) -> list[str]:
    """Give the codes of a sample's history, oldest first; ValueError says what is amiss."""
    if not isinstance(sample["history"], list):
        raise ValueError("'history' is no list")
    return [code_text(part, f"history[{n}]") for n, part in enumerate(sample["history"])]


def _code_of(sample: Row, field: str) -> str:
    return code_text(sample[field], field)


def code_text(part: Any, name: str) -> str:
    if not isinstance(part, dict) or not isinstance(part.get("code"), str):
        raise ValueError(f"'{name}' has no text 'code'")
    return str(part["code"])


def language_of(sample: Row) -> str:
    return str(sample["current"].get("lang") or "language unknown")


def _text_of(sample: Row, field: str) -> str:
    if not isinstance(sample[field], str):
        raise ValueError(f"'{field}' is no text")
    return str(sample[field])


def _area_of(sample: Row) -> Area:
    """Give a sample's target area: an offset, [left, right], or None; ValueError if neither."""
    area = sample.get("area", sample.get("loc"))
    if area is None or is_offset(area):
        return area
    if isinstance(area, list) and len(area) == 2 and all(map(is_offset, area)):
        left, right = area
        if left <= right:
            return [left, right]
    raise ValueError("'area' is neither an offset, nor a range [left, right], nor null")


def is_offset(value: Any) -> bool:
    """Tell whether a value can be a place in a text; JSON's true is none."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def title_of(sample: Row, number: int, path: str) -> str:
    known = [sample.get(name) for name in ("data_type", "prompt_id", "model", "commit")]
    return " · ".join([f"sample {number} of {path}", *(str(one) for one in known if one)])


def find_sample(path: str, number: int, data_type: str | None = None) -> Row:
    """Read the sample with a number, the first one being 1; of those of one type where named."""
    say_if_doubtful(path)
    samples = (
        sample
        for sample in read_records(path, REQUIRED)
        if data_type is None or sample.get("data_type") == data_type
    )
    count = 0
    for count, sample in enumerate(islice(samples, number), 1):
        if count == number:
            return dict(sample)
    kind = f"samples of type {data_type}" if data_type else "samples"
    raise PipelineError(f"{path}: holds {count:,} {kind}; --number {number} is none of them")


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Show one sample in the terminal."""

    input_path: Annotated[str, Field(description="samples: .json or .jsonl")]
    number: Annotated[PositiveInt, Field(description="which of them, from 1")] = 1
    data_type: Annotated[
        str | None, Field(description="count only those of this type, such as commit; None: all")
    ] = None
    max_lines: Annotated[PositiveInt, Field(description="show at most so many lines of a code")] = (
        80
    )


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    sample = find_sample(arguments.input_path, arguments.number, arguments.data_type)
    painter = Painter(sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
    try:
        text = render(sample, painter, arguments.max_lines)
    except ValueError as error:
        raise PipelineError(
            f"{arguments.input_path}, sample {arguments.number}: {error}; is it a file of samples?"
        ) from None
    title = harmless(title_of(sample, arguments.number, arguments.input_path))
    encoding = sys.stdout.encoding or "utf-8"
    written = f"{title}\n{text}".encode(encoding, "backslashreplace").decode(encoding)
    sys.stdout.write(written)
    sys.stdout.flush()


if __name__ == "__main__":
    run(main)
