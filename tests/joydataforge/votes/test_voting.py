import pytest

from joydataforge.votes.voting import (
    Count,
    TieRule,
    break_tie,
    check_quorum,
    count_each,
    count_one,
    count_votes,
    needed_votes,
)

LABELS = ["x", "y", "z"]


def votes(*given: str) -> dict[str, list[str]]:
    """Let models m0, m1, ... vote; each text holds one model's labels."""
    return {f"m{number}": list(labels) for number, labels in enumerate(given)}


@pytest.mark.parametrize(
    ("quorum", "models", "needed"),
    [(2, 3, 2), (0.5, 3, 2), (0.5, 4, 2), (0.6, 5, 3), (0.1, 3, 1), (1.0, 3, 3), (1, 3, 1)],
)
def test_a_quorum_is_a_number_of_votes_or_a_share_of_the_models(
    quorum: int | float, models: int, needed: int
) -> None:
    check_quorum(quorum, models)
    assert needed_votes(quorum, models) == needed


@pytest.mark.parametrize("quorum", [0, 4, -1, 0.0, 1.5, float("nan"), float("inf")])
def test_a_quorum_that_can_not_be_reached_is_refused(quorum: int | float) -> None:
    with pytest.raises(ValueError, match="quorum"):
        check_quorum(quorum, 3)


def test_counts_are_listed_with_the_most_votes_first_and_without_zeros() -> None:
    assert list(count_votes(votes("z", "y", "z"), LABELS).items()) == [("z", 2), ("y", 1)]
    assert list(count_votes(votes("z", "x"), LABELS)) == ["x", "z"]


def test_the_label_with_the_most_votes_wins_if_they_reach_the_quorum() -> None:
    assert count_one(votes("x", "x", "y"), LABELS, 2) == Count(["x"], [])
    assert count_one(votes("x", "x", "y"), LABELS, 3) == Count([], [])
    assert count_one(votes("x", "y", "z", "x", "y"), LABELS, 2) == Count([], ["x", "y"])
    assert count_one({}, LABELS, 1) == Count([], [])


def test_of_several_labels_each_needs_more_votes_for_than_against_it() -> None:
    assert count_each(votes("xy", "x", "xz"), LABELS, 2) == Count(["x"], [])
    assert count_each(votes("xy", "yx", "z"), LABELS, 1) == Count(["x", "y"], [])
    assert count_each(votes("xy", "x"), LABELS, 1) == Count(["x"], ["y"])
    assert count_each(votes("x", "y", "z"), LABELS, 1) == Count([], [])


@pytest.mark.parametrize(
    ("rule", "labels"),
    [("reject", []), ("first_model", ["y"]), ("strongest", ["x"]), ("all", ["x", "y"])],
)
def test_a_tie_between_labels_is_broken_by_the_rule(rule: TieRule, labels: list[str]) -> None:
    # The first model voted for neither of the tied.
    cast = votes("z", "y", "x", "x", "y")
    count = count_one(cast, LABELS, 2)
    assert break_tie(rule, count, cast, ["x"], is_multi=False) == labels


@pytest.mark.parametrize(
    ("rule", "labels"),
    [("reject", []), ("first_model", ["x"]), ("strongest", ["x", "y"]), ("all", ["x", "y", "z"])],
)
def test_a_tie_on_one_of_several_labels_is_broken_by_the_rule(
    rule: TieRule, labels: list[str]
) -> None:
    cast = votes("x", "xyz")
    count = count_each(cast, LABELS, 1)
    assert count == Count(["x"], ["y", "z"])
    assert break_tie(rule, count, cast, ["y"], is_multi=True) == labels


def test_a_casting_vote_for_another_label_breaks_no_tie() -> None:
    cast = votes("x", "y")
    count = count_one(cast, LABELS, 1)
    assert break_tie("strongest", count, cast, ["z"], is_multi=False) == []
