"""An edit as blocks of highlighted lines, to be shown side by side."""

from __future__ import annotations

from difflib import SequenceMatcher
from typing import Any

from utils.report.highlight import highlight_lines

MOST_LINES = 1000


def diff_blocks(code_before: str, code_after: str, language: str = "python") -> list[Any]:
    """Cut an edit into blocks: `[lines]` where both sides are equal, else `[old, new]`.

    Programs are cut after `MOST_LINES` lines, and a last block says so.
    """
    before, before_cut = _first_lines(code_before)
    after, after_cut = _first_lines(code_after)
    old, new = (highlight_lines(lines, language) for lines in (before, after))
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    blocks: list[Any] = []
    for tag, start, end, new_start, new_end in matcher.get_opcodes():
        if tag == "equal":
            blocks.append([old[start:end]])
        else:
            blocks.append([old[start:end], new[new_start:new_end]])
    if before_cut or after_cut:
        blocks.append([[f"… {before_cut:,} more lines"], [f"… {after_cut:,} more lines"]])
    return [block for block in blocks if any(block)]


def _first_lines(code: str) -> tuple[list[str], int]:
    lines = code.removesuffix("\n").split("\n") if code else []
    return lines[:MOST_LINES], max(0, len(lines) - MOST_LINES)
