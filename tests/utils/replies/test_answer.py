import json

import pytest

from utils.errors import BadReply
from utils.replies.answer import read_answer
from utils.replies.json_object import find_json_object


def test_an_answer_comes_without_thoughts_and_tokens_and_the_thoughts_beside_it() -> None:
    reply = "<think>\nAn easy one.\n</think>\n\nUse sum(values).<|im_end|>\n"
    assert read_answer(reply) == ("\nUse sum(values).", "An easy one.")
    assert read_answer("Plain.\n") == ("Plain.\n", "")


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("<think>\nThe user wants", "truncated"),
        ("Use sum().\n<think>\nOr is", "truncated"),
        ("<|channel|>analysis<|message|>We need", "truncated"),
        ("Use sum.<|im_end|>\n<|im_start|>user\nThanks", "leaked_token"),
        ("Lone \ud83d half", "not_unicode"),
        ('{"a": "Lone \\ud83d half"}', "not_unicode"),
        ('<think>x</think>{"a": {"b": ["\\udc00"]}}', "not_unicode"),
        ('{"a": "one<|eot_id|> two"}', "leaked_token"),
    ],
)
def test_a_reply_without_an_answer_says_why(reply: str, reason: str) -> None:
    with pytest.raises(BadReply, match=reason):
        find_json_object(reply)
        read_answer(reply)


def test_tokens_that_the_code_before_holds_are_the_codes() -> None:
    text = "TURN = [im, <|im_end|>, x]"
    assert read_answer(text, code_before="<|im_end|>").text == text


def test_both_halves_of_an_emoji_are_one_character() -> None:
    assert find_json_object(json.dumps({"a": "😀"})) == {"a": "😀"}
    assert read_answer("😀").text == "😀"
