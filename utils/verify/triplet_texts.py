"""The texts of a triplet that is run, and the id of its prompt for tests."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from utils.jsonl import Row
from utils.records import TRIPLET_FIELDS, purified, text_id

CODE_FIELDS = tuple(map(purified, TRIPLET_FIELDS[:2]))
# Of triplets, and of a mix, which has one style a row.
INSTRUCTIONS = (*map(purified, TRIPLET_FIELDS[2:]), "instruct_purify")
REQUIRED: tuple[str | tuple[str, ...], ...] = (*CODE_FIELDS, INSTRUCTIONS)


def instruction_of(row: Row) -> str:
    """Join the instructions that a row has."""
    return "\n".join(row[name] for name in INSTRUCTIONS if isinstance(row.get(name), str))


def with_test_ids(triplets: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Yield each triplet with the id of its prompt for tests; equal triplets get a number each."""
    seen: Counter[str] = Counter()
    for triplet in triplets:
        texts = [str(triplet.get(name)) for name in (*CODE_FIELDS, *INSTRUCTIONS)]
        base = text_id("tests", *texts)
        seen[base] += 1
        yield base + (f"-{seen[base]}" if seen[base] > 1 else ""), triplet
