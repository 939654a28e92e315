"""Instructions freed from what a reply's form leaves on them."""

import re

from utils.fences import fence_lines, only_block, read_blocks
from utils.response_parsing import NAMES

# A line of nothing but rules, bullets, a lone list number or a repeated heading.
_RESIDUE_LINE = re.compile(
    rf"(?:[\s#*_:：>=-]|[\[【]/?{NAMES}[\]】]|</?{NAMES}>)*+(?:\d{{1,2}}[.)、])?[\s*_]*+",
    re.IGNORECASE,
)
_LEADING_RESIDUE = re.compile(
    rf"(?:[\s:：]|[\[【]{NAMES}[\]】]|(?:\*\*|__)(?=\s))++", re.IGNORECASE
)
_CLOSING_TAG = re.compile(rf"(?:[\[【]/{NAMES}[\]】]|</{NAMES}>)$", re.IGNORECASE)
_LONGEST_TAG = 40
_WRAPPERS = ("**", "__", '"')


def clean_instruction(section: str) -> str:
    """Strip headings, list numbers, rules, quotes and fences around an instruction.

    The text inside stays as it is, line ends aside.
    """
    section = section.replace("\r\n", "\n")
    unclosed = read_blocks(fence_lines(section)).unclosed
    if unclosed and not section[unclosed.end :].strip():
        # The end of a fence around the whole reply.
        section = section[: unclosed.start]
    inner = only_block(section)
    lines = (section if inner is None else inner).split("\n")
    start, end = 0, len(lines)
    while start < end and _RESIDUE_LINE.fullmatch(lines[start]):
        start += 1
    while end > start and _RESIDUE_LINE.fullmatch(lines[end - 1]):
        end -= 1
    text = "\n".join(lines[start:end]).rstrip()
    if leading := _LEADING_RESIDUE.match(text):
        text = text[leading.end() :]
    if closing := _CLOSING_TAG.search(text[-_LONGEST_TAG:]):
        text = text[: -len(closing[0])]
    return _unwrapped(text.strip())


def _unwrapped(text: str) -> str:
    for mark in _WRAPPERS:
        inner = text[len(mark) : -len(mark)]
        if text.startswith(mark) and text.endswith(mark) and inner and mark not in inner:
            return inner.strip()
    return text
