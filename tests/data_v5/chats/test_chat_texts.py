import pytest

from data_v5.chats.chat_texts import read_text_file
from utils.errors import PipelineError


def read(tmp_path, text):
    path = tmp_path / "chat.txt"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return list(read_text_file(path))


def test_turns_begin_with_a_label(tmp_path):
    assert read(tmp_path, "User: a\nBot: b\nUser: c\nBot: d\n") == [
        [("user", "a"), ("assistant", "b"), ("user", "c"), ("assistant", "d")]
    ]


def test_an_empty_line_before_the_user_begins_a_conversation(tmp_path):
    assert read(tmp_path, "User: a\nBot: b\n\nUser: c\nBot: d") == [
        [("user", "a"), ("assistant", "b")],
        [("user", "c"), ("assistant", "d")],
    ]


def test_lines_without_a_label_go_on_with_the_turn(tmp_path):
    text = "User: a\n  indented\u2028x\x0cy\n\nBot:\nb\n\nmore\r\n"
    assert read(tmp_path, text) == [
        [("user", "a\n  indented\u2028x\x0cy"), ("assistant", "\nb\n\nmore")]
    ]


def test_text_before_the_first_label_has_no_speaker(tmp_path):
    assert read(tmp_path, "\ufeff\nTitle\nUser: a") == [[("", "Title"), ("user", "a")]]


@pytest.mark.parametrize(
    ("text", "message"), [("", "holds no line"), (b"User: \xff\n", "line 1: not UTF-8")]
)
def test_a_wrong_file_is_named(tmp_path, text, message):
    with pytest.raises(PipelineError, match=message):
        read(tmp_path, text)
