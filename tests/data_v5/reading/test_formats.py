import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_v5.reading.formats import Format, Item, Unusable, format_item, identity_text, solved_text
from utils.config import parse_config
from utils.errors import PipelineError


def record(question: Any = "Which?", answer: Any = "x", **fields: Any) -> dict[str, Any]:
    return {"question": question, "answer": answer, "source": "s", "fields": fields}


def word(rules: Format, question: Any = "Which?", answer: Any = "x", **fields: Any) -> Item:
    return format_item(record(question, answer, **fields), rules, random.Random(0))


def reason(rules: Format, question: Any = "Which?", answer: Any = "x", **fields: Any) -> str:
    with pytest.raises(Unusable) as found:
        word(rules, question, answer, **fields)
    return str(found.value)


def test_without_rules_question_and_answer_stay_as_they_are() -> None:
    assert word(Format(), " Why? ", "So.\n") == ("Why?", "So.", "")


@pytest.mark.parametrize("answer", ["", " \n", None, [], {}])
def test_a_missing_answer_is_unusable(answer: Any) -> None:
    assert reason(Format(), answer=answer) == "empty_answer"


@pytest.mark.parametrize("question", ["", "  ", None])
def test_a_missing_question_is_unusable(question: Any) -> None:
    assert reason(Format(), question) == "empty_question"


TWO = Format(options=["one", "two"], answer_is="index")


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (2, "answer_out_of_range"),
        (-1, "answer_out_of_range"),
        ("-1", "answer_out_of_range"),
        ("", "empty_answer"),
        (None, "empty_answer"),
        ("B", "unknown_label"),
        (True, "unknown_label"),
        ("0.5", "unknown_label"),
        ("9" * 5000, "unknown_label"),
    ],
)
def test_an_index_must_be_that_of_an_option(answer: Any, why: str) -> None:
    assert reason(TWO, answer=answer, one="yes", two="no") == why


@pytest.mark.parametrize("answer", [1, "1", 1.0, "1.0"])
def test_an_index_may_be_a_number_or_its_text(answer: Any) -> None:
    assert word(TWO, answer=answer, one="yes", two="no").answer == "(B) no"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ([], "too_few_options"),
        (["a"], "too_few_options"),
        (["a", ""], "empty_option"),
        (["a", None], "empty_option"),
        (["a", "b", "a "], "repeated_option"),
        ([str(n) for n in range(27)], "too_many_options"),
        (None, "unreadable_options"),
        ("a or b", "unreadable_options"),
    ],
)
def test_options_that_no_one_could_choose_from_are_unusable(options: Any, why: str) -> None:
    assert reason(Format(options="list", answer_is="index"), answer=0, list=options) == why


def test_labels_must_be_as_many_as_options() -> None:
    rules = Format(options="c.text", option_labels="c.label")
    content = {"text": ["a", "b"], "label": ["A"]}
    assert reason(rules, answer="A", c=content) == "labels_do_not_fit_options"


@pytest.mark.parametrize("answer", ["b", "B", "(b)", "B.", " b ) "])
def test_a_label_is_known_in_its_usual_spellings(answer: str) -> None:
    assert word(Format(options="list"), answer=answer, list=["red", "blue"]).label == "B"


@pytest.mark.parametrize("answer", ["c", "red", "AB"])
def test_an_unknown_label_is_unusable(answer: str) -> None:
    assert reason(Format(options="list"), answer=answer, list=["red", "blue"]) == "unknown_label"


def test_an_answer_map_may_name_the_column_of_the_right_option() -> None:
    rules = Format(
        options=["ending0", "ending1"],
        answer_is="column",
        answer_map={"0": "ending0", "1": "ending1"},
    )
    assert word(rules, answer=1, ending0="stops", ending1="goes").answer == "(B) goes"
    assert reason(rules, answer=2, ending0="stops", ending1="goes") == "unknown_label"


def test_an_answer_may_be_the_text_of_an_option() -> None:
    rules = Format(options="list", answer_is="text")
    assert word(rules, answer="blue", list=["red", "blue"]).answer == "(B) blue"
    assert reason(rules, answer="green", list=["red", "blue"]) == "answer_not_an_option"


