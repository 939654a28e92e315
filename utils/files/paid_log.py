"""Answers that were paid for, on disk under their keys, so that none is asked for twice."""

from collections.abc import Callable, Hashable, Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO, Generic, TypeVar

from utils.cli import log
from utils.files.append_log import AppendLog, mend_tail, refuse_foreign
from utils.files.atomic import sweep_unfinished
from utils.files.locks import PathLock
from utils.jsonl import Row, atomic_file, bounded_lines, dump_row, load_row

Key = TypeVar("Key", bound=Hashable)
_BOM = b"\xef\xbb\xbf"


class PaidLog(Generic[Key]):
    """A log of one row an answer, appended to as they come in; of equal keys the last one counts.

    Used in a `with` block, under a lock: where another run has it, that is an error, or is waited
    for with `waits`. Lines are checked when the log is opened: `key_of` gives a row's key, or
    raises ValueError, KeyError or TypeError. Damaged lines are reported with what is done `about`
    them. Memory holds where the lines are, not what they hold.
    """

    def __init__(
        self, path: Path, key_of: Callable[[Row], Key], about: str, waits: bool = False
    ) -> None:
        self.path = path
        self._key_of = key_of
        self._about = about
        self._waits = waits
        self._places: dict[Key, int] = {}
        self._end = 0

    def __enter__(self) -> "PaidLog[Key]":
        with ExitStack() as undo:
            undo.callback(PathLock(self.path).take(self._waits).release)
            self.path.touch()
            refuse_foreign(self.path, self._is_ours)
            sweep_unfinished(self.path)
            mend_tail(self.path)
            self._log = AppendLog(self.path)
            undo.callback(self._log.close)
            self._file = self._opened()
            undo.callback(lambda: self._file.close())
            self._closing = undo.pop_all()
        return self

    def __exit__(self, *exception: object) -> None:
        with self._closing:
            self._log.sync()

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, key: Key) -> bool:
        return key in self._places

    def add(self, key: Key, row: Row) -> None:
        line = dump_row(row)
        self._log.append(line)
        self._places[key] = self._end
        self._end += len(line)

    def read(self, key: Key) -> Row:
        """Read the row of a key that is in the log."""
        self._log.wait_for_room()
        self._file.seek(self._places[key])
        row: Row = _parse(self._file.readline())
        return row

    def items(self) -> Iterator[tuple[Key, Row]]:
        """Yield each key and its row, in the order in which the keys came first."""
        for key in self._places:
            yield key, self.read(key)

    def replace(self, rows: Iterable[Row]) -> None:
        """Write the log anew in one step: who reads it meanwhile sees the old rows or the new."""
        with atomic_file(self.path) as file:
            file.writelines(map(dump_row, rows))
        self._log.reopen()
        self._file.close()
        self._file = self._opened()

    def _is_ours(self, line: bytes) -> bool:
        try:
            self._key_of(_parse(line))
        except (ValueError, KeyError, TypeError):
            return False
        return True

    def _opened(self) -> BinaryIO:
        """Open the log for reading, and note where its lines are."""
        file = open(self.path, "rb")  # noqa: SIM115 - closed with the log
        self._places.clear()
        self._end = damaged = 0
        for line in bounded_lines(file, self.path):
            try:
                if line.strip():
                    self._places[self._key_of(_parse(line))] = self._end
            except (ValueError, KeyError, TypeError):
                damaged += 1
            self._end += len(line)
        if damaged:
            log.warning("%s: %d damaged lines; %s", self.path, damaged, self._about)
        return file


def _parse(line: bytes) -> Row:
    row: Row = load_row(line.removeprefix(_BOM))
    return row
