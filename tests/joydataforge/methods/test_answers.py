from typing import Any

import pytest

from joydataforge.methods.answers import AnswerField, parse_answer, plain_answer
from utils.errors import BadReply

FIELDS = {
    "label": AnswerField(choices=["Drug", "BMI"]),
    "score": AnswerField("number", lowest=1, highest=10),
}
GOOD = {"label": "Drug", "score": 7}


@pytest.mark.parametrize(
    "text",
    [
        '{"label": "Drug", "score": 7}',
        '{"score": 7, "label": "Drug", "extra": [1]}',
        '```json\n{"label": "Drug", "score": 7}\n```',
        'Sure.\n```\n{"label": "Drug", "score": 7}\n```\nAnything else {else}?',
        '```json\n{"label": "Drug", "score": 7}',
        "{'label': 'Drug', 'score': 7}",
        "Here {you} are: {'label': 'Drug', 'score': 7}. Is {that} fine?",
        "{'label': 'Drug', 'score': 7, 'sure': true, 'why': null}",
        '{"label": "Drug", "score": 7,}',
        '{"label": " drug ", "score": "7"}',
        '<think>{"label": "BMI", "score": 1}</think>{"label": "Drug", "score": 7}',
        'Use {} or {"label": "Drug"}. My answer: {"label": "Drug", "score": 7}',
        '{"why": "first\nsecond {line}", "label": "Drug", "score": 7}',
        '{"why": "in code:\n```python\nx = {\'a\': 1}\n```\n", "label": "Drug", "score": 7}',
        '{"label": "Drug", "score": 7} {"label": "BMI", "score": 2}',
        "{'why': 'seen = {} or {\"a\": 1}', 'label': 'Drug', 'score': 7}",
    ],
)
def test_an_answer_is_read_however_it_is_wrapped(text: str) -> None:
    assert parse_answer(text, FIELDS) == GOOD


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Drug, 7", "no_json"),
        ("[1, 2]", "no_json"),
        ('{"label": "Drug", "score": 7', "no_json"),
        ('{"label": "Drug", "score": NaN}', "no_json"),
        ("{'label': {'Drug'}, 'score': 7}", "no_json"),
        ("{'label': b'Drug', 'score': 7}", "no_json"),
        ('{"label": "Drug"}', "field_missing"),
        ('{"label": "", "score": 7}', "field_empty"),
        ('{"label": "  ", "score": 7}', "field_empty"),
        ('{"label": null, "score": 7}', "field_of_wrong_type"),
        ('{"label": ["Drug"], "score": 7}', "field_of_wrong_type"),
        ('{"label": "Drug", "score": true}', "field_of_wrong_type"),
        ('{"label": "Drug", "score": "7/10"}', "field_of_wrong_type"),
        ('{"label": "Drug", "score": "²"}', "field_of_wrong_type"),
        ('{"label": "Drug", "score": 11}', "field_out_of_range"),
        ('{"label": "Drug", "score": "nan"}', "field_out_of_range"),
        ('{"label": "Drug", "score": 1e999}', "no_json"),
        ('{"label": "Food", "score": 7}', "field_not_a_choice"),
    ],
)
def test_a_bad_answer_says_what_is_wrong(text: str, reason: str) -> None:
    with pytest.raises(BadReply) as caught:
        parse_answer(text, FIELDS)
    assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("rule", "given", "read"),
    [
        (AnswerField(), "42", "42"),
        (AnswerField(), 42, "42"),
        (AnswerField("number"), "-3", -3),
        (AnswerField("number"), " 2.5 ", 2.5),
        (AnswerField("number"), 0, 0),
        (AnswerField("bool"), "False", False),
        (AnswerField("bool"), True, True),
        (AnswerField("list"), [1, "a"], [1, "a"]),
        (AnswerField("list", choices=["Drug", "BMI"]), ["drug", "BMI "], ["Drug", "BMI"]),
        (AnswerField("object"), {"a": [1]}, {"a": [1]}),
        (AnswerField(may_be_empty=True), "", ""),
        (AnswerField("list", may_be_empty=True), [], []),
        (AnswerField("number", choices=[1, 2]), "2", 2),
    ],
)
def test_a_value_is_read_as_its_type(rule: AnswerField, given: Any, read: Any) -> None:
    found = parse_answer(repr({"x": given}), {"x": rule})["x"]
    assert found == read and type(found) is type(read)


def test_a_list_of_which_one_is_no_choice_is_refused() -> None:
    with pytest.raises(BadReply, match="field_not_a_choice"):
        parse_answer('{"x": ["a", "c"]}', {"x": AnswerField("list", choices=["a", "b"])})


def test_fields_come_in_the_order_of_the_yaml() -> None:
    assert list(parse_answer('{"score": 2, "label": "BMI"}', FIELDS)) == ["label", "score"]


def test_a_plain_answer_is_all_but_the_thoughts() -> None:
    assert plain_answer("<think>hm</think>\n Yes.\n") == "Yes."
    for text in ("", " \n", "<think>only this</think>"):
        with pytest.raises(BadReply, match="empty_answer"):
            plain_answer(text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<think>\nThe user wants a sum.", "truncated"),
        ("[THINK]So", "truncated"),
        ("Yes.<|im_end|>\n<|im_start|>user\nAnd now?", "leaked_token"),
        ("Half \ud83d a character.", "not_unicode"),
    ],
)
def test_what_is_no_answer_says_why(text: str, reason: str) -> None:
    with pytest.raises(BadReply, match=reason):
        plain_answer(text)


def test_the_backslashes_of_formulas_stay() -> None:
    rules = {"target": AnswerField()}
    found = parse_answer(r'{"target": "the \frac{1}{2} of \alpha"}', rules)
    assert found == {"target": r"the \frac{1}{2} of \alpha"}
    with pytest.raises(BadReply, match="unclear_escape"):
        parse_answer(r'{"target": "x \to 0"}', rules)
