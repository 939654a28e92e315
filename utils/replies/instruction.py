"""Instructions freed from what a reply's form leaves on them."""

import re

from utils.code.fences import fence_lines, only_block, read_blocks
from utils.replies.headings import BLANK, NAMES

# A line of nothing but rules, bullets, a lone list number or a repeated heading.
_RESIDUE_LINE = re.compile(
    rf"(?:[\s{BLANK}#*_:：>=-]|[\[【]/?{NAMES}[\]】]|</?{NAMES}>)*+"
    rf"(?:\d{{1,2}}[.)、])?[\s{BLANK}*_]*+",
    re.IGNORECASE,
)
_LEADING_RESIDUE = re.compile(
    rf"(?:[\s{BLANK}:：]|[\[【]{NAMES}[\]】]|{NAMES}[*_]{{0,2}}[:：]|(?:\*\*|__)(?=\s))++",
    re.IGNORECASE,
)
_CLOSING_TAG = re.compile(rf"(?:[\[【]/{NAMES}[\]】]|</{NAMES}>)$", re.IGNORECASE)
_LONGEST_TAG = 40
# `Here is the lazy instruction:`
_ANNOUNCEMENT = re.compile(
    r"\W{0,4}(?:here(?:[’']?s| is)|below is|this is) (?:the|an?|my|your) [^\n]{0,30}"
    r"instruction[^\n]{0,20}[:：]\W{0,4}",
    re.IGNORECASE,
)
_REMARK = re.compile(
    r"\W{0,4}(?:(?:please )?let me know\b|(?:please )?feel free to (?:ask|reach|let)\b"
    r"|I hope (?:this|that|it) helps|hope (?:this|that|it) helps|is there anything else"
    r"|would you like me\b|I(?:[’']m| am) happy to\b)",
    re.IGNORECASE,
)
_WRAPPERS = ("**", "**"), ("__", "__"), ('"', '"'), ("“", "”"), ("'", "'"), ("*", "*")


def clean_instruction(section: str) -> str:
    """Strip headings, list numbers, rules, quotes, fences and chatter around an instruction.

    The text inside stays as it is, line ends aside.
    """
    section = section.replace("\r\n", "\n")
    unclosed = read_blocks(fence_lines(section)).unclosed
    if unclosed and not section[unclosed.end :].strip():
        # The end of a fence around the whole reply.
        section = section[: unclosed.start]
    inner = only_block(section)
    lines = _without_margins((section if inner is None else inner).split("\n"))
    text = "\n".join(_unquoted(lines)).rstrip()
    if leading := _LEADING_RESIDUE.match(text):
        text = text[leading.end() :]
    if closing := _CLOSING_TAG.search(text[-_LONGEST_TAG:]):
        text = text[: -len(closing[0])]
    return _unwrapped(text.strip().strip(BLANK))


def _without_margins(lines: list[str]) -> list[str]:
    """Drop lines of residue, announcements and closing remarks at both ends."""
    start, end = 0, len(lines)
    while start < end and (
        _RESIDUE_LINE.fullmatch(lines[start])
        or (start + 1 < end and _ANNOUNCEMENT.fullmatch(lines[start]))
    ):
        start += 1
    while end > start and (_RESIDUE_LINE.fullmatch(lines[end - 1]) or _is_remark(lines, end - 1)):
        end -= 1
    return lines[start:end]


def _is_remark(lines: list[str], number: int) -> bool:
    """Tell whether a line is a paragraph by itself that talks to the reader of the reply."""
    return number > 0 and not lines[number - 1].strip() and bool(_REMARK.match(lines[number]))


def _unquoted(lines: list[str]) -> list[str]:
    """Take off the marks of a Markdown quotation if all lines bear them."""
    if not all(line.startswith(">") or not line.strip() for line in lines):
        return lines
    return [line.removeprefix(">").removeprefix(" ") for line in lines]


def _unwrapped(text: str) -> str:
    for opening, closing in _WRAPPERS:
        inner = text[len(opening) : -len(closing)]
        is_wrapped = text.startswith(opening) and text.endswith(closing) and bool(inner.strip())
        if is_wrapped and opening not in inner and closing not in inner and inner[0] != " ":
            return inner.strip()
    return text
