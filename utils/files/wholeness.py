"""Whether a file is what its summary says, which a run that was ended half-way leaves in doubt."""

from functools import cache
from pathlib import Path
from typing import Any

from utils.cli import log
from utils.files.atomic import describe_file
from utils.jsonl import load_row

# The key of a summary under which the files that belong together are named.
WRITTEN = "files"
# One of which rows of every stage have; what other people collected has no summary, nor needs one.
_OUR_FIELDS = (b"prompt_id", b"instr_type", b"old_contents", b"messages", b"instruction")
# Settings, which are inputs too, have no summary.
_ROWS = (".jsonl", ".json", ".parquet")
_LONGEST_SUMMARY = 1 << 24  # bytes


def say_if_doubtful(path: str | Path) -> None:
    """Say so where a file has no summary beside it, or is another than it describes."""
    path = Path(path)
    if path.suffix in _ROWS and path.is_file():
        facts = path.stat()
        _say_once(path, facts.st_ino, facts.st_size, facts.st_mtime_ns)


@cache
def _say_once(path: Path, *state: int) -> None:
    """Say what speaks against a file, once for each state of it."""
    if doubt := _doubt(path):
        log.warning("%s: %s", path, doubt)


def _doubt(path: Path) -> str | None:
    own = path.with_name(path.stem + ".summary.json")
    others = sorted(path.parent.glob("*.summary.json"))
    summaries = [found for each in (own, *others) if (found := _written(each)) is not None]
    if not summaries:
        if not _looks_like_ours(path):
            return None
        return "has no summary beside it; a run was stopped while it was written, or it is not ours"
    described = next((found[path.name] for found in summaries if path.name in found), None)
    if described is None:
        return None  # of a stage that names no files
    with open(path, "rb") as file:
        size = path.stat().st_size
        if size == described.get("bytes") and describe_file(file) == described:
            return None
    return "is another than its summary says; it was changed since, or a run was stopped half-way"


def _looks_like_ours(path: Path) -> bool:
    with open(path, "rb") as file:
        beginning = file.read(1 << 16)
    return any(mark in beginning for mark in _OUR_FIELDS)


def _written(summary_path: Path) -> dict[str, Any] | None:
    """List the files that a summary names, none of an older one; None if there is no summary."""
    summary = summary_in(summary_path)
    if summary is None:
        return None
    written = summary.get(WRITTEN)
    if not isinstance(written, dict):
        return {}
    return {name: facts for name, facts in written.items() if isinstance(facts, dict)}


def summary_in(path: Path) -> dict[str, Any] | None:
    """Read a stage's summary; None where there is none, or something else is called so."""
    try:
        if path.stat().st_size > _LONGEST_SUMMARY:
            return None
        found = load_row(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None
