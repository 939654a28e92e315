"""Requests: what is read from them, and which are refused."""

import pytest

from offline_model.conversation import BadRequest, read_completion, read_conversation
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


def test_the_kind_is_read_and_may_be_missing() -> None:
    assert read_conversation(body("hello", kind="vote")).kind == "vote"
    assert read_conversation(body("hello", kind="")).kind == ""


def test_blocks_are_listed_with_their_labels_and_diffs_are_known() -> None:
    text = "Look:\n```python\nx = 1\n```\n```diff\n-x\n```\n````\n@@ -1 +1 @@\n+```\n````\n"
    blocks = read_conversation(body(text)).blocks
    assert [block.label for block in blocks] == ["python", "diff", ""]
    assert [block.is_diff for block in blocks] == [False, True, True]


def test_a_completion_is_a_conversation_of_one_turn() -> None:
    asked = {"prompt": "Once", "stop": "\n", "max_tokens": 9, "metadata": {"prompt_kind": "query"}}
    found = read_completion(asked)
    assert (found.users, found.kind, found.stops, found.max_tokens) == (
        ("Once",),
        "query",
        ("\n",),
        9,
    )


@pytest.mark.parametrize(
    "wrong",
    [{}, {"prompt": ""}, {"prompt": ["a", "b"]}, {"prompt": "a", "echo": True}, {"prompt": 3}],
)
def test_a_completion_of_another_form_is_refused(wrong: object) -> None:
    with pytest.raises(BadRequest):
        read_completion(wrong)


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
        {"messages": [{"role": "user", "content": "hi"}], "metadata": "vote"},
        {"messages": [{"role": "user", "content": "hi"}], "metadata": {"prompt_kind": 1}},
        {"messages": [{"role": "user", "content": "hi"}], "stop": [""]},
        {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 0},
        {"messages": [{"role": "user", "content": "hi"}], "max_tokens": True},
        {"messages": [{"role": "user", "content": "hi"}], "max_completion_tokens": "9"},
    ],
)
def test_a_body_of_another_form_is_refused(wrong: object) -> None:
    with pytest.raises(BadRequest):
        read_conversation(wrong)
