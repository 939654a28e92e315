import difflib
import random
import subprocess

import cydifflib
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.code.lines import (
    DiffStats,
    count_code_lines,
    cut_snippet,
    diff_stats,
    lines_with_ends,
    split_lines,
    unified_diff,
)

LINES = st.lists(
    st.sampled_from(["x = 1", "    y", "", "  ", "a\x0cb", "s = '\u2028'"]), min_size=3
)


def test_lines_end_at_newlines_alone():
    assert split_lines("a\x0cb\u2028c\r\nd\n") == ["a\x0cb\u2028c\r", "d"]
    assert split_lines("a\n\n") == ["a", ""]


def test_blank_lines_are_not_counted_as_code():
    assert count_code_lines("a\n\n   \nb\n") == 2


@settings(max_examples=80)
@given(LINES, st.integers(0, 99), st.integers(1, 3), st.integers(3, 6))
def test_a_snippet_is_a_run_of_whole_lines_of_the_asked_length(lines, seed, least, most):
    code = "\n".join(lines) + "\n"
    snippet = cut_snippet(code, random.Random(seed), least, most).split("\n")
    assert least <= len(snippet) <= most
    assert any(lines[i : i + len(snippet)] == snippet for i in range(len(lines)))
    if any(line.strip() for line in lines):
        assert any(line.strip() for line in snippet)


def test_a_snippet_begins_and_ends_with_code():
    code = "def a():\n    pass\n\n\ndef b():\n    pass\n" * 20
    for seed in range(50):
        lines = cut_snippet(code, random.Random(seed), 3, 8).split("\n")
        assert lines[0].strip() and lines[-1].strip()
        assert sum(bool(line.strip()) for line in lines) * 2 >= len(lines)


def test_a_snippet_of_a_file_with_wide_gaps_holds_code():
    code = "\n" * 500 + "a\nb\n" + "\n" * 500
    assert "a\nb" in cut_snippet(code, random.Random(1), 4, 4)


def test_snippets_differ_in_length_and_place():
    code = "\n".join(f"line_{i}" for i in range(60))
    snippets = {cut_snippet(code, random.Random(seed), 5, 15) for seed in range(200)}
    assert {len(snippet.split("\n")) for snippet in snippets} == set(range(5, 16))
    assert any("line_0\n" in snippet for snippet in snippets)
    assert any(snippet.endswith("line_59") for snippet in snippets)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("a\nb\n", "a\nc\n"),
        ("a\nb", "a\nb\n"),
        ("a\nb\n", "a\nb"),
        ("a\nb", "a\nc"),
        ("a\x0c\nb\u2028\n", "a\x0c\nc\u2028\n"),
        ("a\n\n", "a\n"),
        ("a\r\nb\r\n", "a\r\nc\r\n"),
    ],
)
def test_git_applies_the_diff(tmp_path, old, new):
    (tmp_path / "x.py").write_bytes(old.encode())
    diff = unified_diff(old, new, "x.py", "x.py")
    command = ["git", "apply", "--unsafe-paths", "--whitespace=nowarn", "-"]
    subprocess.run(command, cwd=tmp_path, input=diff.encode(), check=True)
    assert (tmp_path / "x.py").read_bytes() == new.encode()


def test_a_missing_final_newline_is_marked():
    assert unified_diff("a", "b\n", "x", "x") == (
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n"
    )


SHORT_PROGRAMS = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n"]), max_size=30).map("".join)


def numbered(count: int) -> list[str]:
    return [f"line {number}\n" for number in range(count)]


@pytest.mark.parametrize(
    ("before", "after", "modified_lines"),
    [
        ("a\nb\nc\n", "a\nb\nc\n", 0),
        ("a\nb\nc\n", "a\nX\nc\n", 1),
        ("a\nb\nc\n", "a\nX\nY\nZ\nc\n", 3),
        ("a\nb\nc\nd\n", "a\nX\nd\n", 2),
        ("a\nc\n", "a\nb1\nb2\nc\n", 2),
        ("a\nb\nc\n", "a\n", 2),
        ("", "a\nb\n", 2),
        ("a\n", "a", 1),
    ],
)
def test_a_replaced_block_counts_its_longer_side(before, after, modified_lines):
    assert diff_stats(before, after).modified_lines == modified_lines


@pytest.mark.parametrize(("gap", "hunks"), [(5, 1), (6, 1), (7, 2)])
def test_edits_over_six_lines_apart_are_two_hunks(gap, hunks):
    before = numbered(40)
    after = list(before)
    after[10], after[10 + gap + 1] = "X\n", "Y\n"
    assert diff_stats("".join(before), "".join(after)) == DiffStats(2, hunks)


@settings(max_examples=150)
@given(SHORT_PROGRAMS, SHORT_PROGRAMS)
def test_hunks_are_those_of_a_unified_diff(before, after):
    diff = list(difflib.unified_diff(lines_with_ends(before), lines_with_ends(after), n=3))
    assert diff_stats(before, after).hunks == sum(line.startswith("@@") for line in diff)


@settings(max_examples=150)
@given(SHORT_PROGRAMS, SHORT_PROGRAMS)
def test_modified_lines_count_each_run_of_plus_and_minus_by_its_longer_side(before, after):
    modified, runs = 0, {"-": 0, "+": 0}
    everything = difflib.unified_diff(lines_with_ends(before), lines_with_ends(after), n=1000)
    for line in [*list(everything)[2:], " end"]:
        if line[0] in runs:
            runs[line[0]] += 1
        else:
            modified += max(runs.values())
            runs = {"-": 0, "+": 0}
    assert diff_stats(before, after).modified_lines == modified


DRAWN_LINES = st.lists(st.sampled_from(["a\n", "b\n", "c\n", "\n", "d"]), max_size=40)


@settings(max_examples=300)
@given(DRAWN_LINES, DRAWN_LINES, st.booleans())
def test_the_compiled_matcher_gives_the_opcodes_of_difflib(before, after, autojunk):
    compiled = cydifflib.SequenceMatcher(None, before, after, autojunk=autojunk)
    plain = difflib.SequenceMatcher(None, before, after, autojunk=autojunk)
    assert list(map(tuple, compiled.get_opcodes())) == list(map(tuple, plain.get_opcodes()))


def test_the_compiled_matcher_gives_the_opcodes_of_difflib_in_long_files_of_few_lines():
    rng = random.Random(1)
    before = [rng.choice("abcdefgh") + "\n" for _ in range(600)]
    after = [line for line in before if rng.random() > 0.1] + before[:50]
    for autojunk in (False, True):
        compiled = cydifflib.SequenceMatcher(None, before, after, autojunk).get_opcodes()
        plain = difflib.SequenceMatcher(None, before, after, autojunk).get_opcodes()
        assert list(map(tuple, compiled)) == list(map(tuple, plain)) and len(plain) > 1


def test_a_line_that_fills_a_long_file_is_matched_like_any_other():
    before = [line for number in range(150) for line in (f"x{number}\n", "pass\n")]
    after = [line.replace("x", "y") for line in before]
    assert diff_stats("".join(before), "".join(after)) == DiffStats(150, 1)


@given(st.text(alphabet="a\n\r\f\v\x85\u2028", max_size=30))
def test_lines_end_at_newlines_only_and_join_to_the_same_text(text):
    lines = lines_with_ends(text)
    assert "".join(lines) == text
    assert all(line.endswith("\n") for line in lines[:-1])
    assert all(line and "\n" not in line[:-1] for line in lines)


def test_a_form_feed_inside_a_line_makes_no_second_line():
    assert diff_stats("a\x0cb\n", "a\x0cc\n") == DiffStats(1, 1)
