import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.code.apply_edit import NotApplicable, apply_edit, looks_like_edit

CODE = "import os\n\n\ndef f(a):\n    return a\n\n\ndef g(a):\n    return -a\n"
HUNK = " def f(a):\n-    return a\n+    return a + 1\n"
EDITED = CODE.replace("return a\n", "return a + 1\n")


def unified(before, after, context=3):
    lines = difflib.unified_diff(
        before.splitlines(keepends=True), after.splitlines(keepends=True), "a/x", "b/x", n=context
    )
    return "".join(
        line if line.endswith("\n") else line + "\n\\ No newline at end of file\n" for line in lines
    )


def block(search, replace):
    return f"<<<<<<< SEARCH\n{search}=======\n{replace}>>>>>>> REPLACE\n"


lines = st.lists(st.sampled_from(["a", "b", "", "\tc", "-- d", "++ e", "@@", " "]), max_size=12)
programs = st.builds(lambda lines, end: "\n".join(lines) + end, lines, st.sampled_from(["", "\n"]))


@settings(max_examples=200, deadline=None)
@given(programs, programs, st.integers(1, 3))
def test_a_diff_gives_the_code_after_to_the_byte(before, after, context):
    diff = unified(before, after, context)
    if diff:
        assert apply_edit(diff, before) == after


@pytest.mark.parametrize(
    "header",
    [
        "",
        "@@\n",
        "@@ ... @@\n",
        "@@ -4,2 +4,2 @@\n",
        "@@ -1,9 +1,9 @@ def f(a):\n",
        "--- a\n+++ b\n",
    ],
    ids=["none", "bare", "dots", "right", "wrong", "files"],
)
def test_a_hunk_without_sound_line_numbers_goes_where_its_old_lines_stand_once(header):
    assert apply_edit(header + HUNK, CODE) == EDITED


@pytest.mark.parametrize(
    "edit",
    [
        "@@\n-    return b\n+    return a\n",
        "@@\n+x = 1\n",
        "@@\n def f(a):\n     return a\n",
        "--- a/x\n+++ b/x\n@@\n" + HUNK + "--- a/y\n+++ b/y\n@@\n" + HUNK,
        "@@\n" + HUNK + "and so on\n",
        block("    return b\n", "x\n"),
        "<<<<<<< SEARCH\n    return a\n=======\n    return b\n",
        block("", "x = 1\n"),
    ],
    ids=[
        "context_differs",
        "no_place",
        "no_change",
        "two_files",
        "prose",
        "not_found",
        "cut_off",
        "empty_search",
    ],
)
def test_an_edit_whose_place_is_not_certain_does_not_apply(edit):
    with pytest.raises(NotApplicable):
        apply_edit(edit, CODE)


def test_old_lines_that_stand_twice_are_no_place():
    twice = "x = 1\ny = 2\nx = 1\n"
    for edit in (block("x = 1\n", "x = 3\n"), "@@\n-x = 1\n+x = 3\n"):
        with pytest.raises(NotApplicable):
            apply_edit(edit, twice)
    assert apply_edit("@@ -3 +3 @@\n-x = 1\n+x = 3\n", twice) == "x = 1\ny = 2\nx = 3\n"


def test_search_and_replace_blocks_apply_one_after_the_other():
    edit = block("    return a\n", "    return a + 1\n") + "then\n" + block("import os\n\n\n", "")
    assert apply_edit(edit, CODE) == EDITED.removeprefix("import os\n\n\n")


def test_an_underline_in_the_text_is_not_taken_for_the_divider():
    code = '"""\nTitle\n=====\n"""\n'
    edited = '"""\nName\n====\n"""\n'
    assert apply_edit(block("Title\n=====\n", "Name\n====\n"), code) == edited


def test_an_underline_as_long_as_the_divider_leaves_the_edit_uncertain():
    with pytest.raises(NotApplicable):
        apply_edit(block("Title\n=======\n", "Name\n"), "Title\n=======\n")


def test_line_ends_of_the_code_before_are_kept():
    assert apply_edit("@@\n" + HUNK, CODE.replace("\n", "\r\n")) == EDITED.replace("\n", "\r\n")


def test_an_edit_is_known_by_its_form():
    assert looks_like_edit(block("a\n", "b\n"))
    assert looks_like_edit("so:\n@@ -1,2 +1,2 @@\n" + HUNK)
    assert looks_like_edit(HUNK, info="diff")
    assert not looks_like_edit(HUNK)
    assert not looks_like_edit(CODE, info="python")
