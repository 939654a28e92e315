import random
import shutil
import subprocess
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from programming_instruct.edit_blocks import (
    EditBlock,
    apply_blocks,
    block_diffs,
    block_series,
    edit_blocks,
    edit_diff,
    lines_and_end,
)

LINES = [
    "a", "b", "c", "", "  ", "\td", "e\r", "a\r", "\r", "f\rg", "\x0c", "h\x0ci", "j\u2028k",
    "\u2028", "\x85", "ü漢", "\ud800", "@@ -1 +1 @@", "--- a", "+++ b", "\\ No newline",
]  # fmt: skip
ENDS = ["\n", "\r\n", "\r", ""]
lines = st.lists(st.sampled_from(LINES), max_size=25)
few_lines = st.lists(st.sampled_from(["a", "b", ""]), max_size=12)
programs = st.builds(
    lambda lines, end: "\n".join(lines) + end, lines | few_lines, st.sampled_from(ENDS)
)
mixed = st.lists(st.tuples(st.sampled_from(LINES), st.sampled_from(ENDS)), max_size=12).map(
    lambda lines: "".join(line + end for line, end in lines)
)
few_changes = st.lists(
    st.tuples(st.integers(0, 24), st.integers(0, 2), few_lines.map(lambda lines: lines[:3])),
    max_size=4,
)


def random_edit_series(before: str, after: str, rng: random.Random) -> list[str]:
    return block_series(before, edit_blocks(before, after), rng)


def change(program, changes):
    after = program.split("\n")
    for place, count, new in changes:
        place %= len(after) or 1
        after[place : place + count] = new
    return "\n".join(after)


edits = st.one_of(
    st.tuples(programs, programs),
    st.tuples(mixed, mixed),
    st.builds(lambda program, changes: (program, change(program, changes)), programs, few_changes),
)


@settings(max_examples=400, deadline=None)
@given(edits, st.randoms(use_true_random=False))
def test_all_blocks_in_any_order_give_the_code_after_to_the_byte(edit, rng):
    before, after = edit
    blocks = edit_blocks(before, after)
    order = list(range(len(blocks)))
    rng.shuffle(order)
    assert apply_blocks(before, blocks, order) == after
    assert apply_blocks(before, blocks, []) == before


@settings(max_examples=400, deadline=None)
@given(edits, st.integers())
def test_a_series_leads_from_before_to_after_one_block_a_step(edit, seed):
    before, after = edit
    series = random_edit_series(before, after, random.Random(seed))
    assert series[0] == before
    assert series[-1] == after
    assert len(series) == len(edit_blocks(before, after)) + 1
    assert all(one != other for one, other in pairwise(series))


@settings(max_examples=300, deadline=None)
@given(edits, st.integers(0, 99))
def test_each_step_of_a_series_is_the_chosen_blocks_applied_to_the_code_before(edit, seed):
    before, after = edit
    blocks = edit_blocks(before, after)
    order = list(range(len(blocks)))
    random.Random(seed).shuffle(order)
    for step, version in enumerate(block_series(before, blocks, random.Random(seed))):
        assert version == apply_blocks(before, blocks, set(order[:step]))


@settings(max_examples=400, deadline=None)
@given(edits, st.data())
def test_no_subset_of_blocks_makes_a_line_that_neither_code_has(edit, data):
    before, after = edit
    blocks = edit_blocks(before, after)
    chosen = data.draw(st.sets(st.sampled_from(range(len(blocks))))) if blocks else set()
    known = set(lines_and_end(before)[0]) | set(lines_and_end(after)[0])
    assert set(lines_and_end(apply_blocks(before, blocks, chosen))[0]) <= known


@settings(max_examples=300, deadline=None)
@given(edits, st.data())
def test_what_a_subset_leaves_is_itself_an_edit_to_the_code_after(edit, data):
    before, after = edit
    blocks = edit_blocks(before, after)
    chosen = data.draw(st.sets(st.sampled_from(range(len(blocks))))) if blocks else set()
    middle = apply_blocks(before, blocks, chosen)
    rest = edit_blocks(middle, after)
    assert apply_blocks(middle, rest, range(len(rest))) == after


