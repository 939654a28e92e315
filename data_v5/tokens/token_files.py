"""Tokenised rows as PyTorch's, Parquet or JSONL files: three lists of int64 a row."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import IO, Any

import numpy as np
import orjson
from numpy.typing import NDArray

from data_v5.tokens.tensor_files import save_tensors

FIELDS = ("input_ids", "input_ids_no_response", "labels")
# Rows of one Parquet row group; as many are held in memory.
ROW_GROUP = 512

TokenRow = dict[str, NDArray[np.int64]]
# Takes a row, and what LitGPT counts as its tokens without the prompt's template.
WriteTokens = Callable[[TokenRow, int], None]


def make_token_row(
    full: NDArray[np.int64], prompt: NDArray[np.int64], masked: int, ignore_index: int
) -> TokenRow:
    """Name a row's arrays as LitGPT does; its first `masked` labels are ignored."""
    labels = full.copy()
    labels[:masked] = ignore_index
    return dict(zip(FIELDS, (full, prompt, labels), strict=True))


@contextmanager
def token_writer(file: IO[bytes], suffix: str) -> Iterator[WriteTokens]:
    """Write token rows to an open file, a .pt, .parquet or .jsonl one as the suffix says.

    A .pt file's rows are held until then, at 24 bytes a token and some for each array; the others
    are streamed.
    """
    with _WRITERS[suffix](file) as write:
        yield write


@contextmanager
def _tensors(file: IO[bytes]) -> Iterator[WriteTokens]:
    rows: list[TokenRow] = []
    counts: list[dict[str, int]] = []

    def write(row: TokenRow, raw_tokens: int) -> None:
        rows.append(row)
        counts.append({"raw": raw_tokens, "raw_plus_prompt_template": len(row["input_ids"])})

    yield write
    save_tensors(file, rows, counts)


@contextmanager
def _lines(file: IO[bytes]) -> Iterator[WriteTokens]:
    def write(row: TokenRow, raw_tokens: int) -> None:
        file.write(orjson.dumps(row, option=orjson.OPT_SERIALIZE_NUMPY | orjson.OPT_APPEND_NEWLINE))

    yield write


@contextmanager
def _parquet(file: IO[bytes]) -> Iterator[WriteTokens]:
    # Slow to import.
    import pyarrow
    import pyarrow.parquet

    schema = pyarrow.schema([(name, pyarrow.list_(pyarrow.int64())) for name in FIELDS])
    waiting: list[TokenRow] = []

    def column(name: str) -> Any:
        ends = accumulate((len(row[name]) for row in waiting), initial=0)
        values = np.concatenate([row[name] for row in waiting])
        return pyarrow.ListArray.from_arrays(pyarrow.array(ends, pyarrow.int32()), values)

    with pyarrow.parquet.ParquetWriter(file, schema, compression="zstd") as writer:

        def write_group() -> None:
            table = pyarrow.Table.from_arrays([column(name) for name in FIELDS], schema=schema)
            writer.write_table(table)
            waiting.clear()

        def write(row: TokenRow, raw_tokens: int) -> None:
            waiting.append(row)
            if len(waiting) == ROW_GROUP:
                write_group()

        yield write
        if waiting:
            write_group()


_WRITERS = {".pt": _tensors, ".parquet": _parquet, ".jsonl": _lines}
FORMATS = tuple(suffix[1:] for suffix in _WRITERS)
