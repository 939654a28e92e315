"""Where training rows come from: their seeds, the licences of these, and the models."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from utils.chat_format import seeds_of
from utils.jsonl import Row

UNKNOWN = "unknown"


class Origins:
    """Counts seeds, licences and models over the rows of a data set."""

    def __init__(self) -> None:
        self._training: set[str] = set()
        self._validation: set[str] = set()
        self._licenses: dict[str, str] = {}
        self._models: Counter[str] = Counter()

    def add(self, row: Row, is_val: bool) -> None:
        seeds = seeds_of(row)
        (self._validation if is_val else self._training).update(seeds)
        self._licenses.update(zip(seeds, _licenses(row, len(seeds)), strict=False))
        self._models[_model(row)] += 1

    def licenses(self) -> dict[str, int]:
        """Count the seeds by licence, the most frequent first."""
        return _by_count(Counter(self._licenses.values()))

    def models(self) -> dict[str, int]:
        """Count the rows by model, the most frequent first."""
        return _by_count(self._models)

    def seeds(self) -> dict[str, int]:
        """Count the seeds of each side, and those that both sides share."""
        return {
            "training_seeds": len(self._training),
            "validation_seeds": len(self._validation),
            "shared_seeds": len(self._training & self._validation),
        }


def _licenses(row: Row, count: int) -> Iterator[str]:
    """Yield the licence of each seed; a single one is that of all."""
    found: Any = row.get("license")
    listed = found if isinstance(found, list) and len(found) == count else [found] * count
    for name in listed:
        yield name if isinstance(name, str) and name.strip() else UNKNOWN


def _model(row: Row) -> str:
    model = row.get("model")
    # The type of an instruction is `<model>_<descriptive or lazy>`.
    return model if isinstance(model, str) and model else str(row["instr_type"].rpartition("_")[0])


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
