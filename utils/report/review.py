"""Marks that a person gave samples, and the identity that ties a mark to its sample."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

from utils.cli import log
from utils.errors import PipelineError
from utils.jsonl import read_rows
from utils.records import text_id

ACCEPT, REJECT = VERDICTS = ("accept", "reject")


def sample_id(code_before: str, code_after: str, instruction: str) -> str:
    """Hash what a reviewer sees of a sample: 16 hex digits, the same at every stage.

    White space around the texts doesn't count, since stage 6 adds a final newline. Both styles of
    one triplet are two samples; a reply made anew is another sample, even of the same prompt.
    """
    return text_id(code_before.strip(), code_after.strip(), instruction.strip())


@dataclass(frozen=True)
class ReviewMark:
    """What one person said of a sample."""

    verdict: str
    note: str = ""


def read_marks(path: str | Path) -> dict[str, ReviewMark]:
    """Read the mark of each sample from a review that the report exported.

    Of several marks of one sample the last counts, so that reviews can be joined end to end.
    """
    marks = {}
    for number, row in enumerate(read_rows(path, ["sample_id", "verdict"]), 1):
        if row["verdict"] not in VERDICTS:
            raise PipelineError(
                f"{path}, mark {number}: field 'verdict' is {row['verdict']!r}; "
                f"write {' or '.join(VERDICTS)}"
            )
        note = row.get("note")
        marks[str(row["sample_id"])] = ReviewMark(
            row["verdict"], note if isinstance(note, str) else ""
        )
    return marks


def read_review(path: str | Path) -> dict[str, str]:
    """Read the verdict of each sample from a review."""
    return {sample: mark.verdict for sample, mark in read_marks(path).items()}


def agreement(one: dict[str, ReviewMark], other: dict[str, ReviewMark]) -> dict[str, Any]:
    """Compare two people's marks of the samples that both marked.

    `kappa` is Cohen's (1960): what they agree in beyond what their shares of accepted samples make
    likely by chance; None where both always said the same one word, or nothing is shared.
    """
    both = [(one[sample].verdict, other[sample].verdict) for sample in one if sample in other]
    shared, same = len(both), sum(first == second for first, second in both)
    found: dict[str, Any] = {"both": shared, "same": same, "kappa": None}
    if shared:
        accepted = [sum(pair[side] == ACCEPT for pair in both) / shared for side in (0, 1)]
        chance = accepted[0] * accepted[1] + (1 - accepted[0]) * (1 - accepted[1])
        if chance < 1:
            found["kappa"] = round((same / shared - chance) / (1 - chance), 3)
    return found


def reviews_data(reviews: dict[str, dict[str, ReviewMark]]) -> dict[str, Any]:
    """Give the marks of several people, and how far each two agree, as the page's JSON values."""
    marks: dict[str, list[list[str]]] = {}
    for name, review in reviews.items():
        for sample, mark in review.items():
            marks.setdefault(sample, []).append([name, mark.verdict, mark.note])
    pairs = [
        {"names": [one, other], **agreement(reviews[one], reviews[other])}
        for one, other in combinations(reviews, 2)
    ]
    counts = [[name, len(review)] for name, review in reviews.items()]
    return {"people": counts, "pairs": pairs, "marks": marks}


class Review:
    """The marks of a review file, and which of them were met; without a file there are none."""

    def __init__(self, path: str | Path | None = None) -> None:
        self.verdicts = {} if path is None else read_review(path)
        self._met: set[str] = set()

    def rejects(self, code_before: str, code_after: str, instruction: str) -> bool:
        """Tell whether a sample was rejected, and note that its mark was met."""
        if not self.verdicts:
            return False
        sample = sample_id(code_before, code_after, instruction)
        if sample not in self.verdicts:
            return False
        self._met.add(sample)
        return self.verdicts[sample] == REJECT

    def counts(self) -> dict[str, Any]:
        """Count the marks by verdict: all of them, and those that were met."""
        return {
            "marks": _count(self.verdicts.values()),
            "met": _count(self.verdicts[sample] for sample in self._met),
        }

    def report(self) -> None:
        """Say how many marks there are and were met; warn when none was."""
        marks, met = self.counts().values()
        shown = ", ".join(
            f"{verdict} {met[verdict]:,} of {marks[verdict]:,}" for verdict in VERDICTS
        )
        log.info("review: marks met in the input files: %s", shown)
        if self.verdicts and not self._met:
            log.warning("review: no mark is of a row of the input files; is it of other data?")


def _count(verdicts: Any) -> dict[str, int]:
    counts = Counter(verdicts)
    return {verdict: counts[verdict] for verdict in VERDICTS}
