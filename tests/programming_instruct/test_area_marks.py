"""Marks of the target area: shown, never mistaken for code, and taken out to the byte."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from programming_instruct.area_marks import Marks, choose_marks, mark_area, unmark
from programming_instruct.sample_fields import BadSample
from programming_instruct.target_area import Area
from utils.finetune.chat_format import whole_lines

MARKS = choose_marks([])
pieces = st.sampled_from(["a", "\n", "\r\n", " ", "[", "]", "[[CUR", "SOR]]", "[[/", "é", "\x0c"])
codes = st.lists(pieces, max_size=8).map("".join)


def test_a_cursor_and_a_selection_stand_where_the_area_is() -> None:
    assert mark_area("x = 1\n", 4, MARKS) == "x = [[CURSOR]]1\n"
    assert mark_area("x = 1\n", [4, 5], MARKS) == "x = [[SELECTION]]1[[/SELECTION]]\n"
    assert mark_area("x = 1\n", [4, 4], MARKS) == "x = [[SELECTION]][[/SELECTION]]1\n"
    assert mark_area("x = 1\n", None, MARKS) == "x = 1\n"


def test_code_that_holds_marks_is_given_others() -> None:
    marks = choose_marks(["x = '[[CURSOR]]'\n", "y"])
    assert marks == Marks("[[CURSOR 2]]", "[[SELECTION 2]]", "[[/SELECTION 2]]")


def test_code_that_holds_all_marks_is_refused() -> None:
    held = ["[[CURSOR]]", *(f"[[SELECTION {number}]]" for number in range(2, 10))]
    with pytest.raises(BadSample, match="marks_in_code"):
        choose_marks(held)


@given(codes, st.integers(0, 20), st.integers(0, 20), st.booleans())
@example("a\n", 2, 2, True)
@example("a\n\n", 2, 2, True)
@example("a\n\n", 1, 2, False)
@example("a\n\n", 2, 3, False)
@example("\n", 0, 0, True)
@example("", 0, 0, True)
def test_code_comes_back_to_the_byte_from_what_is_shown(
    code: str, one: int, other: int, is_cursor: bool
) -> None:
    marks = choose_marks([code])
    left, right = sorted((min(one, len(code)), min(other, len(code))))
    area: Area = left if is_cursor else [left, right]
    marked = mark_area(code, area, marks)
    # A fenced block ends each text in a newline.
    assert unmark(whole_lines(marked), marks) == whole_lines(code)
    assert [marked.count(mark) for mark in marks] == ([1, 0, 0] if is_cursor else [0, 1, 1])
    assert unmark(whole_lines(code), marks) == whole_lines(code)


def test_below_the_last_line_marks_are_a_line_of_their_own() -> None:
    assert mark_area("x\n", 2, MARKS) == "x\n[[CURSOR]]"
    # The empty last line and the end of the code look the same, so that only one is marked.
    assert mark_area("x\n\n", 2, MARKS) == mark_area("x\n\n", 3, MARKS) == "x\n\n[[CURSOR]]"
