import pytest

from data_v5.reading.answer_texts import (
    cut_at_lines,
    drop_lines,
    split_final,
    strip_calculator,
    unquoted,
)
from data_v5.reading.columns import Unusable


@pytest.mark.parametrize("line", ["choice: up", "  choice: up", ". choice: up"])
def test_a_question_ends_before_the_line_that_begins_so(line: str) -> None:
    assert cut_at_lines(f"Which choice: this?\n{line}\nmore", ["choice:"]) == "Which choice: this?"


def test_lines_that_begin_so_are_left_out() -> None:
    assert drop_lines("one\n#### 2\nsay #### 2", ["####"]) == "one\nsay #### 2"


def test_a_lesser_sign_is_no_calculation() -> None:
    assert strip_calculator("3 < 4 << 5, 6*7=<<6*7=42>>42") == "3 < 4 << 5, 6*7=42"


def test_the_last_marker_announces_the_final_answer() -> None:
    assert split_final("The answer is: no.\nThe answer is: 5.", "The answer is:") == (
        "The answer is: no.",
        "5",
    )
    with pytest.raises(Unusable, match="^no_final_answer$"):
        split_final("5", "The answer is:")


@pytest.mark.parametrize(
    ("text", "freed"), [('"a b "', "a b"), ('"a" or "b"', '"a" or "b"'), ('"', '"'), ("a", "a")]
)
def test_quotation_marks_around_the_whole_are_taken_away(text: str, freed: str) -> None:
    assert unquoted(text) == freed
