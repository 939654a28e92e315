"""The sections of a model's reply, told apart, and unescaped where they came as HTML.

A reply to the templates holds `[Program Before Edit]`, `[Descriptive]` and `[Lazy]`, and in its
second round `[Program After Edit]`. Models think aloud, rehearse the whole answer before they give
it, decline, and find the program unreasonable; some are escaped for HTML on their way: `a &lt; b`.
"""

import re
from collections.abc import Sequence
from html import unescape

from utils.code.fences import Reading, fence_lines, read_blocks
from utils.errors import BadReply
from utils.replies.headings import (
    AFTER,
    BEFORE,
    BEFORE_NAME,
    BLANK,
    NAMES,
    choose_set,
    cut_sections,
    find_headings,
    program_headings,
)
from utils.replies.leaked_tokens import without_end_tokens
from utils.replies.thoughts import split_thoughts

_ESCAPE = re.compile(r"&(?:lt|gt|quot|apos|#0?39|#x27);")
_QUOTED = re.compile(r"\"[^\"\n]*+\"|'[^'\n]*+'|`[^`\n]*+`")
_BARE_AMPERSAND = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,6});)")

_HEADING_THEN_FENCE = re.compile(
    rf"({BEFORE_NAME}[\[【]?[*_{BLANK}]*+{NAMES}[*_{BLANK}]*+[\]】]?[*_{BLANK}]*+[:：]?[*_{BLANK}]*+)"
    r"(?=```|~~~)",
    re.IGNORECASE,
)
_UNREASONABLE = re.compile(r"<UNREASONABLE ?/?>", re.IGNORECASE)
_UNREASONABLE_LINE = re.compile(
    r"^[`*_#>\"' \t]*+(?:<UNREASONABLE ?/?>(?!\?| (?:does|is) not\b)"
    r"|(?:\[UNREASONABLE\]|UNREASONABLE)[`*_.!\"' \t\r]*+$)",
    re.IGNORECASE | re.MULTILINE,
)
_UNREASONABLE_OPENING = re.compile(r"\W{0,10}UNREASONABLE\W{0,4}(?:[:：.!–—-]|$)", re.IGNORECASE)
_REFUSAL = re.compile(
    r"\W{0,20}(?:I(?:[’']?m| am) (?:really |very |so )?(?:sorry|afraid|unable)\b"
    r"|sorry,? (?:but )?I\b"
    r"|(?:unfortunately,? )?I (?:can[’']?t|cannot|can not|won[’']?t|am not able to|must decline)\b"
    r"|as an? (?:AI|(?:large )?language model)\b|(?:很|非常)?抱歉|对不起)",
    re.IGNORECASE,
)
# People who ask for an edit are sorry too, and can't do things; they do not decline to write.
_DECLINED = re.compile(
    r"[^\n]{0,60}?\b(?:can[’']?t|cannot|can not|won[’']?t|unable to|not able to|must decline)"
    r"[^\n]{0,20}?(?:\b(?:help|assist|comply|fulfil|provide|continue)"
    r"|\b(?:do|answer|complete|write|create|generate|produce)\b"
    r"[^\n]{0,30}\b(?:request|instruction|exercise|task|content)\b)"
    r"|\W{0,20}as an? (?:AI|(?:large )?language model)\b|[^\n]{0,20}(?:抱歉|对不起)",
    re.IGNORECASE,
)


def without_escapes(reply: str) -> str:
    """Undo the escaping of a reply that was escaped as a whole, and leave any other as it is.

    Such a reply holds no bare `<`, `>` or `&`, and escapes outside quotes; one about HTML does
    not. Left alone, `a &lt; b` would even parse as Python.
    """
    if "&" not in reply or "<" in reply or ">" in reply or _BARE_AMPERSAND.search(reply):
        return reply
    return unescape(reply) if _ESCAPE.search(_QUOTED.sub("", reply)) else reply


