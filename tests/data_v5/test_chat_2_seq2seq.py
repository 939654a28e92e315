import json

import pytest

from data_v5.chat_2_seq2seq import main
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows


def chat(*texts, **fields):
    roles = ("user", "assistant")
    turns = [{"role": roles[i % 2], "content": text} for i, text in enumerate(texts)]
    return {"messages": turns, **fields}


def convert(tmp_path, rows, *flags):
    source, output = tmp_path / "chat.jsonl", tmp_path / "chat_seq2seq.jsonl"
    if isinstance(rows, str):
        source.write_text(rows)
    else:
        write_rows(source, rows)
    main(["--input_file", str(source), "--output_file", str(output), *flags])
    summary = json.loads((tmp_path / "chat_seq2seq.summary.json").read_text())
    return list(read_rows(output)) if summary["kept"] else [], summary


def test_each_answer_is_a_row_and_equal_beginnings_are_written_once(tmp_path):
    rows, summary = convert(tmp_path, [chat("a", "b", "c", "d"), chat("a", "b", "c", "e")])
    assert [row["Output"] for row in rows] == ["b", "d", "e"]
    assert rows[0] == {"Input": "<Role user>a<Role bot>", "Output": "b"}
    assert summary["passed_over"] == {"repeated_row": 1}
    assert summary["conversations"] == 2


def test_the_last_answers_alone_may_be_asked_for(tmp_path):
    rows, _ = convert(tmp_path, [chat("a", "b", "c", "d"), chat("e", "f")], "--turns", "last")
    assert [row["Output"] for row in rows] == ["d", "f"]


def test_the_tree_travels_on(tmp_path):
    rows, _ = convert(tmp_path, [chat("a", "b", tree_id="t", lang="en"), chat("c", "d", tree_id=1)])
    assert [row.get("tree_id") for row in rows] == ["t", None]


def test_marks_can_be_chosen(tmp_path):
    rows, summary = convert(
        tmp_path, [chat("a", "b", "c", "d")], "--turns", "last", "--user_mark", "U:",
        "--bot_mark", "\nB:", "--bot_end", "\n",
    )  # fmt: skip
    assert rows == [{"Input": "U:a\nB:b\nU:c\nB:", "Output": "d"}]
    assert summary["settings"]["bot_mark"] == "\nB:"


def test_one_mark_of_a_template_can_be_changed(tmp_path):
    rows, _ = convert(tmp_path, [chat("a", "b")], "--template", "mistral", "--bot_mark", "[/INST]")
    assert rows == [{"Input": "[INST] a[/INST]", "Output": "b"}]


def test_a_conversation_that_can_not_be_read_back_is_rejected_whole(tmp_path):
    bad = chat("Say <Role bot>", "b", "c", "d")
    rows, summary = convert(tmp_path, [bad, chat("a"), chat("a", "b")])
    assert len(rows) == 1
    assert summary["reject_reasons"] == {"holds_role_mark": 1, "no_answer": 1}
    [first, _] = read_rows(tmp_path / "chat_seq2seq.rejected.jsonl")
    assert first["messages"] == bad["messages"]


@pytest.mark.parametrize("turns", ["every", "last"])
def test_what_the_user_says_last_is_cut_off_and_counted(tmp_path, turns):
    rows, summary = convert(tmp_path, [chat("a", "b", "c"), chat("d", "e")], "--turns", turns)
    assert [row["Output"] for row in rows] == ["b", "e"]
    assert summary["last_user_turns_dropped"] == 1
    assert summary["rejected"] == 0


def test_a_system_turn_stands_before_the_first_mark(tmp_path):
    talk = chat("a", "b", "c", "d")
    for text in ("Be brief.\n", " ", None):
        system = {"role": "system", "content": text}
        rows, _ = convert(tmp_path, [{"messages": [system, *talk["messages"]]}])
        said = text if text == "Be brief.\n" else ""
        assert rows[0]["Input"] == f"{said}<Role user>a<Role bot>"
        whole = f"{said}<Role user>a<Role bot>b<Role user>c<Role bot>d"
        assert rows[1]["Input"] + rows[1]["Output"] == whole


def test_plain_text_is_read(tmp_path):
    text = "User: a\nBot: b\n\nUser: c\nBot: d\nUser: e\nBot: f\n"
    rows, _ = convert(tmp_path, text, "--input_format", "text")
    assert [row["Output"] for row in rows] == ["b", "d", "f"]


def test_marks_that_are_alike_are_refused(tmp_path):
    with pytest.raises(PipelineError, match="^--user_mark, --bot_mark: .* part of another"):
        convert(tmp_path, [chat("a", "b")], "--user_mark", "X", "--bot_mark", "XY")


def test_a_file_of_something_else_is_named(tmp_path):
    with pytest.raises(PipelineError, match="'messages' or 'conversations' is missing"):
        convert(tmp_path, [{"text": "a"}])
