"""Answers that give an edit: the whole program, a unified diff, or search/replace blocks.

Every answer is proved when it is made: what a reader finds in its fenced block, applied to the code
before, must give the code after to the byte.
"""

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from utils.code.apply_edit import NotApplicable, apply_edit
from utils.code.fences import fenced, only_block
from utils.code.lines import CONTEXT_LINES, compare_lines, lines_with_ends, shared_start

# A rewrite of more lines than this is one change; comparing them could take minutes.
MAX_COMPARED_LINES = 4000
# Seven, as in a merge conflict, unless a line of the code looks like it.
MARK_LENGTHS = (7, 8, 9, 6, 5)
NO_NEWLINE = "\\ No newline at end of file\n"


class NotProvable(Exception):
    """No answer of the format gives this edit; the message is a row's reject reason."""


class LineSpan(NamedTuple):
    """Lines that differ: before[start:end] became after[new_start:new_end]."""

    start: int
    end: int
    new_start: int
    new_end: int


def make_answer(edit_format: str, code_before: str, code_after: str, language: str) -> str:
    """Write an edit as the answer a model should give, proved; NotProvable if there is none."""
    for answer in EDIT_FORMATS[edit_format](code_before, code_after, language):
        try:
            if apply_answer(edit_format, answer, code_before) == code_after:
                return answer
        except NotApplicable:
            continue
    raise NotProvable("not_provable")


def apply_answer(edit_format: str, answer: str, code_before: str) -> str:
    """Give the code after by an answer; NotApplicable if it isn't one fenced block that applies."""
    content = only_block(answer)
    if content is None:
        raise NotApplicable
    return content if edit_format == "whole" else apply_edit(content, code_before)


def whole_answers(code_before: str, code_after: str, language: str) -> Iterator[str]:
    """Yield the whole code after."""
    yield fenced(code_after, language)


def diff_answers(code_before: str, code_after: str, language: str) -> Iterator[str]:
    """Yield a unified diff with three lines of context that `patch` and `git apply` take."""
    before, after = lines_with_ends(code_before), lines_with_ends(code_after)
    hunks = _hunks(changed_lines(before, after))
    lines = [line for hunk in hunks for line in _hunk_lines(hunk, before, after)]
    yield fenced("".join(["--- a/code\n", "+++ b/code\n", *lines]), "diff")


def search_replace_answers(code_before: str, code_after: str, language: str) -> Iterator[str]:
    """Yield blocks of whole lines; each search text stands in the code before exactly once.

    The blocks are applied one after the other, so the text of an earlier one may make a later one
    ambiguous: there follow answers whose blocks take in more lines, up to a single one.
    """
    before, after = lines_without_end(code_before, code_after)
    spans = changed_lines(before, after)
    if not before:
        yield _blocks_answer([([], after)], language)
        return
    margin = 0
    while True:
        places = _unique_places(spans, before, code_before, margin)
        blocks = [(before[p.start : p.end], after[p.new_start : p.new_end]) for p in places]
        yield _blocks_answer(blocks, language)
        if len(places) == 1:
            return
        margin = margin * 2 or 1


def lines_without_end(code_before: str, code_after: str) -> tuple[list[str], list[str]]:
    """Split both codes into lines; a final newline that both have is left off.

    Else a blank line of one could be matched with what follows the last newline of the other.
    """
    codes = code_before, code_after
    ending = "\n" if all(code.endswith("\n") for code in codes if code) else ""
    before, after = (code.removesuffix(ending).split("\n") if code else [] for code in codes)
    return before, after


def changed_lines(before: Sequence[str], after: Sequence[str]) -> list[LineSpan]:
    """Find the lines that differ; NotProvable if none does."""
    top = shared_start(before, after)
    bottom = shared_start(before[top:][::-1], after[top:][::-1])
    end, new_end = len(before) - bottom, len(after) - bottom
    if (end, new_end) == (top, top):
        raise NotProvable("no_change")
    if max(end, new_end) - top > MAX_COMPARED_LINES:
        return [LineSpan(top, end, top, new_end)]
    matcher = compare_lines(before[top:end], after[top:new_end])
    return [
        LineSpan(*(top + number for number in numbers))
        for tag, *numbers in matcher.get_opcodes()
        if tag != "equal"
    ]


