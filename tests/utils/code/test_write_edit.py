import re
import shutil
import subprocess

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from utils.code.apply_edit import NotApplicable
from utils.code.fences import only_block
from utils.code.write_edit import (
    EDIT_FORMATS,
    NotProvable,
    apply_answer,
    changed_lines,
    make_answer,
)

LINES = [
    "a", "b", "", "\tc", "  ", "e\r", "\r", "x = 'ü\u2028漢'", "\x0c", "```", "````python", "~~~",
    "-- d", "++ e", "--- a", "+++ b", "@@ -1 +1 @@", "\\ No newline at end of file", "=====",
    "=======", " def f(a):", "\ufeffz", "## Code After:", "\x85",
]  # fmt: skip
lines = st.lists(st.sampled_from(LINES), max_size=14)
endings = st.sampled_from(["", "\n"])
programs = st.builds(lambda lines, end: "\n".join(lines) + end, lines, endings)
few_changes = st.lists(st.tuples(st.integers(0, 13), st.sampled_from([*LINES, None])), max_size=3)


def change(program, changes):
    """Replace or delete single lines, as most edits do."""
    after = program.split("\n")
    for place, line in changes:
        if after:
            place %= len(after)
            after[place : place + 1] = [] if line is None else [line]
    return "\n".join(after)


edits = st.one_of(
    st.tuples(programs, programs),
    st.builds(lambda program, changes: (program, change(program, changes)), programs, few_changes),
)


def block(search, replacement, length=7):
    return f"{'<' * length} SEARCH\n{search}{'=' * length}\n{replacement}{'>' * length} REPLACE\n"


@pytest.mark.parametrize("edit_format", EDIT_FORMATS)
@settings(max_examples=250, deadline=None)
@given(edit=edits)
def test_an_answer_gives_the_code_after_to_the_byte_or_there_is_none(edit_format, edit):
    before, after = edit
    try:
        answer = make_answer(edit_format, before, after, "python")
    except NotProvable:
        return
    assert apply_answer(edit_format, answer, before) == after


@settings(max_examples=200, deadline=None)
@given(edits)
def test_whole_lines_are_always_given(edit):
    before, after = (code if code.endswith("\n") else code + "\n" for code in edit)
    assert make_answer("whole", before, after, "python")
    assume(before != after)
    assert make_answer("diff", before, after, "python")


plain_lines = st.lists(st.sampled_from(LINES[:18]), max_size=14)
plain_programs = plain_lines.map(lambda lines: "".join(line + "\n" for line in lines))


@settings(max_examples=300, deadline=None)
@given(plain_programs, plain_programs)
def test_blocks_are_always_found_for_whole_lines_without_marks(before, after):
    assume(before != after and (before or after != "\n"))
    answer = make_answer("search_replace", before, after, "python")
    assert searches_stand_once(answer, before)


def searches_stand_once(answer, before):
    searches = re.findall(r"<<<<<<< SEARCH\n(.*?)=======\n", answer, re.DOTALL)
    return not before or {before.count(search) for search in searches} == {1}


@pytest.mark.skipif(not shutil.which("patch"), reason="needs the patch program")
@settings(max_examples=25, deadline=None)
@given(edit=edits)
def test_the_patch_program_takes_the_diffs(tmp_path_factory, edit):
    before, after = edit
    assume(before and after and before != after)
    file = tmp_path_factory.mktemp("code") / "code"
    file.write_bytes(before.encode())
    diff = only_block(make_answer("diff", before, after, "python"))
    command = ["patch", "--binary", "--fuzz=0", "--posix", str(file)]
    subprocess.run(command, input=diff.encode(), check=True, capture_output=True)
    assert file.read_bytes() == after.encode()


def test_a_diff_has_three_lines_of_context_and_joins_near_hunks():
    before = "".join(f"{n}\n" for n in range(30))
    after = before.replace("5\n", "five\n", 1).replace("12\n", "").replace("28\n", "28\nmore\n")
    assert only_block(make_answer("diff", before, after, "python")) == (
        "--- a/code\n+++ b/code\n"
        "@@ -3,14 +3,13 @@\n 2\n 3\n 4\n-5\n+five\n 6\n 7\n 8\n 9\n 10\n 11\n-12\n 13\n 14\n 15\n"
        "@@ -27,4 +26,5 @@\n 26\n 27\n 28\n+more\n 29\n"
    )


