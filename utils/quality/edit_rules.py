"""Rules about form, and about the edit: it changes something, and not too much.

Each rule says what is wrong with a triplet, in a few words, or None. Those about form are asked of
texts before any is parsed.
"""

import re

from utils.code.fences import fence_lines
from utils.code.lexing import code_comments, without_strings
from utils.code.lines import diff_stats
from utils.quality.python_program import same_tree
from utils.quality.triplet import Triplet
from utils.records import is_unicode

MAX_INSTRUCTION = 20_000
_TYPE_NAME = re.compile(r"\b[A-Z]\w*[a-z]\w*\b")
# What follows a fence that opens or closes a block, as opposed to prose or a rule.
_FENCE_INFO = re.compile(r"[\w.+#-]{0,20}")
# What only text for readers has.
_OF_PROSE = (
    r"document|\bdocs?\b|typos?\b|spell|wording|\breword|clarif|licen[cs]e|grammar|punctuat"
    r"|backticks?\b|(?:missing|wrong|repeated|doubled?|duplicated?) (?:words?|period|comma)"
    r"|\b(?:add|write|remove|drop|update|move)(?:ed|s|d|ing)? (?:\w+ ){0,4}?notes?\b|注释|文档"
)
_SPEAKS_OF = {
    "comments": re.compile(
        rf"comment|todo|fixme|explain|annotat|shebang|pragma|noqa|mypy|pyright|pylint|flake8|ruff"
        rf"|bandit|coverage|type[- ]?hint|type: ?ignore|\bignores?\b|{_OF_PROSE}",
        re.IGNORECASE,
    ),
    "docstrings": re.compile(
        rf"doc-? ?strings?|doctest|comment|explain|help text|sphinx|pydocstyle|numpydoc|apidoc"
        rf"|\brst\b|restructured|markdown|directive|admonition|cross[- ]?ref|{_OF_PROSE}"
        r"|versions?[- ]?(?:added|changed)|deprecation note|change-?log",
        re.IGNORECASE,
    ),
    "annotations": re.compile(
        r"annotat|\btyp(?:e|es|ed|ing)\b|hint|signature|mypy|pyright|类型|注解", re.IGNORECASE
    ),
}


def unreadable_text(triplet: Triplet) -> str | None:
    """NUL bytes and lone surrogates, which no program and no tokeniser takes."""
    for name, text in triplet.texts.items():
        if "\0" in text:
            return f"{name}: NUL"
        if not is_unicode(text):
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


def no_change(triplet: Triplet) -> str | None:
    """An edit of formatting alone, or of comments, docstrings or annotations not asked for."""
    kind = kind_of_change(triplet)
    if kind is None or (kind in _SPEAKS_OF and triplet.speaks_of(_SPEAKS_OF[kind])):
        return None
    if kind == "annotations" and _names_an_annotation(triplet):
        return None
    return f"{kind} alone"


def _names_an_annotation(triplet: Triplet) -> bool:
    """Tell whether a wish names a type, `Mapping`, that only one side of the changed lines has."""
    added, removed = (
        frozenset(_TYPE_NAME.findall("\n".join(lines)))
        for lines in (triplet.added_lines, triplet.removed_lines)
    )
    return bool((added ^ removed) & frozenset(_TYPE_NAME.findall("\n".join(triplet.wishes))))


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
