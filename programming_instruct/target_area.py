"""The synthetic target area: where a programmer would have pointed to ask for an edit.

Offsets count the characters of the code as Python does, by code points: not bytes, and not the
UTF-16 units of many editors. An offset names the gap before a character, from 0 to the length.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated

from pydantic import Field, NonNegativeInt
from rapidfuzz.distance import Levenshtein

from utils.cli import Share
from utils.code.lines import lines_with_ends

# A cursor, a range [left, right], or nothing pointed at.
Area = int | list[int] | None
Span = tuple[int, int]
# Two texts whose lengths have a larger product are compared by lines first, and two runs of lines
# not at all; within it a comparison takes at most 0.1 s and 20 MB.
MAX_COMPARED = 10**9
# A few lines, as most edits are.
MOST_QUIET_LINES = 5


@dataclass(frozen=True)
class AreaSettings:
    """How areas are drawn; the fields are flags of post collection."""

    use_loc_prob: Annotated[Share, Field(description="chance that a sample gets an area")] = 0.75
    loc_cursor_prob: Annotated[
        Share, Field(description="chance that an area is a cursor, not a range")
    ] = 0.5
    loc_noisy_prob: Annotated[
        Share,
        Field(description="chance of a cursor inside the change, or of a range wider than it"),
    ] = 0.5
    loc_noisy_length: Annotated[
        NonNegativeInt,
        Field(description="characters by which such a range is wider, at most, at each end"),
    ] = 32
    loc_all_noisy_prob: Annotated[
        Share, Field(description="chance that an area lies anywhere, whatever changes")
    ] = 0.05
    random_seed: Annotated[int, Field(description="of the draws; each sample has its own")] = 42


def draw_area(
    before: str,
    after: str,
    settings: AreaSettings,
    rng: random.Random,
    earlier: str | None = None,
) -> Area:
    """Draw a cursor or a range in `before`, at or around what changes, or None.

    Where nothing changes, it is drawn as if something did: at what was edited last, `earlier` being
    the version before, or at some lines anywhere. (Programming-Instruct takes the whole code then,
    from which a model learns to read "no change" off the area.)
    """
    if rng.random() >= settings.use_loc_prob:
        return None
    is_cursor = rng.random() < settings.loc_cursor_prob
    is_anywhere = rng.random() < settings.loc_all_noisy_prob
    is_noisy = rng.random() < settings.loc_noisy_prob
    if is_anywhere:
        first, second = rng.randint(0, len(before)), rng.randint(0, len(before))
        return first if is_cursor else sorted((first, second))
    spans = changed_characters(before, after) or _quiet_spans(before, earlier, rng)
    if is_cursor:
        left, right = rng.choice(spans)
        return rng.randint(left, right) if is_noisy else rng.choice((left, right))
    noise = settings.loc_noisy_length if is_noisy else 0
    left = spans[0][0] - rng.randint(0, noise)
    right = spans[-1][1] + rng.randint(0, noise)
    return [max(left, 0), min(right, len(before))]


def _quiet_spans(code: str, earlier: str | None, rng: random.Random) -> list[Span]:
    """Choose spans to point at in code that stays as it is; the whole of it if it is blank."""
    edited = changed_characters(code, earlier) if earlier is not None else []
    if edited and rng.random() < 0.5:
        return edited
    starts = accumulate(map(len, lines_with_ends(code)), initial=0)
    lines = [
        (start + len(line) - len(line.lstrip()), start + len(line.rstrip()))
        for start, line in zip(starts, lines_with_ends(code), strict=False)
        if line.strip()
    ]
    first = rng.randrange(len(lines)) if lines else 0
    return lines[first : first + rng.randint(1, MOST_QUIET_LINES)] or [(0, len(code))]


def changed_characters(before: str, after: str) -> list[Span]:
    """List the spans of `before` that a shortest series of edits touches, in order.

    Spans are apart by at least one character; an insertion is an empty one. Very long texts are
    compared by lines, and only the lines that differ by characters.
    """
    top = _shared_start(before, after)
    bottom = _shared_start(before[top:][::-1], after[top:][::-1])
    spans = _compare(before[top : len(before) - bottom], after[top : len(after) - bottom])
    return _merged((top + start, top + end) for start, end in spans)


def _shared_start(one: str, other: str) -> int:
    """Count the characters that two texts begin with, by halving: slices compare fast."""
    low, high = 0, min(len(one), len(other))
    while low < high:
        middle = (low + high + 1) // 2
        if one[low:middle] == other[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _compare(before: str, after: str) -> Iterator[Span]:
    if before == after:
        return
    if _is_comparable(before, after):
        for start, end, _, _ in _differences(before, after):
            yield start, end
    else:
        yield from _compare_lines(lines_with_ends(before), lines_with_ends(after))


def _compare_lines(before: list[str], after: list[str]) -> Iterator[Span]:
    """Compare long texts by lines, and the runs that differ by characters if they are short."""
    starts = list(accumulate(map(len, before), initial=0))
    # Numbers stand for the lines: a string's hash differs from run to run.
    numbers: dict[str, int] = {}
    old = [numbers.setdefault(line, len(numbers)) for line in before]
    new = [numbers.setdefault(line, len(numbers)) for line in after]
    is_comparable = _is_comparable(old, new)
    whole = (0, len(before), 0, len(after))
    for start, end, new_start, new_end in _differences(old, new) if is_comparable else [whole]:
        old_text, new_text = "".join(before[start:end]), "".join(after[new_start:new_end])
        if _is_comparable(old_text, new_text):
            for left, right in changed_characters(old_text, new_text):
                yield starts[start] + left, starts[start] + right
        else:
            yield starts[start], starts[end]


def _is_comparable(one: Sequence[object], other: Sequence[object]) -> bool:
    return len(one) * len(other) <= MAX_COMPARED


def _differences(
    before: Sequence[object], after: Sequence[object]
) -> Iterator[tuple[int, int, int, int]]:
    """Yield what differs as (start, end, new start, new end), neighbours of any kind merged."""
    run: tuple[int, int, int, int] | None = None
    for step in Levenshtein.opcodes(before, after):
        start, new_start = (run[0], run[2]) if run else (step.src_start, step.dest_start)
        if step.tag != "equal":
            run = (start, step.src_end, new_start, step.dest_end)
        elif run:
            yield run
            run = None
    if run:
        yield run


def _merged(spans: Iterator[Span]) -> list[Span]:
    """Join spans that touch."""
    merged: list[Span] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            start = merged.pop()[0]
        merged.append((start, end))
    return merged
