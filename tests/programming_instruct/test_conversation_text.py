"""Samples as turns: what the user turn shows, and that every answer gives the next code."""

import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from programming_instruct.area_marks import choose_marks
from programming_instruct.conversation_text import (
    ANSWERS,
    NO_CHANGE,
    SampleText,
    TextSettings,
    apply_reply,
    make_text,
    read_current_code,
    split_block,
)
from programming_instruct.sample_fields import BadSample, Sample
from utils.code.apply_edit import NotApplicable
from utils.code.write_edit import NotProvable
from utils.finetune.chat_format import whole_lines

MARKS = choose_marks([])
EDIT = Sample(
    history=("def area(r):\n", "def area(r):\n    return r\n"),
    current="def area(r):\n    return r * r\n",
    following="import math\n\n\ndef area(r):\n    return math.pi * r * r\n",
    words="Make it a circle.",
    chat="The area of a circle takes pi:\n\n```python\nmath.pi\n```",
    area=[24, 29],
    label="python",
)
pieces = st.sampled_from(
    [
        "a",
        "b = 1",
        "\n",
        "\n",
        "\r\n",
        "```",
        "~~~",
        "=======",
        ">>>>>>> REPLACE",
        "## Current Code:",
    ]
    + ["+", "-", "@@ 1 @@", "\\ No newline at end of file", "--- a/code", " ", "\t", "é\u2028"]
)
codes = st.lists(pieces, max_size=10).map("".join)
words = st.sampled_from(["", "Do it.", "## Current Code:\n```python\nx\n```", "```"])
chats = st.sampled_from(["", "Done.", "```python\nx = 1\n```", "No change.", "@@ 1 @@\n+x", "``"])


def text_of(
    sample: Sample, answer_format: str = "whole", final_newline: str = "add", no_think: bool = False
) -> SampleText:
    settings = TextSettings((answer_format,), final_newline, no_think)
    return make_text(sample, settings, random.Random(1))


def test_the_user_turn_shows_history_code_area_and_words() -> None:
    assert text_of(EDIT).conversation.user == (
        "## Changes So Far:\n"
        "```diff\n--- a/code\n+++ b/code\n@@ -1 +1,2 @@\n def area(r):\n+    return r\n```\n"
        "```diff\n--- a/code\n+++ b/code\n@@ -1,2 +1,2 @@\n def area(r):\n-    return r\n"
        "+    return r * r\n```\n"
        "## Current Code:\n"
        "```python\ndef area(r):\n    return [[SELECTION]]r * r[[/SELECTION]]\n```\n"
        "## Request:\nMake it a circle.\n"
        "## Next Edit:"
    )


def test_a_sample_with_nothing_but_code_shows_code() -> None:
    bare = EDIT._replace(history=(), words="", chat="", area=None)
    assert text_of(bare).conversation.user == (
        "## Current Code:\n```python\ndef area(r):\n    return r * r\n```\n## Next Edit:"
    )


def test_the_answer_comes_in_the_format_asked_for_and_the_message_after_it() -> None:
    answers = {name: text_of(EDIT, name).conversation.assistant for name in ANSWERS}
    assert answers["whole"] == f"```python\n{EDIT.following}```\n\n{EDIT.chat}"
    assert answers["location_and_change"] == (
        "```changes\n@@ after 0 @@\n+import math\n+\n+\n"
        f"@@ 2 @@\n+    return math.pi * r * r\n```\n\n{EDIT.chat}"
    )
    assert answers["search_replace"].startswith("```python\n<<<<<<< SEARCH\ndef area(r):\n")
    assert answers["search_replace"].endswith(f"\n>>>>>>> REPLACE\n```\n\n{EDIT.chat}")


def test_the_system_turn_says_what_marks_and_which_answer() -> None:
    for name, wanted in ANSWERS.items():
        system = text_of(EDIT, name).conversation.system
        assert wanted in system and NO_CHANGE in system
        assert all(mark in system for mark in MARKS)
    assert "what the edit does" in text_of(EDIT).conversation.system
    assert "what the edit does" not in text_of(EDIT._replace(chat="")).conversation.system


