"""Files that only grow, by whole lines, and survive a crash or a full disk between them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from utils.errors import PipelineError
from utils.files.redactor import redacted_bytes
from utils.jsonl import LONGEST_LINE, bounded_lines, load_row

_BLOCK = 1 << 20


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
        line = redacted_bytes(line)
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