@settings(max_examples=300, deadline=None)
@given(edits)
def test_an_unchanged_line_lies_between_two_blocks(edit):
    before, after = edit
    blocks = edit_blocks(before, after)
    assert all(above.end < below.start for above, below in pairwise(blocks))
    old = lines_and_end(before)[0]
    for block in blocks:
        is_newline_alone = block.final_newline is not None and len(blocks) == 1
        assert tuple(old[block.start : block.end]) != block.lines or is_newline_alone


def test_replaced_inserted_and_deleted_neighbours_form_one_block():
    before = "a\nb\nc\nkeep\nd\n"
    after = "A\nB\nnew\nextra\nkeep\n"
    assert edit_blocks(before, after) == [
        EditBlock(0, 3, ("A", "B", "new", "extra")),
        EditBlock(4, 5, ()),
    ]


def test_equal_codes_have_no_block_and_a_series_of_one():
    assert edit_blocks("a\n", "a\n") == edit_blocks("", "") == []
    assert random_edit_series("a\n", "a\n", random.Random(1)) == ["a\n"]


def test_lines_added_below_a_last_line_without_newline_are_an_insertion():
    blocks = edit_blocks("x\ny\nlast", "X\ny\nlast\nadded")
    assert blocks == [EditBlock(0, 1, ("X",)), EditBlock(3, 3, ("added",))]
    assert apply_blocks("x\ny\nlast", blocks, [1]) == "x\ny\nlast\nadded"
    assert apply_blocks("x\ny\nlast", blocks, [0]) == "X\ny\nlast"


def test_the_final_newline_changes_with_the_last_block():
    before, after = "x\ny\nlast", "X\ny\nlast\nadded\n"
    blocks = edit_blocks(before, after)
    assert apply_blocks(before, blocks, [0]) == "X\ny\nlast"
    assert apply_blocks(before, blocks, [1]) == "x\ny\nlast\nadded\n"
    assert apply_blocks(after, edit_blocks(after, before), [0]) == "x\ny\nlast\nadded\n"
    assert apply_blocks(after, edit_blocks(after, before), [1]) == "X\ny\nlast"


def test_a_final_newline_alone_is_one_block_without_lines():
    assert edit_blocks("a\nb", "a\nb\n") == [EditBlock(2, 2, (), True)]
    assert random_edit_series("a\nb\n", "a\nb", random.Random(1)) == ["a\nb\n", "a\nb"]


@pytest.mark.parametrize(
    ("before", "after"), [("", "a\n"), ("", "a"), ("", "\n"), ("a\nb", ""), ("\n", ""), ("\n", "a")]
)
def test_an_empty_file_becomes_another_in_one_step(before, after):
    assert random_edit_series(before, after, random.Random(1)) == [before, after]


def test_line_ends_of_windows_stay_with_their_lines():
    series = random_edit_series("a\r\nk\r\nb\r\n", "A\r\nk\r\nb\r\nc\r\n", random.Random(3))
    assert series[1] in ("A\r\nk\r\nb\r\n", "a\r\nk\r\nb\r\nc\r\n")


def test_form_feeds_and_line_separators_split_no_line():
    assert edit_blocks("a\x0cb\u2028c\rd\n", "a\x0cb\u2028c\rD\n") == [
        EditBlock(0, 1, ("a\x0cb\u2028c\rD",))
    ]


def test_far_apart_edits_of_a_long_file_are_blocks_of_their_own():
    lines = [f"line {number}\n" for number in range(6000)]
    before, after = "".join(lines), "".join(["top\n", *lines[1:3000], *lines[3001:-1], "end\n"])
    blocks = edit_blocks(before, after)
    assert [(block.start, block.end) for block in blocks] == [(0, 1), (3000, 3001), (5999, 6000)]
    assert apply_blocks(before, blocks, [2, 0, 1]) == after


def test_a_rewrite_of_very_many_lines_is_one_block():
    before, after = "a\nb\n" * 15_000, "b\na\n" * 15_000
    assert len(edit_blocks(before, after)) == 1


def test_another_seed_gives_another_order():
    before = "".join(f"{number}\nkeep {number}\n" for number in range(8))
    after = before.replace("keep", "kept")
    series = [random_edit_series(before, after, random.Random(seed)) for seed in (1, 1, 2)]
    assert series[0] == series[1] != series[2]


