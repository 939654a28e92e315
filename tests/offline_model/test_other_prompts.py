"""Prompts that nobody knows: JSON where it is asked for, with the fields that are named."""

import json
import random

import pytest

from offline_model.answers import answer
from offline_model.conversation import read_conversation
from offline_model.other_prompts import PLAIN_ANSWER, asked_fields, value_for
from tests.offline_model.prompts import body
from utils.replies.json_object import find_json_object


def ask(text: str, seed: int = 1) -> str:
    return answer(read_conversation(body(text, kind="", seed=seed))).text


@pytest.mark.parametrize(
    "text, fields",
    [
        ('Reply with JSON: {"title": "a title", "tags": ["some"]}', ["title", "tags"]),
        ("As JSON: {'mood': 'good or bad', 'score': 1}", ["mood", "score"]),
        ("Give a JSON object with the fields `verdict` and `why`.", ["verdict", "why"]),
        ('Answer in json: first "reason", then "grade" from 1 to 6.', ["reason", "grade"]),
        ("Return JSON with keys name, age and city.", ["name", "age", "city"]),
        ('{"a": 1} is what you see. Say something.', []),
        ("Say something.", []),
    ],
)
def test_the_fields_are_read_out_of_the_prompt(text: str, fields: list[str]) -> None:
    assert list(asked_fields(text)) == fields
    for seed in range(8):
        found = find_json_object(ask(text, seed))
        assert list(found or {}) == fields


def test_a_prompt_that_asks_for_no_json_is_told_who_answers() -> None:
    assert ask("Say something.") == PLAIN_ANSWER


@pytest.mark.parametrize(
    "hint, allowed",
    [
        ('"red, green or blue"', {"red", "green", "blue"}),
        ('"yes" | "no"', {"yes", "no"}),
        ("a number from 1 to 3", {1, 2, 3}),
        ("<score, 4-5>", {4, 5}),
        ("true or false", {True, False}),
    ],
)
def test_a_value_is_such_as_was_said(hint: str, allowed: set) -> None:
    found = {value_for(hint, random.Random(seed)) for seed in range(60)}
    assert found == allowed


def test_lists_and_objects_keep_their_form() -> None:
    made = value_for('["a or b"]', random.Random(1))
    assert made in (["a"], ["b"])
    judged = asked_fields('JSON: {"first": {"verdict": "PASS", "reason": "..."}, "n": 2}')
    assert isinstance(value_for(judged["first"], random.Random(1)), dict)


def test_the_answer_can_be_told_from_the_seed() -> None:
    text = 'JSON: {"colour": "red, green or blue"}'
    asked = [ask(text, seed) for seed in range(20)]
    assert asked == [ask(text, seed) for seed in range(20)] and len(set(asked)) > 3
    assert json.loads(asked[0] if asked[0].startswith("{") else '{"colour": ""}')
