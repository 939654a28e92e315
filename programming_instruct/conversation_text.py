"""A sample as the turns of a conversation, and the turns read back.

The user turn shows the changes so far, the current code with its area marked, and the words of the
programmer; the assistant turn gives the next edit, then the message. Whatever is written here is
read back before it is used: the code from the user turn, the code after from the reply.
"""

import random
import re
from itertools import pairwise
from typing import NamedTuple

from programming_instruct.area_marks import Marks, choose_marks, mark_area, unmark
from programming_instruct.location_answers import apply_changes, write_changes
from programming_instruct.sample_fields import BadSample, Sample
from utils.code.apply_edit import NotApplicable, apply_edit
from utils.code.fences import fenced
from utils.code.write_edit import NotProvable, make_answer
from utils.finetune.chat_format import NO_THINK, TrainingConversation, whole_lines

ANSWERS = {
    "whole": "the whole edited program, without marks, in one fenced code block",
    "location_and_change": "the changes alone, in one fenced block. Each begins with the lines "
    "that it replaces, counted from 1 in the program as it is: `@@ 3-5 @@`, or `@@ 3 @@` for a "
    "single line, or `@@ after 3 @@` for new lines below a line (0: at the top). The new lines "
    "follow, each after a `+`; with none, the old ones are deleted",
    "search_replace": "search/replace blocks in one fenced code block: a line `<<<<<<< SEARCH`, "
    "lines of the program without marks, a line `=======`, the lines that take their place, a "
    "line `>>>>>>> REPLACE`. The search text is whole lines that stand in the program exactly once",
}
NO_CHANGE = "No change."
HISTORY, CURRENT, REQUEST, NEXT = (
    "## Changes So Far:",
    "## Current Code:",
    "## Request:",
    "## Next Edit:",
)
_OPENER = re.compile(r"(`{3,})[^`\n]*\n")


class TextSettings(NamedTuple):
    """How samples are worded; an answer format is drawn for each."""

    answer_formats: tuple[str, ...] = ("whole",)
    final_newline: str = "add"
    no_think: bool = False


class SampleText(NamedTuple):
    """The conversation of a sample, and the edit that it proves."""

    conversation: TrainingConversation
    code_before: str
    code_after: str
    answer_format: str
    # Whether the code differs from the sample's by final newlines.
    has_new_newline: bool


def make_text(sample: Sample, settings: TextSettings, rng: random.Random) -> SampleText:
    """Word a sample; BadSample or NotProvable, each with the reject reason, if it can't be done.

    A fenced block shows whole lines: by default all code gets its final newline, and the edit is
    proved as it is written.
    """
    answer_format = rng.choice(settings.answer_formats)
    shown = _with_final_newlines(sample) if settings.final_newline == "add" else sample
    before, after = shown.current, shown.following
    marks = choose_marks([*shown.history, before, after, shown.words, shown.chat])
    conversation = TrainingConversation(
        system_turn(answer_format, marks, bool(shown.chat)),
        sample_turn(shown, marks) + (NO_THINK if settings.no_think else ""),
        assistant_turn(answer_format, shown),
    )
    if read_current_code(conversation.user, marks) != whole_lines(before):
        raise NotProvable("code_not_recoverable")
    changed = (before, after) != (sample.current, sample.following)
    return SampleText(conversation, before, after, answer_format, changed)


def _with_final_newlines(sample: Sample) -> Sample:
    return sample._replace(
        history=tuple(map(whole_lines, sample.history)),
        current=whole_lines(sample.current),
        following=whole_lines(sample.following),
    )


def system_turn(answer_format: str, marks: Marks, has_chat: bool) -> str:
    """Say what the assistant is shown, and what it is to answer with."""
    chat = "Then tell the programmer what the edit does." if has_chat else "Add nothing to it."
    return (
        "You are a programming assistant who makes the programmer's next edit. You are shown the "
        "changes made so far, where there are any, as unified diffs, the oldest first; the program "
        "as it is now; and what the programmer asks for, if anything. Without a request, make the "
        "edit that can be foreseen from what you see.\n"
        f"In the program, {marks.cursor} marks the programmer's cursor, or {marks.left} and "
        f"{marks.right} enclose what is selected; most edits belong there or nearby. The marks are "
        "no part of the program, nor is a last line that holds nothing else.\n"
        f"Answer with {ANSWERS[answer_format]}. If nothing is to be changed, answer `{NO_CHANGE}` "
        f"instead. {chat}"
    )


def sample_turn(sample: Sample, marks: Marks) -> str:
    """Show history, code and words; the answer continues the last heading."""
    parts = []
    if diffs := fenced_diffs(sample):
        parts += [HISTORY, *diffs]
    marked = mark_area(sample.current, sample.area, marks)
    parts += [CURRENT, fenced(marked, sample.label)]
    if sample.words:
        parts += [REQUEST, sample.words]
    return "\n".join([*parts, NEXT])


def fenced_diffs(sample: Sample) -> list[str]:
    """Write the change from each version to the next as a fenced diff, proved to apply.

    Equal neighbours make none.
    """
    versions = (*sample.history, sample.current)
    try:
        return [make_answer("diff", old, new, "") for old, new in pairwise(versions) if old != new]
    except NotProvable:
        raise BadSample("history_not_provable") from None


def assistant_turn(answer_format: str, sample: Sample) -> str:
    """Write the answer and the message below it, proved; NotProvable if there is none."""
    answer = write_answer(answer_format, sample)
    reply = f"{answer}\n\n{sample.chat}" if sample.chat else answer
    try:
        is_proved = apply_reply(answer_format, reply, sample.current) == sample.following
    except NotApplicable:
        is_proved = False
    if not is_proved:
        raise NotProvable("not_provable")
    return reply


def write_answer(answer_format: str, sample: Sample) -> str:
    """Write the edit as an answer of this format; NotProvable if it would not give the edit."""
    before, after = sample.current, sample.following
    if before == after:
        return NO_CHANGE
    if answer_format == "location_and_change":
        return fenced(write_changes(before, after), "changes")
    return make_answer(answer_format, before, after, sample.label)


def apply_reply(answer_format: str, reply: str, code_before: str) -> str:
    """Give the code after by a reply; NotApplicable unless it begins with a sound answer."""
    if reply == NO_CHANGE or reply.startswith(NO_CHANGE + "\n\n"):
        return code_before
    content, rest = split_block(reply)
    if rest and not rest.startswith("\n\n"):
        raise NotApplicable
    match answer_format:
        case "whole":
            return content
        case "location_and_change":
            return apply_changes(content, code_before)
        case _:
            return apply_edit(content, code_before)


def read_current_code(turn: str, marks: Marks) -> str:
    """Read the current code from a user turn, with its final newline and without marks."""
    # The lines of the diffs above it all begin with marks of their own.
    _, _, below = f"\n{turn}".partition(f"\n{CURRENT}\n")
    return unmark(split_block(below)[0], marks)


def split_block(text: str) -> tuple[str, str]:
    """Split a text into the content of the fenced block that it begins with, and what follows.

    The block ends at the first line that is its fence and nothing else.
    """
    opener = _OPENER.match(text)
    if opener is None:
        raise NotApplicable
    start, fence = opener.end(), opener[1]
    end = f"{text}\n".find(f"\n{fence}\n", start - 1)
    if end < 0:
        raise NotApplicable
    return text[start : end + 1], text[end + 1 + len(fence) :]
