"""What tells the program among several blocks of code from what is said about it."""

import re

from utils.fences import Block

_LONGEST_LABEL = 80
_ASIDE = re.compile(
    r"\b(?:usages?|used?|examples?|tests?|testing|outputs?|prints?|run|call|demo|try)\b",
    re.IGNORECASE,
)
_PROGRAM = re.compile(
    r"\b(?:program|code|script|file|module|version|edited|revised|updated|modified|complete|full"
    r"|after|before|implementation|solution)\b",
    re.IGNORECASE,
)
_LOOKS_LIKE_LABEL = re.compile(r"[#*_]|.*[:：]\W*$", re.DOTALL)


def is_about_program(text: str, block: Block) -> bool:
    """Tell whether the line above a block calls it an example of use, a test or an output."""
    above = text[max(0, block.opener.start - 4 * _LONGEST_LABEL) : block.opener.start].rstrip()
    label = above.rpartition("\n")[2].strip()
    if len(label) > _LONGEST_LABEL or not _LOOKS_LIKE_LABEL.match(label):
        return False
    return bool(_ASIDE.search(label)) and not _PROGRAM.search(label)


def is_transcript(code: str) -> bool:
    """Tell whether a block shows an interactive session."""
    return code.lstrip().startswith(">>> ")


def same_program(code: str, other: str) -> bool:
    """Tell whether two programs are equal, blank lines and trailing spaces aside."""
    return code == other or _told_lines(code) == _told_lines(other)


def kinship(code: str, code_before: str) -> float:
    """Give the share of the different lines of the code before that a program still holds."""
    before = set(map(str.strip, _told_lines(code_before)))
    kept = before.intersection(map(str.strip, _told_lines(code)))
    return len(kept) / max(1, len(before))


def _told_lines(code: str) -> list[str]:
    return [line for line in map(str.rstrip, code.split("\n")) if line]
