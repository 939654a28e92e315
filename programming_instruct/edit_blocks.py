"""An edit as blocks of lines, which can be applied one at a time and in any order.

Lines end at `\\n` alone, as in `utils.code.lines`; the final newline belongs to no line. So a
block that adds lines below a last line without a newline adds lines only, and no subset of the
blocks can glue two lines together. Where the codes differ in the final newline, it changes with the
last block.
"""

import random
import re
from collections.abc import Collection, Sequence
from itertools import pairwise
from typing import NamedTuple

from cydifflib import SequenceMatcher

from utils.code.lines import CONTEXT_LINES, lines_with_ends, unified_diff
from utils.code.write_edit import MAX_COMPARED_LINES, changed_lines

FILE_NAME = "code"
# Edits that reach over more lines than this are one block.
MAX_ROUGHLY_COMPARED_LINES = 20_000
# In a diff only the head of a hunk begins so: each line of code stands behind a mark.
HUNK_NUMBERS = re.compile(r"^@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@", re.MULTILINE)


class EditBlock(NamedTuple):
    """Neighbouring lines that change as one: lines start:end of the code before become `lines`.

    The lines are without their ends. `final_newline` tells whether the code ends with a newline
    once the block is applied; None leaves its end as it is.
    """

    start: int
    end: int
    lines: tuple[str, ...]
    final_newline: bool | None = None


def edit_blocks(before: str, after: str) -> list[EditBlock]:
    """Cut an edit into its blocks, from the top down; at least one unchanged line is between two.

    Equal codes have none. Codes that differ in the final newline alone have one, without lines.
    """
    lines, final_newline = lines_and_end(before)
    new_lines, new_final_newline = lines_and_end(after)
    blocks = _line_blocks(lines, new_lines) if lines != new_lines else []
    if final_newline != new_final_newline:
        last = blocks.pop() if blocks else EditBlock(len(lines), len(lines), ())
        blocks.append(last._replace(final_newline=new_final_newline))
    return blocks


def _line_blocks(lines: list[str], new_lines: list[str]) -> list[EditBlock]:
    spans = [tuple(span) for span in changed_lines(lines, new_lines)]
    start, end, new_start, new_end = spans[0]
    if MAX_COMPARED_LINES < max(end - start, new_end - new_start) <= MAX_ROUGHLY_COMPARED_LINES:
        # Too long to be compared line by line. `autojunk` passes over lines that stand often.
        old, new = lines[start:end], new_lines[new_start:new_end]
        opcodes = SequenceMatcher(None, old, new, autojunk=True).get_opcodes()
        spans = [
            (start + top, start + bottom, new_start + new_top, new_start + new_bottom)
            for tag, top, bottom, new_top, new_bottom in opcodes
            if tag != "equal"
        ]
    return [EditBlock(top, end, tuple(new_lines[a:b])) for top, end, a, b in spans]


def apply_blocks(before: str, blocks: Sequence[EditBlock], chosen: Collection[int]) -> str:
    """Apply the blocks with the chosen numbers (from 0) of an edit's blocks.

    All of them give the code after to the byte, none gives the code before.
    """
    version = _Version(before, blocks)
    for number in chosen:
        version.apply(number)
    return version.text()


def block_series(before: str, blocks: Sequence[EditBlock], rng: random.Random) -> list[str]:
    """List the versions that a random order of an edit's blocks makes, the code before first.

    Neighbours always differ; without blocks there is one version.
    """
    order = list(range(len(blocks)))
    rng.shuffle(order)
    version = _Version(before, blocks)
    series = [before]
    for number in order:
        version.apply(number)
        series.append(version.text())
    return series


class _Version:
    """A code cut into unchanged pieces and one piece per block, so that applying one is cheap."""

    def __init__(self, before: str, blocks: Sequence[EditBlock]) -> None:
        lines, self._final_newline = lines_and_end(before)
        self._blocks = blocks
        self._pieces: list[str] = []
        at = 0
        for block in blocks:
            self._pieces.append(_with_ends(lines[at : block.start]))
            self._pieces.append(_with_ends(lines[block.start : block.end]))
            at = block.end
        self._pieces.append(_with_ends(lines[at:]))

    def apply(self, number: int) -> None:
        block = self._blocks[number]
        self._pieces[2 * number + 1] = _with_ends(block.lines)
        if block.final_newline is not None:
            self._final_newline = block.final_newline

    def text(self) -> str:
        text = "".join(self._pieces)
        return text if self._final_newline else text[:-1]


def lines_and_end(code: str) -> tuple[list[str], bool]:
    """Split a code into lines without their ends, and tell whether a newline ends the last one."""
    if not code:
        return [], False
    return code.removesuffix("\n").split("\n"), code.endswith("\n")


def _with_ends(lines: Sequence[str]) -> str:
    return "\n".join(lines) + "\n" if lines else ""


def block_diffs(before: str, blocks: Sequence[EditBlock]) -> list[str]:
    """Write each block, applied alone, as a unified diff.

    Only the lines around a block are compared, so the cost is that of what is shown.
    """
    lines, final_newline = lines_and_end(before)
    return [_block_diff(lines, final_newline, block) for block in blocks]


def _block_diff(lines: list[str], final_newline: bool, block: EditBlock) -> str:
    top = max(0, block.start - CONTEXT_LINES)
    # A change of the final newline shows at the last line, wherever the block is.
    reaches_end = block.final_newline is not None or block.end + CONTEXT_LINES >= len(lines)
    bottom = len(lines) if reaches_end else block.end + CONTEXT_LINES
    old = _with_ends(lines[top:bottom])
    new = _with_ends([*lines[top : block.start], *block.lines, *lines[block.end : bottom]])
    if reaches_end:
        new_final_newline = final_newline if block.final_newline is None else block.final_newline
        old = old if final_newline else old[:-1]
        new = new if new_final_newline else new[:-1]
    return _diff_at(top, old, new)


def edit_diff(before: str, after: str) -> str:
    """Write an edit as a unified diff; an edit without change gives an empty text.

    The equal lines that both codes begin and end with are not compared, so that a small edit of a
    long file costs little.
    """
    lines, new_lines = lines_with_ends(before), lines_with_ends(after)
    shorter = min(len(lines), len(new_lines))
    head = _shared(lines, new_lines, shorter)
    tail = _shared(lines[::-1], new_lines[::-1], shorter - head)
    top, tail = max(0, head - CONTEXT_LINES), max(0, tail - CONTEXT_LINES)
    old = "".join(lines[top : len(lines) - tail])
    return _diff_at(top, old, "".join(new_lines[top : len(new_lines) - tail]))


def history_diffs(versions: Sequence[str]) -> list[str]:
    """Write the change from each version to the next as a unified diff; equal ones have none."""
    return [edit_diff(*pair) for pair in pairwise(versions) if pair[0] != pair[1]]


def _shared(one: Sequence[str], other: Sequence[str], most: int) -> int:
    """Count the equal lines that two sequences begin with, up to a number that both have."""
    return next((i for i in range(most) if one[i] != other[i]), most)


def _diff_at(top: int, old: str, new: str) -> str:
    """Write the diff of two cuttings of codes that begin below their line number `top`."""

    def moved(head: re.Match[str]) -> str:
        start, count, new_start, new_count = head.groups(default="")
        return f"@@ -{int(start) + top}{count} +{int(new_start) + top}{new_count} @@"

    return HUNK_NUMBERS.sub(moved, unified_diff(old, new, FILE_NAME, FILE_NAME))
