import json
import subprocess
import sys
from pathlib import Path

import pytest

from generate_finetune_dataset import main
from utils.errors import PipelineError
from utils.fences import only_block
from utils.jsonl import read_rows, write_rows

ROOT = Path(__file__).parents[1]


def edit(**fields):
    return {
        "commit": ["a1", "b2"],
        "code_snippet": ["x", "y"],
        "code_before_purify": "def f(a):\n    return a\n",
        "code_after_purify": "def f(a):\n    return a + 1\n",
        "instruct_purify": "Add one.",
        "instr_type": "offline_lazy",
        "prompt_id": "p1",
        "license": ["mit", None],
        **fields,
    }


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def export(rows, *flags, output="out/ft.jsonl"):
    write_rows("mix.jsonl", rows)
    main(["mix.jsonl", output, *flags])
    return [json.loads(line) for line in Path(output).read_bytes().splitlines()]


def answer_of(row):
    return row["messages"][-1]["content"] if "messages" in row else row["output"]


@pytest.mark.parametrize("prompt_format", ["alpaca", "share_gpt"])
def test_every_answer_reads_back_to_the_code_after(folder, prompt_format):
    fence_inside = 'TEXT = """\n```\nx\n```\n"""\n'
    rows = export(
        [edit(), edit(code_after_purify=fence_inside), edit(code_after_purify="x = 1")],
        f"--prompt_format={prompt_format}",
    )
    assert [only_block(answer_of(row)) for row in rows] == [row["new_code"] for row in rows]
    assert [row["new_code"] for row in rows][1:] == [fence_inside, "x = 1\n"]


def test_rows_of_every_kind_have_the_same_keys_and_types(folder):
    rows = export([edit(), edit(commit="a1,b2", split="val"), edit(license=None, sample_index=2)])
    assert [row["commit"] for row in rows] == ["a1,b2"] * 3
    shapes = [[(key, type(value)) for key, value in row.items()] for row in rows]
    assert shapes[0] == shapes[1] == shapes[2]
    assert json.loads(rows[1]["meta"])["split"] == "val"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"code_before_purify": " \n"}, "empty_code_before"),
        ({"code_after_purify": None}, "empty_code_after"),
        ({"instruct_purify": ["Add"]}, "empty_instruction"),
        ({"instr_type": ""}, "empty_instr_type"),
        ({"commit": None}, "empty_commit"),
        ({"commit": []}, "empty_commit"),
        ({"instruct_purify": "Add \ud800."}, "not_unicode"),
        ({"repos": "\udfff"}, "not_unicode"),
    ],
)
def test_a_row_that_can_not_be_trained_on_is_rejected_with_a_reason(folder, fields, reason):
    assert len(export([edit(), edit(**fields)])) == 1
    rejected = list(read_rows("out/ft.rejected.jsonl"))
    assert [row["reject_reason"] for row in rejected] == [reason]
    assert json.loads(Path("out/ft.summary.json").read_text())["reject_reasons"] == {reason: 1}


def test_the_data_set_is_described_beside_the_output(folder):
    export([edit()], "--prompt_format=alpaca")
    assert json.loads(Path("out/dataset_info.json").read_text()) == {
        "ft": {
            "file_name": "ft.jsonl",
            "formatting": "alpaca",
            "columns": {
                "prompt": "instruction",
                "query": "input",
                "response": "output",
                "system": "system",
            },
        }
    }


def test_other_entries_and_their_order_stay(folder):
    info = Path("out/dataset_info.json")
    info.parent.mkdir()
    info.write_text('{"z": {"file_name": "ü.json"}, "ft": {"old": 1}, "a": {"x": null}}')
    export([edit()])
    entries = json.loads(info.read_text())
    assert list(entries) == ["z", "ft", "a"]
    assert (entries["z"], entries["a"]) == ({"file_name": "ü.json"}, {"x": None})
    assert entries["ft"]["formatting"] == "sharegpt"
    export([edit()], output="out/second.jsonl")
    assert list(json.loads(info.read_text())) == ["z", "ft", "a", "second"]


@pytest.mark.parametrize("content", ["{", "[]", '"x"', "\xff"])
def test_a_malformed_dataset_info_is_named_and_left_alone(folder, content):
    info = Path("out/dataset_info.json")
    info.parent.mkdir()
    info.write_bytes(content.encode("latin-1"))
    with pytest.raises(PipelineError, match=r"out/dataset_info\.json: .*mend or move it"):
        export([edit()])
    assert info.read_bytes() == content.encode("latin-1")
    assert not Path("out/ft.jsonl").exists()


def test_a_missing_field_names_the_line_and_leaves_nothing_behind(folder):
    without = edit()
    del without["instr_type"]
    with pytest.raises(PipelineError, match=r"mix\.jsonl, line 2: field 'instr_type' is missing"):
        export([edit(), without])
    assert list(Path("out").iterdir()) == []


def test_an_output_that_the_trainer_would_not_read_is_refused(folder):
    with pytest.raises(PipelineError, match="must end in .jsonl"):
        export([edit()], output="out/ft.txt")


def test_equal_runs_give_equal_bytes(folder):
    export([edit(), edit(prompt_id="p2")])
    first = Path("out/ft.jsonl").read_bytes()
    export([edit(), edit(prompt_id="p2")])
    assert Path("out/ft.jsonl").read_bytes() == first


def test_the_command_of_the_manual_runs(tmp_path):
    write_rows(tmp_path / "mix.jsonl", [edit()])
    command = [sys.executable, str(ROOT / "generate_finetune_dataset.py"), "mix.jsonl", "ft.jsonl"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stdout) == (0, "")
    assert "kept 1 of 1 -> ft.jsonl" in result.stderr
    result = subprocess.run(
        [*command[:2], "no.jsonl", "ft.jsonl"], cwd=tmp_path, capture_output=True
    )
    assert result.returncode == 2
    assert result.stderr.startswith(b"error: no.jsonl: no such file")
