"""Files that only grow, by whole lines, and survive a crash or a full disk between them.

What a full disk has no room for was paid for: it is kept in memory, and written when there is room.
Who asks for more meanwhile waits for that: `has_room`.
"""

import errno
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from utils.cli import log
from utils.errors import PipelineError
from utils.files.redactor import redacted_bytes
from utils.jsonl import LONGEST_LINE, bounded_lines, load_row

_BLOCK = 1 << 20
_FULL = {errno.ENOSPC, errno.EDQUOT}

# Those that hold lines which the disk had no room for.
_waiting: "list[AppendLog]" = []


def has_room() -> bool:
    """Write what could not be written before; false where there is still no room for all of it."""
    for each in list(_waiting):
        each.write_held()
    return not _waiting


class AppendLog:
    """Appends lines; each is handed to the operating system whole before `append` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unsynced = 0
        self._held: deque[bytes] = deque()
        self._open()

    def _open(self) -> None:
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._size = os.fstat(self._descriptor).st_size

    def reopen(self) -> None:
        """Open the file again, after it was replaced by another of its name."""
        self.close()
        self._open()

    def append(self, line: bytes) -> None:
        """Write one line, newline included; where the disk is full, keep it until there is room."""
        line = redacted_bytes(line)
        try:
            if self._held:
                self._held.append(line)
            else:
                self._write(line)
        except OSError as error:
            if error.errno not in _FULL:
                raise
            self._held.append(line)
            _waiting.append(self)
            log.warning(
                "%s: %s; what was answered is kept in memory and written when there is room, and "
                "nothing more is asked until then", *(self.path, error.strerror)
            )  # fmt: skip

    def _write(self, line: bytes) -> None:
        """Write one line; on an error the file is left as it was."""
        written = 0
        try:
            while written < len(line):
                written += os.write(self._descriptor, line[written:] if written else line)
        except OSError as error:
            os.ftruncate(self._descriptor, self._size)
            error.filename = str(self.path)
            raise
        self._size += written
        self.unsynced += 1

    def write_held(self) -> None:
        """Write what is kept, as far as there is room."""
        try:
            while self._held:
                self._write(self._held[0])
                self._held.popleft()
        except OSError as error:
            if error.errno not in _FULL:
                raise
            return
        if self in _waiting:
            _waiting.remove(self)
            log.info("%s: there is room again", self.path)

    def sync(self) -> None:
        """Force the lines written so far to the disk; costs nothing where there are none."""
        if self.unsynced:
            self.unsynced = 0
            os.fsync(self._descriptor)

    def wait_for_room(self) -> None:
        """Wait until all lines are in the file."""
        while self._held and not has_room():
            time.sleep(1)

    def close(self) -> None:
        """Let go of the file; OSError where lines are left that it had no room for."""
        try:
            for line in self._held:
                self._write(line)
        finally:
            if self in _waiting:
                _waiting.remove(self)
            os.close(self._descriptor)


def refuse_foreign(path: Path, is_ours: Callable[[bytes], bool], start: bytes = b"") -> None:
    """Raise PipelineError where no line of a file is ours, nor what a crash left of a first one.

    It stands before anything that changes a file: what is not known is not touched. `start` is what
    each line of ours begins with, if that tells it from others.
    """
    with open(path, "rb") as file:
        for number, line in enumerate(bounded_lines(file, path)):
            if is_ours(line) or (number == 0 and start and _is_torn_start(line, start)):
                return
    if path.stat().st_size:
        raise PipelineError(
            f"{path}: was not written by this stage, and is left as it is; name another file"
        )


def _is_torn_start(line: bytes, start: bytes) -> bool:
    text = line.rstrip(b"\0")
    begins = text.startswith(start) or (bool(text) and start.startswith(text))
    return begins and not line.endswith(b"\n") and not _is_json(line)


def mend_tail(path: Path) -> int:
    """Cut what a crash left of a last line; returns how many bytes went.

    A whole last line that only lacks its newline gets it. Lines with zero bytes, as some file
    systems leave after a power cut, go too. Anything else stays: it is not ours to cut.
    """
    with open(path, "r+b") as file:
        size = file.seek(0, os.SEEK_END)
        while True:
            end, line = _last_line(file, size)
            if not line or _is_json(line) or not _is_torn(line):
                break
            size = end
        cut = file.seek(0, os.SEEK_END) - size
        file.truncate(size)
        if line and not line.endswith(b"\n") and _is_json(line):
            file.seek(size)
            file.write(b"\n")
        file.flush()
        os.fsync(file.fileno())
        return cut


def _last_line(file: BinaryIO, size: int) -> tuple[int, bytes]:
    """Read the line that ends at `size`, newline included; returns (its start, the line).

    Of one that is longer than any row it is the end, which is no row and no torn one.
    """
    tail, start = b"", size
    while start and b"\n" not in tail[:-1] and len(tail) <= LONGEST_LINE:
        step = min(_BLOCK, start)
        start -= step
        file.seek(start)
        tail = file.read(step) + tail
    cut = tail.rfind(b"\n", 0, len(tail) - 1) + 1
    return start + cut, tail[cut:]


def _is_torn(line: bytes) -> bool:
    """Ask whether a bad last line is what a crash leaves: part of a row, zero bytes, blanks."""
    starts_a_row = line.startswith(b"{") and not line.endswith(b"\n")
    return starts_a_row or b"\0" in line or not line.strip()


def _is_json(line: bytes) -> bool:
    try:
        load_row(line)
    except ValueError:
        return False
    return True
