"""The usable rows of a seed file, and which of them are set aside for validation."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from utils.code.lines import count_code_lines
from utils.jsonl import Row, RowIndex
from utils.sampling import derive_seed

# What a seed row must have to serve a type of prompt.
SEED_FIELDS = {
    "code_extend": ("commit", "old_contents", "message"),
    "rewrite_commit": ("commit", "old_contents", "new_contents", "message"),
}


@dataclass
class SeedPool:
    """The numbers of the usable rows in an index, and a mark for each row set aside."""

    index: RowIndex
    numbers: array[int] = field(default_factory=lambda: array("Q"))
    val_marks: bytearray = field(default_factory=bytearray)
    unusable: Counter[str] = field(default_factory=Counter)

    def __len__(self) -> int:
        return len(self.numbers)

    def side(self, is_val: bool) -> array[int]:
        """Pick the rows set aside for validation, or all the others."""
        marked = zip(self.numbers, self.val_marks, strict=True)
        return array("Q", (number for number, mark in marked if bool(mark) == is_val))

    def describe(self) -> str:
        """Say how many seeds are usable and why the others are not."""
        reasons = "".join(
            f"; {reason.replace('_', ' ')} {count:,}"
            for reason, count in self.unusable.most_common()
        )
        return f"{len(self):,} of {len(self.index):,} seeds usable{reasons}"


def fill_pool(
    index: RowIndex, problem_of: Callable[[Row], str | None], random_seed: int, val_ratio: float
) -> SeedPool:
    """Read a seed file once; keep the numbers of the rows `problem_of` has no reason against."""
    pool = SeedPool(index)
    for number, seed in index.scan():
        problem = problem_of(seed)
        if problem is None and is_parted(seed, random_seed, val_ratio):
            problem = "commit_on_both_sides"
        if problem:
            pool.unusable[problem] += 1
        else:
            pool.numbers.append(number)
            pool.val_marks.append(is_val(seed, random_seed, val_ratio))
    return pool


def is_val(seed: Row, random_seed: int, val_ratio: float) -> bool:
    """Tell whether a seed is set aside for validation.

    It depends on nothing but the seed's own file, so all versions of one file fall on one side,
    whatever else the seed file holds and whichever prompts are made of it.
    """
    if not val_ratio:
        return False
    file_name = seed.get("old_file")
    key = (seed.get("repos"), file_name) if file_name else (seed["old_contents"],)
    return derive_seed(random_seed, "split", *key) < val_ratio * 2**63


def is_parted(seed: Row, random_seed: int, val_ratio: float) -> bool:
    """Tell whether the files that a seed's commit changed fall on both sides.

    Such a seed serves neither: files stay whole, and so do commits.
    """
    files = seed.get("commit_files")
    if not val_ratio or not isinstance(files, list):
        return False
    return len({is_val(seed | {"old_file": file}, random_seed, val_ratio) for file in files}) > 1


class SnippetCheck:
    """Finds why a seed can't give a snippet; None for one that can."""

    def __init__(self, min_snippet_lines: int) -> None:
        self.min_snippet_lines = min_snippet_lines
        self._is_new = _FirstSight()

    def __call__(self, seed: Row) -> str | None:
        code = seed["old_contents"]
        if not all(isinstance(seed[field], str) for field in SEED_FIELDS["code_extend"]):
            return "not_text"
        if count_code_lines(code) < self.min_snippet_lines:
            return "too_short"
        return None if self._is_new(code) else "repeated"


class CommitCheck:
    """Finds why a seed is no edit that could be put into words; None for one that is."""

    def __init__(self) -> None:
        self._is_new = _FirstSight()

    def __call__(self, seed: Row) -> str | None:
        old_code, new_code, message = seed["old_contents"], seed["new_contents"], seed["message"]
        if not new_code or new_code == old_code:
            return "no_edit"
        if not isinstance(old_code, str) or not isinstance(new_code, str):
            return "not_text"
        if not old_code.strip():
            return "no_code_before"
        if not isinstance(message, str) or not message.strip():
            return "no_message"
        return None if self._is_new(old_code, new_code) else "repeated"


class _FirstSight:
    """Tells whether texts come for the first time; keeps 63 bits of each, not the text."""

    def __init__(self) -> None:
        self._seen: set[int] = set()

    def __call__(self, *texts: str) -> bool:
        before = len(self._seen)
        self._seen.add(derive_seed(*texts))
        return len(self._seen) > before
