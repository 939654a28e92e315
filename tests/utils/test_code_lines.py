import random
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.code_lines import count_code_lines, cut_snippet, split_lines, unified_diff

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
