from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joydataforge.methods.templates import all_places, check_places, field_text, fill, places
from utils.errors import PipelineError


@pytest.mark.parametrize(
    "text",
    [
        'Reply as {"label": "...", "why": ["..."]}.',
        "{}, { input }, {a b}, {a.b}, {a:>3}, {0}",
        r"\frac{1}{2} and x^{10}",
        "if (x) {\n  y();\n}",
        "{{}} and {{ a }}",
    ],
)
def test_braces_around_anything_but_a_name_stand_for_themselves(text: str) -> None:
    assert fill(text, {}) == text
    assert places(text) == []


def test_places_are_filled_once_and_what_is_put_in_is_not_looked_at() -> None:
    values = {"input": "{target} {{x}} \\1", "target": "T"}
    assert fill("{input}|{target}|{input}", values) == "{target} {{x}} \\1|T|{target} {{x}} \\1"


def test_doubled_braces_give_the_word_in_braces() -> None:
    assert fill("{{input}} is {input}, {{maybe?}}", {"input": 1}) == "{input} is 1, {maybe?}"
    assert places("{{input}}") == []


@given(st.text())
def test_any_text_comes_through_a_place_unchanged(text: str) -> None:
    assert fill("<{input}>", {"input": text}) == f"<{text}>"


def test_a_place_with_a_question_mark_may_stay_without_a_value() -> None:
    for row in ({}, {"code": None}, {"code": ""}):
        assert fill("[{code?}]", row) == "[(none)]"
    assert fill("[{code?}]", {"code": "x = {}"}) == "[x = {}]"
    assert fill("[{n?}]", {"n": 0}) == "[0]"
    assert places("{a} {code?}") == ["a"] and all_places("{code?} {a} {a}") == ["code", "a"]


def test_other_values_are_worded_as_json() -> None:
    assert field_text("label", ["ä", 1, None]) == '["ä",1,null]'
    assert field_text("summary", {"a": True}) == '{"a":true}'


@pytest.mark.parametrize("history", [[], None, ""])
def test_an_empty_history_is_said_to_be_none(history: Any) -> None:
    assert fill("{history}", {"history": history}) == "(none)"
    assert fill("{history}", {}) == "(none)"


@pytest.mark.parametrize(
    ("history", "text"),
    [
        ("as it is\n", "as it is\n"),
        ([["q1", "a1"], ["q2", "a2"]], "user: q1\nassistant: a1\nuser: q2\nassistant: a2"),
        ([{"role": "system", "content": "be kind"}], "system: be kind"),
        ([{"role": "user", "content": ["a", 1]}], 'user: ["a",1]'),
        (["q1", "a1", "q2"], "user: q1\nassistant: a1\nuser: q2"),
        ([["q1", None]], "user: q1\nassistant: null"),
        ([{"q": "x"}, 3], '{"q":"x"}\n3'),
    ],
)
def test_a_history_is_worded_turn_by_turn(history: Any, text: str) -> None:
    assert fill("{history}", {"history": history}) == text


def test_a_place_that_no_row_fills_is_an_error_with_the_way_out() -> None:
    with pytest.raises(PipelineError, match=r"'prompt'.*'labl'.*have: input, label.*\{\{labl\}\}"):
        check_places("prompt", "{input} {labl}", ["input", "label"])
    check_places("prompt", "{input} {gone?} {{labl}}", ["input"])
