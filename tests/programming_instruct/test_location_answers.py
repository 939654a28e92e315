"""Changes by line numbers: written, applied, and refused when they are not sound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from programming_instruct.location_answers import apply_changes, write_changes
from utils.code.apply_edit import NotApplicable
from utils.code.write_edit import NotProvable

CODE = "a\nb\nc\nd\n"
# Lines that look like parts of the format, that repeat, and ends of all kinds.
lines = st.sampled_from(["a", "b", "", "+b", "@@ 1 @@", "  a", "é\x0c\u2028", "a\r", "```"])
codes = st.lists(lines, max_size=8).map(lambda many: "".join(line + "\n" for line in many))


def test_lines_are_replaced_inserted_and_deleted() -> None:
    assert write_changes(CODE, "a\nB\nC\nd\n") == "@@ 2-3 @@\n+B\n+C\n"
    assert write_changes(CODE, "a\nb\nx\nc\nd\n") == "@@ after 2 @@\n+x\n"
    assert write_changes(CODE, "x\na\nb\nc\nd\n") == "@@ after 0 @@\n+x\n"
    assert write_changes(CODE, "a\nb\nc\n") == "@@ 4 @@\n"


def test_line_numbers_are_those_of_the_code_before() -> None:
    assert write_changes(CODE, "x\na\nb\nc\nD\n") == "@@ after 0 @@\n+x\n@@ 4 @@\n+D\n"


@given(codes, codes)
def test_any_edit_of_whole_lines_comes_back_to_the_byte(before: str, after: str) -> None:
    if before != after:
        assert apply_changes(write_changes(before, after), before) == after


@given(codes, codes)
def test_codes_that_both_lack_the_final_newline_come_back_too(before: str, after: str) -> None:
    before, after = before + "last", after + "last"
    if before != after:
        assert apply_changes(write_changes(before, after), before) == after


def test_the_loss_of_the_final_newline_can_not_be_expressed() -> None:
    with pytest.raises(NotProvable, match="not_provable"):
        write_changes("a\nb\n", "a\nb")


def test_equal_codes_make_no_changes() -> None:
    with pytest.raises(NotProvable, match="no_change"):
        write_changes(CODE, CODE)


@pytest.mark.parametrize(
    "changes",
    [
        "",
        "+x\n",
        "x\n",
        "@@ 0 @@\n+x\n",
        "@@ 3-2 @@\n+x\n",
        "@@ 4-5 @@\n+x\n",
        "@@ after 5 @@\n+x\n",
        "@@ 3 @@\n+x\n@@ 2 @@\n+y\n",
        "@@ 2-3 @@\n+x\n@@ 3 @@\n+y\n",
        "@@ 2 @@\n+x\n y\n",
        "@@ 2 @@ \n+x\n",
    ],
    ids=repr,
)
def test_changes_that_are_not_sound_are_not_applied(changes: str) -> None:
    with pytest.raises(NotApplicable):
        apply_changes(changes, CODE)
