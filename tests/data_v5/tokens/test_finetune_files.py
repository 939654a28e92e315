from pathlib import Path

import pytest

from data_v5.tokens.finetune_files import (
    check_finetune_file,
    finetune_file,
    lay_out_instruction,
    open_finetune_file,
)
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows
from utils.stage_output import StageOutput

ROW = {"instruction": "Add.", "input": "1 + 1", "output": "2", "source": "sums"}


def check(folder: Path, name: str, output_file: str) -> None:
    file = finetune_file(folder / name, "alpaca")
    check_finetune_file(file, folder / output_file, [folder / "in.jsonl"])


@pytest.mark.parametrize(
    ("name", "output_file", "message"),
    [
        ("ft.json", "x.jsonl", r"ft.json: must end in \.jsonl or \.parquet"),
        ("x.jsonl", "x.jsonl", "x.jsonl is written for .*x.jsonl already"),
        ("x.rejected.jsonl", "x.jsonl", "x.rejected.jsonl is written for"),
        ("./sub/../x.jsonl", "x.jsonl", "is written for"),
        ("ft.jsonl", "dataset_info.json", "dataset_info.json is written for"),
        ("in.jsonl", "x.jsonl", "in.jsonl: is an input"),
    ],
)
def test_a_file_that_the_step_reads_or_writes_is_refused(
    tmp_path: Path, name: str, output_file: str, message: str
) -> None:
    (tmp_path / "sub").mkdir()
    with pytest.raises(PipelineError, match=message):
        check(tmp_path, name, output_file)


def test_a_file_of_its_own_is_taken(tmp_path: Path) -> None:
    check(tmp_path, "ft.jsonl", "x.jsonl")


def test_without_a_trainers_file_there_is_nothing_to_check(tmp_path: Path) -> None:
    assert finetune_file(None, "alpaca") is None
    check_finetune_file(None, tmp_path / "x.jsonl", [tmp_path / "in.jsonl"])


def fail(row: Row) -> Row:
    raise AssertionError(row)


def test_rows_are_laid_out_only_where_they_are_written(tmp_path: Path) -> None:
    with StageOutput(tmp_path / "x.jsonl") as output:
        file = finetune_file(tmp_path / "ft.jsonl", "alpaca")
        open_finetune_file(output, None, fail)(ROW)
        open_finetune_file(output, file, lambda row: {"n": len(row)})(ROW)
    assert list(read_rows(tmp_path / "ft.jsonl")) == [{"n": 4}]


def test_an_instruction_without_input_is_the_whole_turn() -> None:
    assert lay_out_instruction(ROW, "alpaca")["instruction"] == "Add.\n\n1 + 1"
    assert lay_out_instruction(ROW | {"input": ""}, "alpaca")["instruction"] == "Add."
