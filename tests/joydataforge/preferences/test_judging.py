import json

import pytest

from joydataforge.preferences.judging import (
    Criterion,
    OrderCount,
    points_scores,
    preferences,
    read_comparison,
    read_points,
    win_shares,
    word_criteria,
)
from utils.errors import BadReply
from utils.jsonl import Row

CRITERIA = {"truth": Criterion("It is true.", 3), "style": Criterion("It reads well.")}


def comparison(shown: tuple[int, int], judge: str = "j", **winners: int | None) -> Row:
    return {"judge": judge, "shown": list(shown), "winners": winners, "reason": ""}


def test_criteria_are_worded_without_their_weights() -> None:
    assert word_criteria(CRITERIA) == "- truth: It is true.\n- style: It reads well."


def test_points_are_read_for_each_criterion() -> None:
    found = read_points('```json\n{"reason": "so", "truth": "9", "style": 4.5}\n```', CRITERIA)
    assert found == {"points": {"truth": 9, "style": 4.5}, "reason": "so"}


@pytest.mark.parametrize("text", ['{"truth": 11, "style": 1}', '{"truth": 5}', "Nine of ten."])
def test_points_that_cannot_be_read_are_a_bad_reply(text: str) -> None:
    with pytest.raises(BadReply):
        read_points(text, CRITERIA)


def test_a_comparison_names_the_answers_by_their_numbers() -> None:
    text = json.dumps({"truth": "b", "style": "TIE"})
    assert read_comparison(text, CRITERIA, (4, 2))["winners"] == {"truth": 2, "style": None}
    with pytest.raises(BadReply):
        read_comparison('{"truth": "C", "style": "A"}', CRITERIA, (0, 1))


def test_points_are_averaged_by_weight_and_over_the_judges() -> None:
    verdicts = [
        {"judge": "j", "candidate": 0, "points": {"truth": 10, "style": 2}},
        {"judge": "k", "candidate": 0, "points": {"truth": 6, "style": 6}},
        {"judge": "j", "candidate": 2, "points": {"truth": 1, "style": 1}},
    ]
    assert points_scores(verdicts, CRITERIA) == {0: (8 + 6) / 2, 2: 1.0}


def test_both_orders_must_agree_or_the_criterion_is_a_tie() -> None:
    verdicts = [comparison((0, 1), truth=0, style=0), comparison((1, 0), truth=0, style=1)]
    assert preferences(verdicts, CRITERIA) == {(0, 1): 0.75}
    biased = [comparison((0, 1), truth=0, style=0), comparison((1, 0), truth=1, style=1)]
    assert preferences(biased, CRITERIA) == {(0, 1): 0.0}
    lost = [comparison((1, 0), truth=1, style=1), comparison((0, 1), truth=1, style=None)]
    assert preferences(lost, CRITERIA) == {(0, 1): -0.75}


def test_judges_are_averaged_each_by_its_own_orders() -> None:
    verdicts = [
        comparison((0, 1), "j", truth=0, style=0),
        comparison((1, 0), "j", truth=0, style=0),
        comparison((0, 1), "k", truth=1, style=1),
        comparison((1, 0), "k", truth=0, style=0),
    ]
    assert preferences(verdicts, CRITERIA) == {(0, 1): 0.5}


def test_the_share_of_comparisons_won_counts_ties_half() -> None:
    shares = win_shares({(0, 1): 1.0, (0, 2): 0.0, (1, 2): -0.5})
    assert shares == {0: 0.75, 1: 0.125, 2: 0.625}
    assert sum(shares.values()) == 1.5


def test_verdicts_that_hang_on_the_order_are_counted_with_the_place_they_favour() -> None:
    orders = OrderCount()
    orders.add([comparison((0, 1), truth=0, style=None), comparison((1, 0), truth=1, style=None)])
    orders.add([comparison((0, 1), truth=1, style=0), comparison((1, 0), truth=0, style=None)])
    assert orders.figures() == {
        "compared": 4,
        "order_dependent": 3,
        "for_first": 1,
        "for_second": 1,
        "order_dependent_share": 0.75,
    }
