"""The kinds of figure, as plain data that the page and the PDF files are both drawn from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any

MOST_BINS = 36
NICE_WIDTHS = (1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000, 10_000)


@dataclass(frozen=True)
class Figure:
    """What every figure has: a key that names its file, a title, a note on what it counts."""

    key: str
    title: str
    note: str
    # The file that it is of, where each file has a figure of its own; the key ends with it.
    file: str = field(default="", kw_only=True)

    def as_data(self) -> dict[str, Any]:
        """Give the figure as JSON values, its kind named, and what the figures of files share."""
        family = self.key.removesuffix(f"_{self.file}")
        return {"kind": type(self).__name__.lower(), "family": family, **asdict(self)}


@dataclass(frozen=True)
class Bars(Figure):
    """Horizontal bars: a value for each label and series, None where there is none.

    `details` stand under the labels.
    """

    labels: list[str]
    series: Mapping[str, Sequence[float | None]]
    unit: str = "rows"
    details: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Histogram(Figure):
    """Counts of whole numbers; bin i holds edges[i] up to below edges[i + 1], the last one all."""

    edges: list[int]
    series: dict[str, list[int]]
    unit: str
    limit: int
    limit_name: str


@dataclass(frozen=True)
class Scatter(Figure):
    """Points on the unit square: [x, y, number of the group, id of the sample, its first words]."""

    groups: list[str]
    points: list[list[Any]]


@dataclass(frozen=True)
class Sunburst(Figure):
    """Two rings: names with their counts, and the parts of each."""

    slices: list[dict[str, Any]]
    total: int


def histogram(
    key: str, title: str, note: str, values: dict[str, list[int]], unit: str, limit: tuple[str, int]
) -> Histogram:
    """Count values into bins of a round width; the last bin takes what lies far out."""
    pooled = sorted(value for series in values.values() for value in series)
    usual = pooled[int(0.99 * (len(pooled) - 1))] if pooled else 0
    top = max(usual, ceil(limit[1] * 1.15)) + 1
    width = next((w for w in NICE_WIDTHS if top / w <= MOST_BINS), ceil(top / MOST_BINS))
    edges = list(range(0, top + width, width))
    series = {}
    for name, numbers in values.items():
        counts = [0] * (len(edges) - 1)
        for number in numbers:
            counts[min(number // width, len(counts) - 1)] += 1
        series[name] = counts
    return Histogram(key, title, note, edges, series, unit, limit[1], limit[0])


def shares(counts: dict[str, int], labels: list[str], total: int) -> list[float]:
    """Give each label's share of a total in per cent, one decimal."""
    return [round(100 * counts.get(label, 0) / total, 1) if total else 0.0 for label in labels]
