import json
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils import row_files
from utils.errors import PipelineError
from utils.jsonl import atomic_file, read_rows
from utils.row_files import read_records, row_writer
from utils.stage_output import StageOutput

VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def file_of(folder: Path, text: str | bytes, name: str = "x.json") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


@given(st.lists(VALUES, min_size=1, max_size=6), st.sampled_from([None, 4]), st.integers(1, 40))
def test_any_array_reads_as_json_does_however_it_is_cut_into_pieces(
    tmp_path_factory: pytest.TempPathFactory, values: list[Any], indent: int | None, piece: int
) -> None:
    path = file_of(tmp_path_factory.mktemp("x"), json.dumps(values, indent=indent))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(row_files, "PIECE", piece)
        assert list(read_records(path)) == values


def test_the_ending_tells_an_array_from_lines(tmp_path: Path) -> None:
    lines = '"one"\n\n["two", 3]\n{"a": 1}\n'
    assert list(read_records(file_of(tmp_path, lines, "x.jsonl"))) == ["one", ["two", 3], {"a": 1}]
    assert list(read_records(file_of(tmp_path, '{"a": 1}\n{"a": 2}\n'))) == [{"a": 1}, {"a": 2}]
    assert list(read_records(file_of(tmp_path, '["one"]', "x.txt"), is_array=True)) == ["one"]
    assert list(read_records(file_of(tmp_path, b'\xef\xbb\xbf \n["one"]'))) == ["one"]


def test_texts_with_line_separators_stay_whole(tmp_path: Path) -> None:
    text = "a\u2028b\x0cc\x85d\\u2028"
    lines = json.dumps(text, ensure_ascii=False).replace("\x0c", "\\f") + "\n"
    assert list(read_records(file_of(tmp_path, lines, "x.jsonl"))) == [text]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "holds no records"),
        ("[]", "holds no records"),
        ('["a", ', "element 2: not valid JSON"),
        ('["a"', "breaks off after element 1"),
        ('["a" "b"]', "breaks off after element 1"),
        ('["a",]', "comma stands after the last"),
        ('["a"] ["b"]', "more text stands after the array"),
        ("[NaN]", "element 1: not valid JSON (NaN is not JSON)"),
        ('[{"a": tru}]', "element 1: not valid JSON"),
        ('{"a": 1,\n "b": 2}', "line 1: not valid JSON"),
        (b'["\xff"]', "is not UTF-8"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_a_broken_file_is_told_in_one_line(
    tmp_path: Path, text: str | bytes, complaint: str
) -> None:
    with pytest.raises(PipelineError) as caught:
        list(read_records(file_of(tmp_path, text)))
    assert complaint in str(caught.value) and "\n" not in str(caught.value)


def test_a_fault_far_from_the_end_is_seen_before_the_file_is_read_whole(tmp_path: Path) -> None:
    path = file_of(tmp_path, "[{'a': 1}" + " " * 30 * row_files.PIECE + "]")
    tracemalloc.start()
    with pytest.raises(PipelineError, match="element 1"):
        list(read_records(path))
    assert tracemalloc.get_traced_memory()[1] < 10 * row_files.PIECE
    tracemalloc.stop()


def test_required_keys_are_asked_of_every_record(tmp_path: Path) -> None:
    path = file_of(tmp_path, '[{"a": 1}, {"b": 2}]')
    with pytest.raises(PipelineError, match=r"element 2: field 'a' is missing \(has: b\)"):
        list(read_records(path, ["a"]))
    with pytest.raises(PipelineError, match="element 1: a str; each record must be an object"):
        list(read_records(file_of(tmp_path, '["text"]'), ["a"]))


def test_an_array_streams(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    with StageOutput(path) as output:
        for number in range(3000):
            output.keep({"number": number, "text": "x" * 5000})
    tracemalloc.start()
    assert sum(row["number"] for row in read_records(path)) == 3000 * 2999 // 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * row_files.PIECE < path.stat().st_size


def test_an_output_that_ends_in_json_is_an_array_with_an_element_a_line(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    rows = [{"code": "a\n\u2028", "odd": "\ud800"}, {"code": "}"}]
    with StageOutput(path) as output:
        for row in rows:
            output.keep(row)
    assert json.loads(path.read_text()) == rows == list(read_records(path))
    assert path.read_text().count("\n") == 4
    with StageOutput(path):
        pass
    assert json.loads(path.read_text()) == []


ROWS = [{"a": "x\u2028", "turns": [{"role": "user", "content": str(n)}]} for n in range(3)]


def write(path, rows):
    with atomic_file(path) as file, row_writer(file, path.suffix) as write_row:
        for row in rows:
            write_row(row)


def test_json_lines_read_back(tmp_path):
    write(tmp_path / "x.jsonl", ROWS)
    assert list(read_rows(tmp_path / "x.jsonl")) == ROWS


@pytest.mark.parametrize("name", ["x.jsonl", "x.parquet"])
def test_an_error_leaves_no_file_behind(tmp_path, name):
    path = tmp_path / name
    with (
        pytest.raises(RuntimeError),
        atomic_file(path) as file,
        row_writer(file, path.suffix) as write_row,
    ):
        write_row(ROWS[0])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []
