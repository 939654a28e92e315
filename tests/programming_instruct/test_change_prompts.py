from hypothesis import given
from hypothesis import strategies as st

from programming_instruct.change_prompts import (
    CHAT_SYSTEM,
    HEADINGS,
    INSTRUCTION_SYSTEM,
    JUDGE_SYSTEM,
    NO_CHANGE,
    NO_HISTORY,
    Example,
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
from utils.code.fences import block_text, fence_lines, read_blocks

CODE = "def f(x):\n    return x\n"
LATER = "def f(x):\n    return x + 1\n"


def last_turn(messages: Messages) -> str:
    assert messages[-1]["role"] == "user"
    return messages[-1]["content"]


def blocks_of(text: str) -> list[str]:
    return [block_text(text, block) for block in read_blocks(fence_lines(text)).blocks]


def examples() -> list[Example]:
    shown = load_few_shot()
    return [*shown.judge, *shown.instruction, *shown.chat]


def test_each_prompt_has_its_system_text_and_examples_in_turn() -> None:
    prompts = {
        JUDGE_SYSTEM: judge_messages(Screen(CODE), ["@@"]),
        INSTRUCTION_SYSTEM: instruction_messages(Screen(CODE), LATER),
        CHAT_SYSTEM: chat_messages(Screen(CODE), LATER),
    }
    assert len(prompts) == 3
    for system, messages in prompts.items():
        roles = [message["role"] for message in messages]
        assert messages[0]["content"] == system
        assert roles == ["system", *["user", "assistant"] * 3, "user"]


def test_the_examples_cover_several_languages_with_and_without_history() -> None:
    assert len({example.language for example in examples()}) >= 6
    for shown in (load_few_shot().judge, load_few_shot().instruction, load_few_shot().chat):
        assert {bool(example.screen.history) for example in shown} == {True, False}


def test_the_answers_of_the_judge_examples_decide_on_each_of_their_blocks() -> None:
    decided = []
    for example in load_few_shot().judge:
        current = example.screen.current
        count = len(block_diffs(current, edit_blocks(current, example.after)))
        decided += read_decisions(example.answer, count)
    assert decided.count(True) >= 3
    assert decided.count(False) >= 3


def test_the_answers_of_the_other_examples_pass_their_own_parsers() -> None:
    for example in load_few_shot().instruction:
        current, answer = example.screen.current, example.answer
        assert read_instruction(answer, current, example.after, example.language) == answer.strip()
    for example in load_few_shot().chat:
        assert read_chat(example.answer, example.screen.current, example.after)


def test_one_chat_example_has_nothing_to_change() -> None:
    unchanged = [e for e in load_few_shot().chat if e.after == e.screen.current]
    assert len(unchanged) == 1


def test_the_history_is_shown_as_diffs_oldest_first() -> None:
    screen = Screen("c\n", ["a\n", "b\n"], "text")
    text = last_turn(judge_messages(screen, ["@@ block"]))
    assert text.index("-a\n+b\n") < text.index("-b\n+c\n") < text.index("# Current Code")
    assert "## Edit 2" in text
    assert NO_HISTORY not in text


def test_without_a_history_the_prompt_says_so() -> None:
    text = last_turn(chat_messages(Screen(CODE), LATER))
    assert NO_HISTORY in text


def test_the_judge_sees_numbered_blocks_and_nothing_that_was_said() -> None:
    text = last_turn(judge_messages(Screen(CODE), ["@@ one", "@@ two"]))
    assert "## Block 1\n\n```diff\n@@ one\n```" in text
    assert "## Block 2\n\n```diff\n@@ two\n```" in text
    assert "Request" not in text
    assert "Context" not in text


def test_the_context_and_the_request_are_shown_only_where_there_are_any() -> None:
    assert "# Context\n\n```text\nWhy\n```" in last_turn(
        instruction_messages(Screen(CODE), LATER, "Why")
    )
    assert "# Context" not in last_turn(instruction_messages(Screen(CODE), LATER))
    assert "# Request\n\n```text\nDo it\n```" in last_turn(
        chat_messages(Screen(CODE), LATER, "Do it")
    )
    assert "# Request" not in last_turn(chat_messages(Screen(CODE), LATER))


def test_a_change_of_nothing_is_named_as_such() -> None:
    assert last_turn(chat_messages(Screen(CODE), CODE)).endswith(NO_CHANGE)


def test_a_languages_name_can_not_spoil_the_fence() -> None:
    text = last_turn(chat_messages(Screen(CODE, language="Jupyter `Notebook`"), LATER))
    assert "\n```\n" + CODE + "```" in text
    assert "```c++\n" in last_turn(chat_messages(Screen(CODE, language="C++"), LATER))


@given(
    st.lists(
        st.sampled_from(
            ["```", "````py", "~~~", "# Current Code", "{x}", "\r", "\x0c", "\u2028", ""]
        )
    ).map("\n".join)
)
def test_code_survives_exactly_whatever_stands_in_it(code: str) -> None:
    text = last_turn(chat_messages(Screen(code), code, "please"))
    ending = "\n" if code and not code.endswith("\n") else ""
    assert blocks_of(text)[0] == code + ending


def test_no_example_holds_a_heading_of_the_prompts_in_its_answer() -> None:
    for example in examples():
        assert not any(f"# {heading}" in example.answer for heading in HEADINGS)
