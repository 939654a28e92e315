import json
import os
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import PipelineError
from utils.jsonl import dump_row
from utils.row_index import RowIndex


@settings(max_examples=40)
@given(
    texts=st.lists(st.text(max_size=40), min_size=1, max_size=12),
    blanks=st.lists(st.sampled_from(["", "\n", " \n\n"]), min_size=12, max_size=12),
    order=st.randoms(use_true_random=False),
)
def test_every_row_reads_back_in_any_order(tmp_path_factory, texts, blanks, order):
    path = tmp_path_factory.mktemp("rows") / "x.jsonl"
    lines = [blank.encode() + dump_row({"text": text}) for text, blank in zip(texts, blanks)]  # noqa: B905
    path.write_bytes(b"".join(lines))
    with RowIndex(path) as index:
        assert [(number, row["text"]) for number, row in index.scan()] == list(enumerate(texts))
        numbers = list(range(len(texts)))
        order.shuffle(numbers)
        assert [index.read(number)["text"] for number in numbers] == [texts[n] for n in numbers]


def test_line_separators_inside_a_text_do_not_end_a_row(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": "x\u2028y\x85z"}\n{"a": "last line without its end"}', encoding="utf-8")
    with RowIndex(path) as index:
        assert len(list(index.scan())) == len(index) == 2
        assert index.read(0) == {"a": "x\u2028y\x85z"}
        assert index.read(1) == {"a": "last line without its end"}


def test_a_byte_order_mark_is_no_part_of_the_first_row(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'\xef\xbb\xbf{"a": 1}\n{"a": 2}\n')
    with RowIndex(path) as index:
        assert [row["a"] for _, row in index.scan()] == [1, 2]
        assert index.read(0) == {"a": 1}


def test_rows_can_be_read_while_the_scan_is_still_running(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_bytes(b"".join(dump_row({"a": number}) for number in range(5000)))
    with RowIndex(path) as index:
        for number, row in index.scan():
            assert row["a"] == number
            assert index.read(number // 2)["a"] == number // 2


def test_a_missing_field_names_file_line_and_field(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n\n{"b": 1}\n')
    with pytest.raises(PipelineError, match=r"x\.jsonl, line 3: field 'a' is missing"):
        list(RowIndex(path, required=["a"]).scan())


@pytest.mark.parametrize("content", ["", "\n \n"])
def test_a_file_without_rows_is_an_error(tmp_path, content):
    path = tmp_path / "x.jsonl"
    path.write_text(content)
    with pytest.raises(PipelineError, match="holds no rows"):
        list(RowIndex(path).scan())


def test_a_file_that_changed_after_the_scan_is_not_read(tmp_path):
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n')
    index = RowIndex(path)
    list(index.scan())
    path.write_text(json.dumps({"a": "something else"}) + "\n")
    with pytest.raises(PipelineError, match="changed while it was read"):
        index.read(0)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_refused_because_it_can_not_be_read_twice(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=lambda: path.open("wb").close())
    writer.start()
    with pytest.raises(PipelineError, match="is a pipe"):
        list(RowIndex(path).scan())
    writer.join()
