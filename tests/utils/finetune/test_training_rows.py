import json
from dataclasses import replace

import pytest

from utils.code.fences import only_block
from utils.code.write_edit import NotProvable, apply_answer
from utils.finetune.training_rows import RowSettings, make_training_row

SETTINGS = RowSettings(
    prompt_format="share_gpt",
    edit_format="whole",
    system_prompt="s",
    language="python",
    codeblock_share=0.5,
    no_think=False,
    final_newline="add",
    random_seed=42,
)


def edit(**fields):
    return {
        "commit": ["a1", "b2"],
        "code_before_purify": "def f(a):\n    return a\n",
        "code_after_purify": "def f(a):\n    return a + 1\n",
        "instruct_purify": "Add one.",
        "instr_type": "offline_lazy",
        "prompt_id": "p1",
        **fields,
    }


def make(row, **settings):
    return make_training_row(row, replace(SETTINGS, **settings))


def test_a_row_is_the_conversation_and_what_it_was_made_of():
    row = make(edit()).row
    assert list(row) == ["messages", "commit", "instr_type", "old_code", "new_code", "meta"]
    assert only_block(row["messages"][-1]["content"]) == row["new_code"]
    assert json.loads(row["meta"]) == {"prompt_id": "p1"}


def test_openai_rows_are_bare_messages():
    assert list(make(edit(), prompt_format="openai").row) == ["messages"]


@pytest.mark.parametrize("edit_format", ["whole", "diff", "search_replace"])
def test_both_codes_get_a_final_newline_and_that_pair_is_proved(edit_format):
    made = make(
        edit(code_before_purify="x = 1", code_after_purify="x = 2"), edit_format=edit_format
    )
    assert made.has_new_newline
    assert (made.row["old_code"], made.row["new_code"]) == ("x = 1\n", "x = 2\n")
    answer = made.conversation.assistant
    assert "No newline" not in answer
    assert apply_answer(edit_format, answer, made.row["old_code"]) == made.row["new_code"]
    assert not make(edit()).has_new_newline


def test_codes_may_be_kept_to_the_byte_where_the_format_can_show_them():
    bare = edit(code_before_purify="x = 1", code_after_purify="x = 2")
    for edit_format in ("diff", "search_replace"):
        made = make(bare, edit_format=edit_format, final_newline="keep")
        assert (made.row["old_code"], made.row["new_code"]) == ("x = 1", "x = 2")
        assert apply_answer(edit_format, made.conversation.assistant, "x = 1") == "x = 2"
    with pytest.raises(NotProvable, match="not_provable"):
        make(bare, final_newline="keep")


def test_code_before_stands_in_a_block_in_about_the_share_of_rows_asked_for():
    def blocks(**settings):
        users = [
            make(edit(instruct_purify=str(n)), **settings).conversation.user for n in range(200)
        ]
        return ["```python\n" in user for user in users]

    assert 70 <= sum(blocks()) <= 130
    assert blocks() == blocks()
    assert blocks() != blocks(random_seed=1)
    assert set(blocks(codeblock_share=0.0)) == {False}
    assert set(blocks(codeblock_share=1.0)) == {True}


def test_the_switch_against_thoughts_ends_the_user_turn():
    assert make(edit(), no_think=True).conversation.user.endswith("## Code After: /no_think")


def test_the_language_labels_both_blocks():
    made = make(edit(), language="c++", codeblock_share=1.0)
    assert "```c++\n" in made.conversation.user
    assert made.conversation.assistant.startswith("```c++\n")
