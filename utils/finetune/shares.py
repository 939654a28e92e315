"""What the rows that an export drops do to the shares of a mix: its sources, kinds and topics."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from utils.cli import harmless
from utils.jsonl import Row

# By these fields a data set is balanced before it is exported.
DIMENSIONS = ("instr_type", "edit_kind", "topic")
# A share that moves by more is spoken of; so many groups are listed in full.
NOTICED, LISTED = 0.02, 6
LONGEST_NAME = 60  # characters of a group's name


class ShareTable:
    """Counts rows by group before and after some of them are dropped."""

    def __init__(self) -> None:
        self._before: dict[str, Counter[str]] = {name: Counter() for name in DIMENSIONS}
        self._after: dict[str, Counter[str]] = {name: Counter() for name in DIMENSIONS}

    def add(self, row: Row, is_kept: bool) -> None:
        """Count a row that came in, and whether it is written."""
        for name in DIMENSIONS:
            if row.get(name) is not None:
                group = str(row[name])
                self._before[name][group] += 1
                self._after[name][group] += is_kept

    def figures(self) -> dict[str, Any]:
        """Give rows and shares of each group before and after, by dimension; {} if none left."""
        return {
            name: {
                group: {
                    "rows": [count, self._after[name][group]],
                    "share": [_share(self._before[name], group), _share(self._after[name], group)],
                }
                for group, count in self._before[name].most_common()
            }
            for name in DIMENSIONS
            if self._before[name].total() > self._after[name].total() > 0
        }

    def lines(self) -> Iterator[tuple[str, bool]]:
        """Yield a line a dimension with its shares, and whether one of them moved noticeably."""
        for name, groups in self.figures().items():
            moved = {
                group: found["share"]
                for group, found in groups.items()
                if abs(found["share"][1] - found["share"][0]) > NOTICED
            }
            shown = moved if len(groups) > LISTED else {g: f["share"] for g, f in groups.items()}
            shares = ", ".join(
                f"{harmless(group)[:LONGEST_NAME]} {a:.1%} -> {b:.1%}"
                for group, (a, b) in shown.items()
            )
            line = f"{name} before and after the dropped rows: {shares or 'no share moved'}"
            if moved:
                line += f"; {len(moved)} moved by more than {NOTICED * 100:.0f} points"
            yield line, bool(moved)


def _share(counts: Counter[str], group: str) -> float:
    return round(counts[group] / counts.total(), 4)
