import gzip
import json
from pathlib import Path

import pyarrow.parquet
import pytest

from data_v5.prepare_chat import main
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows

EXAMPLE = Path(__file__).parents[2] / "data_v5/examples/trees.jsonl"


def message(role, text, *replies, **fields):
    return {"role": role, "text": text, "lang": "en", "replies": list(replies), **fields}


def tree(tree_id="t", **fields):
    prompt = message("prompter", "Hi?", message("assistant", "Hello."))
    return {
        "message_tree_id": tree_id,
        "tree_state": "ready_for_export",
        "prompt": prompt,
        **fields,
    }


def prepare(tmp_path, source, *flags):
    output = tmp_path / "chat.jsonl"
    main(["--input_file", str(source), "--output_file", str(output), *flags])
    summary = json.loads((tmp_path / "chat.summary.json").read_text())
    return list(read_rows(output)) if summary["kept"] else [], summary


def test_the_example_gives_its_english_conversations(tmp_path):
    rows, summary = prepare(tmp_path, EXAMPLE, "--lang", "en")
    assert {row["lang"] for row in rows} == {"en"}
    assert [row["tree_id"] for row in rows] == ["t1-0"] * 3 + ["t2-0"] * 2 + ["t4-0"] * 2 + [
        "t5-0",
        "t7-0",
    ]
    assert summary["reject_reasons"] == {
        "prompt_other_language": 1,
        "prompt_high_spam": 1,
        "tree_aborted_low_grade": 1,
    }
    assert summary["messages_skipped"]["low_quality"] == 1


def test_the_best_paths_of_the_example_are_one_a_tree(tmp_path):
    rows, _ = prepare(tmp_path, EXAMPLE, "--paths", "best", "--lang", "en", "de")
    assert [row["tree_id"] for row in rows] == ["t1-0", "t2-0", "t3-0", "t4-0", "t5-0", "t7-0"]
    assert rows[0]["messages"][-1]["content"].startswith("Most likely")


@pytest.mark.parametrize("name", ["trees.jsonl.gz", "trees.jsonl"])
def test_gzip_is_read_whatever_the_name(tmp_path, name):
    plain, _ = prepare(tmp_path, EXAMPLE)
    source = tmp_path / name
    source.write_bytes(gzip.compress(EXAMPLE.read_bytes()))
    assert prepare(tmp_path, source)[0] == plain


def test_limits_are_flags(tmp_path):
    strict, _ = prepare(tmp_path, EXAMPLE, "--min_quality", "0.8")
    lax, _ = prepare(
        tmp_path, EXAMPLE, "--min_quality", "0", "--max_spam", "1", "--skip_tree_states"
    )
    assert strict == []
    assert {"t6-0", "t8-0"} <= {row["tree_id"] for row in lax}


@pytest.mark.parametrize("name", ["fails_task", "violence"])
def test_an_answer_that_fails_or_is_violent_is_left_out(tmp_path, name):
    answers = [
        message("assistant", str(value), labels={name: {"value": value, "count": 3}})
        for value in (0.5, 0.6, 0.9)
    ]
    write_rows(tmp_path / "in.jsonl", [tree(prompt=message("prompter", "Hi?", *answers))])
    rows, summary = prepare(tmp_path, tmp_path / "in.jsonl")
    assert "0.5" in [row["messages"][-1]["content"] for row in rows]
    assert not {"0.6", "0.9"} & {row["messages"][-1]["content"] for row in rows}
    assert summary["messages_skipped"] == {f"high_{name}": 2}
    _, summary = prepare(tmp_path, tmp_path / "in.jsonl", f"--max_{name}", "0.7")
    assert summary["messages_skipped"] == {f"high_{name}": 1}


def test_a_bare_tree_is_enough(tmp_path):
    prompt = {"role": "prompter", "text": "Hi?", "replies": [{"role": "assistant", "text": "Yo."}]}
    write_rows(tmp_path / "in.jsonl", [{"message_tree_id": "t", "prompt": prompt}])
    rows, _ = prepare(tmp_path, tmp_path / "in.jsonl")
    assert rows[0]["lang"] is None
    assert [turn["content"] for turn in rows[0]["messages"]] == ["Hi?", "Yo."]


