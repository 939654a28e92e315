"""The nearest rows of given rows by cosine similarity, exact, a block of rows at a time."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike, NDArray

from utils.similarity.cosine import Floats, Integers, UnitRows, worker_threads

# Cosines that one thread holds at a time: 64 MB.
BLOCK_CELLS = 1 << 24
NO_ROW = -1


def nearest_neighbours(
    embeddings: ArrayLike,
    queries: ArrayLike,
    k: int,
    groups: ArrayLike | None = None,
) -> tuple[Integers, Floats]:
    """Find for each of the rows `queries` the `k` rows nearest to it, the nearest first.

    `embeddings` is (n, d); `queries` holds row numbers of it. A row is never its own neighbour, nor
    is a row of its group, where `groups` numbers each row's group: rows with one question, say.
    Returns row numbers, (queries, k), and their cosines in float32. Among equals the lower number
    comes first. Where fewer than `k` rows are left, the rest is -1, with the cosine -inf. Raises
    ValueError for numbers that are not finite, or rows that don't exist.
    """
    vectors = UnitRows(embeddings)
    wanted = np.asarray(queries, dtype=np.intp)
    if k < 1 or wanted.ndim != 1:
        raise ValueError("k must be at least 1, queries a list of row numbers")
    if len(wanted) and not 0 <= wanted.min() <= wanted.max() < len(vectors):
        raise ValueError("a query names a row that does not exist")
    members = _Groups(len(vectors), groups)
    rows = np.full((len(wanted), k), NO_ROW, dtype=np.intp)
    cosines = np.full((len(wanted), k), -np.inf, dtype=np.float32)
    size = max(1, min(256, BLOCK_CELLS // max(1, len(vectors))))

    def fill(start: int) -> None:
        block = wanted[start : start + size]
        for place, found in enumerate(_nearest_in_block(vectors, block, k, members), start):
            rows[place, : len(found)] = found
            query = np.full(len(found), wanted[place])
            cosines[place, : len(found)] = vectors.cosines(query, found)

    with worker_threads() as pool:
        for _ in pool.map(fill, range(0, len(wanted), size)):
            pass
    return rows, cosines


def _nearest_in_block(
    vectors: UnitRows, queries: Integers, k: int, members: "_Groups"
) -> Iterator[Integers]:
    block = vectors.rows[queries] @ vectors.rows.T
    for query, row in zip(queries, block, strict=True):
        row[members.of(int(query))] = -np.inf
        candidates = np.flatnonzero(row >= _bound(row, k) - 2 * np.float32(vectors.slack))
        candidates = candidates[row[candidates] > -np.inf]
        exact = vectors.cosines(np.full(len(candidates), query), candidates)
        yield candidates[np.argsort(-exact, kind="stable")[:k]]


def _bound(row: Floats, k: int) -> np.float32:
    """Find a value that at least `k` entries of a row reach, quicker than by sorting it.

    At least as many entries reach the k-th largest of the maxima of parts.
    """
    parts = min(len(row), max(16 * k, 256))
    width = len(row) // parts
    maxima = row[: parts * width].reshape(parts, width).max(axis=1)
    if k > parts:
        return np.float32(-np.inf)
    return np.float32(np.partition(maxima, parts - k)[parts - k])


class _Groups:
    """The rows of each row's group."""

    def __init__(self, rows: int, groups: ArrayLike | None) -> None:
        numbers = np.arange(rows) if groups is None else np.asarray(groups)
        if numbers.shape != (rows,):
            raise ValueError("groups must number each row of the embeddings")
        self._numbers: NDArray[np.generic] = numbers
        self._order = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._order]

    def of(self, row: int) -> Integers:
        number = self._numbers[row]
        start = np.searchsorted(self._sorted, number, "left")
        return self._order[start : np.searchsorted(self._sorted, number, "right")]
