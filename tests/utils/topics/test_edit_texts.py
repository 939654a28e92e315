import pytest

from utils.finetune.chat_format import user_turn
from utils.topics.edit_texts import EditReader, EditTexts

TRIPLETS = EditReader("triplet", "instruct_purify")
CONVERSATIONS = EditReader("sharegpt", "instruct_purify")


def test_a_triplet_gives_its_codes_and_the_instruction_of_the_field_named():
    row = {"code_before_purify": "a\n", "code_after_purify": "b\n", "other": "Rename it."}
    reader = EditReader("triplet", "other")
    assert reader.read(row) == EditTexts("a\n", "b\n", "Rename it.")
    assert reader.field_names == ("code_before", "code_after", "other")
    assert set(reader.required) == row.keys()


@pytest.mark.parametrize("value", [None, "", " \n", 5, ["a"]])
def test_a_field_that_holds_no_text_is_none(value):
    row = {"code_before_purify": value, "code_after_purify": "b\n", "instruct_purify": value}
    assert TRIPLETS.read(row) == EditTexts(None, "b\n", None)


@pytest.mark.parametrize("in_block", [True, False])
def test_a_conversation_gives_its_codes_and_what_the_user_said_around_them(in_block):
    code = 'total = 1\n\ntext = """\n```\n"""\n'
    said = user_turn(code, "Rename `total` to `sum_of_rows`.", in_block=in_block)
    turns = [{"role": "system", "content": "Edit."}, {"role": "user", "content": said}]
    row = {"old_code": code, "new_code": "x\n", "messages": turns}
    assert CONVERSATIONS.read(row) == EditTexts(code, "x\n", "Rename `total` to `sum_of_rows`.")


def test_all_turns_of_the_user_count_and_no_others_in_either_spelling():
    turns = [
        {"from": "system", "value": "Edit."},
        {"from": "human", "value": "Add a test."},
        {"from": "gpt", "value": "Done."},
        {"from": "human", "value": "And a comment."},
    ]
    row = {"old_code": "a\n", "new_code": "b\n", "conversations": turns}
    assert CONVERSATIONS.read(row).instruction == "Add a test.\nAnd a comment."


def test_a_line_is_read_like_its_row_though_it_begins_with_a_byte_order_mark():
    line = b'\xef\xbb\xbf{"code_before_purify": "a", "code_after_purify": "b", '
    line += b'"instruct_purify": "c"}\n'
    assert TRIPLETS.read_line(line) == EditTexts("a", "b", "c")
