import json

from hypothesis import given, settings
from hypothesis import strategies as st

from utils.chat_format import (
    dataset_info_entry,
    provenance,
    to_alpaca,
    to_share_gpt,
    user_turn,
    whole_answer,
    whole_lines,
)
from utils.fences import only_block

PIECES = [
    "x = 1",
    "\n",
    "```",
    "````python\n",
    "~~~",
    "\r\n",
    "\t",
    '"""',
    "ü\u2028",
    "## Code After:",
]
codes = st.lists(st.sampled_from(PIECES), max_size=20).map("".join).map(whole_lines)


@settings(max_examples=200, deadline=None)
@given(codes)
def test_an_answer_reads_back_to_the_code_after_to_the_byte(code):
    assert only_block(whole_answer(code)) == code


def test_the_user_turn_holds_code_before_and_instruction_under_their_headings():
    assert user_turn("x = 1\n", " Add y.\n") == (
        "## Code Before:\n```python\nx = 1\n```\n## Instruction:\nAdd y.\n## Code After:"
    )


def test_code_with_braces_and_backticks_is_put_in_as_it_is():
    turn = user_turn('x = f"{y}"  # ```\n', "Use {z}.")
    assert '````python\nx = f"{y}"  # ```\n````\n' in turn
    assert "Use {z}." in turn


def test_code_gets_its_final_newline_and_no_second_one():
    assert whole_lines("x = 1") == "x = 1\n"
    assert whole_lines("x = 1\n\n") == "x = 1\n\n"
    assert whole_lines("") == ""


def test_an_alpaca_row_has_an_empty_input():
    assert to_alpaca("s", "u", "a") == {
        "instruction": "u",
        "input": "",
        "output": "a",
        "system": "s",
    }


def test_a_share_gpt_row_is_messages_with_the_system_turn_first():
    messages = to_share_gpt("s", "u", "a")["messages"]
    assert [tuple(message.items()) for message in messages] == [
        (("role", "system"), ("content", "s")),
        (("role", "user"), ("content", "u")),
        (("role", "assistant"), ("content", "a")),
    ]


def test_the_origin_of_a_row_is_strings_alone():
    row = {"commit": ["a", "b"], "instr_type": "m_lazy", "prompt_id": "p", "license": ["mit", None]}
    origin = provenance(row, "x\n", "y\n")
    assert origin["commit"] == "a,b"
    assert json.loads(origin["meta"]) == {"prompt_id": "p", "license": ["mit", None]}
    assert {type(value) for value in origin.values()} == {str}
    assert list(origin) == list(provenance(row | {"commit": "a,b"}, "x\n", "y\n"))


def test_every_field_and_tag_of_a_row_is_named_to_the_loader():
    alpaca = dataset_info_entry("x.jsonl", "alpaca")
    assert set(alpaca["columns"].values()) == set(to_alpaca("s", "u", "a"))
    share_gpt = dataset_info_entry("x.jsonl", "share_gpt")
    messages = to_share_gpt("s", "u", "a")["messages"]
    assert share_gpt["formatting"] == "sharegpt"
    assert share_gpt["columns"] == {"messages": "messages"}
    tags = set(share_gpt["tags"].values())
    assert tags == {key for message in messages for key in message} | {
        message["role"] for message in messages
    }
