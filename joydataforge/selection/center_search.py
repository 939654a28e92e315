"""K-center greedy: rows that leave no other row far from all of them (Gonzalez 1985).

Each next row is the one farthest from those chosen. The radius, the distance of the farthest row
that is left, is at most twice that of the best choice of as many rows. Distances are Euclidean: for
rows of length 1 the order is that of the cosine.
"""

import random
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from utils.sampling import derive_seed
from utils.similarity.vendi import Embeddings, check_finite, one_thread

Distances = NDArray[np.float32]

# Rows whose distances to all others are computed at once. A product with many vectors takes hardly
# longer than with one, and most of those farthest now are chosen soon.
CANDIDATES = 32
# Numbers of a block of rows that is held at a time.
BLOCK_NUMBERS = 4_000_000
# Squared distances are rounded to this share of the largest squared length: ten times the error of
# single precision, so that copies are at 0 and equally far rows tie on any machine.
ROUNDING = 2.0**-18
TAKEN = np.float32(-1)


class Centers(NamedTuple):
    """The rows chosen, in order, and how well they cover all rows.

    `distances` holds each row's distance to its nearest center, `radius` the largest of them; the
    centers are the rows chosen and those that were covered before.
    """

    chosen: list[int]
    radius: float
    distances: NDArray[np.float64]


def k_center(
    embeddings: Embeddings,
    size: int,
    first: int | None = None,
    random_seed: int = 42,
    covered: Sequence[int] = (),
) -> Centers:
    """Choose `size` rows of n x d embeddings, all if there are fewer; a memory map will do.

    `covered` rows are centers from the beginning and never chosen. `first` is chosen before all
    others; without it, and with nothing covered, a row is drawn. Of equally far rows the first
    one is taken, so copies are only chosen when nothing else is left.
    """
    count = len(embeddings)
    _check(count, size, first, covered)
    search = _Search(embeddings)
    wanted = min(size, count - len(set(covered)))
    if first is None and not covered and wanted:
        first = random.Random(derive_seed(random_seed, "first center")).randrange(count)
    chosen: list[int] = []
    with one_thread():
        for center in sorted(set(covered)):
            search.cover(center)
        while len(chosen) < wanted:
            chosen.append(search.farthest() if chosen or first is None else first)
            search.cover(chosen[-1])
    distances = search.exact_distances()
    return Centers(chosen, float(distances.max(initial=0.0)), distances)


class _Search:
    """Each row's distance to its nearest center, squared, as centers are added."""

    def __init__(self, embeddings: Embeddings) -> None:
        self._embeddings = embeddings
        count, width = embeddings.shape
        self._rows = max(1, BLOCK_NUMBERS // max(1, width))
        self._squares = np.empty(count, dtype=np.float32)
        for start in range(0, count, self._rows):
            block = self._block(start)
            self._squares[start : start + len(block)] = np.einsum("ij,ij->i", block, block)
        check_finite(self._squares)
        self._nearest = np.full(count, -1, dtype=np.int64)
        # What the next row is chosen by: below zero for a center.
        self._distances = np.full(count, np.inf, dtype=np.float32)
        self._columns: dict[int, Distances] = {}

    def farthest(self) -> int:
        return int(self._distances.argmax())

    def cover(self, center: int) -> None:
        """Make a row a center."""
        if center not in self._columns:
            self._compute_columns(center)
        column = self._columns.pop(center)
        is_nearer = column < self._distances
        self._distances[is_nearer] = column[is_nearer]
        self._nearest[is_nearer] = center
        self._distances[center] = TAKEN
        self._nearest[center] = center

    def exact_distances(self) -> NDArray[np.float64]:
        """Compute each row's distance to its nearest center anew, in double precision.

        What the search goes by is off by some 0.002 for near rows of length 1.
        """
        distances = np.empty(len(self._nearest))
        # The two blocks and their difference are held at once.
        rows = max(1, self._rows // 4)
        for start in range(0, len(distances), rows):
            centers = self._embeddings[self._nearest[start : start + rows]]
            block = np.asarray(self._embeddings[start : start + rows], dtype=np.float64)
            difference = block - centers
            distances[start : start + rows] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
        return distances

    def _compute_columns(self, wanted: int) -> None:
        """Compute the squared distances of all rows to one row and to those now farthest."""
        count = len(self._distances)
        number = min(CANDIDATES, count)
        far = np.argpartition(self._distances, count - number)[count - number :]
        # Nothing is known of the distances before there is a center.
        is_open = np.isfinite(self._distances[far]) & (self._distances[far] > 0)
        rows = sorted({wanted, *far[is_open].tolist()})
        vectors = np.asarray(self._embeddings[rows], dtype=np.float32).T
        columns = np.empty((len(rows), count), dtype=np.float32)
        for start in range(0, count, self._rows):
            block = self._block(start)
            columns[:, start : start + len(block)] = (block @ vectors).T
        columns *= -2
        columns += self._squares
        columns += self._squares[rows][:, None]
        self._even_out(columns)
        self._columns = dict(zip(rows, columns, strict=True))

    def _even_out(self, columns: Distances) -> None:
        """Round away what the processor's order of adding leaves on equal distances."""
        step = np.float32(self._squares.max() * ROUNDING)
        if step:
            columns /= step
            np.rint(columns, out=columns)
            columns *= step
        # Rounding alone makes it negative.
        np.maximum(columns, 0, out=columns)

    def _block(self, start: int) -> NDArray[np.float32]:
        return np.asarray(self._embeddings[start : start + self._rows], dtype=np.float32)


def _check(count: int, size: int, first: int | None, covered: Sequence[int]) -> None:
    if size < 1:
        raise ValueError(f"can't choose {size} rows; choose 1 or more")
    for row in (*covered, *(() if first is None else (first,))):
        if not 0 <= row < count:
            raise ValueError(f"there is no row {row} among {count}")
    if first is not None and first in set(covered):
        raise ValueError(f"row {first} is covered already, so it can't be chosen first")
