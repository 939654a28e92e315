"""The sections of a model's reply, found under headings as models write them.

A reply to the templates holds `[Program Before Edit]`, `[Descriptive]` and `[Lazy]`, and in its
second round `[Program After Edit]`. Models number, embolden and bracket these headings their own
way, think aloud, and rehearse the whole answer before they give it.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from utils.code_extraction import BadReply
from utils.fences import Reading, fence_lines, read_blocks

BEFORE = "program_before_edit"
DESCRIPTIVE = "descriptive"
LAZY = "lazy"
AFTER = "program_after_edit"
# Taking a thought out costs a pass over the text; a reply with more of them is noise.
MAX_THOUGHTS = 8

NAMES = (
    r"(?:program[ _-]+(?:before|after)[ _-]+(?:the[ _-]+)?edit"
    r"|(?:descriptive|lazy)(?:[ _-]+instructions?)?)"
)
# A line is found by the newline before it, ten times as fast as by `^`.
_BEFORE_NAME = r"\n(?P<margin>[ \t]*+)(?:[-+*>][ \t]++)?(?P<lead>(?:\d{1,2}[.)、:]|[#*_ \t])*+)"
_HEADING = re.compile(
    rf"{_BEFORE_NAME}(?P<open>[\[【])?[ \t*_]*+(?P<name>{NAMES})[ \t*_]*+(?P<close>[\]】])?"
    r"(?P<tail>[*_ \t]*+(?P<colon>[:：])?[*_ \t]*+)(?P<rest>[^\n]*+)",
    re.IGNORECASE,
)
_HEADING_THEN_FENCE = re.compile(
    rf"({_BEFORE_NAME}[\[【]?[ \t*_]*+{NAMES}[ \t*_]*+[\]】]?[*_ \t]*+[:：]?[*_ \t]*+)"
    r"(?=```|~~~)",
    re.IGNORECASE,
)
_THINK_OPEN = re.compile(r"^[ \t]*+<think(?:ing)?>", re.IGNORECASE | re.MULTILINE)
_THINK_CLOSE = re.compile(r"</think(?:ing)?>[ \t\r]*+\n?", re.IGNORECASE)
_UNREASONABLE = re.compile(r"<UNREASONABLE ?/?>", re.IGNORECASE)
_UNREASONABLE_LINE = re.compile(
    r"^[`*_#>\"' \t]*+(?:<UNREASONABLE ?/?>|\[UNREASONABLE\]|UNREASONABLE)[`*_.!\"' \t\r]*+$",
    re.IGNORECASE | re.MULTILINE,
)
_REFUSAL = re.compile(
    r"\W{0,20}(?:I(?:[’']?m| am) (?:really |very |so )?(?:sorry|afraid|unable)\b"
    r"|sorry,? (?:but )?I\b"
    r"|(?:unfortunately,? )?I (?:can[’']?t|cannot|can not|won[’']?t|am not able to|must decline)\b"
    r"|as an? (?:AI|(?:large )?language model)\b|(?:很|非常)?抱歉|对不起)",
    re.IGNORECASE,
)


class Section(NamedTuple):
    """A section's name and its text, from its heading to the next."""

    name: str
    text: str

    @property
    def is_filled(self) -> bool:
        """Tell a section from a mention of its heading."""
        text = self.text.strip()
        return "\n" in text if self.name in (BEFORE, AFTER) else bool(text)


def read_sections(reply: str, wanted: Sequence[str]) -> dict[str, str]:
    """Give the texts of the wanted sections of a reply; BadReply says which is missing and why."""
    text, is_cut_off = plain_reply(reply)
    sections = find_sections(text, wanted)
    for name in wanted:
        if name in sections:
            continue
        if is_cut_off or ends_in_block(text):
            raise BadReply("truncated")
        raise BadReply("refusal" if is_refusal(text) else f"missing_{name}")
    return sections


def read_after_section(reply: str) -> str:
    """Give the section with the program after the edit: all of a reply without that heading."""
    text, is_cut_off = plain_reply(reply)
    sections = find_sections(text, [AFTER])
    if AFTER in sections:
        return sections[AFTER]
    lines = fence_lines(text)
    if not lines and (is_cut_off or is_refusal(text)):
        raise BadReply("truncated" if is_cut_off else "refusal")
    if BEFORE in {section.name for section in split_sections(text, read_blocks(lines))}:
        raise BadReply(f"missing_{AFTER}")
    return text


def plain_reply(reply: str) -> tuple[str, bool]:
    """Take thoughts out and put fences on lines of their own.

    The flag tells that a thought was never closed.
    """
    text, is_cut_off = without_thoughts(reply)
    above_fences = text.replace("~~~", "```").split("```")[:-1]
    if any(part.rpartition("\n")[2].strip() for part in above_fences):
        text = _HEADING_THEN_FENCE.sub(r"\1\n", "\n" + text)[1:]
    return text, is_cut_off