def test_bad_trees_are_rejected_and_the_good_ones_kept(tmp_path):
    bad = [
        tree(prompt=None),
        tree(tree_id=None),
        tree(prompt=message("prompter", "Alone?")),
        tree(prompt=message("prompter", "Hi?", message("prompter", "Hi?"))),
        tree(tree_state="halted_by_moderator"),
    ]
    write_rows(tmp_path / "in.jsonl", [*bad, tree()])
    rows, summary = prepare(tmp_path, tmp_path / "in.jsonl")
    assert len(rows) == 1
    rejected = read_rows(tmp_path / "chat.rejected.jsonl")
    assert [row["reject_reason"] for row in rejected] == [
        "message_is_no_object",
        "empty_tree_id",
        "no_answer",
        "adjacent_same_role",
        "tree_halted_by_moderator",
    ]
    assert summary["trees"] == 6


@pytest.mark.parametrize(("flag", "key"), [("share_gpt", "messages"),
                                           ("share_gpt_from_value", "conversations")])  # fmt: skip
def test_a_trainers_file_has_its_entry(tmp_path, flag, key):
    target = tmp_path / "ft" / "chat_ft.jsonl"
    rows, _ = prepare(tmp_path, EXAMPLE, "--finetune_output", str(target), "--output_format", flag)
    written = list(read_rows(target))
    assert [len(row[key]) for row in written] == [len(row["messages"]) for row in rows]
    assert written[0]["tree_id"] == "t1-0"
    entry = json.loads((target.parent / "dataset_info.json").read_text())["chat_ft"]
    assert entry["file_name"] == "chat_ft.jsonl"
    assert entry["columns"]["messages"] == key


def test_a_trainers_file_may_be_parquet(tmp_path):
    target = tmp_path / "chat_ft.parquet"
    rows, _ = prepare(tmp_path, EXAMPLE, "--finetune_output", str(target))
    read = pyarrow.parquet.read_table(target).to_pylist()
    assert [row["messages"] for row in read] == [row["messages"] for row in rows]


@pytest.mark.parametrize("name", ["ft.txt", "chat.jsonl", "chat.rejected.jsonl"])
def test_a_trainers_file_that_can_not_be_is_refused(tmp_path, name):
    with pytest.raises(PipelineError, match="--finetune_output"):
        prepare(tmp_path, EXAMPLE, "--finetune_output", str(tmp_path / name))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no trees"),
        (b'{"message_tree_id": "t", "text": "flat"}\n', "line 1: field 'prompt' is missing"),
        (b'{"message_tree_id": "t", "prompt": {"role": "prompter"}}\n', "line 1: .* no 'text'"),
        (b"{\n", "line 1: not valid JSON"),
        (gzip.compress(EXAMPLE.read_bytes(), mtime=0)[:-40], "breaks off after line"),
        (gzip.compress(b"", mtime=0)[:5], "breaks off after line 0"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, content, message):
    source = tmp_path / "in.jsonl"
    source.write_bytes(content)
    with pytest.raises(PipelineError, match=rf"in\.jsonl.*{message}"):
        prepare(tmp_path, source)
    assert not (tmp_path / "chat.jsonl").exists()


def test_the_same_input_gives_the_same_bytes(tmp_path):
    prepare(tmp_path, EXAMPLE)
    first = (tmp_path / "chat.jsonl").read_bytes()
    prepare(tmp_path, EXAMPLE)
    assert (tmp_path / "chat.jsonl").read_bytes() == first


def test_messages_of_a_model_can_be_skipped_and_short_conversations_rejected(tmp_path):
    own = message(
        "assistant", "I am here.", message("prompter", "Why?", message("assistant", "So."))
    )
    made = message("assistant", "Made up.", synthetic=True)
    source = tmp_path / "trees.jsonl"
    write_rows(source, [tree(prompt=message("prompter", "Hi?", own, made))])
    rows, _ = prepare(tmp_path, source)
    assert [len(row["messages"]) for row in rows] == [4, 2]
    rows, summary = prepare(tmp_path, source, "--skip_synthetic")
    assert [len(row["messages"]) for row in rows] == [4]
    assert summary["messages_skipped"] == {"synthetic": 1}
    rows, summary = prepare(tmp_path, source, "--min_turns", "3")
    assert [len(row["messages"]) for row in rows] == [4]
    assert summary["reject_reasons"] == {"too_few_turns": 1}
