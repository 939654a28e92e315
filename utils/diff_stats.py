"""How large an edit is: modified lines and hunks, from difflib's opcodes."""

from dataclasses import dataclass
from difflib import SequenceMatcher

# What `diff -u` shows around a change; edits closer than twice this share a hunk.
CONTEXT_LINES = 3


@dataclass(frozen=True)
class DiffStats:
    """The size of one edit: a replaced block counts the longer of its two sides."""

    modified_lines: int
    hunks: int


def split_lines(text: str) -> list[str]:
    """Split a text after each `\\n`, and there only.

    `str.splitlines` also breaks at form feeds and U+2028, which a source line may hold.
    """
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


def diff_stats(code_before: str, code_after: str) -> DiffStats:
    """Measure an edit by a line diff with three lines of context.

    `autojunk` is off: it would take lines that fill over a hundredth of a long file (blank lines,
    `else:`) out of the matching, and an edit of one line could come out as many.
    """
    matcher = SequenceMatcher(
        None, split_lines(code_before), split_lines(code_after), autojunk=False
    )
    modified_lines = sum(
        max(before_end - before_start, after_end - after_start)
        for tag, before_start, before_end, after_start, after_end in matcher.get_opcodes()
        if tag != "equal"
    )
    hunks = sum(1 for _ in matcher.get_grouped_opcodes(CONTEXT_LINES))
    return DiffStats(modified_lines, hunks)
