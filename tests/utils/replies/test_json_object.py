import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.replies.json_object import find_json_object

OBJECT = {"label": "a {brace} and a `tick`", "score": 3, "good": True}
TEXT = json.dumps(OBJECT)


@pytest.mark.parametrize(
    "reply",
    [
        TEXT,
        f"Here is my verdict:\n{TEXT}\nI hope this helps {{really}}.",
        f"```json\n{TEXT}\n```",
        f"Let me think {{hm}}.\n\n~~~\n{TEXT}\n~~~\ndone",
        f"<think>{{\"label\": 'draft'}}</think>\n{TEXT}",
        f"First draft:\n```json\n{{}}\n```\nFinal:\n```json\n{TEXT}\n```",
        repr(OBJECT),
        f"The answer is {OBJECT!r}.",
        json.dumps(OBJECT, indent=4).replace("\n", "\r\n"),
        "{'label': 'a {brace} and a `tick`', \"score\": 3, 'good': true,} {so}",
        f"I {{hm}} think: {OBJECT!r}. {{Right?}}",
    ],
)
def test_an_object_is_found_however_a_model_wraps_it(reply: str) -> None:
    assert find_json_object(reply) == OBJECT


@pytest.mark.parametrize(
    "reply",
    [
        f'Say {{}} or {{"label": 1}}: {TEXT}',
        f'{TEXT}\n```json\n{{"label": 1}}\n```',
        f"```python\nseen = {{}}\n```\n{OBJECT!r}",
    ],
)
def test_an_object_with_the_wanted_keys_goes_before_others(reply: str) -> None:
    assert find_json_object(reply, ["label", "score"]) == OBJECT
    assert find_json_object(reply, ["nowhere"]) == find_json_object(reply) != OBJECT


def test_the_line_breaks_of_a_text_may_stand_as_they_are() -> None:
    assert find_json_object('{"code": "a = 1\n\tb"}') == {"code": "a = 1\n\tb"}


@pytest.mark.parametrize("reply", ["{'a': {1, 2}}", "{'a': b'x'}", '{"a": NaN}', "{'a': 1e999}"])
def test_what_json_can_not_hold_is_no_object(reply: str) -> None:
    assert find_json_object(reply) is None


@pytest.mark.parametrize("reply", ["", "no object", "[1, 2]", '{"cut": "of', "{" * 100_000, "{}}{"])
def test_what_is_no_object_gives_none_or_the_empty_object(reply: str) -> None:
    assert find_json_object(reply) in (None, {})


def test_a_megabyte_of_braces_is_given_up_quickly() -> None:
    assert find_json_object('{"a":' * 200_000) is None


# No model means a backspace, nor a form feed or a carriage return before a letter.
texts = st.text().filter(lambda text: not re.search("\x08|[\f\r][a-zA-Z]", text))


@settings(max_examples=60)
@given(st.dictionaries(texts, texts | st.integers() | st.booleans() | st.none()))
def test_any_object_comes_back_out_of_its_fence(found: dict) -> None:
    text = json.dumps(found, ensure_ascii=False)
    assert find_json_object(f"```json\n{text}\n```") == found