@pytest.mark.parametrize(
    ("scores", "why"),
    [
        ([0, 0], "no_right_option"),
        ([1, 1], "several_right_options"),
        ([1], "scores_do_not_fit_options"),
        ([1, None], "scores_do_not_fit_options"),
        (None, "scores_do_not_fit_options"),
    ],
)
def test_scores_must_name_one_right_option(scores: Any, why: str) -> None:
    rules = Format(options="list", option_scores="scores")
    assert reason(rules, list=["a", "b"], scores=scores) == why


def test_a_column_that_is_not_there_is_the_users_mistake() -> None:
    with pytest.raises(PipelineError, match=r"column 'endings' is missing \(has: choices\)"):
        word(Format(options="endings"), choices=["a", "b"])


@pytest.mark.parametrize("passage", ["", None])
def test_a_passage_must_be_there_unless_it_is_optional(passage: Any) -> None:
    assert reason(Format(passage="text"), text=passage) == "empty_passage"
    assert word(Format(passage="text", optional=["passage"]), text=passage).question == "Which?"


def test_a_rationale_must_be_there_unless_it_is_optional() -> None:
    assert reason(Format(rationale="why"), why=" ") == "empty_rationale"
    assert word(Format(rationale="why", optional=["rationale"]), why=" ").answer == "x"
    assert word(Format(rationale="why"), why="Because.").answer == "Because.\nx"


def test_a_final_answer_must_be_there_where_a_marker_announces_it() -> None:
    rules = Format(final_marker="####")
    assert word(rules, answer="1 + 1 = 2\n#### 2").answer == "1 + 1 = 2\nThe answer is 2."
    assert word(rules, answer="#### 2").answer == "The answer is 2."
    assert reason(rules, answer="1 + 1 = 2") == "no_final_answer"
    assert reason(rules, answer="1 + 1 = 2\n####") == "no_final_answer"


def test_braces_in_the_data_are_no_places() -> None:
    rules = Format(passage="p", options=["one", "two"], answer_is="index", rationale="r")
    item = word(
        rules, "{passage} {0} {x!r}", 0, p="{question}", one="{label}", two="%s", r="{text}"
    )
    assert item.question == "{question}\n{passage} {0} {x!r}\n(A) {label}\n(B) %s"
    assert item.answer == "{text}\n(A) {label}"


def test_a_template_may_show_other_columns() -> None:
    rules = Format(template="Title: {title}\n{question} [{meta.year}]")
    assert rules.columns() == ["title", "meta"]
    item = word(rules, title="Sea", meta={"year": 1999})
    assert item.question == "Title: Sea\nWhich? [1999]"


def test_a_line_whose_places_are_all_empty_is_left_out() -> None:
    rules = Format(template="Title: {title}\n{question}")
    assert word(rules, title=None).question == "Which?"


SHUFFLED = Format(options="list", answer_is="text", shuffle_options=True)


def test_all_of_the_above_stays_last() -> None:
    options = ["All of the above", "red", "blue", "green"]
    items = [
        format_item(record(answer="red", list=options), SHUFFLED, random.Random(seed))
        for seed in range(60)
    ]
    assert all(item.question.endswith("(D) All of the above") for item in items)
    assert {item.label for item in items} == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("question", "options"),
    [
        ("Which?", ["red", "blue", "both A and B"]),
        ("Which? (A) is not it", ["red", "blue"]),
        ("Why is option B wrong?", ["red", "blue"]),
    ],
)
def test_options_that_are_named_by_letter_are_not_shuffled_under_it(
    question: str, options: list[str]
) -> None:
    found = reason(SHUFFLED, question, answer="red", list=options)
    assert found == "names_an_option_by_letter"


def test_a_rationale_that_names_letters_forbids_a_new_order() -> None:
    rules = Format(options="list", answer_is="text", shuffle_options=True, rationale="why")
    found = reason(rules, answer="red", list=["red", "blue"], why="The answer is (A).")
    assert found == "names_an_option_by_letter"
    assert word(rules, answer="red", list=["red", "blue"], why="Vitamins a and d are.")


