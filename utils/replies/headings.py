"""Headings of a reply as models write them, and the sections between them.

The templates ask for `[Program Before Edit]` on a line of its own; models number, embolden and
bracket these names their own way, repeat them, and add sections nobody asked for.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from utils.code.fences import INVISIBLE, Reading

BEFORE = "program_before_edit"
DESCRIPTIVE = "descriptive"
LAZY = "lazy"
AFTER = "program_after_edit"
PROGRAMS = (BEFORE, AFTER)
# A section that nobody asked for; it only ends the one above it.
OTHER = "other"

NAMES = (
    r"(?:program[ _-]+(?:before|after)[ _-]+(?:the[ _-]+)?edit"
    r"|(?:descriptive|lazy)(?:[ _-]+instructions?)?)"
)
_OTHER_NAMES = (
    r"(?:explanations?|reasoning|rationale|analysis|notes?|comments?|summary|review|judge?ment"
    r"|verdict|changes(?: made)?|discussion|(?:example )?usage|example|edit kind|end)"
)
# What may stand around a name without being seen.
BLANK = " \t\u00a0\u3000" + INVISIBLE
# A line is found by the newline before it, ten times as fast as by `^`; a look at its first letter
# passes over most lines of code.
BEFORE_NAME = (
    rf"\n(?=[{BLANK}]*+[pdl#*_\[【0-9>+-])(?P<margin>[{BLANK}]*+)(?:[-+*>][{BLANK}]++)?"
    rf"(?P<lead>(?:\d{{1,2}}[.)、:]|[#*_{BLANK}])*+)"
)
_HEADING = re.compile(
    rf"{BEFORE_NAME}(?P<open>[\[【])?[*_{BLANK}]*+(?:(?P<name>{NAMES})|(?P<other>{_OTHER_NAMES}))"
    rf"[*_{BLANK}]*+(?P<close>[\]】])?"
    rf"(?P<tail>[*_#{BLANK}]*+(?P<colon>[:：])?[*_#{BLANK}]*+)(?P<rest>[^\n]*+)",
    re.IGNORECASE,
)


class Section(NamedTuple):
    """A section's name, its text from its heading to the next, and where the heading stands."""

    name: str
    text: str
    start: int

    @property
    def is_filled(self) -> bool:
        """Tell a section from a mention of its heading."""
        text = self.text.strip()
        return "\n" in text if self.name in PROGRAMS else bool(text)


def find_headings(text: str, reading: Reading) -> list[re.Match[str]]:
    """List the headings of a text; `reading` tells which lines are inside code."""
    headings = []
    level = 0
    for match in _HEADING.finditer("\n" + text):
        if reading.is_code(match.start()):
            continue
        if match["name"] and is_heading(match):
            level = match["lead"].count("#")
            headings.append(match)
        elif match["other"] and headings and _ends_section(match, level):
            headings.append(match)
    return headings


def program_headings(headings: Sequence[re.Match[str]]) -> list[re.Match[str]]:
    """Pick the headings that can end a program in a reply of nothing else."""
    return [match for match in headings if _section_name(match) in (*PROGRAMS, OTHER)]


def is_heading(match: re.Match[str]) -> bool:
    """Tell a heading from a line of prose or code that begins with a section's name."""
    lead, rest = match["lead"], match["rest"].strip()
    if bool(match["open"]) != bool(match["close"]) or lead.count("#") > 6:
        return False
    if match["open"]:
        is_link = rest.startswith("(") and not match["tail"]
        return not is_link
    is_plain = not lead.strip(BLANK)
    if is_plain and len(match["margin"].expandtabs(4)) > 3:
        return False
    # `# Lazy: the file is read later` is a comment.
    if rest and lead.strip(BLANK) == "#":
        return False
    return bool(match["colon"]) or not rest


def _ends_section(match: re.Match[str], level: int) -> bool:
    """Tell whether a heading that nobody asked for stands beside ours rather than below one."""
    if match["open"]:
        return bool(match["close"]) and not match["rest"].strip()
    return 0 < match["lead"].count("#") <= level and not match["rest"].strip()


