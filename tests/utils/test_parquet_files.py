import pyarrow
import pyarrow.parquet
import pytest

from utils.errors import PipelineError
from utils.jsonl import atomic_file
from utils.parquet_files import ROW_GROUP, parquet_columns, read_parquet
from utils.row_files import row_writer

ROWS = [{"a": "x\u2028", "turns": [{"role": "user", "content": str(n)}]} for n in range(3)]


def write(path, rows):
    with atomic_file(path) as file, row_writer(file, path.suffix) as write_row:
        for row in rows:
            write_row(row)


@pytest.fixture
def path(tmp_path):
    rows = [{"a": number, "b": {"text": ["x", "y"]}, "c": None} for number in range(600)]
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


def test_the_wanted_columns_that_exist_are_read_over_many_batches(path):
    rows = list(read_parquet(path, ["b", "a", "absent"]))
    assert len(rows) == 600
    assert rows[599] == {"a": 599, "b": {"text": ["x", "y"]}}
    assert parquet_columns(path) == ["a", "b", "c"]


def test_a_required_column_that_is_missing_is_named_with_those_there_are(path):
    with pytest.raises(PipelineError, match=r"column 'd' is missing \(has: a, b, c\); is it\?"):
        list(read_parquet(path, ["a"], ["a", "d"], "is it?"))


@pytest.mark.parametrize("read", [parquet_columns, lambda path: list(read_parquet(path, ["a"]))])
def test_what_is_no_parquet_file_is_named(read, tmp_path):
    (tmp_path / "x.parquet").write_bytes(b"{}\n")
    with pytest.raises(PipelineError, match=r"x\.parquet: not a readable Parquet file"):
        read(tmp_path / "x.parquet")
    with pytest.raises(PipelineError, match="no such file"):
        read(tmp_path / "y.parquet")


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
