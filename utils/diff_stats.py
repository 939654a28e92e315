"""How large an edit is: modified lines and hunks, from difflib's opcodes."""

from dataclasses import dataclass

# difflib's SequenceMatcher compiled: the same opcodes in a third of the time.
from cydifflib import SequenceMatcher

from utils.code_lines import lines_with_ends

# Raise it when an edit's size changes, so that sizes cached from the old rules aren't reused.
DIFF_RULES = 1
# What `diff -u` shows around a change; edits closer than twice this share a hunk.
CONTEXT_LINES = 3


@dataclass(frozen=True)
class DiffStats:
    """The size of one edit: a replaced block counts the longer of its two sides."""

    modified_lines: int
    hunks: int


def diff_stats(code_before: str, code_after: str) -> DiffStats:
    """Measure an edit by a line diff with three lines of context.

    `autojunk` is off: it would take lines that fill over a hundredth of a long file (blank lines,
    `else:`) out of the matching, and an edit of one line could come out as many.
    """
    before, after = lines_with_ends(code_before), lines_with_ends(code_after)
    opcodes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changes = [opcode[1:] for opcode in opcodes if opcode[0] != "equal"]
    modified_lines = sum(
        max(before_end - before_start, after_end - after_start)
        for before_start, before_end, after_start, after_end in changes
    )
    return DiffStats(modified_lines, count_hunks(changes))


def count_hunks(changes: list[tuple[int, int, int, int]]) -> int:
    """Count the hunks of `diff -u`: changes more than two contexts apart are in different ones."""
    apart = zip(changes, changes[1:], strict=False)
    far = sum(following[0] - change[1] > 2 * CONTEXT_LINES for change, following in apart)
    return far + bool(changes)