def cut_sections(text: str, headings: Sequence[re.Match[str]]) -> list[Section]:
    """Cut a text at its headings."""
    bounds = [*(match.start() for match in headings), len(text)]
    return [
        Section(_section_name(match), text[match.start("rest") - 1 : end].strip("\r\n"), start)
        for match, start, end in zip(headings, bounds, bounds[1:], strict=False)
    ]


def choose_set(
    text: str, headings: Sequence[re.Match[str]], wanted: Sequence[str]
) -> dict[str, str]:
    """Pick the last complete set of the wanted sections, or else the last one of each.

    A set is complete with each name once, side by side, in the template's order or in one that
    begins as the reply does. Headings of one style are tried by themselves too: what looks like
    another heading between them may be a line of the program.
    """
    if [_section_name(match) for match in headings] == list(wanted):
        return {section.name: section.text for section in cut_sections(text, headings)}
    groups = list(_groups(headings))
    groups += [_without_inner(group, wanted) for group in groups]
    styled = [cut_sections(text, group) for group in groups]
    best: tuple[tuple[bool, int, bool], dict[str, str]] | None = None
    for sections in styled:
        for window in _complete_windows(sections, wanted):
            is_in_order = [section.name for section in window] == list(wanted)
            is_filled = all(section.is_filled for section in window)
            rank = (is_filled, window[0].start, is_in_order)
            if best is None or rank > best[0]:
                best = rank, {section.name: section.text for section in window}
    return best[1] if best else _last_of_each(styled[0], wanted)


def _groups(headings: Sequence[re.Match[str]]) -> Iterator[Sequence[re.Match[str]]]:
    """Yield all headings, then those of each style where there are several."""
    yield headings
    styles = {_style(match): None for match in headings}
    if len(styles) > 1:
        for style in styles:
            yield [match for match in headings if _style(match) == style]


def _without_inner(
    headings: Sequence[re.Match[str]], wanted: Sequence[str]
) -> Sequence[re.Match[str]]:
    """Leave out headings between a program and the rest of its set: they are lines of it."""
    names = [_section_name(match) for match in headings]
    others = list(wanted[1:])
    inner: set[int] = set()
    if not others or wanted[0] not in PROGRAMS:
        return headings
    for start in (at for at, name in enumerate(names) if name == wanted[0]):
        for at in range(start + 1, len(names)):
            # The first heading below twice: the second is its correction.
            if names[at] == wanted[0] or names[start + 1] == others[0]:
                break
            if names[at : at + len(others)] == others:
                inner.update(range(start + 1, at))
                break
    return [match for at, match in enumerate(headings) if at not in inner]


def _style(match: re.Match[str]) -> tuple[str | None, bool, bool]:
    return match["open"], "#" in match["lead"], "*" in match["lead"]


def _complete_windows(
    sections: Sequence[Section], wanted: Sequence[str]
) -> Iterator[Sequence[Section]]:
    known = [section for section in sections if section.name in wanted]
    for start in range(len(known) - len(wanted) + 1):
        window = known[start : start + len(wanted)]
        names = [section.name for section in window]
        if len(set(names)) == len(names) and (names == list(wanted) or names[0] == known[0].name):
            yield window


def _last_of_each(sections: Sequence[Section], wanted: Sequence[str]) -> dict[str, str]:
    known = [section for section in sections if section.name in wanted]
    for name in PROGRAMS:
        # A second program begins a new try; what was said of the first is not about it.
        starts = [at for at, section in enumerate(known) if section.name == name]
        starts = [at for at in starts if known[at].is_filled]
        if len(starts) > 1:
            known = known[starts[-1] :]
    known.sort(key=lambda section: section.is_filled)
    return {section.name: section.text for section in known}


def _section_name(match: re.Match[str]) -> str:
    if match["other"]:
        return OTHER
    words = match["name"].lower()
    if words.startswith("program"):
        return BEFORE if "before" in words else AFTER
    return DESCRIPTIVE if words.startswith("descriptive") else LAZY