@pytest.mark.parametrize("answer_format", ANSWERS)
def test_no_change_is_said_in_words(answer_format: str) -> None:
    same = EDIT._replace(following=EDIT.current)
    reply = text_of(same, answer_format).conversation.assistant
    assert reply == f"No change.\n\n{EDIT.chat}"
    assert apply_reply(answer_format, reply, same.current) == same.current
    assert text_of(same._replace(chat="")).conversation.assistant == "No change."


def test_one_of_several_formats_is_drawn() -> None:
    settings = TextSettings(tuple(ANSWERS))
    drawn = {make_text(EDIT, settings, random.Random(seed)).answer_format for seed in range(20)}
    assert drawn == set(ANSWERS)


def test_marks_in_the_code_are_told_apart_from_the_area() -> None:
    held = EDIT._replace(current="x = '[[CURSOR]]'\n", area=4)
    conversation = text_of(held).conversation
    assert "x = [[CURSOR 2]]'[[CURSOR]]'\n" in conversation.user
    assert "[[CURSOR 2]] marks" in conversation.system


def test_versions_that_are_equal_make_no_diff() -> None:
    still = EDIT._replace(history=(EDIT.current, EDIT.current))
    assert "Changes So Far" not in text_of(still).conversation.user


def test_final_newlines_are_added_unless_asked_otherwise() -> None:
    cut = EDIT._replace(history=("x",), current="x = 1", following="x = 2", area=5)
    added = text_of(cut)
    assert (added.code_before, added.code_after) == ("x = 1\n", "x = 2\n")
    assert added.has_new_newline and not text_of(EDIT).has_new_newline
    assert "No newline" not in added.conversation.user
    kept = text_of(cut, "search_replace", final_newline="keep")
    assert (kept.code_before, kept.code_after) == ("x = 1", "x = 2")
    with pytest.raises(NotProvable, match="not_provable"):
        text_of(cut, "whole", final_newline="keep")


def test_a_switch_for_thoughts_ends_the_user_turn() -> None:
    assert text_of(EDIT, no_think=True).conversation.user.endswith("## Next Edit: /no_think")


@given(codes, codes, codes, st.integers(0, 30), words, chats, st.sampled_from(list(ANSWERS)))
@example("a", "```\n", "\n", 4, "", "", "whole")
@example("", "", "a", 0, "", "", "location_and_change")
@example("a\n", "a\n\n", "", 2, "", "No change.", "search_replace")
def test_every_turn_reads_back_to_the_byte(
    old: str, current: str, following: str, cursor: int, said: str, chat: str, answer_format: str
) -> None:
    area = min(cursor, len(current))
    sample = Sample((old,), current, following, said, chat, area, "python")
    try:
        text = text_of(sample, answer_format)
    except (BadSample, NotProvable):
        return
    assert read_current_code(text.conversation.user, MARKS) == whole_lines(current)
    reply = text.conversation.assistant
    assert apply_reply(answer_format, reply, whole_lines(current)) == whole_lines(following)
    assert not chat or reply.endswith("\n\n" + chat)


@given(codes, codes, codes, st.sampled_from(["whole", "location_and_change"]))
def test_whole_files_and_locations_are_always_provable(
    old: str, current: str, following: str, answer_format: str
) -> None:
    text = text_of(Sample((old,), current, following, "", "", None, ""), answer_format)
    assert text.code_after == whole_lines(following)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "x = 1",
        "```python\nx = 1\n",
        "```python\nx = 1\n```\nDone.",
        "No change",
        "No change.\nx",
    ],
    ids=repr,
)
def test_a_reply_that_does_not_begin_with_an_answer_is_not_applied(reply: str) -> None:
    with pytest.raises(NotApplicable):
        apply_reply("whole", reply, "x = 0\n")


def test_a_block_ends_at_its_own_fence() -> None:
    assert split_block("````md\n```\nx\n```\n````\n\nrest") == ("```\nx\n```\n", "\n\nrest")
    assert split_block("```\n```") == ("", "")
