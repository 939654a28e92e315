"""Files that take their names only when they are whole, and together.

Each is written to a hidden file beside its target, which is locked meanwhile and renamed at the
end. That name is the same at every run: what a killed run left there, the next one takes over.
"""

import fcntl
import hashlib
import io
import os
import stat
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, NamedTuple

from utils.errors import PipelineError
from utils.files.locks import hidden_beside, is_still_at, real_path
from utils.files.redactor import redacted_bytes

UNFINISHED = ".unfinished"
_BUFFER = 1 << 17
_PATIENCE = 10.0  # seconds that another run may take to write one and the same file


class _WithoutSecrets(io.BufferedRandom):
    """A file that no known secret is written to."""

    def write(self, data: Any) -> int:
        return super().write(redacted_bytes(data))


class _Unfinished(NamedTuple):
    name: str  # as it was asked for; the target of a link may have another
    target: Path
    temporary: Path
    file: IO[bytes]


# What is to go where the program must end at once, without unwinding.
_unfinished: list[_Unfinished] = []


class AtomicFiles:
    """Opens files that take their names together when the block ends without an error.

    A target that is a link stays one: what it points to is replaced. `before_renaming` is called
    when all are on the disk. There is no renaming of several files in one step, so that a crash
    right then may leave some of them; what belongs together says so in a file that comes last.
    """

    def __init__(self, before_renaming: Callable[[], None] | None = None) -> None:
        self._before_renaming = before_renaming
        self._files: list[_Unfinished] = []

    def __enter__(self) -> "AtomicFiles":
        return self

    def open(self, path: str | Path) -> IO[bytes]:
        """Open a file for writing that will be at `path`."""
        target = real_path(path)
        if target.exists() and not target.is_file():
            raise PipelineError(f"{path}: is no regular file; name another output")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = hidden_beside(target, UNFINISHED)
        file = _WithoutSecrets(io.FileIO(_opened(temporary, path), "w+"), _BUFFER)
        made = _Unfinished(Path(path).name, target, temporary, file)
        self._files.append(made)
        _unfinished.append(made)
        return file

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._take_names()
        finally:
            for each in self._files:
                self._forget(each)

    def _take_names(self) -> None:
        for each in self._files:
            each.file.flush()
            os.fsync(each.file.fileno())
        if self._before_renaming:
            self._before_renaming()
        for each in self._files:
            os.replace(each.temporary, each.target)
            _unfinished.remove(each)

    def put_in_place(self, path: Path) -> None:
        """Give a file its name at once, whatever becomes of the others."""
        [ready] = (each for each in self._files if each.name == path.name)
        ready.file.flush()
        os.fsync(ready.file.fileno())
        os.replace(ready.temporary, ready.target)
        self._files.remove(ready)
        _unfinished.remove(ready)
        ready.file.close()

    def drop(self, path: Path) -> None:
        """Have no file at `path` after all, nor one of an earlier run."""
        [dropped] = (each for each in self._files if each.name == path.name)
        self._files.remove(dropped)
        dropped.target.unlink(missing_ok=True)
        self._forget(dropped)

    def _forget(self, each: _Unfinished) -> None:
        if each in _unfinished:
            each.temporary.unlink(missing_ok=True)
            _unfinished.remove(each)
        with suppress(OSError):
            each.file.close()

    def digests(self) -> dict[str, Any]:
        """Describe the files, complete by now, by their names: their length and SHA-256."""
        return {each.name: describe_file(each.file) for each in self._files}


def describe_file(file: IO[bytes]) -> dict[str, Any]:
    """Give a file's length and SHA-256."""
    file.seek(0)
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return {"bytes": file.tell(), "sha256": digest}


def _opened(temporary: Path, path: str | Path, patience: float = _PATIENCE) -> int:
    """Open and lock the hidden file, empty, for this process alone."""
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK
    waited_until = time.monotonic() + patience
    while True:
        try:
            found = os.open(temporary, flags, 0o666)
        except OSError as error:
            error.filename = str(path)
            raise
        try:
            facts = os.fstat(found)
            if not stat.S_ISREG(facts.st_mode) or facts.st_nlink > 1:
                raise PipelineError(f"{temporary}: is not what a run leaves; move it away")
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(found)
            if time.monotonic() > waited_until:
                raise PipelineError(
                    f"{path}: another run is writing it; wait for it or name another output"
                ) from None
            time.sleep(0.02)
            continue
        except OSError:
            pass  # a file system without locks
        except BaseException:
            os.close(found)
            raise
        if is_still_at(found, temporary):
            os.ftruncate(found, 0)
            return found
        os.close(found)  # it has got its name in the meantime


def sweep_unfinished(path: str | Path) -> None:
    """Remove what a killed run left of a file, unless a living one is writing it."""
    temporary = hidden_beside(real_path(path), UNFINISHED)
    if temporary.is_file() and not temporary.is_symlink():
        os.close(_opened(temporary, path, patience=0))
        temporary.unlink(missing_ok=True)


def sweep_folder(folder: str | Path) -> None:
    """Remove what killed runs left of any file in a folder, unless a living one is writing it."""
    for temporary in Path(folder).glob(f".*{UNFINISHED}"):
        with suppress(PipelineError, OSError):
            os.close(_opened(temporary, temporary, patience=0))
            temporary.unlink(missing_ok=True)


def remove_unfinished() -> None:
    """Remove what is half-written: for who is about to end the process without unwinding."""
    for each in _unfinished:
        with suppress(OSError):
            each.temporary.unlink(missing_ok=True)
