"""A random sample of a stream that depends on what is in it, not on its order or its size."""

from __future__ import annotations

import heapq
from typing import Generic, TypeVar

from utils.sampling import derive_seed

T = TypeVar("T")


class BottomK(Generic[T]):
    """Keeps the `size` items whose seeded hashes are lowest (bottom-k sampling, Cohen 1997).

    An item that is drawn from one file is drawn from another one too, where that has it, so that
    files of several stages are looked at through the same samples.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size = size
        self.seed = seed
        self.seen = 0
        self._heap: list[tuple[int, int, T]] = []

    def add(self, identity: str, item: T) -> None:
        """Offer an item; of equal ids the first ones stay."""
        self.seen += 1
        if not self.size:
            return
        entry = (-derive_seed(self.seed, identity), -self.seen, item)
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, entry)
        elif entry[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, entry)

    def items(self) -> list[T]:
        """List the sample, lowest hash first: any beginning of it is a sample too."""
        return [item for _, _, item in sorted(self._heap, key=lambda entry: (-entry[0], -entry[1]))]