def find_sections(text: str, wanted: Sequence[str]) -> dict[str, str]:
    """Find what there is of the wanted sections; the last complete set wins.

    A heading inside a fence is code, unless only so the set becomes complete and leaves no fence
    open: some models fence the whole reply.
    """
    sections = choose_set(split_sections(text, read_blocks(fence_lines(text))), wanted)
    if len(sections) < len(wanted):
        everywhere = choose_set(split_sections(text, Reading([], None)), wanted)
        if len(everywhere) == len(wanted) and not any(map(ends_in_block, everywhere.values())):
            return everywhere
    return sections


def is_refusal(text: str) -> bool:
    """Tell whether a text opens with the model declining to answer."""
    return bool(_REFUSAL.match(text))


def is_unreasonable(reply: str) -> bool:
    """Tell whether a reply declares the program unreasonable, outside code.

    Beside code the mark must stand alone: `so it is not <UNREASONABLE>` declares nothing.
    """
    if "unreasonable" not in reply.lower():
        return False
    text, _ = plain_reply(reply)
    reading = read_blocks(fence_lines(text))
    has_code = reading.blocks or reading.unclosed
    if not has_code and _UNREASONABLE.search(text):
        return True
    return _first_outside(_UNREASONABLE_LINE, text, reading) is not None


def without_thoughts(reply: str) -> tuple[str, bool]:
    """Take `<think>` parts out of a reply; the flag tells that the last one was never closed.

    Tags inside fenced code are code. Of an unclosed thought only the tag goes: an answer that
    follows it still counts.
    """
    is_cut_off = False
    for _ in range(MAX_THOUGHTS):
        if "think" not in reply.lower():
            break
        reading = read_blocks(fence_lines(reply))
        opening = _first_outside(_THINK_OPEN, reply, reading)
        closing = _THINK_CLOSE.search(reply, opening.end()) if opening else None
        stray = _first_outside(_THINK_CLOSE, reply, reading)
        if opening and closing and not (stray and stray.start() < opening.start()):
            reply = reply[: opening.start()] + reply[closing.end() :]
        elif stray:
            reply = reply[stray.end() :]
        elif opening:
            reply = reply[: opening.start()] + reply[opening.end() :]
            is_cut_off = True
        else:
            break
    return reply, is_cut_off


def split_sections(text: str, reading: Reading) -> list[Section]:
    """Cut a reply at its headings; `reading` tells which lines are inside code."""
    headings = [
        match
        for match in _HEADING.finditer("\n" + text)
        if is_heading(match) and not reading.is_code(match.start())
    ]
    bounds = [*(match.start() for match in headings), len(text)]
    return [
        Section(_section_name(match["name"]), text[match.start("rest") - 1 : end].strip("\r\n"))
        for match, end in zip(headings, bounds[1:], strict=True)
    ]


def is_heading(match: re.Match[str]) -> bool:
    """Tell a heading from a line of prose or code that begins with a section's name."""
    if bool(match["open"]) != bool(match["close"]) or match["lead"].count("#") > 6:
        return False
    if match["open"]:
        is_link = match["rest"].startswith("(") and not match["tail"]
        return not is_link
    is_plain = not match["lead"].strip(" \t")
    if is_plain and len(match["margin"].expandtabs(4)) > 3:
        return False
    return bool(match["colon"]) or not match["rest"].strip()


def choose_set(sections: Sequence[Section], wanted: Sequence[str]) -> dict[str, str]:
    """Pick the last complete set of the wanted sections, or else the last one of each.

    A set is complete with each name once, side by side; one in the template's order and with
    nothing empty goes first.
    """
    known = [section for section in sections if section.name in wanted]
    starts = range(len(known) - len(wanted), -1, -1)
    windows = [known[start : start + len(wanted)] for start in starts]
    complete = [window for window in windows if not _repeats(window)]
    if complete:
        best = min(complete, key=lambda window: _flaws(window, wanted))
        return {section.name: section.text for section in best}
    known.sort(key=lambda section: section.is_filled)
    return {section.name: section.text for section in known}


def _repeats(window: Sequence[Section]) -> bool:
    return len({section.name for section in window}) < len(window)


def _flaws(window: Sequence[Section], wanted: Sequence[str]) -> tuple[bool, bool]:
    is_in_order = [section.name for section in window] == list(wanted)
    return not all(section.is_filled for section in window), not is_in_order


def ends_in_block(text: str) -> bool:
    """Tell whether a text breaks off inside a block; a fence with nothing below it opens none."""
    unclosed = read_blocks(fence_lines(text)).unclosed
    return unclosed is not None and bool(text[unclosed.end :].strip())


def _section_name(heading: str) -> str:
    words = heading.lower()
    if words.startswith("program"):
        return BEFORE if "before" in words else AFTER
    return DESCRIPTIVE if words.startswith("descriptive") else LAZY


def _first_outside(pattern: re.Pattern[str], text: str, reading: Reading) -> re.Match[str] | None:
    matches = pattern.finditer(text)
    return next((match for match in matches if not reading.is_code(match.start())), None)
