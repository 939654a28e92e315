"""Lines of code: snippets cut out of it, two versions compared, and how large an edit is.

Lines end at `\\n` alone, since form feeds and U+2028 may stand inside a line of code. An edit's
size is its modified lines and hunks, from difflib's opcodes; the usual limits of both are here, for
every stage that asks.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

# difflib's SequenceMatcher compiled: the same opcodes in a third of the time.
from cydifflib import SequenceMatcher

MAX_MODIFY_LINES = 70
MAX_HUNK_NUM = 7
MAX_CODE_LINES = 2000
SNIPPET_TRIES = 20
# Raise it when an edit's size changes, so that sizes cached from the old rules aren't reused.
DIFF_RULES = 2
# What `diff -u` shows around a change; edits closer than twice this share a hunk.
CONTEXT_LINES = 3
# Pairs of equal lines, times the places where an edit may begin: the work of a whole comparison.
MOST_COMPARISONS = 500_000_000


def split_lines(text: str) -> list[str]:
    """Split a text into its lines, without their ends."""
    return text.removesuffix("\n").split("\n")


def count_code_lines(text: str) -> int:
    """Count the lines that are not blank."""
    return sum(1 for line in split_lines(text) if line.strip())


def cut_snippet(code: str, rng: random.Random, min_lines: int, max_lines: int) -> str:
    """Cut a random run of whole lines that begins and ends with code and is mostly code.

    The code must have `min_lines` lines, one of them not blank.
    """
    lines = split_lines(code)
    length = rng.randint(min_lines, min(max_lines, len(lines)))
    has_code = [bool(line.strip()) for line in lines]
    starts = range(len(lines) - length + 1)
    for _ in range(SNIPPET_TRIES):
        start = rng.choice(starts)
        marks = has_code[start : start + length]
        if marks[0] and marks[-1] and sum(marks) * 2 >= length:
            break
    else:
        # A file with wide gaps: its densest run, so that no snippet is blank.
        start = max(starts, key=lambda start: sum(has_code[start : start + length]))
    return "\n".join(lines[start : start + length])


def unified_diff(old_code: str, new_code: str, old_file: str, new_file: str) -> str:
    """Make a unified diff that `git apply` takes, a missing final newline included."""
    old_lines, new_lines = lines_with_ends(old_code), lines_with_ends(new_code)
    lines = [f"--- a/{old_file}\n", f"+++ b/{new_file}\n"]
    for hunk in compare_lines(old_lines, new_lines).get_grouped_opcodes(CONTEXT_LINES):
        old = _hunk_range(hunk[0][1], hunk[-1][2])
        lines.append(f"@@ -{old} +{_hunk_range(hunk[0][3], hunk[-1][4])} @@\n")
        for kind, start, end, new_start, new_end in hunk:
            if kind == "equal":
                lines += [" " + line for line in old_lines[start:end]]
            else:
                lines += ["-" + line for line in old_lines[start:end]]
                lines += ["+" + line for line in new_lines[new_start:new_end]]
    if len(lines) == 2:
        return ""
    return "".join(
        line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines
    )


def _hunk_range(start: int, end: int) -> str:
    """Write where a hunk's lines are as diffs do: 1 stands for 1,1, and 0,0 for before line 1."""
    length = end - start
    first = start + 1 if length else start
    return str(first) if length == 1 else f"{first},{length}"


def compare_lines(old_lines: Sequence[str], new_lines: Sequence[str]) -> SequenceMatcher:
    """Match the lines of two files.

    `autojunk` is off: it would take lines that fill over a hundredth of a long file (blank lines,
    `else:`) out of the matching, and an edit of one line could come out as many. Where that would
    be too much work, all between what both begin and end with counts as replaced.
    """
    old, new = len(old_lines), len(new_lines)
    top = shared_start(old_lines, new_lines)
    bottom = shared_start(old_lines[top:][::-1], new_lines[top:][::-1])
    counts = Counter(new_lines)
    pairs = sum(count * counts[line] for line, count in Counter(old_lines).items())
    if pairs * (min(old, new) - top - bottom) <= MOST_COMPARISONS:
        return SequenceMatcher(None, old_lines, new_lines, autojunk=False)
    matcher = SequenceMatcher(None, "", "")
    shared = [(0, 0, top), (old - bottom, new - bottom, bottom)]
    matcher.matching_blocks = [block for block in shared if block[2]] + [(old, new, 0)]
    return matcher


def shared_start(one: Sequence[str], other: Sequence[str]) -> int:
    """Count the lines that both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((place for place, (a, b) in pairs if a != b), min(len(one), len(other)))


def lines_only_in(code: str, other: str) -> list[str]:
    """List the lines of a program that the other has not, in order, bare of margins."""
    left = Counter(map(str.strip, other.split("\n")))
    found = []
    for line in map(str.strip, code.split("\n")):
        if left[line] > 0:
            left[line] -= 1
        elif line:
            found.append(line)
    return found


def lines_with_ends(text: str) -> list[str]:
    """Split a text after each `\\n`, and there only; joined again they give it to the byte."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]


@dataclass(frozen=True)
class DiffStats:
    """The size of one edit: a replaced block counts the longer of its two sides."""

    modified_lines: int
    hunks: int


def diff_stats(code_before: str, code_after: str) -> DiffStats:
    """Measure an edit by a line diff with three lines of context."""
    before, after = lines_with_ends(code_before), lines_with_ends(code_after)
    opcodes = compare_lines(before, after).get_opcodes()
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
