"""Cosines of many rows, block by block: quick in single precision, exact where it counts.

A matrix product in single precision is off in the last digits, by amounts that vary with the
machine and with the shape of the block. Where that could decide a comparison the cosine is computed
again in double precision and rounded to a multiple of 2^-24, the step of single precision below 1,
so that results depend on the rows alone, and equal cosines are equal.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
from joblib import cpu_count
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

Floats = NDArray[np.float32]
Integers = NDArray[np.intp]
Doubles = NDArray[np.float64]
Flags = NDArray[np.bool_]

STEP = 2.0**-24
# Rows that are handled at once where all are gone through.
CHUNK_ROWS = 8192
# A block of which more than this is close to the threshold is computed again as a whole.
RECHECKED_SHARE = 1 / 32


class UnitRows:
    """Rows scaled to length 1, and their cosines; a row of zeros has the cosine 0 with every row.

    `rows` is (n, d) in float32. A number that is not finite raises ValueError.
    """

    def __init__(self, vectors: ArrayLike) -> None:
        given = np.asarray(vectors)
        if given.ndim != 2:
            raise ValueError(f"embeddings must be (rows, dimensions), not {given.shape}")
        self.rows: Floats = np.empty(given.shape, dtype=np.float32)
        # What is left to correct after the rounding to single precision.
        self._scale = np.empty(len(given), dtype=np.float64)
        for start in range(0, len(given), CHUNK_ROWS):
            chunk = slice(start, start + CHUNK_ROWS)
            self.rows[chunk] = scaled_to_unit(given[chunk].astype(np.float64))
            self._scale[chunk] = _inverse_lengths(self.rows[chunk].astype(np.float64))

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def slack(self) -> float:
        """How far a product in single precision may be from the cosine (Higham 2002, 3.5)."""
        return (self.rows.shape[1] + 10) * STEP

    def cosines(self, first: Integers, second: Integers) -> Floats:
        """Compute the cosines of pairs of rows in double precision, rounded as above."""
        found = np.empty(len(first), dtype=np.float32)
        for start in range(0, len(first), CHUNK_ROWS):
            chunk = slice(start, start + CHUNK_ROWS)
            one, other = first[chunk], second[chunk]
            products = np.einsum(
                "ij,ij->i", self.rows[one], self.rows[other], dtype=np.float64, casting="safe"
            )
            found[chunk] = _rounded(products * self._scale[one] * self._scale[other])
        return found

    def reach(self, first: Integers, second: Integers, threshold: float) -> Flags:
        """Tell which cosines of two sets of rows are at least `threshold`, as a block of flags.

        Both are rounded as above, so that 0.8 reaches 0.8.
        """
        limit = np.float32(_rounded(np.array(threshold, dtype=np.float64)))
        block = self.rows[first] @ self.rows[second].T
        certain = block >= limit + np.float32(self.slack)
        close = block >= limit - np.float32(self.slack)
        if np.count_nonzero(close) != np.count_nonzero(certain):
            self._recheck(certain, close ^ certain, first, second, limit)
        return certain

    def _recheck(
        self, flags: Flags, doubtful: Flags, first: Integers, second: Integers, limit: np.float32
    ) -> None:
        """Decide the doubtful flags of a block, in place."""
        if np.count_nonzero(doubtful) > RECHECKED_SHARE * doubtful.size:
            block = self.rows[first].astype(np.float64) @ self.rows[second].T.astype(np.float64)
            block *= self._scale[first, None]
            block *= self._scale[second]
            np.greater_equal(_rounded(block), limit, out=flags)
            return
        # Several times as quick as np.nonzero of a block.
        rows, columns = np.divmod(np.flatnonzero(doubtful), doubtful.shape[1])
        flags[rows, columns] = self.cosines(first[rows], second[columns]) >= limit


def _rounded(values: Doubles) -> Doubles:
    return np.rint(values / STEP) * STEP  # exact but for the rounding to whole numbers


def scaled_to_unit(rows: Doubles) -> Doubles:
    """Scale rows to length 1, in place; zeros stay. A number not finite raises ValueError."""
    if not np.isfinite(rows).all():
        raise ValueError("an embedding holds a number that is not finite")
    # First by the largest entry, so that no square overflows or vanishes.
    largest = np.abs(rows).max(axis=1, initial=0.0, keepdims=True)
    np.divide(rows, largest, out=rows, where=largest > 0)
    rows *= _inverse_lengths(rows)[:, None]
    return rows


def _inverse_lengths(rows: Doubles) -> Doubles:
    squares = np.einsum("ij,ij->i", rows, rows)
    return np.divide(1.0, np.sqrt(squares), out=np.zeros_like(squares), where=squares > 0)


@contextmanager
def worker_threads() -> Iterator[ThreadPoolExecutor]:
    """Give a pool of one thread per core while the block lasts, each product within one of them.

    So the cores share the comparisons too, which follow a product in one thread. What has not begun
    when the block is left by an error is not begun.
    """
    with threadpool_limits(1, user_api="blas"):
        pool = ThreadPoolExecutor(cpu_count())
        try:
            yield pool
        finally:
            pool.shutdown(cancel_futures=True)