def read_sections(reply: str, wanted: Sequence[str]) -> dict[str, str]:
    """Give the texts of the wanted sections of a reply; BadReply says which is missing and why."""
    text = _whole_reply(reply)
    sections = find_sections(text, wanted)
    for name in wanted:
        if name in sections:
            continue
        if ends_in_block(text):
            raise BadReply("truncated")
        raise BadReply("refusal" if is_refusal(text) else f"missing_{name}")
    return sections


def read_after_section(reply: str) -> str:
    """Give the section with the program after the edit: all of a reply without that heading."""
    text = _whole_reply(reply)
    sections = find_sections(text, [AFTER])
    if AFTER in sections:
        return sections[AFTER]
    lines = fence_lines(text)
    if not lines and is_refusal(text):
        raise BadReply("refusal")
    sections_found = cut_sections(text, find_headings(text, read_blocks(lines)))
    if BEFORE in {section.name for section in sections_found}:
        raise BadReply(f"missing_{AFTER}")
    return text


def _whole_reply(reply: str) -> str:
    text, is_cut_off = plain_reply(reply)
    if is_cut_off:
        raise BadReply("truncated")
    return text


def plain_reply(reply: str) -> tuple[str, bool]:
    """Put fences on lines of their own, take thoughts out and cut end tokens.

    The flag tells that a thought was never closed: the answer is missing.
    """
    above_fences = reply.replace("~~~", "```").split("```")[:-1]
    if any(part.rpartition("\n")[2].strip() for part in above_fences):
        # First of all: what stands in code is no thought.
        reply = _HEADING_THEN_FENCE.sub(r"\1\n", "\n" + reply)[1:]
    answer, _, is_cut_off = split_thoughts(reply)
    return without_end_tokens(answer), is_cut_off


def find_sections(text: str, wanted: Sequence[str]) -> dict[str, str]:
    """Find what there is of the wanted sections; the last complete set wins.

    A heading inside a fence is code, unless only so the set becomes complete and leaves no fence
    open: some models fence the whole reply.
    """
    headings = find_headings(text, read_blocks(fence_lines(text)))
    if list(wanted) == [AFTER]:
        headings = program_headings(headings)
    sections = choose_set(text, headings, wanted)
    if len(sections) < len(wanted):
        everywhere = choose_set(text, find_headings(text, Reading([], None)), wanted)
        if len(everywhere) == len(wanted) and not any(map(ends_in_block, everywhere.values())):
            return everywhere
    return sections


def why_declined(reply: str) -> str | None:
    """Say by which reason a reply is no answer: the model declines, or calls it unreasonable."""
    if is_refusal(reply) and not fence_lines(reply):
        return "refusal"
    return "unreasonable" if is_unreasonable(reply) else None


def is_refusal(text: str) -> bool:
    """Tell whether a reply opens with the model declining to answer."""
    return bool(_REFUSAL.match(text))


def is_declined_instruction(text: str) -> bool:
    """Tell whether the model declined to write an instruction in the instruction's place."""
    return bool(_REFUSAL.match(text) and _DECLINED.match(text))


def is_unreasonable(reply: str) -> bool:
    """Tell whether a reply declares the program unreasonable, outside code.

    Beside code the mark must open its line: `so it is not <UNREASONABLE>` declares nothing.
    """
    if "unreasonable" not in reply.lower():
        return False
    text, _ = plain_reply(reply)
    reading = read_blocks(fence_lines(text))
    has_code = reading.blocks or reading.unclosed
    if not has_code and (_UNREASONABLE.search(text) or _UNREASONABLE_OPENING.match(text)):
        return True
    return _first_outside(_UNREASONABLE_LINE, text, reading) is not None


def ends_in_block(text: str) -> bool:
    """Tell whether a text breaks off inside a block; a fence with nothing below it opens none."""
    unclosed = read_blocks(fence_lines(text)).unclosed
    return unclosed is not None and bool(text[unclosed.end :].strip())


def _first_outside(pattern: re.Pattern[str], text: str, reading: Reading) -> re.Match[str] | None:
    matches = pattern.finditer(text)
    return next((match for match in matches if not reading.is_code(match.start())), None)
