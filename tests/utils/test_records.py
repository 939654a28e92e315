from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.errors import PipelineError
from utils.records import (
    TRACED_FIELDS,
    TRIPLET_FIELDS,
    find_text_field,
    first_empty_field,
    labels_of,
    purified,
    round_texts,
    text_id,
    text_of,
    traced,
    with_prompt_ids,
)


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"input": "a", "target": "b"}, "input"),
        ({"instruction": "a", "input": "", "output": "b"}, "instruction"),
        ({"instruct_purify": "a", "instruction": "b"}, "instruct_purify"),
        ({"question": "a", "answer": "b"}, "question"),
        ({"messages": [{"role": "user", "content": "a"}]}, "messages"),
        ({"input": "", "text": "a"}, "text"),
        ({"input": "", "n": 1}, "input"),
        ({"instruct_descriptive": "a", "code_before": "b"}, "instruct_descriptive"),
    ],
)
def test_the_field_with_the_text_is_found(row: dict[str, Any], field: str) -> None:
    assert find_text_field(row, "x.jsonl") == field


def test_a_row_without_a_known_field_is_named_with_what_it_has() -> None:
    with pytest.raises(PipelineError, match=r"x\.jsonl: .*has: a, b.*--field"):
        find_text_field({"a": "text", "b": 1}, "x.jsonl")
    with pytest.raises(PipelineError, match=r"x\.json: a str"):
        find_text_field("text", "x.json")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "a"),
        (" ", None),
        (None, None),
        (3, None),
        ([], None),
        (["a", "", "b"], "a\nb"),
        ([{"role": "system", "content": "s"}, {"role": "user", "content": "u"}], "u"),
        ([{"from": "human", "value": "u"}, {"from": "gpt", "value": "a"}], "u"),
        ([{"role": "user", "content": None}], None),
    ],
)
def test_a_text_is_a_string_several_or_the_users_turns(value: Any, text: str | None) -> None:
    assert text_of(value) == text


def test_labels_are_texts_or_numbers() -> None:
    assert labels_of(["a", "b", " ", None, 3]) == ["a", "b", "3"]
    assert labels_of("a") == ["a"]
    assert labels_of(2) == ["2"]
    assert labels_of(None) == labels_of(True) == labels_of({"a": 1}) == []


def test_the_cleaned_fields_have_the_published_names() -> None:
    assert [purified(field) for field in TRIPLET_FIELDS] == [
        "code_before_purify",
        "code_after_purify",
        "instruct_descriptive_purify",
        "instruct_lazy_purify",
    ]


def test_traced_fields_travel_as_they_are_and_no_others() -> None:
    row = {field: [field] for field in reversed(TRACED_FIELDS)} | {"user": "x", "response": []}
    assert traced(row) == {field: [field] for field in TRACED_FIELDS}
    assert list(traced(row)) == list(TRACED_FIELDS), "in one order, whatever the row's"
    assert traced({"license": None, "system": "x"}) == {"license": None}


@pytest.mark.parametrize("value", ["", " \t\n", "\u2003\u2028", None, 0, ["x"], {}, True])
def test_a_field_without_text_is_named(value) -> None:
    assert first_empty_field({"a": "x", "b": value, "c": ""}, ["a", "b", "c"]) == "b"


def test_full_fields_are_passed_and_a_missing_one_is_our_bug() -> None:
    assert first_empty_field({"a": "x", "b": ""}, ["a"]) is None
    with pytest.raises(KeyError):
        first_empty_field({"a": "x"}, ["a", "b"])


def test_the_id_of_a_text_never_changes() -> None:
    # A changed id would untie every file made before from its prompts.
    assert text_id("system", "user") == "0530576bfa3a1a7d"


@given(st.lists(st.text(st.characters(exclude_categories=[])), max_size=3))
def test_any_texts_have_an_id_of_16_hex_digits(texts) -> None:
    name = text_id(*texts)
    assert len(name) == 16 and set(name) <= set("0123456789abcdef")
    assert name != text_id(*texts, "one more")


def test_ids_tell_where_one_text_ends_and_the_next_begins() -> None:
    assert len({text_id("ab", "c"), text_id("a", "bc"), text_id("abc"), text_id("abc", "")}) == 4


def test_equal_prompts_are_kept_apart_by_a_repeat_number() -> None:
    prompts = [{"system": "s", "user": ["x"]}, {"user": "y"}] * 2 + [{"system": "s", "user": "x"}]
    ids = [row["prompt_id"] for row in with_prompt_ids(prompts)]
    first, other = text_id("s", "x"), text_id("", "y")
    assert ids == [first, other, f"{first}-2", f"{other}-2", f"{first}-3"]


def test_an_id_that_is_there_stays_and_the_row_goes_through() -> None:
    given_rows = [{"prompt_id": 7, "user": "x", "more": 1}, {"user": "x", "more": 2}]
    rows = list(with_prompt_ids(given_rows))
    assert rows[0] is given_rows[0]
    assert rows[1] == {"prompt_id": text_id("", "x"), "user": "x", "more": 2}
    assert "prompt_id" not in given_rows[1], "the caller's row is left alone"


def test_rows_are_named_one_by_one() -> None:
    rows = with_prompt_ids({"user": str(number)} for number in (1, 2, None))
    assert next(rows)["user"] == "1"


def test_a_plain_string_is_a_single_round() -> None:
    assert round_texts({"user": "x"}) == ["x"]
    assert round_texts({"user": ["x", "y"]}) == ["x", "y"]
    assert round_texts({"user": []}) == []
