"""Answered queries: a query that was answered before for the same task is not paid for again.

A cache is a JSONL file of `{"task", "query", "result"}`: the task's id (a hash of all that shapes
the answers), the normalised query, and the fields the method added. A plain JSON object that maps
queries to results, as other programs leave, holds for every task.
"""

import re
import unicodedata
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from utils.cli import log
from utils.errors import PipelineError
from utils.files.paid_log import PaidLog
from utils.jsonl import Row, load_row, open_input
from utils.row_files import read_records

ANY_TASK = ""
# A line of words and a sentence's own signs; in anything else, case and space may mean something.
_PROSE = re.compile(r"(?:[^\W_]|[ \t.,;:!?'’“”…，。？！、；：-])*")


def normalised(query: str) -> str:
    """Make spellings of one query equal: Unicode form, line ends, the space around it.

    A line of prose may differ in case and space too. Code and formulas may not: with `Item` for
    `item`, another indentation or `x²` for `x2` they are another query.
    """
    text = unicodedata.normalize("NFC", query).replace("\r\n", "\n").strip()
    if _PROSE.fullmatch(text):
        return " ".join(text.casefold().split())
    return "\n".join(line.rstrip() for line in text.split("\n"))


def cache_key(query: str) -> str:
    """Make spellings of one query equal that can't mean different things.

    Case and inner space stay: an answer about "the US" is none about "the us".
    """
    text = unicodedata.normalize("NFC", query).replace("\r\n", "\n").strip()
    return "\n".join(line.rstrip() for line in text.split("\n"))


def check_cache_path(path: str | Path) -> None:
    """Raise PipelineError if no cache can be saved there."""
    if Path(path).suffix == ".json":
        raise PipelineError(f"save_cache_path {path}: a cache is JSONL; name a .jsonl file")
    if Path(path).is_dir():
        raise PipelineError(f"save_cache_path {path}: is a folder; name a file")
    if Path(path).exists():
        QueryCache(ANY_TASK)._load(Path(path))


class QueryCache:
    """The merged content of several cache files; of equal entries the last one counts."""

    def __init__(self, task: str, paths: Iterable[str | Path] = ()) -> None:
        self.task = task
        self._results: dict[tuple[str, str], Row] = {}
        self._new: dict[tuple[str, str], Row] = {}
        for path in paths:
            self._load(Path(path))
        if self._results:
            log.info("%s answered queries in the cache", f"{len(self._results):,}")

    def _load(self, path: Path) -> None:
        with open_input(path) as file:
            if not file.read(1):  # saved by a run that got no answer
                return
        if path.suffix == ".json" and (mapping := _read_mapping(path)) is not None:
            for query, result in mapping.items():
                fields = result if isinstance(result, dict) else {"target": result}
                self._results[ANY_TASK, cache_key(query)] = fields
            return
        for row in read_records(path, ["task", "query", "result"]):
            try:
                self._results[_key_of(row)] = row["result"]
            except TypeError as error:
                raise PipelineError(f"{path}: {error}; is it a cache?") from None

    def find(self, query: str) -> Row | None:
        """Return the fields that the query was answered with, or None."""
        key = cache_key(query)
        return self._results.get((self.task, key), self._results.get((ANY_TASK, key)))

    def add(self, query: str, result: Row) -> None:
        """Note an answer for the next `save`; `find` still gives what was loaded."""
        self._new[self.task, cache_key(query)] = result

    def save(self, path: str | Path) -> None:
        """Write all that was read or added, and what the file holds already, in one step."""
        check_cache_path(path)
        about = "their queries are asked again"
        with PaidLog(Path(path), _key_of, about, waits=True) as saved:  # runs may share a cache
            held = {key: row["result"] for key, row in saved.items()}
            merged = self._results | held | self._new
            saved.replace(
                {"task": task, "query": query, "result": result}
                for (task, query), result in merged.items()
            )
        log.info("saved %s answered queries -> %s", f"{len(merged):,}", path)


def _key_of(row: Row) -> tuple[str, str]:
    """Give what an entry is known by: its task and its query."""
    if not all(isinstance(row[name], str) for name in ("task", "query")):
        raise TypeError("'task' and 'query' must be texts")
    if not isinstance(row["result"], dict):
        raise TypeError("'result' must be an object")
    return row["task"], cache_key(row["query"])


def _read_mapping(path: Path) -> dict[str, Any] | None:
    with open_input(path) as file:
        try:
            found = load_row(file.read())
        except ValueError:
            return None
    return found if isinstance(found, dict) and "task" not in found else None
