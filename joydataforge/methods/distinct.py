"""Rows whose text an earlier row has, put aside in the order of the plan.

Which row is the earlier one depends on the plan alone, not on who was answered first.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from joydataforge.methods.query_cache import normalised
from joydataforge.selection.text_dedup import Shingling, find_duplicate_texts, sign_texts
from utils.jsonl import Row, RowIndex, write_rows
from utils.records import text_id

TextOf = Callable[[Row], str]


def reject_repeated(rows: Iterator[Row], text_of: TextOf) -> Iterator[Row]:
    """Pass rows on, with a reason where an accepted row before has the same text.

    Memory grows with a short hash a row.
    """
    seen: set[str] = set()
    for row in rows:
        if "reject_reason" not in row:
            key = text_id(normalised(text_of(row)))
            if key in seen:
                row = {**row, "reject_reason": "duplicate"}
            seen.add(key)
        yield row


def reject_similar(
    rows: Iterator[Row], text_of: TextOf, threshold: float, random_seed: int
) -> Iterator[Row]:
    """Pass rows on, with a reason where an accepted row before has a similar text.

    Similar are texts whose sets of three words in a row have at least this Jaccard similarity. The
    rows are kept in a temporary file in the meantime.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "rows.jsonl"
        if not write_rows(path, rows):
            return
        with RowIndex(path) as index:
            found = _similar(index, text_of, threshold, random_seed)
            for number in range(len(index)):
                row = index.read(number)
                yield {**row, "reject_reason": "near_duplicate"} if number in found else row


def _similar(index: RowIndex, text_of: TextOf, threshold: float, random_seed: int) -> set[int]:
    """List the numbers of the rows that are too similar to one before."""
    shingling = Shingling()
    accepted: list[int] = []

    def texts() -> Iterable[str]:
        for number, row in index.scan():
            if "reject_reason" not in row:
                accepted.append(number)
                yield text_of(row)

    store = sign_texts(texts(), shingling, random_seed=random_seed)
    repeats = find_duplicate_texts(
        store, lambda place: text_of(index.read(accepted[place])), shingling, threshold
    )
    return {accepted[place] for place, _ in repeats}
