"""Rows of a Parquet file, streamed in and out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow
import pyarrow.parquet

from utils.errors import PipelineError

Row = dict[str, Any]
_BATCH_ROWS = 256
# Rows of one row group; as many are held in memory while it is written.
ROW_GROUP = 1000


def parquet_columns(path: str | Path) -> list[str]:
    """List the columns of a Parquet file; PipelineError if it can't be read."""
    with _opened(path) as file:
        return list(file.schema_arrow.names)


def read_parquet(
    path: str | Path,
    columns: Sequence[str] | None,
    required: Iterable[str] = (),
    hint: str = "",
) -> Iterator[Row]:
    """Yield the rows, a few hundred in memory at a time, with those of the columns that exist.

    Without `columns` rows have all of them.

    A file that can't be read, or has not all the `required` columns, raises PipelineError; that
    one ends with the `hint`.
    """
    with _opened(path) as file:
        names = file.schema_arrow.names
        for column in required:
            if column not in names:
                raise PipelineError(
                    f"{path}: column '{column}' is missing (has: {', '.join(names)}); {hint}"
                )
        present = names if columns is None else [name for name in columns if name in names]
        for batch in file.iter_batches(batch_size=_BATCH_ROWS, columns=present):
            yield from batch.to_pylist()


@contextmanager
def parquet_writer(file: IO[bytes]) -> Iterator[Callable[[Row], None]]:
    """Write rows whose columns and types are those of the first one."""
    waiting: list[Row] = []
    writer: pyarrow.parquet.ParquetWriter | None = None

    def write_group() -> None:
        nonlocal writer
        if writer is None:
            schema = pyarrow.Table.from_pylist(waiting[:1]).schema
            writer = pyarrow.parquet.ParquetWriter(file, schema, compression="zstd")
        writer.write_table(pyarrow.Table.from_pylist(waiting, schema=writer.schema))
        waiting.clear()

    def write(row: Row) -> None:
        waiting.append(row)
        if len(waiting) == ROW_GROUP:
            write_group()

    try:
        yield write
        if waiting or writer is None:
            write_group()
    finally:
        if writer is not None:
            writer.close()


@contextmanager
def _opened(path: str | Path) -> Iterator[pyarrow.parquet.ParquetFile]:
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            yield file
    except FileNotFoundError:
        raise PipelineError(f"{path}: no such file; check the path") from None
    except IsADirectoryError:
        raise PipelineError(f"{path}: is a folder; name a file") from None
    except PermissionError:
        raise PipelineError(f"{path}: may not be read; check its permissions") from None
    except (pyarrow.ArrowException, OSError, UnicodeDecodeError) as error:
        raise PipelineError(
            f"{path}: not a readable Parquet file ({_first_line(error)}); delete it and run again"
        ) from None


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0].rstrip(".") if lines else type(error).__name__
