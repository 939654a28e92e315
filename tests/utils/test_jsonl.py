import json
import math
import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import PipelineError
from utils.jsonl import (
    DEEPEST,
    LARGEST_DOCUMENT,
    RowIndex,
    atomic_file,
    dump_row,
    load_row,
    parse_line,
    read_json,
    read_rows,
    write_json,
    write_rows,
)

ROOT = Path(__file__).resolve().parents[2]
# Surrogates included: models do write halves of emoji.
TEXTS = st.text(st.characters(exclude_categories=[]), max_size=20)
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
ROWS = st.dictionaries(TEXTS, VALUES, max_size=4)


# Lines


@settings(max_examples=150, deadline=None)
@given(ROWS)
def test_a_row_reads_back_from_its_line(row) -> None:
    line = dump_row(row)
    assert line.endswith(b"\n") and line.count(b"\n") == 1
    assert load_row(line) == row
    assert json.loads(line) == row, "any other reader agrees"


def test_a_row_is_readable_utf_8_wherever_it_can_be() -> None:
    assert dump_row({"a": "größer\u2028"}) == '{"a":"größer\u2028"}\n'.encode()
    assert dump_row({"a": "ü\ud83d"}) == b'{"a":"\\u00fc\\ud83d"}\n'


@pytest.mark.parametrize("number", [-(2**63), 2**63, 2**64 - 1, 10**400 + 1])
def test_large_integers_keep_every_digit(number: int) -> None:
    assert load_row(dump_row({"n": number})) == {"n": number}


@pytest.mark.parametrize("line", [b'{"a":NaN}', b'{"a":Infinity}', b"[-Infinity]"])
def test_numbers_that_json_does_not_have_are_refused(line: bytes) -> None:
    with pytest.raises(ValueError, match="is not JSON"):
        load_row(line)


@pytest.mark.parametrize(
    "line", [b"", b"{", b"{'a': 1}", b'{"a": 1} x', b'"\xff"', b"[" * 100_000, b"9" * 5000]
)
def test_a_bad_line_is_a_value_error(line: bytes) -> None:
    with pytest.raises(ValueError):
        load_row(line)


def test_what_json_can_not_say_is_not_written() -> None:
    with pytest.raises(TypeError):
        dump_row({"a": {1, 2}})


# Reading


def read(folder: Path, content: bytes, **more) -> list[dict]:
    path = folder / "x.jsonl"
    path.write_bytes(content)
    return list(read_rows(path, **more))


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=5),
    ending=st.sampled_from([b"\n", b"\r\n", b"\n \t\r\n\n"]),
    mark=st.sampled_from([b"", b"\xef\xbb\xbf"]),
    cut=st.booleans(),
)
def test_rows_read_back_whatever_ends_their_lines(
    tmp_path_factory: pytest.TempPathFactory, rows, ending: bytes, mark: bytes, cut: bool
) -> None:
    content = mark + b"".join(dump_row(row)[:-1] + ending for row in rows)
    content = content[: -len(ending)] if cut else content
    assert read(tmp_path_factory.mktemp("rows"), content) == rows


@pytest.mark.parametrize("text", ["\u2028", "\u2029", "\x85", "\x0b", "\x0c", "\x1c", "\r"])
def test_only_a_line_feed_ends_a_line(tmp_path: Path, text: str) -> None:
    row = {"a": f"x{text}y"}
    raw = json.dumps(row, ensure_ascii=False).encode()
    assert read(tmp_path, dump_row(row) * 2) == [row, row]
    if text > "\x1f":  # the others may not stand in JSON as they are
        assert read(tmp_path, raw) == [row]


@pytest.mark.parametrize("content", [b"", b"\n\n", b" \r\n\x0c\n"])
def test_a_file_without_rows_is_an_error(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(PipelineError, match=r"x\.jsonl: holds no rows"):
        read(tmp_path, content)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"{]", "not valid JSON .*; each line must be one JSON object$"),
        (b"\xff", "not valid JSON"),
        (b"[1]", "a list; each line must be one JSON object$"),
        (b"null", "a NoneType; each line must be one JSON object$"),
        (b'{"b": 1}', r"field 'a' is missing \(has: b\); is this the file this stage reads\?$"),
    ],
)
def test_a_bad_line_is_named_by_its_number_in_the_file(
    tmp_path: Path, line: bytes, said: str
) -> None:
    with pytest.raises(PipelineError, match=r"x\.jsonl, line 4: " + said):
        read(tmp_path, b'{"a": 1}\n\n\r\n' + line + b"\n", required=["a"])


def test_rows_before_a_bad_line_come_out_first(tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_bytes(b'{"a": 1}\nbad\n')
    rows = read_rows(tmp_path / "x.jsonl")
    assert next(rows) == {"a": 1}
    with pytest.raises(PipelineError, match="line 2"):
        next(rows)


def test_of_several_names_for_a_field_one_is_enough(tmp_path: Path) -> None:
    required = iter([("user", "prompt"), "id"])  # every line is checked, also from an iterator
    with pytest.raises(PipelineError, match="line 3: field 'user' or 'prompt' is missing"):
        read(tmp_path, b'{"user":1,"id":1}\n{"prompt":1,"id":1}\n{"id":1}', required=required)


def test_an_empty_value_is_no_missing_field(tmp_path: Path) -> None:
    assert read(tmp_path, b'{"a": null}', required=["a"]) == [{"a": None}]


def test_a_byte_order_mark_belongs_to_the_first_line_alone() -> None:
    assert parse_line("x", 1, b'\xef\xbb\xbf{"a": 1}') == {"a": 1}


def test_a_path_that_can_not_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="none.jsonl: no such file; check the path"):
        next(read_rows(tmp_path / "none.jsonl"))
    with pytest.raises(PipelineError, match="is a folder; name a file"):
        next(read_rows(tmp_path))


# Writing


def test_a_file_takes_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "x"
    with atomic_file(path) as file:
        file.write(b"text")
        assert not path.exists()
    assert path.read_bytes() == b"text" and list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
def test_an_error_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, error: type[BaseException]
) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_file(path) as file:
        file.write(b"new" * 100_000)
        raise error
    assert path.read_bytes() == b"old" and list(tmp_path.iterdir()) == [path]


def test_a_target_that_is_a_folder_leaves_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(PipelineError, match="no regular file"), atomic_file(tmp_path / "x"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_file_has_the_permissions_of_any_other_new_file(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    with atomic_file(tmp_path / "x"):
        pass
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "x")}
    assert len(modes) == 1


WRITER = """\
import sys
from utils.cli import run
from utils.jsonl import write_rows

def rows():
    yield {"a": 1}
    print("writing", flush=True)
    sys.stdin.read()

run(lambda: write_rows(sys.argv[1], rows()) and None)
"""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_signal_leaves_nothing(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path / "x.jsonl")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as writer:
        assert writer.stdout is not None and writer.stdout.readline() == b"writing\n"
        assert len(os.listdir(tmp_path)) == 1, "the temporary file"
        writer.send_signal(number)
        assert writer.wait(10) == code
    assert os.listdir(tmp_path) == []


def test_written_rows_are_counted_and_read_back(tmp_path: Path) -> None:
    rows = [{"a": "x\u2028\ud800"}, {"a": 2**70}]
    assert write_rows(tmp_path / "x.jsonl", iter(rows)) == 2
    assert list(read_rows(tmp_path / "x.jsonl")) == rows
    assert write_rows(tmp_path / "x.jsonl", []) == 0
    assert (tmp_path / "x.jsonl").read_bytes() == b""


def test_an_error_between_rows_writes_no_row(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write_rows(tmp_path / "x.jsonl", [{"a": 1}, {"a": object()}])
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=30, deadline=None)
@given(ROWS)
def test_a_document_reads_back(tmp_path_factory: pytest.TempPathFactory, row) -> None:
    path = tmp_path_factory.mktemp("json") / "x.json"
    write_json(path, row)
    assert json.loads(path.read_bytes()) == row


def test_a_document_is_indented_utf_8_and_ascii_only_where_it_must_be(tmp_path: Path) -> None:
    write_json(tmp_path / "x.json", {"a": "ü"})
    assert (tmp_path / "x.json").read_text("utf-8") == '{\n  "a": "ü"\n}\n'
    write_json(tmp_path / "x.json", {"a": "ü\udc00"})
    assert (tmp_path / "x.json").read_bytes() == b'{\n  "a": "\\u00fc\\udc00"\n}\n'


@pytest.mark.parametrize("value", [math.nan, -math.inf])
def test_a_document_holds_no_number_that_json_does_not_have(tmp_path: Path, value: float) -> None:
    for text in ("x", "\ud800"):
        with pytest.raises(ValueError, match="not JSON compliant"):
            write_json(tmp_path / "x.json", {"a": value, "b": text})
    assert list(tmp_path.iterdir()) == []


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
def test_an_index_of_a_file_without_rows_is_an_error(tmp_path, content):
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


@pytest.mark.parametrize("opening", ["[", '{"a":', '[{"a":'])
@pytest.mark.parametrize("depth", [DEEPEST + 1, 990, 2000, 100_000])
def test_what_is_nested_deeper_than_can_be_written_is_refused_when_it_is_read(
    opening: str, depth: int
) -> None:
    closing = "".join({"[": "]", "{": "}"}.get(mark, "") for mark in reversed(opening))
    text = opening * depth + "1" + closing * depth
    for line in (text.encode(), text, f'{{"a":"\\ud800","b":{text}}}'.encode()):
        with pytest.raises(ValueError):
            load_row(line)


def test_what_is_as_deep_as_can_be_is_read_and_written_with_all_that_goes_around_it() -> None:
    row = load_row("[" * DEEPEST + "]" * DEEPEST)
    wrapped = {"meta": [{"own_fields": {"row": row}}]}
    assert load_row(dump_row({"row": row})[7:-2]) == row and dump_row(wrapped)


def test_brackets_in_a_text_are_no_nesting() -> None:
    row = {"code": "[{" * 10_000, "rows": [[], {}] * 1000}
    assert load_row(dump_row(row)) == row


@pytest.mark.parametrize("number", ["1e999", "-1e400", "1e309"])
@pytest.mark.parametrize("beside", ["", "\\ud800"])
def test_a_number_that_would_become_infinite_is_refused(number: str, beside: str) -> None:
    with pytest.raises(ValueError):
        load_row(f'{{"a":"{beside}","b":{number}}}')


@pytest.mark.parametrize("content", ["[" * 990 + "]" * 990, "{", "1e999", '"\\x"', "\x00"])
def test_a_document_that_is_none_is_one_line(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(PipelineError, match=r"x\.json: not valid JSON .*; mend it") as raised:
        read_json(tmp_path / "x.json", "mend it")
    assert "\n" not in str(raised.value)


def test_a_document_larger_than_any_is_not_read(tmp_path: Path) -> None:
    with open(tmp_path / "x.json", "wb") as file:
        file.truncate(LARGEST_DOCUMENT + 1)
    with pytest.raises(
        PipelineError, match=r"x\.json: is longer than .*, which no document is; mend it"
    ):
        read_json(tmp_path / "x.json", "mend it")
