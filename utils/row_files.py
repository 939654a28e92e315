"""Row files of every kind that users bring or want, by their ending: JSONL, a JSON array, Parquet.

Files of any size stream: of an array, memory holds one element and a piece of the file.
"""

import gzip
import io
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from json import JSONDecodeError
from pathlib import Path
from typing import IO, Any, cast

from utils.errors import PipelineError
from utils.files.redactor import redacted_bytes
from utils.jsonl import (
    CHECKED_NUMBERS,
    LONGEST_LINE,
    Required,
    Row,
    bounded_lines,
    dump_row,
    is_parquet,
    load_row,
    missing_field,
    open_input,
    refuse_deep,
    row_lines,
)

PIECE = 2**20  # characters read at a time
# The end of a piece may cut a number, a word or an escape in two; nothing of those is longer.
LONGEST_TOKEN = 32
_SPACE = " \t\n\r"
_MAY_GO_ON = ("", *"+-.eE0123456789")
ROW_SUFFIXES = (".jsonl", ".parquet")

WriteRow = Callable[[Row], None]


def read_records(
    path: str | Path, required: Required = (), is_array: bool | None = None
) -> Iterator[Any]:
    """Yield the elements of a `.json` array, the rows of a `.parquet` file, or any other's lines.

    A `.json` file that holds JSON Lines is read as such; `is_array` goes before the ending. With
    `required`, each record must be an object that has those keys. A missing or empty file, bad
    JSON, or a record without a required key raises PipelineError.
    """
    required = tuple(required)
    empty = True
    path = Path(path)
    for place, record in _read(path, path.suffix == ".json" if is_array is None else is_array):
        empty = False
        if required:
            _check_object(f"{path}, {place}", record, required)
        yield record
    if empty:
        raise PipelineError(f"{path}: holds no records; run what writes it again")


def read_joined(paths: Iterable[str | Path], required: Required = ()) -> Iterator[Any]:
    """Yield the records of several files, one file after the other."""
    for path in paths:
        yield from read_records(path, required)


@contextmanager
def row_writer(file: IO[bytes], suffix: str) -> Iterator[WriteRow]:
    """Write rows to an open file, as its name's ending says."""
    if suffix == ".parquet":
        # Slow to import, and most stages write no Parquet.
        from utils.parquet_files import parquet_writer

        with parquet_writer(file) as write:
            yield lambda row: write(_without_secrets(row))
    elif suffix == ".json":
        with _array_writer(file) as write:
            yield write
    else:
        yield lambda row: _write_line(file, row)


def _without_secrets(row: Row) -> Row:
    """Take known secrets out of a row before it is packed, where no file would know them."""
    line = dump_row(row)
    clean = redacted_bytes(line)
    return row if clean == line else load_row(clean)


def _check_object(place: str, record: Any, required: Required) -> None:
    if not isinstance(record, dict):
        raise PipelineError(f"{place}: a {type(record).__name__}; each record must be an object")
    missing = missing_field(record, required)
    if missing:
        raise PipelineError(
            f"{place}: field {missing} is missing (has: {', '.join(record)}); "
            "is this the file this script reads?"
        )


def _read(path: Path, is_array: bool) -> Iterator[tuple[str, Any]]:
    if is_parquet(path):
        for number, line in enumerate(row_lines(path), 1):
            yield f"row {number}", load_row(line)
        return
    with open_input(path) as packed:
        file: IO[bytes] = packed
        if path.suffix == ".gz":
            file = cast(IO[bytes], gzip.GzipFile(fileobj=packed))
        text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="\n")
        try:
            if is_array and _begins_array(file):
                yield from _array_elements(path, text)
            else:
                yield from _lines(path, text)
        except UnicodeDecodeError as error:
            raise PipelineError(f"{path}: is not UTF-8 ({error.reason}); convert it") from None
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise PipelineError(f"{path}: is damaged ({error}); fetch it again") from None
        except RecursionError:
            raise PipelineError(f"{path}: is nested too deeply to be read") from None


