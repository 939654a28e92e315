from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joydataforge.preferences.preference import (
    NoPair,
    Pair,
    PairFigures,
    PreferenceTexts,
    choose_pairs,
    distinct,
    history_turns,
    ranking_info,
    to_alpaca_pair,
    to_sharegpt_pair,
)

REFUSAL = "I'm sorry, but I can't help with that request."


def pairs(texts: list[str], scores: list[float], margin: float = 0.0, most: int = 9) -> list[Pair]:
    return choose_pairs(texts, dict(enumerate(scores)), margin, most)


def test_the_widest_margin_comes_first() -> None:
    found = pairs(["a", "b", "c"], [1.0, 3.0, 2.5])
    assert [(p.chosen, p.rejected) for p in found] == [(1, 0), (2, 0), (1, 2)]
    assert [p.margin for p in found] == [2.0, 1.5, 0.5]
    assert pairs(["a", "b", "c"], [1.0, 3.0, 2.5], most=1) == found[:1]


def test_a_margin_exactly_as_wide_as_asked_for_is_wide_enough() -> None:
    assert len(pairs(["a", "b"], [0.3, 0.1 + 0.4], margin=0.2)) == 1


@pytest.mark.parametrize(
    ("texts", "scores", "reason"),
    [
        (["a"], [1.0], "too_few_candidates"),
        ([], [], "too_few_candidates"),
        (["a b", "a  b\n"], [1.0, 1.0], "all_equal"),
        (["a", "b"], [1.0, 1.1], "no_margin"),
        ([REFUSAL, f"{REFUSAL} Really."], [1.0, 9.0], "only_refusals"),
        ([REFUSAL, "an answer"], [9.0, 1.0], "no_margin"),
    ],
)
def test_a_row_without_a_pair_says_why(texts: list[str], scores: list[float], reason: str) -> None:
    with pytest.raises(NoPair, match=f"^{reason}$"):
        pairs(texts, scores, margin=0.5)


def test_a_refusal_may_be_rejected() -> None:
    assert pairs(["an answer", REFUSAL], [5.0, 1.0]) == [Pair(0, 1, 4.0)]


def test_the_chosen_answer_must_have_won_against_the_rejected_one_itself() -> None:
    texts, scores = ["a", "b", "c"], {0: 0.6, 1: 0.5, 2: 0.4}
    preferred = {(0, 1): 1.0, (1, 2): 0.5, (0, 2): -0.2}
    found = choose_pairs(texts, scores, 0.0, 9, preferred)
    assert {(p.chosen, p.rejected) for p in found} == {(0, 1), (1, 2)}
    found = choose_pairs(texts, {0: 0.1, 1: 0.5, 2: 0.0}, 0.3, 9, {**preferred, (0, 1): -1.0})
    assert [(p.chosen, p.rejected) for p in found] == [(1, 2), (1, 0)]


@given(
    st.lists(st.sampled_from(["a", "b", "c", "a ", REFUSAL]), max_size=6),
    st.lists(st.floats(0, 10), min_size=6, max_size=6),
    st.floats(0, 5),
)
def test_pairs_keep_their_promises(texts: list[str], scores: list[float], margin: float) -> None:
    known = {number: scores[number] for number in distinct(texts)}
    try:
        found = choose_pairs(texts, known, margin, 3)
    except NoPair:
        return
    assert 1 <= len(found) <= 3
    for pair in found:
        assert texts[pair.chosen].split() != texts[pair.rejected].split()
        assert texts[pair.chosen] != REFUSAL
        assert pair.margin == scores[pair.chosen] - scores[pair.rejected] > 0
        assert pair.margin >= margin - 1e-6


TURNS = [("q1", "a1"), ("q2", "a2")]
TEXTS = ["q1", "a1", "q2", "a2"]
ROLES, TAGS = ["user", "assistant"] * 2, ["human", "gpt"] * 2


@pytest.mark.parametrize(
    "history",
    [
        [["q1", "a1"], ["q2", "a2"]],
        TEXTS,
        [{"role": role, "content": text} for role, text in zip(ROLES, TEXTS, strict=True)],
        [{"from": role, "value": text} for role, text in zip(TAGS, TEXTS, strict=True)],
    ],
)
def test_histories_of_all_forms_are_read(history: Any) -> None:
    assert history_turns(history) == TURNS


@pytest.mark.parametrize("history", [None, [], ""])
def test_no_history_has_no_turns(history: Any) -> None:
    assert history_turns(history) == []


@pytest.mark.parametrize(
    "history",
    [
        "text",
        ["q1"],
        [["q1"]],
        [["q1", ""]],
        [["q", 3]],
        [{"role": "assistant", "content": "a"}] * 2,
    ],
)
def test_a_history_that_is_no_whole_turns_is_refused(history: Any) -> None:
    with pytest.raises(NoPair, match="unreadable_history"):
        history_turns(history)


def test_a_pair_is_laid_out_as_a_conversation_with_two_endings() -> None:
    row = to_sharegpt_pair(PreferenceTexts("Be kind.", TURNS[:1], "q2", "good", "bad"))
    assert row["conversations"] == [
        {"from": "system", "value": "Be kind."},
        {"from": "human", "value": "q1"},
        {"from": "gpt", "value": "a1"},
        {"from": "human", "value": "q2"},
    ]
    assert row["chosen"] == {"from": "gpt", "value": "good"}
    assert row["rejected"] == {"from": "gpt", "value": "bad"}


def test_alpaca_rows_have_the_same_keys_and_no_history() -> None:
    row = to_alpaca_pair(PreferenceTexts("", [], "q", "good", "bad"))
    assert row == {
        **{"instruction": "q", "input": "", "system": ""},
        **{"chosen": "good", "rejected": "bad"},
    }
    with pytest.raises(NoPair, match="history_in_alpaca"):
        to_alpaca_pair(PreferenceTexts("", TURNS, "q", "good", "bad"))


@pytest.mark.parametrize("layout", ["sharegpt", "alpaca"])
def test_the_entry_names_each_column_in_use_and_says_that_it_is_ranked(layout: str) -> None:
    texts = PreferenceTexts("Be kind.", [], "q", "good", "bad")
    row = (to_sharegpt_pair if layout == "sharegpt" else to_alpaca_pair)(texts)
    entry = ranking_info(layout)
    assert entry["ranking"] is True
    assert set(entry["columns"].values()) == row.keys()
    if layout == "sharegpt":
        tags = entry["tags"]
        names = {tags["user_tag"], tags["assistant_tag"], tags["system_tag"]}
        turns = [*row["conversations"], row["chosen"], row["rejected"]]
        assert {turn[tags["role_tag"]] for turn in turns} == names


def test_the_figures_tell_whose_answers_are_chosen_and_how_long_they_are() -> None:
    figures = PairFigures()
    candidates = [{"model": "a", "text": "long text"}, {"model": "b", "text": "text"}]
    figures.add(Pair(0, 1, 2.0), candidates)
    figures.add(Pair(1, 0, 0.5), candidates)
    found = figures.as_data()
    assert found["pairs"] == 2 and found["chosen_longer_share"] == 0.5
    assert found["models"] == {"a": {"chosen": 1, "rejected": 1}, "b": {"chosen": 1, "rejected": 1}}
    assert found["margin"]["lowest"] == 0.5 and found["margin"]["highest"] == 2.0
    assert PairFigures().as_data() == {"pairs": 0}
