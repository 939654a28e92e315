"""Rules about form alone: fields that hold text, of a size and a kind that can be judged.

Each rule says what is wrong with a triplet, in a few words, or None.
"""

import re

from utils.fences import fence_lines
from utils.lexing import without_strings
from utils.quality.triplet import Triplet

MAX_INSTRUCTION = 20_000
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# What follows a fence that opens or closes a block, as opposed to prose or a rule.
_FENCE_INFO = re.compile(r"[\w.+#-]{0,20}")


def unreadable_text(triplet: Triplet) -> str | None:
    """NUL bytes and lone surrogates, which no program and no tokeniser takes."""
    for name, text in triplet.texts.items():
        if "\0" in text:
            return f"{name}: NUL"
        if _LONE_SURROGATE.search(text):
            return f"{name}: lone surrogate"
    return None


def too_large(triplet: Triplet) -> str | None:
    """Texts too long to be judged in sensible time; the parser is kept from them."""
    limits = triplet.config.limits
    for name, text in triplet.texts.items():
        most = limits.max_characters if name in triplet.codes else MAX_INSTRUCTION
        if len(text) > most:
            return f"{name}: {len(text):,} characters"
        longest = max(map(len, text.split("\n")))
        if longest > limits.max_line_length:
            return f"{name}: a line of {longest:,} characters"
    return None


def single_line_code(triplet: Triplet) -> str | None:
    """Code of one line: a mention of code rather than a program."""
    for name, code in triplet.codes.items():
        if sum(1 for line in code.split("\n") if line.strip()) < 2:
            return name
    return None


def markdown_residue(triplet: Triplet) -> str | None:
    """A fence left in the code; fences inside strings and RST underlines are none."""
    for name, code in triplet.codes.items():
        if "```" not in code and "~~~" not in code:
            continue
        outside = without_strings(code, triplet.language) if triplet.is_python else code
        for fence in fence_lines(outside):
            is_fence = len(fence.fence) < 6 and _FENCE_INFO.fullmatch(fence.info)
            if is_fence and not _underlines(outside, fence.start, fence.fence):
                return f"{name}: {fence.fence}{fence.info}"
    return None


def _underlines(text: str, start: int, fence: str) -> bool:
    """Tell whether a row of tildes stands under a line of about its length, as in RST."""
    above = text[:start].rstrip("\n").rpartition("\n")[2] if start else ""
    return fence[0] == "~" and text[:start].endswith(above + "\n") and bool(above.strip())
