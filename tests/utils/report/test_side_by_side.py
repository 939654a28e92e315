from hypothesis import given
from hypothesis import strategies as st

from utils.report.side_by_side import MOST_LINES, diff_blocks

LINES = st.lists(st.sampled_from(["a = 1", "b = 2", "", "    c()", "# d"]), max_size=12)


def side(blocks, number):
    lines = [line for block in blocks for line in block[number if len(block) == 2 else 0]]
    return [line if isinstance(line, str) else line[0] for line in lines]


def test_equal_lines_stand_once_and_changed_ones_on_their_side():
    blocks = diff_blocks("a\nb\nc\n", "a\nB\nB2\nc\n", "text")
    assert blocks == [[["a"]], [["b"], ["B", "B2"]], [["c"]]]


@given(LINES, LINES)
def test_both_programs_can_be_read_back(before, after):
    blocks = diff_blocks(*("".join(f"{line}\n" for line in lines) for lines in (before, after)))
    assert [side(blocks, 0), side(blocks, 1)] == [before, after]


def test_long_programs_are_cut_and_the_cut_is_said():
    blocks = diff_blocks("x\n" * (MOST_LINES + 5), "x\n" * 3, "text")
    assert len(side(blocks, 0)) == MOST_LINES + 1
    assert blocks[-1] == [["… 5 more lines"], ["… 0 more lines"]]
