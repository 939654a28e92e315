"""Code as lines: snippets cut out of it, and two versions of it compared.

Lines end at `\\n` alone, since form feeds and U+2028 may stand inside a line of code.
"""

import difflib
import random

SNIPPET_TRIES = 20


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
    lines = difflib.unified_diff(
        lines_with_ends(old_code), lines_with_ends(new_code), f"a/{old_file}", f"b/{new_file}"
    )
    return "".join(
        line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines
    )


def lines_with_ends(text: str) -> list[str]:
    """Split a text after each `\\n`, and there only; joined again they give it to the byte."""
    lines = [line + "\n" for line in text.split("\n")]
    lines[-1] = lines[-1][:-1]
    return lines if lines[-1] else lines[:-1]
