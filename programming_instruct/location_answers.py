"""Answers that say where code changes and what stands there afterwards, and nothing else.

A header names lines of the code before, counted from 1; the lines that take their place follow,
each after a plus sign:

    @@ 3-5 @@          these lines are replaced, or deleted if no line follows
    @@ 7 @@            a single line
    @@ after 9 @@      new lines below a line; 0 stands for the top
    +new line

The code keeps or lacks its final newline as before; code out of nothing gets one.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from utils.code.apply_edit import NotApplicable
from utils.code.write_edit import LineSpan, NotProvable, changed_lines, lines_without_end

_HEADER = re.compile(r"@@ (?:(\d{1,9})(?:-(\d{1,9}))?|after (\d{1,9})) @@")


@dataclass
class Change:
    """Lines start to end, counted from 0 and without the last, become the new lines."""

    start: int
    end: int
    new: list[str] = field(default_factory=list)


def write_changes(code_before: str, code_after: str) -> str:
    """Write an edit as changes; NotProvable if they can't express it, or nothing changes."""
    before, after = lines_without_end(code_before, code_after)
    lines: list[str] = []
    for span in changed_lines(before, after):
        lines.append(_header(span))
        lines += ["+" + line for line in after[span.new_start : span.new_end]]
    changes = "".join(line + "\n" for line in lines)
    try:
        is_proved = apply_changes(changes, code_before) == code_after
    except NotApplicable:
        is_proved = False
    if not is_proved:
        raise NotProvable("not_provable")
    return changes


def apply_changes(changes: str, code_before: str) -> str:
    """Apply changes to the code before; NotApplicable unless they are sound and in order."""
    ends_in_newline = code_before.endswith("\n") or not code_before
    before = code_before.removesuffix("\n").split("\n") if code_before else []
    result: list[str] = []
    done = 0
    for change in _read_changes(changes):
        if not done <= change.start <= change.end <= len(before):
            raise NotApplicable
        result += before[done : change.start] + change.new
        done = change.end
    result += before[done:]
    return "\n".join(result) + ("\n" if ends_in_newline and result else "")


def _header(span: LineSpan) -> str:
    if span.start == span.end:
        return f"@@ after {span.start} @@"
    first = span.start + 1
    return f"@@ {first} @@" if first == span.end else f"@@ {first}-{span.end} @@"


def _read_changes(changes: str) -> Iterator[Change]:
    change: Change | None = None
    for line in changes.removesuffix("\n").split("\n"):
        if line.startswith("+") and change:
            change.new.append(line[1:])
            continue
        if change:
            yield change
        change = _begin_change(line)
    if change:
        yield change


def _begin_change(line: str) -> Change:
    header = _HEADER.fullmatch(line)
    if header is None:
        raise NotApplicable
    first, last, above = header.groups()
    if above is not None:
        return Change(int(above), int(above))
    start, end = int(first) - 1, int(last or first)
    if not 0 <= start < end:
        raise NotApplicable
    return Change(start, end)
