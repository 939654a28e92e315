"""Results that took long to make, kept by joblib under the fingerprint of what made them."""

import hashlib
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import joblib

from utils.cli import log
from utils.jsonl import atomic_file

T = TypeVar("T")

FIT_RESULTS = Path(__file__).parent / "fit_results"
DIGEST_BYTES = 32


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
    except OSError as error:
        log.warning("%s: built, but not kept: %s: %s", what, path, error.strerror)
    return value


def save(path: Path, value: Any) -> None:
    """Dump a value with joblib in one atomic step, its SHA-256 behind it.

    `joblib.load` stops before the digest, so that the file stays an ordinary `*.joblib`.
    """
    buffer = io.BytesIO()
    joblib.dump(value, buffer)
    payload = buffer.getvalue()
    with atomic_file(path) as file:
        file.write(payload + hashlib.sha256(payload).digest())


def load(path: Path) -> Any:
    """Load what `save` wrote; ValueError if any byte of it has changed.

    The check stands before the unpickling, which may do anything on damaged bytes.
    """
    content = path.read_bytes()
    payload, digest = content[:-DIGEST_BYTES], content[-DIGEST_BYTES:]
    if hashlib.sha256(payload).digest() != digest:
        raise ValueError("damaged file")
    return joblib.load(io.BytesIO(payload))
