"""A Python file and its edited version, both cut down to what stands around the edit.

What stays is whole: functions, methods, the classes around these with their attributes, imports,
and what the edited lines name. Whatever is left out is the same in both files, and three things
are proved of each cut: put back, the pieces give the files to the byte; the cuts parse; and the
diff between them is that of the files, line numbers aside.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from utils.code.definition_pieces import Piece, piece_groups, program_pieces
from utils.code.lines import CONTEXT_LINES, compare_lines, lines_with_ends, unified_diff
from utils.code.syntax import parses_as_python

# A hunk shows so many lines around a change, and two changes that share more lines than both show
# are of two hunks; with one line fewer the cut would join them.
LEAST_CONTEXT = CONTEXT_LINES + 1
_HUNK_HEAD = re.compile(r"^@@ -\d+(?:,(\d+))? \+\d+(?:,(\d+))? @@", re.MULTILINE)
_NAME = re.compile(r"[^\W\d]\w*")
# How many times the lines asked for are kept, one after another, until the diff stays as it is.
_WIDENINGS = (1, 2, 4, 8)
Block = tuple[int, int, int]  # of lines that are the same: where in each file, and how many


class NotCut(ValueError):
    """Says why a file is kept whole."""


class DiffDiffers(NotCut):
    """Says that the diff between the cuts is not that of the files."""


@dataclass(frozen=True)
class LeftOut:
    """A run of lines that is in neither cut, and the line of each cut before which it stood."""

    line_before: int
    line_after: int
    text: str


@dataclass(frozen=True)
class ContextCut:
    """Both sides of an edit without what is far from it."""

    code_before: str
    code_after: str
    left_out: tuple[LeftOut, ...]

    def restored(self) -> tuple[str, str]:
        """Put the pieces back."""
        before = ((each.line_before, each.text) for each in self.left_out)
        after = ((each.line_after, each.text) for each in self.left_out)
        return put_back(self.code_before, before), put_back(self.code_after, after)


def put_back(code: str, pieces: Iterable[tuple[int, str]]) -> str:
    """Set pieces into a text, each before a line of it, counted from 0."""
    lines, parts, at = lines_with_ends(code), list[str](), 0
    for line, text in pieces:
        parts += [*lines[at:line], text]
        at = line
    return "".join([*parts, *lines[at:]])


def cut_to_context(code_before: str, code_after: str, context_lines: int) -> ContextCut:
    """Cut both sides of an edit to whole definitions within so many lines of a change.

    Where lines that are alike (blank ones, say) let the diff of the cuts come out another, more is
    kept until it does not. Raises NotCut where nothing is left out, or no cut can be proved.
    """
    for widening in _WIDENINGS:
        try:
            return _cut_within(code_before, code_after, context_lines * widening)
        except DiffDiffers:
            continue
    raise DiffDiffers("diff_differs")


def _cut_within(code_before: str, code_after: str, context_lines: int) -> ContextCut:
    sides = code_before, code_after
    pieces = [program_pieces(code) for code in sides]
    if any(each is None for each in pieces):
        raise NotCut("does_not_parse")
    lines = [lines_with_ends(code) for code in sides]
    matcher = compare_lines(*lines)
    blocks = [(one, other, size) for one, other, size in matcher.get_matching_blocks() if size]
    found = _Selection(lines, [each or [] for each in pieces], blocks, context_lines)
    cut = _leave_out(lines, found.kept(), blocks)
    if not cut.left_out:
        raise NotCut("nothing_to_cut")
    _prove(cut, code_before, code_after)
    return cut


class _Selection:
    """Which lines of both files stay."""

    def __init__(
        self,
        lines: list[list[str]],
        pieces: list[list[Piece]],
        blocks: Sequence[Block],
        context_lines: int,
    ) -> None:
        self._lines = lines
        self._pieces = pieces
        self._groups = [piece_groups(each) for each in pieces]
        self._blocks = blocks
        # The lines that the diff shows, and more; these stay whatever they are part of.
        self._near = self._near_changes(max(context_lines, LEAST_CONTEXT))
        self._kept = [bytearray(marks) for marks in self._near]

    def kept(self) -> list[bytearray]:
        """Mark the lines that stay, the same ones of what both files share."""
        self._keep_named()
        while self._widen() | self._match():
            pass
        self._drop_blank_ends()
        return self._kept

    def _near_changes(self, context_lines: int) -> list[bytearray]:
        """Mark the changed lines of each side, and so many around them."""
        near = [bytearray(b"\1" * len(each)) for each in self._lines]
        ends = [len(each) for each in self._lines]
        for block in self._blocks:
            *starts, size = block
            # A block at the very start or end of both files has a change on one side only.
            first = 0 if not any(starts) else context_lines
            is_last = all(start + size == end for start, end in zip(starts, ends, strict=True))
            far = max(size - first - (0 if is_last else context_lines), 0)
            for side, start in enumerate(starts):
                near[side][start + first : start + first + far] = bytes(far)
        return near

    def _keep_named(self) -> None:
        """Keep imports, and what defines a name that stands in a changed line."""
        changed = [bytearray(b"\1" * len(each)) for each in self._lines]
        for one, other, size in self._blocks:
            changed[0][one : one + size] = changed[1][other : other + size] = bytes(size)
        names = {
            name
            for lines, marks in zip(self._lines, changed, strict=True)
            for line, mark in zip(lines, marks, strict=True)
            if mark
            for name in _NAME.findall(line)
        }
        for pieces, kept in zip(self._pieces, self._kept, strict=True):
            for piece in pieces:
                if piece.is_import or piece.names & names:
                    kept[piece.start : piece.end] = b"\1" * (piece.end - piece.start)

    def _widen(self) -> bool:
        """Keep pieces whole, and what they can't stand without; tells whether that kept more."""
        before = sum(map(sum, self._kept))
        for pieces, groups, kept in zip(self._pieces, self._groups, self._kept, strict=True):
            touched = [any(kept[piece.start : piece.end]) for piece in pieces]
            for number, piece in enumerate(pieces):
                if touched[number] and piece.owner is not None:
                    touched[piece.owner] = True
            for number, piece in enumerate(pieces):
                is_attribute = piece.owner is not None and not piece.is_definition
                if is_attribute and touched[piece.owner]:  # type: ignore[index]
                    touched[number] = True
            for group in groups:
                if any(touched[number] for number in group):
                    for number in group:
                        touched[number] = True
            for piece, is_touched in zip(pieces, touched, strict=True):
                if is_touched:
                    kept[piece.start : piece.end] = b"\1" * (piece.end - piece.start)
        return sum(map(sum, self._kept)) > before

    def _match(self) -> bool:
        """Keep of both files what is kept of one; tells whether that kept more."""
        one, other = self._kept
        is_more = False
        for start, other_start, size in self._blocks:
            marks, others = one[start : start + size], other[other_start : other_start + size]
            if marks != others:
                is_more = True
                both = bytes(a | b for a, b in zip(marks, others, strict=True))
                one[start : start + size] = other[other_start : other_start + size] = both
        return is_more

    def _drop_blank_ends(self) -> None:
        """Drop blank lines that would begin or end the cuts, unless the diff shows them."""
        one, other = self._kept
        shared = {
            start + k: other_start + k
            for start, other_start, size in self._blocks
            for k in range(size)
        }
        numbers = [number for number, mark in enumerate(one) if mark]
        for order in (numbers, numbers[::-1]):
            for number in order:
                if self._lines[0][number].strip() or self._near[0][number]:
                    break
                if number not in shared or self._near[1][shared[number]]:
                    break
                one[number] = other[shared[number]] = 0


