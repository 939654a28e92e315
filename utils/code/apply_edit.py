"""Edits written as unified diffs or search/replace blocks: recognised and applied.

An edit applies when each of its places is certain, and not at all otherwise: context must match
to the character, and old text must stand where the hunk says or exactly once.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from utils.code.fences import DIFF_INFOS

# More places than this are no edit; the limit keeps the work on a hostile text linear.
MAX_PLACES = 500
MAX_DIVIDERS = 8
_HUNK_HEADER = re.compile(r"@@(?: -(\d{1,9})(?:,(\d{1,9}))? \+\d{1,9}(?:,(\d{1,9}))? @@)?")
_LOOKS_LIKE_DIFF = re.compile(
    r"\n(?:@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@|--- [^\n]*\n\+\+\+ |diff --git )"
)
_HAS_CHANGED_LINE = re.compile(r"\n[-+]")
_SEARCH = re.compile(r"<{5,9} ?SEARCH[ \t\r]*")
_DIVIDER = re.compile(r"={5,9}[ \t\r]*")
_REPLACE = re.compile(r">{5,9} ?REPLACE[ \t\r]*")


class NotApplicable(Exception):
    """The edit is malformed, or its place in the code before is not certain."""


@dataclass
class Hunk:
    """The old and new lines of one place."""

    # The first old line, counted from 0, where the header states it.
    start: int | None
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    # Whether the file ends in a newline after the edit, where the hunk says.
    final_newline: bool | None = None

    def add(self, line: str, line_above: str) -> None:
        """Take in one line by its mark; a blank line is context whose space got lost."""
        mark, text = (line[0], line[1:]) if line.strip() else (" ", line.removeprefix(" "))
        if mark == "\\":
            self.final_newline = line_above.startswith("-")
            return
        if mark not in " -+":
            raise NotApplicable
        if mark != "+":
            self.old.append(text)
        if mark != "-":
            self.new.append(text)


def looks_like_edit(text: str, info: str = "") -> bool:
    """Tell whether a text means to be a unified diff or search/replace blocks."""
    if "<<<<<" in text and _first(_SEARCH, text.split("\n")) is not None:
        return True
    pattern = _HAS_CHANGED_LINE if info in DIFF_INFOS else _LOOKS_LIKE_DIFF
    return bool(pattern.search("\n" + text))


def apply_edit(edit: str, code_before: str) -> str:
    """Apply a unified diff or search/replace blocks to the code before, or raise NotApplicable."""
    newlines = code_before.count("\n")
    if newlines and newlines == code_before.count("\r\n") and "\r\n" not in edit:
        return apply_edit(edit, code_before.replace("\r\n", "\n")).replace("\n", "\r\n")
    if _first(_SEARCH, edit.split("\n")) is not None:
        return apply_search_replace(edit, code_before)
    return apply_unified_diff(edit, code_before)


def apply_search_replace(edit: str, code_before: str) -> str:
    """Replace each block's search text, whole lines that must stand in the code exactly once."""
    code = code_before
    for number, block in enumerate(_search_replace_blocks(edit.split("\n"))):
        if number == MAX_PLACES:
            raise NotApplicable
        code = _replace_once(code, block)
    return code


def apply_unified_diff(diff: str, code_before: str) -> str:
    """Apply a unified diff of one file.

    Models miscount lines: a hunk whose stated place does not match, or that states none, is
    applied where its old lines stand exactly once.
    """
    lines = diff.split("\n")
    try:
        hunks = list(_counted_hunks(lines)) or list(_marked_hunks(lines))
    except NotApplicable:
        hunks = list(_marked_hunks(lines))
    if not 0 < len(hunks) <= MAX_PLACES:
        raise NotApplicable
    return _apply_hunks(hunks, code_before)


def _search_replace_blocks(lines: list[str]) -> Iterator[list[str]]:
    start = _first(_SEARCH, lines)
    while start is not None:
        end = _first(_REPLACE, lines, start + 1)
        if end is None:
            raise NotApplicable
        yield lines[start:end]
        start = _first(_SEARCH, lines, end + 1)


def _replace_once(code: str, block: list[str]) -> str:
    # A heading's underline looks like the divider; the one that gives text to be found is it.
    results = set()
    for divider in _dividers(block)[:MAX_DIVIDERS]:
        search, replacement = block[1:divider], block[divider + 1 :]
        if search:
            place = _only_place(code, search)
            if place is not None:
                results.add(_splice(code, place, len(search), replacement))
        elif not code:
            results.add("".join(line + "\n" for line in replacement))
    if len(results) != 1:
        raise NotApplicable
    return results.pop()


def _dividers(block: list[str]) -> list[int]:
    """List the lines that may be the divider: as long as the opening mark, if one is."""
    dividers = [i for i, line in enumerate(block) if _DIVIDER.fullmatch(line)]
    length = block[0].count("<")
    return [i for i in dividers if block[i].count("=") == length] or dividers


