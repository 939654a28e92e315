"""Answers of all providers' forms, read into text, thought, word and usage; or what they are."""

import json
from typing import Any

import pytest

from utils.providers.anthropic_form import read_message
from utils.providers.gemini_form import read_candidate
from utils.providers.openai_form import parse_reply, read_content
from utils.providers.replies import PassingError, Reply, RequestRefused, Usage

ASKED = {"messages": [{"role": "user", "content": "x" * 40}]}


def openai(message: Any, finish: Any = "stop", usage: Any = None) -> bytes:
    choice = {"message": message, "finish_reason": finish}
    return json.dumps({"choices": [choice], "usage": usage}).encode()


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ("a", ("a", "")),
        (None, ("", "")),
        ([], ("", "")),
        ([{"type": "text", "text": "a"}, {"type": "text", "text": "b"}], ("ab", "")),
        (["a", {"text": "b"}], ("ab", "")),
        ([{"type": "output_text", "text": "a"}], ("a", "")),
        ([{"type": "text", "text": {"value": "a"}}], ("a", "")),
        ([{"type": "thinking", "thinking": "t"}, {"type": "text", "text": "a"}], ("a", "t")),
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "t"}]}], ("", "t")),
        ([{"type": "reasoning", "text": "t"}, {"type": "text", "text": "a"}], ("a", "t")),
        ([{"type": "redacted_thinking", "data": "x"}, {"type": "text", "text": "a"}], ("a", "")),
        ([{"type": "image_url", "image_url": "x"}, {"type": "text", "text": "a"}], ("a", "")),
    ],
)
def test_parts_are_joined_and_thoughts_kept_apart(content: Any, read: tuple[str, str]) -> None:
    assert read_content(content) == read


@pytest.mark.parametrize("field", ["reasoning_content", "reasoning", "thinking"])
def test_a_thought_beside_the_answer_is_read(field: str) -> None:
    reply = parse_reply(openai({"content": "a", field: "t"}), ASKED)
    assert (reply.text, reply.reasoning) == ("a", "t")


@pytest.mark.parametrize(
    ("message", "finish"),
    [
        ({"content": None, "reasoning_content": "t"}, "length"),
        ({"content": None, "reasoning_content": "t"}, "stop"),
        ({"content": None}, "length"),
        ({"content": " "}, "MAX_TOKENS"),
        ({"content": None, "tool_calls": []}, "tool_calls"),
    ],
)
def test_work_without_an_answer_is_a_reply_without_text(message: Any, finish: str) -> None:
    reply = parse_reply(openai(message, finish), ASKED)
    assert reply.text == "" and reply.finish_reason == finish


@pytest.mark.parametrize(
    ("message", "finish"),
    [
        ({"content": ""}, "content_filter"),
        ({}, "content_filter: PROHIBITED_CONTENT"),
        ({"content": ""}, "sensitive"),
        ({"content": None, "refusal": "no"}, "stop"),
    ],
)
def test_a_withheld_answer_is_the_prompts_and_was_paid_for(message: Any, finish: str) -> None:
    with pytest.raises(RequestRefused) as caught:
        parse_reply(openai(message, finish, {"prompt_tokens": 9, "completion_tokens": 1}), ASKED)
    assert caught.value.usage == Usage(9, 1) and not caught.value.is_unknown


@pytest.mark.parametrize("finish", ["stop", None, "load", "error", "network_error", "abort"])
def test_nothing_at_all_may_pass(finish: str | None) -> None:
    with pytest.raises(PassingError) as caught:
        parse_reply(openai({"content": None}, finish), ASKED)
    assert caught.value.cause == "empty" and caught.value.usage is None


def test_sglangs_own_reason_is_a_word() -> None:
    reply = parse_reply(openai({"content": "a"}, {"type": "stop", "matched": 2}), ASKED)
    assert reply.finish_reason == "stop"


@pytest.mark.parametrize(
    ("usage", "read"),
    [
        (None, Usage(11, 1, estimated=True)),
        ({"prompt_tokens": 9, "completion_tokens": None}, Usage(9, 1, estimated=True)),
        ({"prompt_tokens": 9.0, "completion_tokens": 2}, Usage(9, 2)),
        ("odd", Usage(11, 1, estimated=True)),
    ],
)
def test_counts_are_read_one_by_one(usage: Any, read: Usage) -> None:
    assert parse_reply(openai({"content": "a"}, "stop", usage), ASKED).usage == read


# Anthropic


def message(*parts: Any, stop: Any = "end_turn", **usage: int) -> bytes:
    counts = {"input_tokens": 10, "output_tokens": 5, **usage}
    made = {"type": "message", "content": list(parts), "stop_reason": stop, "usage": counts}
    return json.dumps(made).encode()


def test_anthropics_answer_is_read_with_thoughts_and_cached_tokens() -> None:
    thinking = {"type": "thinking", "thinking": "t", "signature": "s"}
    cached = {"cache_read_input_tokens": 4, "cache_creation_input_tokens": 2}
    reply = read_message(message(thinking, {"type": "text", "text": "a"}, **cached), ASKED)
    assert reply == Reply("a", "end_turn", Usage(16, 5, 4), reasoning="t")


def test_anthropics_answer_may_be_none() -> None:
    assert read_message(message(stop="max_tokens"), ASKED).text == ""
    assert read_message(message({"type": "tool_use"}, stop="tool_use"), ASKED).text == ""
    with pytest.raises(RequestRefused, match="refusal: the server withheld") as caught:
        read_message(message(stop="refusal"), ASKED)
    assert caught.value.usage == Usage(10, 5)
    for odd in (b"[]", b"{}", b"<html>", b'{"content": [], "usage": null}'):
        with pytest.raises(PassingError):
            read_message(odd, ASKED)


# Gemini


def candidate(*parts: Any, finish: Any = "STOP", **more: Any) -> bytes:
    made = {"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}
    counts = {"promptTokenCount": 10, "candidatesTokenCount": 5, "thoughtsTokenCount": 3}
    return json.dumps({"candidates": [made], "usageMetadata": counts, **more}).encode()


def test_geminis_answer_is_read_with_thoughts_and_what_they_cost() -> None:
    parts = {"text": "t", "thought": True}, {"text": "a"}, {"text": "b"}
    assert read_candidate(candidate(*parts), ASKED) == Reply(
        "ab", "STOP", Usage(10, 8), reasoning="t"
    )


def test_geminis_answer_may_be_none() -> None:
    assert read_candidate(candidate(finish="MAX_TOKENS"), ASKED).text == ""
    with pytest.raises(RequestRefused, match="PROHIBITED_CONTENT: the server withheld"):
        read_candidate(candidate(finish="PROHIBITED_CONTENT"), ASKED)
    blocked = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {}}
    with pytest.raises(RequestRefused, match="SAFETY: the server blocked the prompt"):
        read_candidate(json.dumps(blocked).encode(), ASKED)
    for odd in (b"[]", b"{}", b"<html>", b'{"candidates": []}'):
        with pytest.raises(PassingError):
            read_candidate(odd, ASKED)
    with pytest.raises(PassingError, match="empty answer"):
        read_candidate(b'{"candidates": [{"finishReason": "STOP"}]}', ASKED)
