import json
from pathlib import Path

import pytest

from utils.errors import PipelineError
from utils.finetune.chat_format import TrainingConversation
from utils.finetune.trainer_files import DATASET_INFO, TrainerFile, lay_out_row, load_dataset_info
from utils.jsonl import read_rows
from utils.stage_output import StageOutput

INFO = {"formatting": "alpaca", "columns": {"prompt": "instruction"}}
ROW = {"instruction": "Add.", "output": "2"}


def write(path: Path, info=INFO, rows=1) -> TrainerFile:
    """Write a file as a stage does, and enter it."""
    file = TrainerFile(path, info)
    with StageOutput(path) as output:
        file.open(output)
        for _ in range(rows):
            output.keep(ROW, file.write)
    file.enter()
    return file


def test_a_written_file_is_entered_under_its_stem_with_what_it_takes_to_load_it(tmp_path):
    file = write(tmp_path / "ft.jsonl", rows=2)
    assert file.rows == 2 and list(read_rows(file.path)) == [ROW, ROW]
    assert load_dataset_info(tmp_path / DATASET_INFO) == {"ft": {"file_name": "ft.jsonl", **INFO}}


def test_a_second_file_of_a_stage_is_put_in_place_with_the_first(tmp_path):
    first, second = (TrainerFile(tmp_path / name, INFO) for name in ("a.jsonl", "b.parquet"))
    with StageOutput(first.path) as output:
        first.open(output)
        second.open(output)
        second.write(ROW)
        output.keep(ROW, first.write)
        assert not first.path.exists() and not second.path.exists()
    assert output.kept == 1 and first.path.exists() and second.path.exists()
    assert (first.rows, second.rows) == (1, 1)


def test_other_entries_and_their_order_stay(tmp_path):
    path = tmp_path / DATASET_INFO
    path.write_text('{"z": {"file_name": "ü.json"}, "ft": {"old": 1}, "a": {"x": null}}')
    write(tmp_path / "ft.jsonl")
    write(tmp_path / "b.jsonl")
    entries = json.loads(path.read_text())
    assert list(entries) == ["z", "ft", "a", "b"]
    assert (entries["z"], entries["a"]) == ({"file_name": "ü.json"}, {"x": None})
    assert entries["ft"] == {"file_name": "ft.jsonl", **INFO}


@pytest.mark.parametrize(("info", "rows"), [(None, 1), (INFO, 0)])
def test_a_file_that_can_not_be_loaded_or_holds_no_rows_loses_its_entry(tmp_path, info, rows):
    path = tmp_path / DATASET_INFO
    write(tmp_path / "ft.jsonl", info, rows)
    assert not path.exists()
    write(tmp_path / "ft.jsonl")
    write(tmp_path / "other.jsonl")
    write(tmp_path / "ft.jsonl", info, rows)
    assert list(load_dataset_info(path)) == ["other"]


@pytest.mark.parametrize("content", ["{", "[]", '"x"', "\xff"])
def test_a_malformed_file_is_named_and_left_alone(tmp_path, content):
    path = tmp_path / DATASET_INFO
    path.write_bytes(content.encode("latin-1"))
    file = TrainerFile(tmp_path / "ft.jsonl", INFO)
    for refused in (file.check_info, file.enter):
        with pytest.raises(PipelineError, match=r"dataset_info\.json: .*mend or move it"):
            refused()
    assert path.read_bytes() == content.encode("latin-1")


def test_a_name_by_which_trainers_know_no_kind_is_refused(tmp_path):
    file = TrainerFile(tmp_path / "ft.json", INFO)
    with pytest.raises(PipelineError, match=r"ft\.json: must end in \.jsonl or \.parquet"):
        file.check_name()
    file.check_name((".json", ".jsonl", ".parquet"))


def test_where_a_row_comes_from_is_made_only_for_layouts_that_have_room_for_it():
    def fail():
        raise AssertionError

    said = TrainingConversation("", "Add.", "2")
    assert lay_out_row("alpaca", said, lambda: {"commit": "c"})["commit"] == "c"
    assert lay_out_row("openai", said, fail).keys() == {"messages"}
