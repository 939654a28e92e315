import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_v5.reading.columns import Unusable
from data_v5.reading.formats import Format
from data_v5.selection.shot_prompts import PromptRules, make_shot_prompt, word, words_of_row
from utils.errors import PipelineError

SCIQ = Format(options=["d1", "d2", "right"], answer_is="text", shuffle_options=True)
RULES = PromptRules("Answer.", {"plain": Format(), "exam": SCIQ})


def plain(question: Any, answer: Any = "yes") -> dict[str, Any]:
    return {"question": question, "answer": answer, "source": "plain", "fields": {}}


def exam(question: str) -> dict[str, Any]:
    fields = {"d1": "one", "d2": "two", "right": "three"}
    return {"question": question, "answer": "three", "source": "exam", "fields": fields}


def test_the_shots_come_before_the_question() -> None:
    made = make_shot_prompt(plain("Is it?"), [plain("Was it?", "no"), plain("Will it?")], RULES)
    assert made.row == {
        "instruction": "Answer.",
        "input": "Q: Was it?\nA: no\n\nQ: Will it?\nA: yes\n\nQ: Is it?\nA:",
        "output": "yes",
        "source": "plain",
        "example_lengths": [16, 18],
    }
    assert (made.shots_used, made.shots_dropped, made.shots_skipped) == (2, 0, {})


def test_a_question_may_stand_alone() -> None:
    made = make_shot_prompt(plain("Is it?"), [], RULES)
    assert made.row["input"] == "Q: Is it?\nA:"


def test_shots_are_dropped_from_the_end_until_the_row_fits() -> None:
    shots = [plain(f"Shot {n} of five?") for n in range(5)]
    # Answer. (1) + Q: Is it? A: (4) + yes (1), and 7 for each shot.
    tight = PromptRules("Answer.", RULES.formats, max_words=6 + 2 * 7)
    made = make_shot_prompt(plain("Is it?"), shots, tight)
    assert made.row["input"].startswith("Q: Shot 0 of five?\nA: yes\n\nQ: Shot 1 of five?")
    assert (made.shots_used, made.shots_dropped) == (2, 3)
    assert words_of_row(made.row) == 20


def test_a_question_that_does_not_fit_alone_is_unusable() -> None:
    assert make_shot_prompt(plain("Is it?"), [], PromptRules("Answer.", RULES.formats, 6))
    with pytest.raises(Unusable, match="^too_many_words$"):
        make_shot_prompt(
            plain("Is it?"), [plain("Was it?")], PromptRules("Answer.", RULES.formats, 5)
        )


@given(st.lists(st.integers(0, 30), max_size=6), st.integers(1, 100))
def test_as_many_shots_stay_as_fit(sizes: list[int], max_words: int) -> None:
    shots = [plain(f"n{n} " + "w " * size) for n, size in enumerate(sizes)]
    rules = PromptRules("Answer.", RULES.formats, max_words)
    try:
        made = make_shot_prompt(plain("Is it?"), shots, rules)
    except Unusable:
        assert max_words < 6
        return
    assert words_of_row(made.row) <= max_words
    if made.shots_dropped:
        one_more = [1 + len(shot["question"].split()) + 2 for shot in shots][: made.shots_used + 1]
        assert 6 + sum(one_more) > max_words


def test_a_shot_that_is_the_question_or_an_earlier_shot_is_passed_over() -> None:
    shots = [plain("is  IT?"), plain("Was it?"), plain("Was it?", "no")]
    made = make_shot_prompt(plain("Is it?"), shots, RULES)
    assert made.row["input"] == "Q: Was it?\nA: yes\n\nQ: Is it?\nA:"
    assert made.shots_skipped == {"same_question": 2}


def test_equal_words_of_other_passages_are_another_question() -> None:
    rules = PromptRules("Read.", {"story": Format(passage="text")})

    def story(text: str) -> dict[str, Any]:
        return plain("Where is Ann?", "hall") | {"source": "story", "fields": {"text": text}}

    made = make_shot_prompt(
        story("Ann went out."), [story("Ann stayed."), story("Ann went out.")], rules
    )
    assert (made.shots_used, made.shots_skipped) == (1, {"same_question": 1})


def test_a_shot_that_can_not_be_worded_is_passed_over() -> None:
    shots = [plain("Was it?", ""), plain("", "no"), plain("\ud800?"), plain("Will it?")]
    made = make_shot_prompt(plain("Is it?"), shots, RULES)
    assert made.shots_used == 1
    assert made.shots_skipped == {"empty_answer": 1, "empty_question": 1, "not_unicode": 1}


@pytest.mark.parametrize(
    ("origin", "why"),
    [(plain("", "no"), "empty_question"), (plain("Is it?", None), "empty_answer")],
)
def test_a_question_that_can_not_be_worded_is_unusable(origin: Any, why: str) -> None:
    with pytest.raises(Unusable, match=f"^{why}$"):
        make_shot_prompt(origin, [], RULES)


def test_a_source_of_another_domain_is_the_users_mistake() -> None:
    with pytest.raises(PipelineError, match=r"source 'other': not in the domain \(has: plain"):
        word(plain("Is it?") | {"source": "other"}, RULES)


def test_a_record_is_worded_alike_as_question_and_as_shot() -> None:
    alone = make_shot_prompt(exam("Which?"), [], RULES).row["input"].removesuffix("\nA:")
    other = make_shot_prompt(plain("Is it?"), [exam("Which?")], RULES).row["input"]
    assert other.startswith(alone + "\nA: (")


def test_the_seed_and_the_question_decide_the_order_of_options() -> None:
    first = [word(exam(f"Which {n}?"), RULES).label for n in range(60)]
    again = [word(exam(f"Which {n}?"), RULES).label for n in reversed(range(60))][::-1]
    other = PromptRules("Answer.", RULES.formats, random_seed=7)
    assert first == again
    assert first != [word(exam(f"Which {n}?"), other).label for n in range(60)]
    assert min(first.count(letter) for letter in "ABC") > 8


def test_the_shared_generator_is_left_alone() -> None:
    random.seed(1)
    state = random.getstate()
    word(exam("Which?"), RULES)
    assert random.getstate() == state
