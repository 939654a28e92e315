import random

import pytest

from utils.errors import PipelineError
from utils.finetune.validation_split import (
    Groups,
    RowGrouping,
    SplitCheck,
    draw_validation,
    largest_group,
)

WORDS = [f"word{n}" for n in range(15)]


def program(seed, length=120):
    return " ".join(random.Random(seed).choices(WORDS, k=length))


def grouped(*rows):
    grouping = RowGrouping(42)
    for prompt, code in rows:
        grouping.add(prompt, code)
    return grouping.finish().members()


def test_rows_of_one_prompt_stay_together():
    assert grouped(("p", program(1)), ("q", program(2)), ("p", program(3))) == [[0, 2], [1]]


def test_rows_of_the_same_or_nearly_the_same_code_stay_together():
    near = program(1).replace(" ", "\n", 5) + " omega"
    rows = [("a", program(1)), ("b", program(2)), ("c", near), ("d", program(2))]
    assert grouped(*rows) == [[0, 2], [1, 3]]


def test_near_duplicates_of_near_duplicates_stay_together():
    words = program(1, 200).split()
    chain = [(str(n), " ".join(words[n * 12 : n * 12 + 120])) for n in range(4)]
    assert grouped(*chain) == [[0, 1, 2, 3]]


def test_code_of_a_few_words_is_compared_too():
    assert grouped(("a", "x = 1"), ("b", "x = 1\n"), ("c", "y = 2")) == [[0, 1], [2]]


def make_groups(*sizes):
    groups = Groups()
    for size in sizes:
        first = groups.add()
        for _ in range(size - 1):
            groups.join(first, groups.add())
    return groups


def test_whole_groups_are_drawn_up_to_the_share():
    groups = make_groups(*[1, 2, 3] * 30)
    drawn = draw_validation(groups, 0.1, 7)
    assert 15 <= len(drawn) <= 18
    assert all(drawn.isdisjoint(group) or drawn.issuperset(group) for group in groups.members())
    assert drawn == draw_validation(groups, 0.1, 7)
    assert drawn != draw_validation(groups, 0.1, 8)


def test_a_group_too_large_for_the_share_is_passed_over():
    assert len(draw_validation(make_groups(50, 1, 1, 1), 0.05, 1)) == 3


def test_a_share_that_no_group_fits_into_is_an_error():
    with pytest.raises(PipelineError, match=r"asks for 1 of 10 rows, .* has 5; raise it"):
        draw_validation(make_groups(5, 5), 0.1, 1)


def test_the_largest_group_is_counted():
    assert largest_group(make_groups(2, 5, 1)) == 5
    assert largest_group(Groups()) == 0


def test_the_files_of_one_commit_stay_together_and_shared_seeds_tie_nothing():
    grouping = RowGrouping(42)
    commits = [["c1"], ["c2"], ["c1"], ["c1", "c3"], ["c1", "c3"], []]
    for number, commit in enumerate(commits):
        grouping.add(f"p{number}", program(number), commit)
    assert grouping.finish().members() == [[0, 2], [1], [3], [4], [5]]


def like_training(*rows):
    check = SplitCheck(42)
    for number, (code, is_val) in enumerate(rows):
        check.add(number, code, is_val)
    return check.validation_like_training()


def test_validation_rows_whose_code_is_nearly_that_of_a_training_row_are_found():
    near = program(1).replace(" ", "\n", 5) + " omega"
    rows = [(program(1), False), (near, True), (program(2), True), (program(3), False)]
    assert like_training(*rows) == [1]
    assert like_training(*reversed(rows)) == [2]


def test_validation_rows_of_the_very_code_of_a_training_row_are_found():
    rows = [("x = 1", True), ("x = 1", False), ("x = 1", True), ("y = 2", True), ("y = 3", False)]
    assert like_training(*rows) == [0, 2]


def test_validation_rows_like_each_other_or_like_one_that_is_like_training_stay():
    words = program(1, 200).split()
    chain = [" ".join(words[n * 12 : n * 12 + 120]) for n in range(4)]
    assert like_training((chain[0], True), (chain[1], True)) == []
    assert like_training((chain[0], False), (chain[1], True), (chain[3], True)) == [1]
