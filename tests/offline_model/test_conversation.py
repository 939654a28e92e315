"""Requests: what is read from them, and which are refused."""

import pytest

from offline_model.conversation import BadRequest, read_conversation
from tests.offline_model.prompts import body


def test_later_turns_leave_the_seed_as_it_is() -> None:
    first = read_conversation(body("hello"))
    second = read_conversation(body("hello", "answer", "and now?"))
    assert first.seed == second.seed and (first.round, second.round) == (1, 2)


def test_the_first_turn_the_system_text_and_the_seed_make_the_seed() -> None:
    seeds = {
        read_conversation(body("hello")).seed,
        read_conversation(body("hello!")).seed,
        read_conversation(body("hello", seed=2)).seed,
        read_conversation({"messages": body("hello")["messages"][1:], "seed": 1}).seed,
    }
    assert len(seeds) == 4


def test_content_may_come_in_parts() -> None:
    parts = [{"type": "text", "text": "hel"}, {"type": "image_url"}, {"type": "text", "text": "lo"}]
    conversation = read_conversation({"messages": [{"role": "user", "content": parts}]})
    assert conversation.users == ("hel\nlo",)


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        "text",
        {},
        {"messages": []},
        {"messages": "hi"},
        {"messages": ["hi"]},
        {"messages": [{"role": "king", "content": "hi"}]},
        {"messages": [{"role": ["user"], "content": "hi"}]},
        {"messages": [{"role": "system", "content": "hi"}]},
        {"messages": [{"role": "user", "content": 5}]},
        {"messages": [{"role": "user", "content": ["hi"]}]},
        {"messages": [{"role": "user", "content": "hi"}], "stream": True},
        {"messages": [{"role": "user", "content": "hi"}], "model": 4},
        {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 0},
        {"messages": [{"role": "user", "content": "hi"}], "max_tokens": True},
        {"messages": [{"role": "user", "content": "hi"}], "max_completion_tokens": "9"},
    ],
)
def test_a_body_of_another_form_is_refused(wrong: object) -> None:
    with pytest.raises(BadRequest):
        read_conversation(wrong)
