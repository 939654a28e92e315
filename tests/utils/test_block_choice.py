import pytest

from utils.block_choice import is_about_program, is_transcript, kinship, same_program
from utils.fences import fence_lines, read_blocks


def is_aside(label):
    text = f"{label}\n\n```\nf(1)\n```\n"
    return is_about_program(text, read_blocks(fence_lines(text)).blocks[0])


@pytest.mark.parametrize(
    "label",
    ["Usage:", "**Usage example:**", "### Example", "And some tests:", "It prints:", "Run it so:"],
)
def test_a_label_tells_that_a_block_is_not_the_program(label):
    assert is_aside(label)


@pytest.mark.parametrize(
    "label",
    [
        "",
        "Here is the program, with tests:",
        "## Updated code with an example",
        "This is the test file after the edit:",
        "I ran the tests. They pass, as before, so here it is at last, in full and unabridged:",
        "They run",
    ],
)
def test_any_other_line_above_a_block_tells_nothing(label):
    assert not is_aside(label)


def test_a_transcript_is_known_by_its_prompt():
    assert is_transcript("\n>>> f(1)\n2\n")
    assert not is_transcript("x = 1 >>> 2\n")


def test_blank_lines_and_trailing_spaces_make_no_other_program():
    assert same_program("x = 1\n\ny = 2\n", "x = 1  \ny = 2\n\n")
    assert not same_program("if x:\n    y\n", "if x:\n  y\n")


def test_kinship_is_the_share_of_lines_kept():
    assert kinship("a\nb\nx\n", "a\nb\nc\nd\n") == 0.5
    assert kinship("x\n", "") == 0