def test_each_block_is_shown_as_a_diff_of_its_own_with_the_numbers_of_the_code_before():
    before = "".join(f"line {number}\n" for number in range(1, 21))
    after = before.replace("line 2\n", "line two\n").replace("line 15\n", "")
    assert block_diffs(before, edit_blocks(before, after)) == [
        "--- a/code\n+++ b/code\n@@ -1,5 +1,5 @@\n"
        " line 1\n-line 2\n+line two\n line 3\n line 4\n line 5\n",
        "--- a/code\n+++ b/code\n@@ -12,7 +12,6 @@\n"
        " line 12\n line 13\n line 14\n-line 15\n line 16\n line 17\n line 18\n",
    ]


def test_a_diff_tells_of_a_missing_final_newline():
    assert edit_diff("a\nb", "a\nb\n") == (
        "--- a/code\n+++ b/code\n@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n"
    )
    assert edit_diff("a", "a") == ""


def apply_with_git(folder, diff, before):
    (folder / "code").write_bytes(before.encode())
    (folder / "edit.diff").write_bytes(diff.encode())
    command = ["git", "apply", "--whitespace=nowarn", "edit.diff"]
    subprocess.run(command, cwd=folder, check=True, env={"GIT_CEILING_DIRECTORIES": str(folder)})
    return (folder / "code").read_bytes().decode()


LONG = [f"line {number}" for number in range(30)]
LONG_EDITS = [
    ("\n".join(LONG) + "\n", "\n".join([*LONG[:12], "new", "", *LONG[14:29]]) + "\n"),
    ("\n".join(LONG), "\n".join(["top", *LONG[:5], *LONG[6:], "end"])),
    ("\n".join(LONG), "\n".join([*LONG[:5], *LONG[6:]]) + "\n"),
    ("\n".join(LONG) + "\n", "\n".join([*LONG[:9], "@@ -1 +1 @@", *LONG[9:20], *LONG[25:]])),
    ("\r\n".join(LONG) + "\r\n", "\r\n".join([*LONG[:7], "a\u2028b\x0c", *LONG[7:]]) + "\r\n"),
]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
@pytest.mark.parametrize(("before", "after"), LONG_EDITS)
def test_git_applies_the_diffs(before, after, tmp_path):
    assert apply_with_git(tmp_path, edit_diff(before, after), before) == after
    blocks = edit_blocks(before, after)
    for number, diff in enumerate(block_diffs(before, blocks)):
        expected = apply_blocks(before, blocks, [number])
        assert apply_with_git(tmp_path, diff, before) == expected


@settings(max_examples=300, deadline=None)
@given(edits)
def test_a_blocks_diff_is_the_diff_of_applying_it_alone(edit):
    before, after = edit
    blocks = edit_blocks(before, after)
    for number, diff in enumerate(block_diffs(before, blocks)):
        alone = apply_blocks(before, blocks, [number])
        assert patched(before, diff) == alone
    assert patched(before, edit_diff(before, after)) == after


def patched(before, diff):
    """Apply a unified diff strictly: every number and every line must be right."""
    old, new, at = ended(before), [], 0
    # A line without a newline is the last of its side; mark it.
    for line in diff.replace("\n\\ No newline at end of file\n", "\0\n").split("\n")[2:-1]:
        text = line[1:].removesuffix("\0") + ("" if line.endswith("\0") else "\n")
        if line.startswith("@@"):
            top, new_top = (lines_above(line, sign) for sign in "-+")
            new += old[at:top]
            at = top
            assert len(new) == new_top
        elif line[0] in " -":
            assert old[at] == text
            at += 1
        if line[0] in " +":
            new.append(text)
    return "".join(new + old[at:])


def lines_above(head, sign):
    """Give the number of lines above a hunk; an empty range is named by the line above it."""
    part = next(part for part in head.split(" ") if part.startswith(sign))
    start, count = (*map(int, part[1:].split(",")), 1)[:2]
    return start - (count > 0)


def ended(code):
    lines, final_newline = lines_and_end(code)
    return [line + "\n" for line in lines[:-1]] + [
        line + ("\n" if final_newline else "") for line in lines[-1:]
    ]
