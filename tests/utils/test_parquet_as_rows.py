"""Parquet is read wherever JSON Lines are."""

from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from dt_filtering import main as filter_edits
from generate_finetune_dataset import main as generate
from utils.errors import PipelineError
from utils.jsonl import RowIndex, read_rows, write_rows
from utils.row_files import read_records, row_writer

ROWS = [{"name": f"row {n}\u2028", "list": [{"role": "user"}], "number": n} for n in range(2500)]


def write(path: Path, rows: list[dict]) -> Path:
    with path.open("wb") as file, row_writer(file, ".parquet") as write_row:
        for row in rows:
            write_row(row)
    return path


def test_rows_come_out_as_they_went_in(tmp_path):
    path = write(tmp_path / "x.parquet", ROWS)
    assert list(read_rows(path, ["name"])) == ROWS
    assert list(read_records(path, ["name"])) == ROWS


def test_an_index_reads_them_in_any_order_during_the_scan_after_it_and_after_closing(tmp_path):
    with RowIndex(write(tmp_path / "x.parquet", ROWS), ["name"]) as index:
        for number, row in index.scan():
            assert row == ROWS[number] and index.read(number // 2) == ROWS[number // 2]
        assert [index.read(n) for n in (2499, 0, 1200)] == [ROWS[n] for n in (2499, 0, 1200)]
        index.close()
        assert index.read(7) == ROWS[7]
        assert len(index) == len(ROWS) and len(list(index.scan())) == len(ROWS)


@pytest.mark.parametrize("reader", [read_rows, read_records, lambda *x: RowIndex(*x).scan()])
def test_bad_parquet_is_one_line(tmp_path, reader):
    good = write(tmp_path / "x.parquet", ROWS).read_bytes()
    damaged = bytearray(good)
    damaged[4:2000] = b"\xff" * 1996
    for content in (b"", b"PAR1", b'{"a": 1}\n', good[:-9], good[99:], bytes(damaged)):
        path = tmp_path / "bad.parquet"
        path.write_bytes(content)
        with pytest.raises(PipelineError) as caught:
            list(reader(path, ["name"]))
        assert "bad.parquet" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize("reader", [read_rows, read_records, lambda *x: RowIndex(*x).scan()])
def test_a_missing_column_no_rows_and_values_that_are_no_json_are_one_line(tmp_path, reader):
    path = write(tmp_path / "x.parquet", [{"a": 1}])
    with pytest.raises(PipelineError, match="row 1: field 'name' is missing"):
        list(reader(path, ["name"]))
    pyarrow.parquet.write_table(pyarrow.table({"name": pyarrow.array([], "string")}), path)
    with pytest.raises(PipelineError, match="holds no r"):
        list(reader(path, ["name"]))
    pyarrow.parquet.write_table(pyarrow.table({"name": [b"\x00bytes"]}), path)
    with pytest.raises(PipelineError, match="row 1: holds what JSON has not"):
        list(reader(path, ["name"]))
    with pytest.raises(PipelineError, match="no such file"):
        list(reader(tmp_path / "none.parquet", ["name"]))


def test_stage_5_filters_the_parquet_of_stage_6_as_it_does_its_json_lines(tmp_path):
    rows = [
        {
            "commit": [f"c{n}"],
            "code_before_purify": f"x = {n}\n",
            "code_after_purify": f"x = {n}\ny = {n}\n",
            "instruct_purify": f"Add y to number {n}.",
            "instr_type": "m_lazy",
        }
        for n in range(12)
    ]
    write_rows(tmp_path / "mix.jsonl", rows)
    kept = []
    for ending in ("jsonl", "parquet"):
        target = tmp_path / f"ft_{ending}.{ending}"
        generate([str(tmp_path / "mix.jsonl"), str(target)])
        config = tmp_path / "filter.yaml"
        config.write_text(
            f"jsonl_path: {target}\ndata_format: sharegpt\noutput_dir: {tmp_path / ending}\n"
            f"cache_dir: {tmp_path / 'cache'}\nnum_workers: 1\n"
        )
        filter_edits(["--config", str(config)])
        kept.append(list(read_rows(tmp_path / ending / f"ft_{ending}_dt_filtered.jsonl")))
    assert len(kept[0]) == 12 and kept[0] == kept[1]
