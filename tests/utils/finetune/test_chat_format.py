import json

import pytest

from utils.code.fences import fence_lines
from utils.code.write_edit import EDIT_FORMATS
from utils.finetune.chat_format import (
    PROMPT_FORMATS,
    SYSTEM_PROMPTS,
    TrainingConversation,
    TrainingDialogue,
    origin,
    seeds_of,
    to_from_value,
    to_messages,
    user_turn,
    whole_lines,
)

CONVERSATION = TrainingConversation("s", "u", "a")


def test_the_user_turn_holds_code_before_and_instruction_under_their_headings():
    assert user_turn("x = 1\n", " Add y.\n") == (
        "## Code Before:\n```python\nx = 1\n```\n## Instruction:\nAdd y.\n## Code After:"
    )


def test_code_may_stand_without_a_block():
    assert user_turn("x = 1", "Add y.", in_block=False) == (
        "## Code Before:\nx = 1\n## Instruction:\nAdd y.\n## Code After:"
    )


def test_code_that_holds_a_heading_stands_in_a_block_all_the_same():
    turn = user_turn('"""\n## Instruction:\n"""\n', "Add y.", in_block=False)
    assert len(fence_lines(turn)) == 2


def test_code_with_braces_and_backticks_is_put_in_as_it_is():
    turn = user_turn('x = f"{y}"  # ```\n', "Use {z}.", "c++")
    assert '````c++\nx = f"{y}"  # ```\n````\n' in turn
    assert "Use {z}." in turn


def test_code_gets_its_final_newline_and_no_second_one():
    assert whole_lines("x = 1") == "x = 1\n"
    assert whole_lines("x = 1\n\n") == "x = 1\n\n"
    assert whole_lines("") == ""


@pytest.mark.parametrize(
    ("prompt_format", "row"),
    [
        ("alpaca", {"instruction": "u", "input": "", "output": "a", "system": "s"}),
        (
            "share_gpt_from_value",
            {
                "conversations": [
                    {"from": "system", "value": "s"},
                    {"from": "human", "value": "u"},
                    {"from": "gpt", "value": "a"},
                ]
            },
        ),
        (
            "prompt_completion",
            {
                "prompt": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}],
                "completion": [{"role": "assistant", "content": "a"}],
            },
        ),
    ],
)
def test_each_layout_is_the_one_of_its_name(prompt_format, row):
    assert PROMPT_FORMATS[prompt_format].lay_out(CONVERSATION) == row


@pytest.mark.parametrize("prompt_format", ["share_gpt", "openai"])
def test_messages_begin_with_the_system_turn_if_there_is_one(prompt_format):
    lay_out = PROMPT_FORMATS[prompt_format].lay_out
    messages = [{"role": role, "content": role[0]} for role in ("system", "user", "assistant")]
    assert lay_out(CONVERSATION) == {"messages": messages}
    assert lay_out(TrainingConversation("", "u", "a")) == {"messages": messages[1:]}


@pytest.mark.parametrize("prompt_format", PROMPT_FORMATS)
def test_every_column_and_tag_of_a_row_is_named_to_the_loader(prompt_format):
    layout = PROMPT_FORMATS[prompt_format]
    info = layout.llamafactory
    if info is None:
        assert prompt_format == "prompt_completion"
        return
    row = layout.lay_out(CONVERSATION)
    assert set(info["columns"].values()) == set(row)
    if info["formatting"] == "sharegpt":
        (turns,) = row.values()
        role_tag, content_tag, *roles = info["tags"].values()
        assert set(turns[0]) == {role_tag, content_tag}
        assert {turn[role_tag] for turn in turns} == set(roles)
        assert [turn[content_tag] for turn in turns] == list(CONVERSATION)


def test_each_edit_format_tells_the_model_what_to_answer():
    assert SYSTEM_PROMPTS.keys() == EDIT_FORMATS.keys()
    assert len(set(SYSTEM_PROMPTS.values())) == 3


def test_the_origin_of_a_row_is_strings_alone():
    row = {"commit": ["a", "b"], "instr_type": "m_lazy", "prompt_id": "p", "license": ["mit", None]}
    made_of = origin(row, "x\n", "y\n")
    assert made_of["commit"] == "a,b"
    assert json.loads(made_of["meta"]) == {"prompt_id": "p", "license": ["mit", None]}
    assert {type(value) for value in made_of.values()} == {str}
    assert list(made_of) == list(origin(row | {"commit": "a,b"}, "x\n", "y\n"))


def test_seeds_are_a_list_or_joined_by_commas():
    assert seeds_of({"commit": "a,b"}) == seeds_of({"commit": ["a", "b"]}) == ["a", "b"]


def test_a_dialogue_of_many_turns_is_laid_out_in_order():
    dialogue = TrainingDialogue(
        [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    )
    assert [turn["content"] for turn in to_messages(dialogue)["messages"]] == ["a", "b", "c", "d"]
    turns = to_from_value(dialogue)["conversations"]
    assert [turn["from"] for turn in turns] == ["human", "gpt", "human", "gpt"]