def _splice(code: str, place: int, length: int, replacement: list[str]) -> str:
    lines = code.split("\n")
    return "\n".join(lines[:place] + replacement + lines[place + length :])


def _only_place(code: str, wanted: list[str]) -> int | None:
    """Find the line at which the wanted lines stand, if they do exactly once."""
    # One search in a string stays linear where comparing lists of equal lines would not.
    text = "\n" + code + ("" if code.endswith("\n") else "\n")
    needle = "\n" + "\n".join(wanted) + "\n"
    found = text.find(needle)
    if found < 0 or text.find(needle, found + 1) >= 0:
        return None
    return text.count("\n", 0, found)


def _counted_hunks(lines: list[str]) -> Iterator[Hunk]:
    """Read hunks by the counts in their headers, as `patch` does."""
    at = _first_hunk(lines)
    while at < len(lines):
        if header := _HUNK_HEADER.match(lines[at]):
            hunk, at = _counted_hunk(header, lines, at + 1)
            yield hunk
        elif _starts_file(lines, at):
            raise NotApplicable
        else:
            at += 1


def _counted_hunk(header: re.Match[str], lines: list[str], at: int) -> tuple[Hunk, int]:
    if header[1] is None:
        raise NotApplicable
    old_count, new_count = (int(count or 1) for count in header.group(2, 3))
    # With no old lines, the header names the line above the new ones.
    hunk = Hunk(int(header[1]) - (old_count > 0))
    while at < len(lines):
        is_full = len(hunk.old) == old_count and len(hunk.new) == new_count
        if is_full and not lines[at].startswith("\\"):
            break
        hunk.add(lines[at], lines[at - 1])
        at += 1
    ends_here = at == len(lines) or lines[at][:1] not in ("+", "-", " ") or _starts_file(lines, at)
    if (len(hunk.old), len(hunk.new)) != (old_count, new_count) or not ends_here:
        raise NotApplicable
    return hunk, at


def _marked_hunks(lines: list[str]) -> Iterator[Hunk]:
    """Read hunks by the marks of their lines alone, each up to the next `@@`."""
    start = _first_hunk(lines)
    if any(_starts_file(lines, at) for at in range(start, len(lines))):
        raise NotApplicable
    headers = [at for at in range(start, len(lines)) if lines[at].startswith("@@")] or [start - 1]
    for header, end in zip(headers, [*headers[1:], len(lines)], strict=True):
        stated = _HUNK_HEADER.match(lines[header]) if header >= start else None
        hunk = Hunk(max(0, int(stated[1]) - 1) if stated and stated[1] else None)
        # Blank lines between a hunk and what follows it are no context.
        while end > header + 1 and not lines[end - 1].strip():
            end -= 1
        for at in range(header + 1, end):
            hunk.add(lines[at], lines[at - 1])
        yield hunk


def _first_hunk(lines: list[str]) -> int:
    """Find where the file's header ends: at the first `@@`, or below the `+++` line."""
    for at, line in enumerate(lines):
        if line.startswith("@@"):
            return at
        if line.startswith("--- ") and _starts_file(lines, at):
            return at + 2
    return 0


def _starts_file(lines: list[str], at: int) -> bool:
    if lines[at].startswith("diff --git "):
        return True
    below = lines[at + 1] if at + 1 < len(lines) else ""
    return lines[at].startswith("--- ") and below.startswith("+++ ")


def _apply_hunks(hunks: Sequence[Hunk], code_before: str) -> str:
    ends_in_newline = code_before.endswith("\n") or not code_before
    lines = code_before.removesuffix("\n").split("\n") if code_before else []
    result: list[str] = []
    done = 0
    for hunk in hunks:
        if hunk.old == hunk.new and hunk.final_newline is None:
            # Context alone: the rest of the hunk is lost.
            raise NotApplicable
        place = _place_of(hunk, lines, done)
        result += lines[done:place] + hunk.new
        done = place + len(hunk.old)
        if hunk.final_newline is not None:
            ends_in_newline = hunk.final_newline
    result += lines[done:]
    return "\n".join(result) + ("\n" if ends_in_newline and result else "")


def _place_of(hunk: Hunk, lines: list[str], done: int) -> int:
    start = len(lines) + 1 if hunk.start is None else hunk.start
    is_inside = done <= start <= len(lines)
    if is_inside and lines[start : start + len(hunk.old)] == hunk.old:
        return start
    if not hunk.old:
        raise NotApplicable
    place = _only_place("".join(line + "\n" for line in lines[done:]), hunk.old)
    if place is None:
        raise NotApplicable
    return done + place


def _first(pattern: re.Pattern[str], lines: Sequence[str], start: int = 0) -> int | None:
    return next((i for i in range(start, len(lines)) if pattern.fullmatch(lines[i])), None)
