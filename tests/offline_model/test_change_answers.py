from collections import Counter

import pytest

from offline_model.answers import PLAIN_ANSWER, answer
from offline_model.change_answers import is_change
from offline_model.conversation import read_conversation
from programming_instruct.change_prompts import (
    Messages,
    Screen,
    chat_messages,
    instruction_messages,
    judge_messages,
    load_few_shot,
)
from programming_instruct.change_replies import read_chat, read_instruction
from programming_instruct.edit_blocks import block_diffs, edit_blocks
from programming_instruct.judge_decisions import read_decisions
from utils.errors import BadReply

FIRST = "def mean(xs):\n    return sum(xs) / len(xs)\n\n\ndef show(xs):\n    print(mean(xs))\n"
CURRENT = FIRST.replace(
    "def mean(xs):\n    return sum(xs) / len(xs)",
    "def mean(values):\n    return sum(values) / len(values)",
)
FINAL = CURRENT.replace("show(xs):\n    print(mean(xs))", "show(values):\n    print(mean(values))")


def ask(messages: Messages, seed: int = 1, share: float = 0.0) -> str:
    body = {"model": "offline", "messages": messages, "seed": seed}
    return answer(read_conversation(body), share).text


def judged(history: list[str], current: str, after: str, seed: int = 1) -> list[bool]:
    diffs = block_diffs(current, edit_blocks(current, after))
    messages = judge_messages(Screen(current, history, "python"), diffs)
    return read_decisions(ask(messages, seed), len(diffs))


def test_a_renaming_carried_on_is_foreseeable() -> None:
    assert judged([FIRST], CURRENT, FINAL) == [True]
    assert judged([], FIRST, CURRENT) == [False], "without a history the new name is unheard of"


def test_a_new_name_or_number_is_not_foreseeable() -> None:
    assert judged([FIRST], CURRENT, CURRENT + "\n\ndef median(values):\n    pass\n") == [False]
    assert judged([], "limit = 5\n", "limit = 6\n") == [False]


def test_what_the_code_names_already_is_foreseeable() -> None:
    assert judged([], "a = 1\nb = 2\nprint(a)\n", "a = 1\nb = 2\nprint(a)\nprint(b)\n") == [True]


def test_removing_what_nothing_uses_is_foreseeable() -> None:
    unused = "import os\n\nx = 1\nprint(x)\n"
    assert judged([], unused, unused.replace("import os\n\n", "")) == [True]
    used = "import os\n\nprint(os.name)\n"
    assert judged([], used, used.replace("import os\n\n", "")) == [False]


def test_removing_words_is_not_foreseeable() -> None:
    assert judged([], "# why\nx = 1\n", "x = 1\n") == [False]


def test_mere_layout_is_not_foreseeable() -> None:
    assert judged([], "x = 1\ny = x\n", "x = 1\n\n\ny = x\n") == [False]


def test_the_examples_of_the_prompt_are_judged_as_people_judged_them() -> None:
    for example in load_few_shot().judge:
        screen = example.screen
        count = len(edit_blocks(screen.current, example.after))
        ours = judged(list(screen.history), screen.current, example.after)
        assert ours == read_decisions(example.answer, count)


def test_no_decision_hangs_on_the_seed_though_its_form_does() -> None:
    messages = judge_messages(
        Screen(CURRENT, [FIRST], "python"), block_diffs(CURRENT, edit_blocks(CURRENT, FINAL))
    )
    texts = {ask(messages, seed) for seed in range(60)}
    assert len(texts) >= 3
    assert {tuple(read_decisions(text, 1)) for text in texts} == {(True,)}


def test_a_request_and_a_message_name_what_changes_and_pass_their_parsers() -> None:
    screen = Screen(CURRENT, [FIRST], "python")
    for seed in range(20):
        request = ask(instruction_messages(screen, FINAL, "Tidy up"), seed)
        assert "`xs` to `values`" in request
        assert read_instruction(request, CURRENT, FINAL) == request
        message = ask(chat_messages(screen, FINAL), seed)
        assert "the renaming of `xs`" in message
        assert read_chat(message, CURRENT, FINAL) == message


def test_a_change_of_nothing_is_explained_as_such() -> None:
    message = ask(chat_messages(Screen(CURRENT, [FIRST], "python"), CURRENT))
    assert read_chat(message, CURRENT, CURRENT) == message
    assert "`values`" in message


def test_spoiled_answers_are_refused_for_many_reasons_and_some_are_read_all_the_same() -> None:
    screen = Screen(CURRENT, [FIRST], "python")
    diffs = block_diffs(CURRENT, edit_blocks(CURRENT, FINAL))
    outcomes: Counter[str] = Counter()
    for seed in range(60):
        asked = {
            "judge": (judge_messages(screen, diffs), lambda text: read_decisions(text, 1)),
            "request": (
                instruction_messages(screen, FINAL),
                lambda text: read_instruction(text, CURRENT, FINAL),
            ),
            "chat": (chat_messages(screen, FINAL), lambda text: read_chat(text, CURRENT, FINAL)),
        }
        for name, (messages, read) in asked.items():
            try:
                read(ask(messages, seed, share=1.0))
                outcomes[f"{name} read"] += 1
            except BadReply as error:
                outcomes[f"{name} {error.reason}"] += 1
    for name in ("judge", "request", "chat"):
        assert len([outcome for outcome in outcomes if outcome.startswith(name)]) >= 4, outcomes
    assert outcomes["request read"]
    assert outcomes["chat read"]


def test_some_spoiled_answers_break_off() -> None:
    messages = chat_messages(Screen(CURRENT, [FIRST], "python"), FINAL)
    bodies = [{"model": "offline", "messages": messages, "seed": seed} for seed in range(40)]
    reasons = {answer(read_conversation(body), 1.0).finish_reason for body in bodies}
    assert reasons == {"stop", "length"}


def test_the_same_request_gets_the_same_answer_and_another_one_another() -> None:
    messages = instruction_messages(Screen(CURRENT, [FIRST], "python"), FINAL)
    assert ask(messages, 3) == ask(messages, 3)
    assert len({ask(messages, seed) for seed in range(20)}) > 3


@pytest.mark.parametrize(
    "text", ["Hello", "```\n# Edit to Explain\n```", "What is an Edit to Explain?"]
)
def test_other_prompts_are_left_to_others(text: str) -> None:
    messages = [{"role": "system", "content": "x"}, {"role": "user", "content": text}]
    assert not is_change(read_conversation({"messages": messages}))
    assert ask(messages) == PLAIN_ANSWER
