import pytest

from utils.finetune.chat_format import user_turn
from utils.topics.edit_texts import EditReader, EditTexts, TextStore, pack, unpack

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


def test_texts_set_aside_are_read_back_by_row_number(tmp_path, monkeypatch):
    monkeypatch.setattr("utils.topics.edit_texts.HELD_IN_MEMORY", 8)
    first, last = EditTexts("a\u2028\ud800", "b\0", "ç" * 99), EditTexts("", None, "c")
    with TextStore(tmp_path) as store:
        for packed in (pack(first), b"", pack(last)):
            store.add(packed)
        assert unpack(store.read(2)) == last
        assert unpack(store.read(0)) == first
    assert list(tmp_path.iterdir()) == []


def test_texts_are_set_aside_though_the_folder_is_not_made_yet(tmp_path):
    with TextStore(tmp_path / "later") as store:
        store.add(pack(EditTexts("a", "b", "c")))
        assert unpack(store.read(0)) == EditTexts("a", "b", "c")


def test_what_stands_in_which_field_is_part_of_the_packed_texts():
    texts = [("ab", "", "c"), ("a", "b", "c"), ("a", "bc", ""), ("ab", None, "c"), ("ab", "c", "")]
    assert len({pack(EditTexts(*fields)) for fields in texts}) == len(texts)
