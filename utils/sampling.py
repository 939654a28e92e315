"""Seeded draws: exact shares, topic quotas, samples of streams, a seed for each item of work.

What is drawn from a stream depends on what is in it, not on its order or its size.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import islice
from typing import Generic, TypeVar

# Lets a third be written as 0.333; the shares are scaled by what they do sum to.
SHARE_TOLERANCE = Fraction(1, 1000)
T = TypeVar("T")


def derive_seed(*parts: object) -> int:
    """Hash a seed and a record's id into a 63-bit seed, equal on every machine and in any order."""
    digest = hashlib.sha256("\x1f".join(map(str, parts)).encode("utf-8", "surrogatepass")).digest()
    return int.from_bytes(digest[:8], "big") >> 1


def check_shares(name: str, shares: Iterable[float]) -> None:
    """Raise ValueError unless the shares are not negative and sum to 1, give or take 0.001.

    They are added as the decimals they were written as.
    """
    exact = [Fraction(str(share)) for share in shares]
    if any(share < 0 for share in exact):
        raise ValueError(f"{name}: a share is negative; write shares from 0 to 1")
    if abs(sum(exact, Fraction(-1))) > SHARE_TOLERANCE:
        raise ValueError(f"{name}: shares sum to {float(sum(exact)):g}; make them sum to 1")


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Split `total` in proportion to `weights` so that the parts sum to it exactly.

    Hamilton's method: whole shares first, the rest to the largest remainders, the first of equals.
    Weights are read as the decimals they were written as, so that 0.1 + 0.2 makes 0.3.
    """
    exact = [Fraction(str(weight)) for weight in weights]
    if any(weight < 0 for weight in exact) or (total and not sum(exact)):
        raise ValueError("weights must not be negative, nor all zero")
    if not total:
        return [0] * len(exact)
    shares = [total * weight / sum(exact) for weight in exact]
    parts = [int(share) for share in shares]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - shares[i], i))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def share_by_margins(rows: Sequence[int], columns: Sequence[int]) -> list[list[int]]:
    """Fill a table of whole numbers, near proportional, whose rows and columns sum as given.

    Both margins must have the same sum. Each row takes its largest-remainder share of what the
    columns have left, which is never more than a column has; the last row takes the rest.
    """
    if sum(rows) != sum(columns):
        raise ValueError(f"rows sum to {sum(rows)}, columns to {sum(columns)}")
    left = list(columns)
    table = []
    for total in rows:
        parts = largest_remainder(total, left)
        left = [column - part for column, part in zip(left, parts, strict=True)]
        table.append(parts)
    return table


def level_quotas(total: int, sizes: Sequence[int]) -> list[int]:
    """Share `total` out evenly over groups of the given sizes, none above its size.

    Small groups are kept whole and what they leave goes to the larger ones (a water level). The
    quotas sum to min(total, sum(sizes)); what can't be split evenly goes to the first groups.
    """
    left, level = min(total, sum(sizes)), 0
    for position, size in enumerate(sorted(sizes)):
        level = left // (len(sizes) - position)
        if size > level:
            left -= level * (len(sizes) - position)
            break
        left -= size
    quotas = [min(size, level) for size in sizes]
    above = (i for i, size in enumerate(sizes) if size > level)
    for i in islice(above, left):
        quotas[i] += 1
    return quotas


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