def test_a_diff_says_where_the_final_newline_is_missing():
    diff = only_block(make_answer("diff", "x = 1", "x = 2\n", "python"))
    assert diff.endswith("@@ -1 +1 @@\n-x = 1\n\\ No newline at end of file\n+x = 2\n")


@pytest.mark.parametrize(
    ("edit_format", "before", "after"),
    [("whole", "x\n", "y"), ("search_replace", "x\n", "y"), ("search_replace", "", "y")],
)
def test_a_final_newline_that_the_format_can_not_take_away_is_no_answer(edit_format, before, after):
    with pytest.raises(NotProvable, match="not_provable"):
        make_answer(edit_format, before, after, "python")


@pytest.mark.parametrize("edit_format", ["diff", "search_replace"])
def test_an_edit_that_changes_nothing_has_no_answer(edit_format):
    with pytest.raises(NotProvable, match="no_change"):
        make_answer(edit_format, "x\n", "x\n", "python")


def test_a_block_holds_the_changed_lines_alone_where_they_stand_once():
    answer = make_answer("search_replace", "a\nb\nc\n", "a\nB\nc\n", "python")
    assert answer == "```python\n" + block("b\n", "B\n") + "```"


def test_a_block_takes_in_lines_until_its_text_stands_once_even_inside_lines():
    answer = make_answer("search_replace", "xa\ny\na\n", "xa\ny\nb\n", "python")
    assert only_block(answer) == block("y\na\n", "y\nb\n")


def test_insertions_are_hung_on_a_neighbouring_line():
    answer = make_answer("search_replace", "a\nb\n", "a\nb\nc\n", "python")
    assert only_block(answer) == block("b\n", "b\nc\n")


def test_a_function_added_below_a_blank_line_is_hung_on_the_last_line():
    answer = make_answer("search_replace", "a\nb\n", "a\nb\n\nc\n", "python")
    assert only_block(answer) == block("b\n", "b\n\nc\n")


def test_two_far_changes_are_two_blocks_and_touching_ones_are_one():
    before = "".join(f"line {n}\n" for n in range(9))
    far = before.replace("1", "one").replace("7", "seven")
    assert make_answer("search_replace", before, far, "python").count("SEARCH") == 2
    near = before.replace("1", "one").replace("2", "two")
    assert make_answer("search_replace", before, near, "python").count("SEARCH") == 1


def test_a_block_whose_text_an_earlier_one_would_bring_in_again_is_widened():
    before, after = "a\nb\nc\nd\ne\n", "e\nb\nc\nd\nf\n"
    answer = make_answer("search_replace", before, after, "python")
    assert only_block(answer) == block("a\nb\n", "e\nb\n") + block("d\ne\n", "d\nf\n")


def test_marks_differ_from_the_rules_in_the_code():
    answer = make_answer("search_replace", "Title\n=======\n", "Name\n=======\n\n", "python")
    assert only_block(answer) == block("Title\n=======\n", "Name\n=======\n\n", 8)


def test_code_that_holds_a_mark_is_no_block():
    with pytest.raises(NotProvable):
        make_answer("search_replace", ">>>>>>> REPLACE\n", "x\n", "python")


def test_a_rewrite_of_thousands_of_lines_takes_no_minutes():
    before = "pass\n" * 6000
    after = "x\npass\n" * 6000
    for edit_format in EDIT_FORMATS:
        assert make_answer(edit_format, before, after, "python")
    assert len(changed_lines(before.split("\n"), after.split("\n"))) == 1


@pytest.mark.parametrize("answer", ["x = 1\n", "```\nx\n```\n```\ny\n```"])
def test_an_answer_that_is_not_one_block_does_not_apply(answer):
    with pytest.raises(NotApplicable):
        apply_answer("whole", answer, "")
