"""Rows of a domain's sources: files on this machine, or data sets on the Hugging Face Hub.

Data sets of the Hub are read as files or as the Parquet that it converted them to; a loading script
is never run.
"""

from collections.abc import Callable, Container, Iterable, Iterator
from functools import partial
from pathlib import Path

from data_v5.reading.bigbench_tasks import is_task_file, task_rows
from data_v5.reading.domain import QuestionSource
from utils.cli import log
from utils.errors import PipelineError
from utils.hub import DatasetSplit
from utils.jsonl import Row
from utils.parquet_files import parquet_columns, read_parquet
from utils.row_files import read_records

SUFFIXES = (".json", ".jsonl", ".parquet", ".jsonl.gz")

# Yields the rows of a source, each with exactly the columns that are read; None for what it lacks.
SourceReader = Callable[[], Iterator[Row]]


def open_questions(source: QuestionSource, cache_dir: str | None = None) -> SourceReader:
    """Check that a source is there, and return what reads its rows; raises PipelineError.

    Files of the Hub are looked up here and downloaded when their turn comes, to `cache_dir`, by
    default the Hub's own cache.
    """
    if source.path is not None:
        path = _local_file(source.path)
        return partial(_read_files, source, lambda: [path])
    assert source.name is not None
    found = DatasetSplit(source.name, source.config, source.split, source.data_dir, cache_dir)
    return partial(_read_files, source, found.files)


def _local_file(name: str) -> Path:
    path = Path(name)
    if not path.name.endswith(SUFFIXES):
        raise PipelineError(f"{path}: a source must end in {', '.join(SUFFIXES)}; convert it")
    if not path.is_file():
        raise PipelineError(f"{path}: no such file; check the source's 'path'")
    return path


def _read_files(source: QuestionSource, files: Callable[[], Iterable[Path]]) -> Iterator[Row]:
    for path in files():
        yield from _read_file(source, path)


def _read_file(source: QuestionSource, path: Path) -> Iterator[Row]:
    wanted = source.columns()
    if path.suffix == ".parquet":
        present = parquet_columns(path)
        check_columns(source, _required(source), present, path)
        read = [column for column in wanted if column in present]
        _warn_of_missing(source, wanted, set(present), path)
        for row in read_parquet(path, read):
            yield {column: row.get(column) for column in wanted}
        return
    found: set[str] = set()
    rows = task_rows(path) if is_task_file(path) else read_records(path)
    for number, row in enumerate(rows, 1):
        if not isinstance(row, dict):
            raise PipelineError(
                f"{path}, record {number}: a {type(row).__name__}; each record must be an object"
            )
        # A name that the first row lacks is misspelt; later rows may leave out what is null.
        if number == 1:
            check_columns(source, _required(source), row, f"{path}, record 1")
        found.update(row.keys() & wanted)
        yield {column: row.get(column) for column in wanted}
    _warn_of_missing(source, wanted, found, path)


def _required(source: QuestionSource) -> list[str]:
    """List the columns that a file must have: all but those of optional parts alone."""
    needed = {*source.own_columns(), *source.where}
    optional = set(source.format.optional_columns()) - needed
    return [column for column in source.columns() if column not in optional]


def _warn_of_missing(
    source: QuestionSource, wanted: Iterable[str], found: Container[str], path: Path
) -> None:
    for column in wanted:
        if column not in found:
            log.warning(
                "source '%s', %s: no row has the column '%s'; is it misspelt in the domain's YAML?",
                source.title, path, column,
            )  # fmt: skip


def check_columns(
    source: QuestionSource, wanted: Iterable[str], present: Iterable[str], place: str | Path
) -> None:
    """Raise PipelineError if a wanted column is not among those that are present."""
    names = list(present)
    for column in wanted:
        if column not in names:
            raise PipelineError(
                f"source '{source.title}', {place}: column '{column}' is missing (has: "
                f"{', '.join(names)}); mend the column's name in the domain's YAML"
            )
