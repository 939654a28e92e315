"""JSON Lines: rows streamed in, rows written so that a file is whole or absent, rows read again.

A `RowIndex` keeps where each row of a file begins, so that any of them is read back by number.
"""

from __future__ import annotations

import json
import os
import stat
from array import array
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from math import isinf
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Any, NoReturn

import orjson

from utils.errors import PipelineError
from utils.files.atomic import AtomicFiles

Row = dict[str, Any]
# Lists and objects in one another: what is written wraps what was read a few times more, and no
# writer takes more than 254.
DEEPEST = 200
LARGEST_DOCUMENT = 1 << 28  # bytes of a file that is parsed whole
LONGEST_LINE = 1 << 26  # bytes of a row


def dump_row(row: Any) -> bytes:
    """Serialise a row to one UTF-8 line, newline included.

    A lone surrogate (models do write them) has no UTF-8 form; such a row is written in ASCII
    with `\\ud800` escapes, which reads back to the same text.
    """
    try:
        return orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE)
    except orjson.JSONEncodeError:
        text = json.dumps(row, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
        return text.encode("ascii") + b"\n"


def load_row(line: bytes | str) -> Any:
    """Parse one line; raises ValueError on bad JSON, NaN, Infinity and what could not be written.

    Integers over 64 bits, which no record has, are read as floats.
    """
    try:
        value = orjson.loads(line)
    except orjson.JSONDecodeError:
        # orjson refuses lone surrogates, which are valid JSON.
        value = parse_json(line)
    openings = (b"[", b"{") if isinstance(line, bytes) else ("[", "{")
    # As many brackets, most of them in code, are rare, and no row below that is too deep.
    if sum(map(line.count, openings)) > DEEPEST:  # type: ignore[arg-type]
        refuse_deep(value)
    return value


def parse_json(text: bytes | str) -> Any:
    """Parse JSON that may hold lone surrogates; ValueError on all that could not be written."""
    try:
        return json.loads(text, **CHECKED_NUMBERS)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def refuse_deep(value: Any) -> None:
    """Raise ValueError where lists and objects are nested deeper than can be written."""
    level = [value]
    for _ in range(DEEPEST + 1):
        inner = [each for each in level if isinstance(each, dict | list)]
        if not inner:
            return
        level = [
            part for each in inner for part in (each.values() if isinstance(each, dict) else each)
        ]
    raise ValueError(f"nested more than {DEEPEST} deep")


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite_float(digits: str) -> float:
    """Read a number; ValueError where it is so large that it would become infinite."""
    number = float(digits)
    if isinf(number):
        raise ValueError(f"{digits:.20} is too large a number")
    return number


# What the standard decoder is told, so that it takes no number that could not be written.
CHECKED_NUMBERS: dict[str, Any] = {
    "parse_constant": _refuse_constant,
    "parse_float": _finite_float,
}


def read_json(path: str | Path, fix: str) -> Any:
    """Read a file that is one JSON value; PipelineError where it isn't, ending with the fix."""
    try:
        return load_row(read_document(path, fix).removeprefix(b"\xef\xbb\xbf"))
    except ValueError as error:
        raise PipelineError(f"{path}: not valid JSON ({error}); {fix}") from None


def read_document(path: str | Path, fix: str = "name another file") -> bytes:
    """Read a file whole; PipelineError, ending with the fix, where it is too large for that."""
    with open_input(path) as file:
        content: bytes = file.read(LARGEST_DOCUMENT + 1)
    if len(content) > LARGEST_DOCUMENT:
        raise PipelineError(
            f"{path}: is longer than {LARGEST_DOCUMENT:,} bytes, which no document is; {fix}"
        )
    return content


def open_input(path: str | Path, mode: str = "rb") -> IO[Any]:
    """Open a file for reading, or raise a PipelineError that says what is wrong with it."""
    try:
        return open(path, mode)
    except FileNotFoundError:
        raise PipelineError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise PipelineError(f"{path}: is a folder; name a file") from None
    except PermissionError:
        raise PipelineError(f"{path}: may not be read; check its permissions") from None


def bounded_lines(file: IO[Any], path: str | Path) -> Iterator[Any]:
    """Yield the lines of a file; PipelineError at one that is longer than any row.

    Of a text the length counts in characters.
    """
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise PipelineError(
                f"{path}, line {number}: is longer than {LONGEST_LINE:,} bytes, which no row is; "
                "is it another file?"
            )
        yield line


# A field that rows must have, or several of which they must have one.
Required = Iterable[str | tuple[str, ...]]


def row_lines(path: str | Path) -> Iterator[bytes]:
    """Yield the lines of a file, or the rows of a `.parquet` file as lines of JSON."""
    if not is_parquet(path):
        with open_input(path) as file:
            yield from bounded_lines(file, path)
        return
    # Slow to import, and most files are JSONL.
    from utils.parquet_files import read_parquet

    for number, row in enumerate(read_parquet(path, None), 1):
        try:
            yield dump_row(row)
        except (TypeError, ValueError) as error:
            raise PipelineError(
                f"{path}, row {number}: holds what JSON has not ({error}); leave that column out"
            ) from None


def is_parquet(path: str | Path) -> bool:
    """Tell a Parquet file by its ending."""
    return Path(path).suffix == ".parquet"


def parse_line(path: str | Path, number: int, line: bytes, required: Required = ()) -> Row:
    """Turn line `number` of a file into a row that has the required fields, or raise."""
    try:
        row = load_row(line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line)
    except ValueError as error:
        raise PipelineError(
            f"{_place(path, number)}: not valid JSON ({error}); each line must be one JSON object"
        ) from None
    if not isinstance(row, dict):
        raise PipelineError(
            f"{_place(path, number)}: a {type(row).__name__}; each line must be one JSON object"
        )
    missing = missing_field(row, required)
    if missing:
        raise PipelineError(
            f"{_place(path, number)}: field {missing} is missing (has: {', '.join(row)}); "
            "is this the file this stage reads?"
        )
    return row


def _place(path: str | Path, number: int) -> str:
    return f"{path}, {'row' if is_parquet(path) else 'line'} {number}"


def missing_field(row: Row, required: Required) -> str | None:
    """Quote the first required field that a row lacks, or None."""
    for field in required:
        names = (field,) if isinstance(field, str) else field
        if not any(name in row for name in names):
            return " or ".join(f"'{name}'" for name in names)
    return None


def read_rows(path: str | Path, required: Required = ()) -> Iterator[Row]:
    """Yield the rows of a JSONL file, or of a `.parquet` file, one by one.

    Lines end at `\\n` only, so U+2028 and form feeds inside a text do no harm; blank lines are
    skipped. A missing file, a file without rows, a bad line or a row without one of the
    `required` keys raises PipelineError.
    """
    required = tuple(required)
    empty = True
    for number, line in enumerate(row_lines(path), 1):
        if line.strip():
            empty = False
            yield parse_line(path, number, line, required)
    if empty:
        raise PipelineError(f"{path}: holds no rows; run the stage that writes it again")


@contextmanager
def atomic_file(path: str | Path) -> Iterator[IO[bytes]]:
    """Open a binary file that takes its name only when the block ends without an error."""
    with AtomicFiles() as files:
        yield files.open(path)


def write_rows(path: str | Path, rows: Iterable[Row]) -> int:
    """Write rows to a JSONL file in one atomic step; returns how many."""
    count = 0
    with atomic_file(path) as file:
        for row in rows:
            file.write(dump_row(row))
            count += 1
    return count


def write_json(path: str | Path, value: Any) -> None:
    """Write one indented JSON document in one atomic step; lone surrogates as in `dump_row`."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=2).encode()
    except UnicodeEncodeError:
        text = json.dumps(value, ensure_ascii=True, allow_nan=False, indent=2).encode()
    with atomic_file(path) as file:
        file.write(text + b"\n")


class RowIndex:
    """Where each row of a JSONL file begins: eight bytes a row, whatever the rows hold.

        with RowIndex("data/x.jsonl", required=["code_before"]) as index:
            usable = [number for number, row in index.scan() if row["code_before"]]
            first = index.read(usable[0])

    Rows are numbered from 0; blank lines don't count. Bad lines and missing fields raise as in
    `read_rows`. The file must stay as it is between the scan and the last read. The rows of a
    `.parquet` file are read again from a temporary one, as lines.
    """

    def __init__(self, path: str | Path, required: Required = ()) -> None:
        self.path = Path(path)
        self.required = tuple(required)
        self.offsets = array("Q")
        self._file: IO[bytes] | None = None
        self._scanned: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.offsets)

    def __enter__(self) -> RowIndex:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def scan(self) -> Iterator[tuple[int, Row]]:
        """Yield (number, row) for every row, noting its offset; a second scan starts afresh."""
        self.close()
        self.offsets = array("Q")
        with open_input(self.path) as file:
            self._scanned = self._identity(file)
            offset = 0
            for line_number, line in enumerate(self._lines(file), 1):
                if line.strip():
                    row = parse_line(self.path, line_number, line, self.required)
                    self.offsets.append(offset)
                    yield len(self.offsets) - 1, row
                offset += len(line)
        if not self.offsets:
            raise PipelineError(f"{self.path}: holds no rows; run the stage that writes it again")

    def _lines(self, file: IO[bytes]) -> Iterator[bytes]:
        if not is_parquet(self.path):
            yield from bounded_lines(file, self.path)
            return
        # Of no name, so that it ends with the process, whatever ends that.
        self._file = TemporaryFile()  # noqa: SIM115
        for line in row_lines(self.path):
            self._file.seek(0, os.SEEK_END)
            self._file.write(line)
            yield line

    def read(self, number: int) -> Row:
        """Read one scanned row again."""
        return parse_line(self.path, number + 1, self._read_line(number))

    def _read_line(self, number: int) -> bytes:
        if self._file is None:
            self._file = file = open_input(self.path)
            if self._identity(file) != self._scanned:
                raise PipelineError(f"{self.path}: changed while it was read; run the stage again")
            if is_parquet(self.path):
                with file:
                    deque(self._lines(file), maxlen=0)
        self._file.seek(self.offsets[number])
        line: bytes = self._file.readline()
        return line

    def close(self) -> None:
        """Let go of the file; a later `read` opens it again."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def _identity(self, file: IO[bytes]) -> tuple[int, ...]:
        facts = os.fstat(file.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise PipelineError(
                f"{self.path}: is a pipe or a device, and this stage reads its input twice; "
                "write it to a file first"
            )
        return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns
