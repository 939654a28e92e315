"""Files that only grow, by whole lines, and survive a crash or a full disk between them.

A lock keeps two runs from writing one of them.
"""

import os
from pathlib import Path
from typing import BinaryIO

from filelock import FileLock, Timeout

from utils.errors import PipelineError
from utils.jsonl import load_row

_BLOCK = 1 << 20


def lock_of(path: Path) -> FileLock:
    """Give the lock of a file, a hidden file beside it; their folder is made."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PipelineError(
            f"{path.parent}: can't be made a folder ({error.strerror}); name another"
        ) from None
    return FileLock(path.with_name(f".{path.name}.lock"))


def taken_lock(path: Path) -> FileLock:
    """Take the lock of a file that is to be written; PipelineError if another run has it."""
    lock = lock_of(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise PipelineError(
            f"{path}: another run is writing it; wait for it or name another output"
        ) from None
    return lock


class AppendLog:
    """Appends lines; each is handed to the operating system whole before `append` returns."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.unsynced = 0
        self._open()

    def _open(self) -> None:
        self._descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o666)
        self._size = os.fstat(self._descriptor).st_size

    def reopen(self) -> None:
        """Open the file again, after it was replaced by another of its name."""
        self.close()
        self._open()

    def append(self, line: bytes) -> None:
        """Write one line, newline included; on a full disk the file is left as it was."""
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

    def sync(self) -> None:
        """Force the lines written so far to the disk; costs nothing where there are none."""
        if self.unsynced:
            self.unsynced = 0
            os.fsync(self._descriptor)

    def close(self) -> None:
        os.close(self._descriptor)


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
    """Read the line that ends at `size`, newline included; returns (its start, the line)."""
    tail, start = b"", size
    while start and b"\n" not in tail[:-1]:
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
