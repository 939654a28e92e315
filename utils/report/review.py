"""Marks that a person gave samples, and the identity that ties a mark to its sample."""

from __future__ import annotations

from collections import Counter
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


def read_review(path: str | Path) -> dict[str, str]:
    """Read the verdict of each sample from a review that the report exported.

    Of several marks of one sample the last counts, so that reviews can be joined end to end.
    """
    verdicts: dict[str, str] = {}
    for number, row in enumerate(read_rows(path, ["sample_id", "verdict"]), 1):
        if row["verdict"] not in VERDICTS:
            raise PipelineError(
                f"{path}, mark {number}: field 'verdict' is {row['verdict']!r}; "
                f"write {' or '.join(VERDICTS)}"
            )
        verdicts[str(row["sample_id"])] = row["verdict"]
    return verdicts


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