def _begins_array(file: IO[bytes]) -> bool:
    """Look at the first character that is no space; the file is left at its start."""
    begins = False
    while piece := file.read(PIECE):
        if stripped := piece.removeprefix(b"\xef\xbb\xbf").lstrip():
            begins = stripped.startswith(b"[")
            break
    file.seek(0)
    return begins


def _lines(path: Path, text: IO[str]) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(bounded_lines(text, path), 1):
        if line.strip(_SPACE):
            try:
                value = _DECODER.decode(line)
                refuse_deep(value)
                yield f"line {number}", value
            except ValueError as error:
                raise PipelineError(
                    f"{path}, line {number}: not valid JSON ({error}); the file must hold a JSON "
                    "array, or one JSON value a line"
                ) from None


_DECODER = json.JSONDecoder(**CHECKED_NUMBERS)


class _Pieces:
    """The text from a position on, as much of it as has been needed."""

    def __init__(self, text: IO[str]) -> None:
        self._text = text
        self.buffer = ""
        self.at = 0

    def grow(self) -> bool:
        """Read on, as much again as is held; false at the end of the file.

        ValueError where more is held than any element has.
        """
        held = self.buffer[self.at :]
        if len(held) > LONGEST_LINE:
            raise ValueError(f"is longer than {LONGEST_LINE:,} characters, which no row is")
        piece = self._text.read(max(PIECE, len(held)))
        self.buffer, self.at = held + piece, 0
        return bool(piece)

    def next_character(self) -> str:
        """Pass over space and return the character there, '' at the end of the file."""
        while True:
            while self.at < len(self.buffer) and self.buffer[self.at] in _SPACE:
                self.at += 1
            if self.at < len(self.buffer) or not self.grow():
                return self.buffer[self.at : self.at + 1]

    def value(self) -> Any:
        """Parse the value that begins here; raises ValueError."""
        while True:
            try:
                value, end = _DECODER.raw_decode(self.buffer, self.at)
            except JSONDecodeError as error:
                if not self._may_be_cut(error) or not self.grow():
                    raise
                continue
            length = end - self.at
            # "0." is read as 0, though the next piece may go on with the number.
            if self.buffer[end : end + 1] not in _MAY_GO_ON or not self.grow():
                self.at += length
                return value

    def _may_be_cut(self, error: JSONDecodeError) -> bool:
        near_end = error.pos >= len(self.buffer) - LONGEST_TOKEN
        return near_end or error.msg.startswith("Unterminated string")


def _array_elements(path: Path, text: IO[str]) -> Iterator[tuple[str, Any]]:
    pieces = _Pieces(text)
    pieces.next_character()
    pieces.at += 1  # the opening bracket
    number, follows = 0, pieces.next_character()
    while follows != "]":
        number += 1
        try:
            value = pieces.value()
            refuse_deep(value)
        except ValueError as error:
            raise PipelineError(
                f"{path}, element {number}: not valid JSON ({getattr(error, 'msg', error)}); "
                "was the file written whole?"
            ) from None
        yield f"element {number}", value
        follows = pieces.next_character()
        if follows not in (",", "]") or not follows:
            raise PipelineError(
                f"{path}: the array breaks off after element {number}; was it written whole?"
            )
        if follows == ",":
            pieces.at += 1
            if pieces.next_character() == "]":
                raise PipelineError(f"{path}: a comma stands after the last element; remove it")
    pieces.at += 1
    if pieces.next_character():
        raise PipelineError(f"{path}: more text stands after the array; remove it")


def _write_line(file: IO[bytes], row: Row) -> None:
    file.write(dump_row(row))


@contextmanager
def _array_writer(file: IO[bytes]) -> Iterator[WriteRow]:
    """Write the elements of an array, one a line."""
    opening = b"[\n    "

    def write(row: Row) -> None:
        nonlocal opening
        file.write(opening + dump_row(row).rstrip(b"\n"))
        opening = b",\n    "

    yield write
    file.write(b"[]\n" if opening.startswith(b"[") else b"\n]\n")