def _leave_out(
    lines: list[list[str]], kept: list[bytearray], blocks: Sequence[Block]
) -> ContextCut:
    one, other = kept
    left_out: list[LeftOut] = []
    for start, other_start, size in blocks:
        run: list[str] = []
        for k in range(size + 1):
            if k < size and not one[start + k]:
                run.append(lines[0][start + k])
            elif run:
                places = sum(one[: start + k]), sum(other[: other_start + k])
                left_out.append(LeftOut(*places, "".join(run)))
                run = []
    before, after = (
        "".join(line for line, mark in zip(each, marks, strict=True) if mark)
        for each, marks in zip(lines, kept, strict=True)
    )
    return ContextCut(before, after, tuple(left_out))


def _prove(cut: ContextCut, code_before: str, code_after: str) -> None:
    if cut.restored() != (code_before, code_after):
        raise NotCut("pieces_do_not_fit")
    if not all(map(parses_as_python, (cut.code_before, cut.code_after))):
        raise NotCut("cut_does_not_parse")
    if _diff_alone(cut.code_before, cut.code_after) != _diff_alone(code_before, code_after):
        raise DiffDiffers("diff_differs")


def _diff_alone(code_before: str, code_after: str) -> str:
    """Make a diff without its line numbers; how many lines a hunk has stays."""
    return _HUNK_HEAD.sub(r"@@ \1 \2 @@", unified_diff(code_before, code_after, "", ""))
