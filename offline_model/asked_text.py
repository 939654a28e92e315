"""Finds in a prompt what it is about, by its form: sections, tags, lists, never by its words."""

import re
from dataclasses import dataclass

# A Markdown heading, an opening or a closing tag, or a label alone before a text: `Question: ...`.
_MARK = re.compile(
    r"^(?:#{1,6}[ ]+(?P<heading>[^\n]+)|</?(?P<tag>\w+)>[ ]*$|(?P<label>[A-Z][\w ]{0,30}):(?=\s))",
    re.MULTILINE,
)
_ITEM = re.compile(r"^[ ]*[-*] +[\"'`]?([\w][\w /-]{0,60}?)[\"'`]?[ ]*(?::[^\n]*)?$", re.MULTILINE)
_NUMBERED = re.compile(r"^(?:---|#+|\[|\()? ?(\d{1,3})(?: ?---|\.|\)|\]|:)", re.MULTILINE)
_PHRASE = re.compile(r"\b(?:the|an?|my|your|this|these|for|with|of) ([a-z]{3,}(?: [a-z]{4,})?)\b")
_COMMON_TEXT = """
    about again also and answer another anything before being cannot could does each else every
    first following from given have into itself kind more most much must need other question same
    should some something such that their them then there these they thing this those want was
    what when where which while whole will with without would write you your
"""
_COMMON = frozenset(_COMMON_TEXT.split())
_LONGEST_SUBJECT = 1500


@dataclass(frozen=True)
class Section:
    """A part of a prompt: what it is called, and its text."""

    name: str
    text: str


def sections_of(text: str) -> list[Section]:
    """List the parts of a prompt that have a heading, a tag or a label, and hold anything."""
    marks = list(_MARK.finditer(text))
    ends = [*(mark.start() for mark in marks), len(text)][1:]
    found = []
    for mark, end in zip(marks, ends, strict=True):
        name = mark["heading"] or mark["tag"] or mark["label"]
        is_closing = mark[0].startswith("</")
        body = text[mark.end() : end].strip().strip("\"'").strip()
        if body and not is_closing:
            found.append(Section(name.strip(), body))
    return found


def subject_of(text: str) -> str:
    """Give the text that a prompt is about: its last part that has any; '' where it has no parts.

    What asks for JSON, or only lists things, is not what a prompt is about.
    """
    for section in reversed(sections_of(text)):
        is_form = "{" in section.text or section.text.startswith(("-", "```"))
        if not is_form and len(section.text) <= _LONGEST_SUBJECT:
            return section.text
    return ""


def items_of(text: str) -> list[str]:
    """List what a prompt lists in lines of their own: labels, criteria; each once.

    A list of bare names goes before one that says something of each.
    """
    runs = re.findall(r"(?:^[ ]*[-*] +[\w /-]{1,40}\n?){2,}", text, re.MULTILINE)
    return list(dict.fromkeys(_ITEM.findall(runs[0] if runs else text)))


def options_in(text: str) -> list[Section]:
    """List the numbered options of a prompt: the last run of 1, 2, 3 ..."""
    marks = list(_NUMBERED.finditer(text))
    starts = [n for n, mark in enumerate(marks) if mark[1] == "1"]
    run = marks[starts[-1] :] if starts else []
    run = [mark for number, mark in enumerate(run, 1) if mark[1] == str(number)]
    ends = [*(mark.start() for mark in run), len(text)][1:]
    return [
        Section(mark[1], text[mark.end() : end].strip())
        for mark, end in zip(run, ends, strict=True)
    ]


def compared_in(text: str) -> list[str]:
    """Give the two texts that stand to be compared: parts whose names differ in one letter."""
    parts = sections_of(text)
    for place, second in reversed(list(enumerate(parts))):
        for first in parts[:place]:
            names = first.name.rstrip(":"), second.name.rstrip(":")
            if names[0] != names[1] and names[0][:-1] == names[1][:-1]:
                return [first.text, second.text]
    return []


def things_in(text: str) -> list[str]:
    """List a few words for what a text speaks of; there is always one."""
    found = [match[1] for match in _PHRASE.finditer(text[:2000])]
    words = re.findall(r"\b[a-z]{5,}\b", text[:2000])
    known = [thing for thing in (*found, *words) if not set(thing.split()) & _COMMON]
    return list(dict.fromkeys(known))[:12] or ["the matter"]
