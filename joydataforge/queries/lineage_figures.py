"""What a run of the wizard did to all its queries, for the summary."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from utils.jsonl import Row


class LineageFigures:
    """Counts kinds and eliminations, and sums up difficulties, as rows pass by."""

    def __init__(self) -> None:
        self._kinds: Counter[str] = Counter()
        self._eliminated: Counter[str] = Counter()
        self._difficulties: dict[int, list[float]] = {}

    def pass_on(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield rows on as they are, and count the steps of those that were not rejected."""
        for row in rows:
            for step in row.get("lineage", ()) if "reject_reason" not in row else ():
                self._add(step)
            yield row

    def _add(self, step: Row) -> None:
        if step["round"] and step["query"] is not None:
            self._kinds[step["kind"]] += 1
        self._eliminated.update(each["reason"] for each in step["eliminated"])
        if step["difficulty"] is not None:
            self._difficulties.setdefault(step["round"], []).append(step["difficulty"])

    def figures(self) -> dict[str, Any]:
        """Give the counts of kept rows, and the mean difficulty by round (0 is the original)."""
        means = {
            str(number): round(sum(found) / len(found), 2)
            for number, found in sorted(self._difficulties.items())
        }
        return {
            "evolutions": dict(self._kinds.most_common()),
            "eliminated": dict(self._eliminated.most_common()),
            "mean_difficulty": means,
        }
