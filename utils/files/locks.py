"""Locks on files that are to be written: a second run learns who holds one, through links too.

A lock is a hidden file beside the one that it stands for, wherever links to that may lie; the
system lets go of it when its process ends, however that happens.
"""

import fcntl
import hashlib
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from utils.errors import PipelineError

_LONGEST_NAME = 255  # bytes, of most file systems
_LOOKS = 100  # for the name of who holds a lock


def real_path(path: str | Path) -> Path:
    """Follow the links of a path, to where the file is or would be."""
    try:
        return Path(path).resolve()
    except (OSError, RuntimeError):
        raise PipelineError(f"{path}: a link that leads to itself; name another file") from None


def hidden_beside(path: Path, ending: str) -> Path:
    """Name a hidden file beside another; where that name would be too long, by its hash."""
    name = f".{path.name}{ending}"
    if len(os.fsencode(name)) > _LONGEST_NAME:
        name = f".{hashlib.sha256(os.fsencode(path.name)).hexdigest()[:32]}{ending}"
    return path.with_name(name)


def _make_folder_of(path: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PipelineError(
            f"{path.parent}: can't be made a folder ({error.strerror}), and the output "
            "can't be written; name another"
        ) from None


class PathLock:
    """The lock of a path, taken or not yet; `release` may be called at any time."""

    def __init__(self, path: str | Path) -> None:
        self._asked = path
        self._path = hidden_beside(real_path(path), ".lock")
        self._descriptor: int | None = None

    def take(self, waits: bool = False) -> "PathLock":
        """Take the lock; where another run has it, wait for that, or raise PipelineError."""
        _make_folder_of(self._path)
        while self._descriptor is None:
            try:
                found = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            except OSError as error:
                raise PipelineError(
                    f"{self._asked}: can't be locked ({error.strerror}); name another output"
                ) from None
            try:
                _flock(found, waits)
            except BlockingIOError:
                holder = _holder_in(found)
                os.close(found)
                raise PipelineError(
                    f"{self._asked}: another run is writing it{_said_of(holder)}; wait for it or "
                    "name another output"
                ) from None
            except BaseException:
                os.close(found)
                raise
            if is_still_at(found, self._path):
                self._descriptor = found
            else:
                os.close(found)  # released by another, and removed
        with suppress(OSError):  # a full disk: the lock holds, though nobody learns whose it is
            os.ftruncate(self._descriptor, 0)
            os.pwrite(self._descriptor, _holder().encode("utf-8", "replace"), 0)
        return self

    def release(self) -> None:
        if self._descriptor is not None:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)
            self._descriptor = None


def taken_lock(path: str | Path) -> PathLock:
    """Take the lock of a file that is to be written; PipelineError if another run has it."""
    return PathLock(path).take()


@contextmanager
def waited_lock(path: str | Path) -> Iterator[None]:
    """Hold the lock of a file that several runs change in turn, waiting for them."""
    lock = PathLock(path).take(waits=True)
    try:
        yield
    finally:
        lock.release()


def _flock(descriptor: int, waits: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if waits else fcntl.LOCK_NB))
    except BlockingIOError:
        raise
    except OSError:
        pass  # a file system without locks


def is_still_at(descriptor: int, path: Path) -> bool:
    """Ask whether an open file is the one that the path names."""
    try:
        there = os.stat(path, follow_symlinks=False)
    except OSError:
        return False
    return os.path.samestat(os.fstat(descriptor), there)


def _holder() -> str:
    program = Path(sys.argv[0]).name if sys.argv and sys.argv[0] else "python"
    return f"process {os.getpid()} on {socket.gethostname()}, {program}"


def _holder_in(lock: int) -> str:
    """Read whose a lock is; who has just taken it writes that in a moment."""
    for _ in range(_LOOKS):
        if holder := os.pread(lock, 200, 0):
            return holder.decode("utf-8", "replace")
        time.sleep(0.01)
    return ""


def _said_of(holder: str) -> str:
    plain = "".join(character for character in holder if character.isprintable())
    return f" ({plain})" if plain.startswith("process ") else ""
