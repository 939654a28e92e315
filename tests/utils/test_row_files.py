import pyarrow.parquet
import pytest

from utils.jsonl import read_rows
from utils.row_files import ROW_GROUP, row_file

ROWS = [{"a": "x\u2028", "turns": [{"role": "user", "content": str(n)}]} for n in range(3)]


def write(path, rows):
    with row_file(path) as write_row:
        for row in rows:
            write_row(row)


def test_json_lines_read_back(tmp_path):
    write(tmp_path / "x.jsonl", ROWS)
    assert list(read_rows(tmp_path / "x.jsonl")) == ROWS


@pytest.mark.parametrize("count", [1, ROW_GROUP, ROW_GROUP + 1])
def test_parquet_reads_back_group_by_group(tmp_path, count):
    rows = (ROWS * count)[:count]
    write(tmp_path / "x.parquet", rows)
    table = pyarrow.parquet.read_table(tmp_path / "x.parquet")
    assert table.to_pylist() == rows
    assert table.schema.names == ["a", "turns"]


def test_parquet_without_rows_is_a_file_all_the_same(tmp_path):
    write(tmp_path / "x.parquet", [])
    assert pyarrow.parquet.read_table(tmp_path / "x.parquet").num_rows == 0


@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet"])
def test_an_error_leaves_no_file_behind(tmp_path, name):
    with pytest.raises(RuntimeError), row_file(tmp_path / name) as write_row:
        write_row(ROWS[0])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