def _hunks(spans: list[LineSpan]) -> Iterator[list[LineSpan]]:
    """Group the changes whose contexts touch."""
    hunk = spans[:1]
    for above, span in pairwise(spans):
        if span.start - above.end > 2 * CONTEXT_LINES:
            yield hunk
            hunk = []
        hunk.append(span)
    yield hunk


def _hunk_lines(hunk: list[LineSpan], before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    top = min(CONTEXT_LINES, hunk[0].start)
    bottom = min(CONTEXT_LINES, len(before) - hunk[-1].end)
    old = _range(hunk[0].start - top, hunk[-1].end + bottom)
    new = _range(hunk[0].new_start - top, hunk[-1].new_end + bottom)
    yield f"@@ -{old} +{new} @@\n"
    at = hunk[0].start - top
    for span in hunk:
        yield from _marked(" ", before[at : span.start])
        yield from _marked("-", before[span.start : span.end])
        yield from _marked("+", after[span.new_start : span.new_end])
        at = span.end
    yield from _marked(" ", before[at : at + bottom])


def _range(start: int, end: int) -> str:
    # An empty range is named by the line above it; a count of one is left out.
    count = end - start
    first = start + (count > 0)
    return f"{first}" if count == 1 else f"{first},{count}"


def _marked(mark: str, lines: Sequence[str]) -> Iterator[str]:
    for line in lines:
        yield mark + line if line.endswith("\n") else f"{mark}{line}\n{NO_NEWLINE}"


def _unique_places(
    spans: list[LineSpan], before: Sequence[str], code_before: str, margin: int
) -> list[LineSpan]:
    """Widen each change until its old lines stand only once; join those that come to touch."""
    # What follows a final newline is no line to be found.
    last = code_before.count("\n") + (not code_before.endswith("\n"))
    places: list[LineSpan] = []
    for span in spans:
        place = _widened(span, margin, last)
        extra = max(1, margin)
        while not _stands_once(before[place.start : place.end], code_before):
            if place.start == 0 and place.end >= last:
                break
            place = _widened(span, extra, last)
            extra *= 2
        while places and place.start <= places[-1].end:
            place = _joined(places.pop(), place)
        places.append(place)
    return places


def _widened(span: LineSpan, margin: int, last: int) -> LineSpan:
    up = min(margin, span.start)
    down = max(0, min(margin, last - span.end))
    return LineSpan(span.start - up, span.end + down, span.new_start - up, span.new_end + down)


def _joined(above: LineSpan, below: LineSpan) -> LineSpan:
    """Unite two places; only the upper one knows its first new line, the lower one its last."""
    up = max(0, above.start - below.start)
    down = max(0, above.end - below.end)
    return LineSpan(above.start - up, below.end + down, above.new_start - up, below.new_end + down)


def _stands_once(lines: Sequence[str], code: str) -> bool:
    """Tell whether the lines, as text, occur in the code exactly once."""
    if not lines:
        return False
    text = "\n".join(lines) + "\n"
    code = code if code.endswith("\n") else code + "\n"
    found = code.find(text)
    return found >= 0 and code.find(text, found + 1) < 0


def _blocks_answer(blocks: Sequence[tuple[list[str], list[str]]], language: str) -> str:
    lines: list[str] = []
    for search, replacement in blocks:
        length = _mark_length([*search, *replacement])
        lines += ["<" * length + " SEARCH", *search, "=" * length, *replacement]
        lines.append(">" * length + " REPLACE")
    return fenced("\n".join(lines) + "\n", language)


def _mark_length(lines: list[str]) -> int:
    """Choose how long the marks are, so that no line of the block looks like the divider."""
    rules = {len(line) for line in map(str.rstrip, lines) if line and line == "=" * len(line)}
    return next((length for length in MARK_LENGTHS if length not in rules), MARK_LENGTHS[0])


EDIT_FORMATS: dict[str, Callable[[str, str, str], Iterator[str]]] = {
    "whole": whole_answers,
    "diff": diff_answers,
    "search_replace": search_replace_answers,
}
