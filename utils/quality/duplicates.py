"""What is found out about all rows of several files together: their faults, and which repeat one.

Rows are numbered through all files, those of data in use already first; these stand for what they
are and are never faulted.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from tqdm import tqdm

from utils.jsonl import Row, RowIndex
from utils.processes import guarded_map, worker_count
from utils.quality.rules import (
    CODES_IN_USE,
    FULL_FILE,
    TIMED_OUT,
    Examination,
    examine,
    examine_used,
    near_duplicates_by,
    shingles,
)
from utils.quality.settings import QualityConfig
from utils.quality.triplet import CODE_FIELDS, Triplet, text_fields
from utils.similarity.near_duplicates import Match, SignatureStore, find_near_duplicates


class RowsOfFiles:
    """The rows of several files under one numbering."""

    def __init__(self, indexes: list[RowIndex], used: int) -> None:
        """Take the indexes of the files; the first `used` of them are in use already."""
        self.indexes = indexes
        self.used = used
        self.starts = [0]

    def scan(self, first: int, last: int) -> Iterator[Row]:
        """Read the rows of some of the files, numbering them on."""
        for index in self.indexes[first:last]:
            for _, row in index.scan():
                yield row
            self.starts.append(self.starts[-1] + len(index))

    def place(self, number: int) -> tuple[int, int]:
        """Give the file and the number in it of a row."""
        file = bisect_right(self.starts, number) - 1
        return file, number - self.starts[file]

    def read(self, number: int) -> Row:
        file, own = self.place(number)
        return self.indexes[file].read(own)


@dataclass
class Findings:
    """What is found out about all rows; rows are counted from 0."""

    config: QualityConfig
    faults: dict[int, dict[str, str]] = field(default_factory=dict)
    digests: dict[bytes, int] = field(default_factory=dict)
    duplicate_of: dict[int, int] = field(default_factory=dict)
    matches: dict[int, Match] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = self.config.dedup.permutations
        self.stores = {by: SignatureStore(count) for by in ("code", "edit")}

    def add(self, number: int, found: Examination) -> None:
        """Note what was found about a row; its exact duplicates come later."""
        if found.faults:
            self.faults[number] = found.faults
        if found.digest and (first := self.digests.get(found.digest)) is not None:
            self.duplicate_of[number] = first
            self.faults.setdefault(number, {})["duplicate"] = "the same texts"
            return
        self.add_used(number, found, may_stand=not found.faults)

    def add_used(self, number: int, found: Examination, may_stand: bool = True) -> None:
        """Note what later rows are compared with."""
        if found.digest and may_stand:
            self.digests.setdefault(found.digest, number)
        for by, signature in found.signatures.items():
            self.stores[by].add(number, np.frombuffer(signature, dtype=np.uint32))

    def add_match(self, number: int, match: Match) -> None:
        """Note that a triplet nearly repeats an earlier one, as one more of its faults."""
        self.matches[number] = match
        self.duplicate_of[number] = match.number
        self.faults.setdefault(number, {})["near_duplicate"] = f"{match.similarity:.2f} in common"

    def first_of(self, number: int) -> int:
        """Follow a duplicate to the row that stays."""
        while number in self.duplicate_of:
            number = self.duplicate_of[number]
        return number


def survey_quality(rows: RowsOfFiles, config: QualityConfig, language: str) -> Findings:
    """Judge each row by itself, in worker processes, then look for near duplicates."""
    findings = Findings(config)
    number = 0
    for found in _examined(
        partial(examine_used, config=config, language=language), rows.scan(0, rows.used), config
    ):
        findings.add_used(number, found)
        number += 1
    files: Counter[str] = Counter()
    keys: dict[int, str] = {}
    tasks = _noting_files(rows.scan(rows.used, len(rows.indexes)), keys, number, config)
    for found in _examined(partial(examine, config=config, language=language), tasks, config):
        findings.add(number, found)
        number += 1
    for by in findings.stores:
        for repeating, match in _near_duplicates(rows, findings, by, language):
            if repeating >= rows.starts[rows.used]:
                findings.add_match(repeating, match)
    for number, key in keys.items():
        if number not in findings.faults:
            files[key] += 1
            if files[key] > (config.near_duplicate.max_per_file or 0):
                findings.faults[number] = {FULL_FILE: key}
    return findings


def _examined(work, tasks, config: QualityConfig) -> Iterator[Examination]:  # type: ignore[no-untyped-def]
    examined = guarded_map(
        work,
        tasks,
        lost=TIMED_OUT,
        num_workers=worker_count(config.num_workers),
        seconds=config.limits.max_row_seconds,
    )
    yield from tqdm(examined, desc="rules", unit=" triplets", disable=None)


def _noting_files(
    rows: Iterator[Row], keys: dict[int, str], start: int, config: QualityConfig
) -> Iterator[tuple[Row, str]]:
    """Yield what workers need of each row; note the file that its code is from, where wanted."""
    for number, row in enumerate(rows, start):
        if config.near_duplicate.max_per_file and row.get("old_file"):
            keys[number] = f"{row.get('repos') or ''}:{row['old_file']}"
        yield {name: row[name] for name in text_fields(row)}, near_duplicates_by(row, config)


def _near_duplicates(
    rows: RowsOfFiles, findings: Findings, by: str, language: str
) -> Iterator[tuple[int, Match]]:
    """Find the rows that nearly repeat an earlier one which no rule rejects."""
    config = findings.config
    faulty = frozenset(findings.faults)
    return find_near_duplicates(
        findings.stores[by],
        lambda number: shingles(triplet_of(rows.read(number), config, language), by),
        config.dedup.threshold,
        may_stand=lambda number: number not in faulty,
    )


def triplet_of(row: Row, config: QualityConfig, language: str) -> Triplet:
    """Read a row, or one of data in use, as a triplet."""
    codes = [row.get(field) or row.get(other) for field, other in CODES_IN_USE]
    return Triplet.of({**row, **dict(zip(CODE_FIELDS, codes, strict=True))}, config, language)
