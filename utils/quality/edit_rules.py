"""Rules about the edit from the code before to the code after: it changes something, not too much.

Each rule says what is wrong with a triplet, in a few words, or None.
"""

import re

from utils.diff_stats import diff_stats
from utils.lexing import code_comments
from utils.quality.tree_comparison import same_tree
from utils.quality.triplet import Triplet

_SPEAKS_OF = {
    "comments": re.compile(
        r"comment|todo|fixme|document|explain|annotat|licen[cs]e|typos?\b|spell|wording|clarif"
        r"|shebang|pragma|noqa|注释|文档",
        re.IGNORECASE,
    ),
    "docstrings": re.compile(
        r"doc-? ?strings?|document|\bdocs?\b|doctest|comment|explain|typos?\b|spell|wording"
        r"|clarif|help text|licen[cs]e|注释|文档",
        re.IGNORECASE,
    ),
    "annotations": re.compile(
        r"annotat|\btyp(?:e|es|ed|ing)\b|hint|signature|mypy|pyright|类型|注解", re.IGNORECASE
    ),
}


def no_change(triplet: Triplet) -> str | None:
    """An edit of formatting alone, or of comments, docstrings or annotations not asked for."""
    kind = kind_of_change(triplet)
    if kind is None or (kind in _SPEAKS_OF and triplet.speaks_of(_SPEAKS_OF[kind])):
        return None
    return f"{kind} alone"


def kind_of_change(triplet: Triplet) -> str | None:
    """Name what alone an edit changes if it leaves the program the same, else None."""
    before, after = triplet.program_before.tree, triplet.program_after.tree
    if triplet.is_python and (before is None) != (after is None):
        return None
    if not triplet.is_python or before is None or after is None:
        return "spacing" if triplet.before.split() == triplet.after.split() else None
    if not same_tree(before, after, docstrings=False, annotations=False):
        return None
    if same_tree(before, after):
        same_comments = code_comments(triplet.before) == code_comments(triplet.after)
        return "formatting" if same_comments else "comments"
    return "annotations" if same_tree(before, after, annotations=False) else "docstrings"


def diff_too_large(triplet: Triplet) -> str | None:
    """More lines, places or share of the code changed than an instruction can govern."""
    limits = triplet.config.limits
    lines = max(code.count("\n") for code in triplet.codes.values()) + 1
    if lines > limits.max_code_lines + 1:
        return f"{lines:,} lines of code"
    size = diff_stats(triplet.before, triplet.after)
    if size.modified_lines > limits.max_modify_lines:
        return f"{size.modified_lines} modified lines"
    if size.hunks > limits.max_hunk_num:
        return f"{size.hunks} hunks"
    share = size.modified_lines / lines
    if lines >= limits.rewritten_share_from_lines and share > limits.max_rewritten_share:
        return f"{share:.0%} of the lines"
    return None
