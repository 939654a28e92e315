"""Communities of rows by cosine similarity, as `sentence_transformers.util.community_detection`.

The definition (sentence-transformers 6.2): a row's neighbours are the rows whose cosine with it is
at least the threshold, itself among them. Rows with enough neighbours are centres, taken in order
of falling number of neighbours, the first of equals first. A centre that no community has yet, and
that has enough neighbours that no community has yet, makes a community of itself and them.

That function keeps the neighbours of all centres at once, and a block of all columns. Here the
first pass only counts neighbours, over one half of the symmetric matrix, a tile at a time; the
second works out neighbours anew for the centres whose turn comes, a batch at a time, among the rows
that are still free. Most rows belong to a community by then and are passed over.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import ArrayLike
from tqdm import tqdm

from utils.similarity.cosine import Flags, Integers, UnitRows, worker_threads

# Measured: a tile of this side stays in the cache of one core; counts in it fit 16 bits.
TILE_ROWS = 1024
# Centres whose neighbours are worked out at once; some of them belong to each other's communities.
BATCH_CENTRES = 256


def find_communities(
    embeddings: ArrayLike,
    threshold: float = 0.75,
    min_community_size: int = 10,
    progress: bool = True,
) -> list[list[int]]:
    """Find the communities of the rows of `embeddings`, (n, d), the largest first.

    Each begins with its centre, followed by falling similarity to it, the lower number first among
    equals; communities of one size stand in the order they were found in. A cosine is computed in
    double precision where single precision could decide wrongly, and rounded to 2^-24, as is the
    threshold, which an equal cosine reaches; the package's own result may differ from this where a
    cosine is within about 1e-6 of the threshold. Rows of zeros belong to no community while the
    threshold is above 0. Takes memory for a copy of the embeddings and some hundred MB. Raises
    ValueError for settings out of range and for numbers that are not finite.
    """
    if not -1 <= threshold <= 1 or min_community_size < 1:
        raise ValueError("threshold must be from -1 to 1, min_community_size at least 1")
    vectors = UnitRows(embeddings)
    if len(vectors) < min_community_size:
        return []
    with worker_threads() as pool:
        counts = count_neighbours(vectors, threshold, pool, progress)
        picking = _Picking(vectors, threshold, min_community_size, counts, pool)
        communities = picking.run(progress)
    return sorted(communities, key=len, reverse=True)


def count_neighbours(
    vectors: UnitRows, threshold: float, pool: ThreadPoolExecutor, progress: bool = True
) -> Integers:
    """Count the neighbours of each row, itself among them, computing each pair once."""
    counts = np.zeros(len(vectors), dtype=np.intp)
    starts = range(0, len(vectors), TILE_ROWS)
    strips = pool.map(lambda start: _count_in_strip(vectors, threshold, start), starts)
    # In pairs, as the strips get shorter towards the end.
    total = len(vectors) * (len(vectors) + 1) // 2
    with tqdm(
        total=total,
        desc="neighbours",
        unit=" pairs",
        unit_scale=True,
        disable=None if progress else True,
    ) as bar:
        for start, strip in zip(starts, strips, strict=True):
            counts[start:] += strip
            rows = min(TILE_ROWS, len(vectors) - start)
            bar.update(rows * (len(strip) - rows) + rows * (rows + 1) // 2)
    return counts


def _count_in_strip(vectors: UnitRows, threshold: float, start: int) -> Integers:
    """Count within the tiles of rows from `start` on and of the columns from there to the end."""
    counts = np.zeros(len(vectors) - start, dtype=np.intp)
    rows = np.arange(start, min(start + TILE_ROWS, len(vectors)))
    for left in range(start, len(vectors), TILE_ROWS):
        columns = np.arange(left, min(left + TILE_ROWS, len(vectors)))
        flags = vectors.reach(rows, columns, threshold)
        counts[: len(rows)] += flags.sum(axis=1, dtype=np.uint16)
        if left > start:
            counts[columns - start] += flags.sum(axis=0, dtype=np.uint16)
    return counts


class _Picking:
    """The second pass: goes through the centres in order and hands out rows."""

    def __init__(
        self,
        vectors: UnitRows,
        threshold: float,
        min_community_size: int,
        counts: Integers,
        pool: ThreadPoolExecutor,
    ) -> None:
        self._vectors = vectors
        self._threshold = threshold
        self._smallest = min_community_size
        self._pool = pool
        self._free = np.ones(len(vectors), dtype=np.bool_)
        # Rows without another neighbour can only make communities of one.
        self._reachable = counts >= min(2, min_community_size)
        order = np.argsort(-counts, kind="stable")
        self._waiting = order[counts[order] >= min_community_size]

    def run(self, progress: bool) -> list[list[int]]:
        communities: list[list[int]] = []
        with tqdm(
            total=len(self._waiting),
            desc="communities",
            unit=" centres",
            disable=None if progress else True,
        ) as bar:
            while len(self._waiting):
                batch = self._waiting[:BATCH_CENTRES]
                columns = np.flatnonzero(self._free & self._reachable)
                for centre, flags in zip(batch, self._neighbours(batch, columns), strict=True):
                    if self._free[centre]:
                        communities.extend(self._pick(int(centre), columns[flags]))
                before = len(self._waiting)
                rest = self._waiting[BATCH_CENTRES:]
                self._waiting = rest[self._free[rest]]
                bar.update(before - len(self._waiting))
        return communities

    def _neighbours(self, centres: Integers, columns: Integers) -> Flags:
        """Tell which of the columns are neighbours of which centre, (centres, columns)."""
        found = np.empty((len(centres), len(columns)), dtype=np.bool_)

        def fill(start: int) -> None:
            part = slice(start, start + TILE_ROWS)
            found[:, part] = self._vectors.reach(centres, columns[part], self._threshold)

        _run_all(self._pool, fill, range(0, len(columns), TILE_ROWS))
        return found

    def _pick(self, centre: int, neighbours: Integers) -> list[list[int]]:
        """Make a community of a centre's free neighbours: one, or none when they are too few."""
        members = neighbours[self._free[neighbours]]
        if len(members) < self._smallest:
            return []
        self._free[members] = False
        others = members[members != centre]
        cosines = self._vectors.cosines(np.full(len(others), centre), others)
        return [[centre, *others[np.argsort(-cosines, kind="stable")].tolist()]]


def _run_all(pool: ThreadPoolExecutor, work: Callable[[int], None], items: range) -> None:
    for _ in pool.map(work, items):
        pass
