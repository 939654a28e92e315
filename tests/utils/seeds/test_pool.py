import pytest

from utils.jsonl import RowIndex, write_rows
from utils.seeds.pool import CommitCheck, SnippetCheck, fill_pool, is_parted, is_val

CODE = "a = 1\nb = 2\nc = 3\n"


def seed(old=CODE, new="d = 4\n", message="Change it", **fields):
    return {"commit": "c", "old_contents": old, "new_contents": new, "message": message} | fields


@pytest.mark.parametrize(
    ("old", "reason"),
    [(CODE, None), ("a\nb\n", "too_short"), ("a\n\n \nb\n\n", "too_short"), (None, "not_text")],
)
def test_a_seed_for_snippets_needs_enough_lines_of_code(old, reason):
    assert SnippetCheck(3)(seed(old)) == reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (seed(), None),
        (seed(new=""), "no_edit"),
        (seed(new=None), "no_edit"),
        (seed(new=CODE), "no_edit"),
        (seed(new=7), "not_text"),
        (seed(old=None), "not_text"),
        (seed(old="\n"), "no_code_before"),
        (seed(message=" "), "no_message"),
        (seed(message=None), "no_message"),
    ],
)
def test_a_seed_for_rewriting_needs_an_edit_and_a_message(row, reason):
    assert CommitCheck()(row) == reason


def test_the_same_content_is_used_once():
    snippets, commits = SnippetCheck(3), CommitCheck()
    assert [snippets(seed()), snippets(seed(new="other"))] == [None, "repeated"]
    assert [commits(seed()), commits(seed()), commits(seed(new="e"))] == [None, "repeated", None]


def test_all_versions_of_a_file_fall_on_one_side():
    files = [{"repos": "r", "old_file": f"{number}.py"} for number in range(400)]
    sides = [is_val(seed(old="first", **file), 42, 0.25) for file in files]
    assert sides == [is_val(seed(old="second", **file), 42, 0.25) for file in files]
    assert 70 < sum(sides) < 130
    assert sides != [is_val(seed(**file), 43, 0.25) for file in files]


def test_a_larger_share_contains_the_smaller_one():
    seeds = [seed(old=f"a = {number}") for number in range(300)]
    small, large = ([is_val(row, 1, ratio) for row in seeds] for ratio in (0.1, 0.4))
    assert 0 < sum(small) < sum(large)
    assert all(in_large for in_small, in_large in zip(small, large, strict=True) if in_small)
    assert not any(is_val(row, 1, 0) for row in seeds)


def test_the_pool_knows_the_usable_rows_and_counts_the_others(tmp_path):
    path = tmp_path / "seeds.jsonl"
    write_rows(path, [seed("a\n"), seed(), seed(None), seed(CODE + "x"), seed(CODE + "y"), seed()])
    pool = fill_pool(RowIndex(path), SnippetCheck(3), 42, 0.5)
    assert list(pool.numbers) == [1, 3, 4]
    assert sorted([*pool.side(True), *pool.side(False)]) == [1, 3, 4]
    assert pool.describe() == "3 of 6 seeds usable; too short 1; not text 1; repeated 1"


def test_a_commit_whose_files_fall_on_both_sides_serves_neither():
    files = [f"f{number}.py" for number in range(40)]
    seed = {"old_contents": "x", "repos": "ann/shapes"}
    sides = {file: is_val(seed | {"old_file": file}, 1, 0.5) for file in files}
    for one in files:
        for other in files:
            row = seed | {"old_file": one, "commit_files": [one, other]}
            assert is_parted(row, 1, 0.5) == (sides[one] != sides[other])
            assert not is_parted(row, 1, 0)
    assert len(set(sides.values())) == 2
    assert not is_parted(seed | {"old_file": "f1.py"}, 1, 0.5)