@given(
    st.lists(st.text("xyz{}", min_size=1, max_size=4), min_size=2, max_size=26, unique=True),
    st.integers(0),
    st.data(),
)
def test_a_new_order_keeps_all_options_and_the_right_one_right(
    options: list[str], seed: int, data: st.DataObject
) -> None:
    right = data.draw(st.sampled_from(options))
    item = format_item(record(answer=right, list=options), SHUFFLED, random.Random(seed))
    shown = item.question.split("\n")[1:]
    assert sorted(line.split(") ", 1)[1] for line in shown) == sorted(options)
    assert item.answer == f"({item.label}) {right}"
    assert item.answer in shown


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"shuffle_options": True}, "shuffle_options says something of options"),
        ({"answer_is": "index"}, "answer_is says something of options"),
        ({"options": "list", "answer_is": "column"}, "needs one column for each option"),
        ({"options": ["a", "b"], "option_labels": "c"}, "for options in one column"),
        ({"answer_template": "{anser}"}, "no place {anser}"),
        ({"option_template": "{option}"}, "no place {option}"),
        ({"shufle_options": True}, "unknown key 'shufle_options'"),
        ({"answer_map": {True: "yes"}}, "answer_map"),
        ({"optional": ["answer"]}, "optional"),
    ],
)
def test_rules_that_make_no_sense_are_the_users_mistake(keys: dict[str, Any], message: str) -> None:
    with pytest.raises(PipelineError) as found:
        parse_config(keys, Format, "d.yaml")
    assert message in str(found.value)


def test_the_columns_are_those_that_the_rules_read() -> None:
    rules = Format(
        passage="context",
        options="choices.text",
        option_labels="choices.label",
        answer="key",
        rationale="why",
    )
    assert rules.columns() == ["context", "choices", "key", "why"]


def test_equal_words_about_different_passages_or_options_are_different_questions() -> None:
    rules = Format(passage="p", options="list")
    first = identity_text(record(p="Ann sat.", list=["a", "b"]), rules)
    assert first != identity_text(record(p="Bob sat.", list=["a", "b"]), rules)
    assert first != identity_text(record(p="Ann sat.", list=["a", "c"]), rules)
    assert first == identity_text(record(p="Ann sat.", list=["b", "a"]), rules)


def test_wrong_options_do_not_tell_what_an_example_teaches() -> None:
    rules = Format(passage="p", options="list", answer_is="index")

    def solved(options: list[str], right: int, passage: str = "Ann sat.") -> str:
        return solved_text(record(answer=right, p=passage, list=options), rules)

    first = solved(["Lima", "Quito"], 0)
    assert first == solved(["La Paz", "Lima"], 1)
    assert first != solved(["Lima", "Quito"], 1)
    assert first != solved(["Lima", "Quito"], 0, "Bob sat.")
    broken = record(answer=7, p="Ann sat.", list=["Lima", "Quito"])
    assert solved_text(broken, rules) == identity_text(broken, rules)
    assert solved_text(record("Why?"), Format()) == "Why?"


def test_columns_that_other_parts_need_too_are_not_optional() -> None:
    rules = Format(passage="text", options=["a", "b"], rationale="text", optional=["rationale"])
    assert rules.optional_columns() == []
    rules = Format(
        options="choices.text",
        option_labels="choices.label",
        rationale="why",
        template="{theme}\n{question}",
        optional=["options", "rationale"],
    )
    assert rules.columns() == ["choices", "why", "theme"]
    assert rules.optional_columns() == ["choices", "why"]


def test_letter_answers_keep_the_rationale_and_answers_without_options() -> None:
    rules = Format(
        options="list", rationale="why", answer_template="{rationale}\nThe answer is {option}.",
        optional=["options"],
    ).with_letter_answers()  # fmt: skip
    item = word(rules, answer="B", list=["red", "blue"], why="As it is.")
    assert item.answer == "As it is.\nThe answer is B."
    assert item.question.endswith("\n\tA. red\n\tB. blue")
    item = word(rules, answer="blue", list=[], why="As it is.")
    assert item.answer == "As it is.\nThe answer is blue." and item.label == ""


def test_what_ends_a_question_is_taken_off_its_end_alone() -> None:
    rules = Format(drop_suffix="A:")
    assert word(rules, question="A: Hi.\nB: Bye.\nA:").question == "A: Hi.\nB: Bye."
