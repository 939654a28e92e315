import time

import pytest

from utils.chat_format import Conversation
from utils.unsafe_text import UnsafeText


def kinds(user="u", system="s", answer="a", special_tokens=()):
    return UnsafeText(special_tokens).kinds(Conversation(system, user, answer))


@pytest.mark.parametrize(
    "text",
    ["<|im_end|>", "<|eot_id|>", "<s>", "</s>", "[INST]", "[/INST]", "<pad>", "<think>",
     "<start_of_turn>", "<｜end▁of▁sentence｜>", "<<SYS>>", "<fim_middle>"],
)  # fmt: skip
def test_control_tokens_are_found_in_every_turn(text):
    for turn in ("user", "system", "answer"):
        assert kinds(**{turn: f"x{text}y"}) == ["control_token"]


@pytest.mark.parametrize(
    "text",
    ["a < b | c > d", "x <= y", "<|", "if a<s>b:"[:6], "list[int]", "a[INSTALL]", "<span>",
     "{x}", "{{", "f'{{x}'", "<images>"],
)  # fmt: skip
def test_plain_code_is_safe(text):
    assert kinds(user=text, answer=text) == []


def test_placeholders_of_media_are_found():
    assert kinds(answer="<image>") == kinds(user="<audio>") == ["media_placeholder"]


def test_the_turn_number_and_other_braces_count_in_the_user_turn_alone():
    assert kinds(user="{{idx}}") == ["turn_number_placeholder"]
    assert kinds(user="{{ name }}") == ["handlebars"]
    assert kinds(user="{{idx}} {{#if x}}") == ["turn_number_placeholder", "handlebars"]
    assert kinds(answer="{{idx}} {{name}}") == []


def test_the_tokenizers_own_special_tokens_are_found_as_they_are():
    own = ["<own>", "▁x.", " "]
    assert kinds(user="<own>", special_tokens=own) == ["control_token"]
    assert kinds(user="▁x.", special_tokens=own) == ["control_token"]
    assert kinds(user="▁xy <owner>", special_tokens=own) == []


def test_a_hostile_text_takes_no_time():
    started = time.perf_counter()
    kinds(user="<|" * 200_000 + "{{" * 200_000)
    assert time.perf_counter() - started < 1
