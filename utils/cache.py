"""Results that took long to make, kept on disk under the fingerprint of what made them.

joblib keeps the usual ones, with an HMAC behind them: loading them may run code, so that only what
this user wrote is loaded. Arrays are `.npy` files with their SHA-256 behind them, read back as a
memory map; no code can be in them.
"""

import hashlib
import hmac
import io
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import joblib
import numpy as np
from numpy.typing import NDArray

from utils.cli import log
from utils.errors import PipelineError
from utils.files.user_key import user_key
from utils.jsonl import atomic_file

T = TypeVar("T")

FIT_RESULTS = Path(__file__).parent / "fit_results"
_ROWS_AT_ONCE = 8192
_DIGEST_BYTES = hashlib.sha256().digest_size
_BYTES_AT_ONCE = 1 << 20


def fingerprint(**parts: Any) -> str:
    """Hash JSON values, names and all, into 20 hex digits; the order of the names is no matter."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:20]


def load_or_build(path: Path, build: Callable[[], T], what: str, rebuild: bool = False) -> T:
    """Load a cached result, or build and save it; a damaged file is built again.

    The log says which of the two happened to `what`. A cache that can't be written costs time,
    not the result.
    """
    if not rebuild and path.exists():
        try:
            value = load(path)
            log.info("%s: reusing %s", what, path)
            return value
        except (OSError, ValueError, ImportError, AttributeError) as error:
            log.warning("%s: %s can't be used (%s); building it again", what, path, error)
    value = build()
    try:
        save(path, value)
        log.info("%s: built and kept in %s", what, path)
    except (OSError, PipelineError) as error:
        reason = getattr(error, "strerror", None) or error
        log.warning("%s: built, but not kept: %s: %s", what, path, reason)
    return value


def save(path: Path, value: Any) -> None:
    """Dump a value with joblib in one atomic step, its HMAC-SHA-256 under the user's key behind it.

    `joblib.load` stops before the digest, so that the file stays an ordinary `*.joblib`.
    """
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    payload = buffer.getvalue()
    digest = hmac.digest(user_key(), payload, "sha256")
    with atomic_file(path) as file:
        file.write(payload + digest)


def load(path: Path) -> Any:
    """Load what `save` wrote for this user; ValueError if a byte has changed, or another wrote it.

    The check stands before the unpickling, which may do anything on bytes of others.
    """
    with open(path, "rb") as file:
        left = os.fstat(file.fileno()).st_size - _DIGEST_BYTES
        expected = hmac.new(user_key(), digestmod="sha256")
        while left > 0 and (block := file.read(min(_BYTES_AT_ONCE, left))):
            expected.update(block)
            left -= len(block)
        if not hmac.compare_digest(file.read(_DIGEST_BYTES + 1), expected.digest()):
            raise ValueError("damaged, or made by another user")
        file.seek(0)
        return joblib.load(file)


def save_array(path: Path, array: NDArray[np.float32]) -> None:
    """Write a float32 array in one atomic step.

    Readers of `.npy` stop before the digest, so that the file stays an ordinary one.
    """
    header = io.BytesIO()
    described = np.lib.format.header_data_from_array_1_0(array)
    # Its blocks are written row by row, whichever order it has in memory.
    described["fortran_order"] = False
    np.lib.format.write_array_header_1_0(header, described)
    digest = hashlib.sha256()
    with atomic_file(path) as file:
        for block in (header.getvalue(), *_blocks(array)):
            digest.update(block)
            file.write(block)
        file.write(digest.digest())


def _blocks(array: NDArray[np.float32]) -> "map[bytes]":
    starts = range(0, len(array), _ROWS_AT_ONCE)
    return map(lambda start: array[start : start + _ROWS_AT_ONCE].tobytes(), starts)


def load_array(path: Path, rows: int | None = None) -> NDArray[np.float32]:
    """Map what `save_array` wrote, read-only; ValueError if a byte changed or rows are missing."""
    digest = hashlib.sha256()
    left = path.stat().st_size - _DIGEST_BYTES
    with open(path, "rb") as file:
        while left > 0 and (block := file.read(min(_BYTES_AT_ONCE, left))):
            digest.update(block)
            left -= len(block)
        if file.read() != digest.digest():
            raise ValueError("damaged file")
    if rows == 0:
        return np.zeros((0, 1), dtype=np.float32)  # nothing that could be mapped
    found = np.load(path, mmap_mode="r", allow_pickle=False)
    if found.dtype != np.float32 or found.ndim != 2 or rows not in (None, len(found)):
        raise ValueError("another array than expected")
    return found


class ArrayBlocks:
    """Blocks of rows of an array that is long in the making, each kept in a folder as it is done.

    What can't be kept costs time after a kill, not the result.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._count = 0

    def shared(self, build: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Load what all blocks are made with, or build and keep it, and then none of them counts.

        Built anew it may differ in its last digits, and so in what blocks mean.
        """
        path = self.folder / "shared.npy"
        try:
            return load_array(path)
        except (OSError, ValueError):
            self.remove()
        built = build()
        with suppress(OSError, PipelineError):
            save_array(path, built)
        return built

    def kept(self) -> Iterator[NDArray[np.float32]]:
        """Yield the blocks of an earlier run in order, up to one that is missing or damaged."""
        while True:
            try:
                block = load_array(self._path())
            except (OSError, ValueError):
                return
            self._count += 1
            yield block

    def add(self, block: NDArray[np.float32]) -> None:
        """Keep the next block."""
        try:
            save_array(self._path(), block)
        except (OSError, PipelineError) as error:
            log.warning("%s: a block can't be kept: %s", self.folder, error)
        self._count += 1

    def remove(self) -> None:
        """Remove all blocks, for when the array is whole."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self) -> Path:
        return self.folder / f"{self._count:06}.npy"
