"""Samples made from nothing: what is drawn for each, and which of them say the same."""

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from joydataforge.methods.settings import MethodConfig
from utils.jsonl import Row
from utils.records import text_id
from utils.sampling import derive_seed


def direct_samples(config: MethodConfig, vary: Mapping[str, Sequence[Any]]) -> Iterator[Row]:
    """Yield the samples to ask for: an id, and a value drawn from each list of `vary`.

    A sample depends on its number and the settings alone, so that more of them can be asked for
    later.
    """
    task = config.task_id()
    for number in range(config.threshold_low, config.threshold or 0):
        drawn = {
            name: random.Random(derive_seed(config.random_seed, number, name)).choice(values)
            for name, values in vary.items()
        }
        yield {"prompt_id": text_id(task, str(number)), **drawn}


def reject_repeats(rows: Iterator[Row], field: str) -> Iterator[Row]:
    """Put a `reject_reason` to the rows whose field says what an earlier row's says."""
    seen: set[str] = set()
    for row in rows:
        if "reject_reason" in row:
            yield row
            continue
        said = text_id(as_compared(row[field]))
        yield row | ({"reject_reason": "duplicate_of_earlier_sample"} if said in seen else {})
        seen.add(said)


def as_compared(value: Any) -> str:
    """Word a value so that equal sayings are equal: case, space and the last full stop aside."""
    return " ".join(str(value).casefold().split()).rstrip(" .!?。！？")
