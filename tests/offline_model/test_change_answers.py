"""Changes judged, asked for and explained, read by the room's own parsers."""

import pytest

from offline_model.answers import answer
from offline_model.conversation import read_conversation
from programming_instruct.change_prompts import (
    Screen,
    chat_messages,
    instruction_messages,
    judge_messages,
)
from programming_instruct.change_replies import read_chat, read_instruction
from programming_instruct.edit_blocks import block_diffs, edit_blocks
from programming_instruct.judge_decisions import read_decisions

OLD = (
    "def total(rows):\n    result = 0\n    for row in rows:\n        result += row\n"
    "    # A line.\n    # Another.\n    # A third.\n    return result\n"
)
FIRST = OLD.replace("result", "found")
SECOND = FIRST.replace("+= row", "+= rows").replace("return found", "return round(found)")
CHANGES = {
    "rename": (OLD, OLD.replace("result", "found")),
    "addition": (OLD, OLD + "\n\ndef mean(rows):\n    return total(rows) / len(rows)\n"),
    "removal": (OLD + "\n\ndef mean(rows):\n    return total(rows) / len(rows)\n", OLD),
    "layout": (OLD, OLD.replace("    return", "\n    return")),
}


def ask(messages, kind: str, seed: int = 1, share: float = 0.0) -> str:
    told = {"prompt_kind": kind}
    body = {"messages": list(messages), "seed": seed, "metadata": told}
    return answer(read_conversation(body), share).text


def test_a_block_that_brings_nothing_new_is_foreseeable_and_no_other() -> None:
    screen = Screen(FIRST, [OLD], "python")
    diffs = block_diffs(FIRST, edit_blocks(FIRST, SECOND))
    assert read_decisions(ask(judge_messages(screen, diffs), "judge_blocks"), 2) == [True, False]


@pytest.mark.parametrize("name", CHANGES)
def test_requests_and_messages_are_taken_by_their_readers(name: str) -> None:
    before, after = CHANGES[name]
    screen = Screen(before, [], "python")
    for seed in range(20):
        request = ask(instruction_messages(screen, after, "Some commit"), "change_request", seed)
        assert read_instruction(request, before, after, "python")
        message = ask(chat_messages(screen, after, request), "change_message", seed)
        assert read_chat(message, before, after)


def test_what_is_added_is_named() -> None:
    before, after = CHANGES["addition"]
    request = ask(instruction_messages(Screen(before), after), "change_request")
    assert "`mean`" in request


def test_no_edit_has_a_message_too() -> None:
    for seed in range(10):
        message = ask(chat_messages(Screen(OLD), OLD), "change_message", seed)
        assert read_chat(message, OLD, OLD)


def test_spoiled_answers_differ() -> None:
    messages = instruction_messages(Screen(OLD), FIRST)
    for seed in range(10):
        good = ask(messages, "change_request", seed)
        assert ask(messages, "change_request", seed, share=1.0) != good
