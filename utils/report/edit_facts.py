"""Facts about the edits of a file that take comparing the two programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tqdm import tqdm

from utils.diff_stats import diff_stats
from utils.edit_nature import changed_parts, edit_shape
from utils.records import text_id
from utils.report.row_views import RowView
from utils.report.survey import FileSurvey

# Comparing longer programs line by line takes seconds.
MOST_LINES = 2000


@dataclass(frozen=True)
class EditFacts:
    """How one edit changes its program."""

    modified_lines: int
    hunks: int
    shape: str
    parts: tuple[str, ...]


@dataclass
class EditFigures:
    """The facts of one file's sampled edits, and the sizes of all of them where rows name them."""

    edits: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    modified_lines: list[int] = field(default_factory=list)
    hunks: list[int] = field(default_factory=list)
    sizes_of_all: bool = False


class EditComparer:
    """Compares programs, each pair once however many files hold it."""

    def __init__(self) -> None:
        self._known: dict[str, EditFacts | None] = {}

    def facts(self, view: RowView) -> EditFacts | None:
        """Compare the programs of a sample; None for what is no whole edit or too long."""
        before, after = view.code_before, view.code_after
        if not before or not after:
            return None
        key = text_id(before, after)
        if key not in self._known:
            self._known[key] = self._compare(before, after, view.language)
        return self._known[key]

    def _compare(self, before: str, after: str, language: str) -> EditFacts | None:
        if max(before.count("\n"), after.count("\n")) > MOST_LINES:
            return None
        size = diff_stats(before, after)
        parts = changed_parts(before, after) if language.startswith("py") else []
        return EditFacts(size.modified_lines, size.hunks, edit_shape(before, after), tuple(parts))

    def figures(self, survey: FileSurvey) -> EditFigures:
        """Sum up the sampled edits of a file."""
        found = EditFigures()
        views = survey.sample.items()
        for facts in map(self.facts, tqdm(views, desc="edits", unit="edit", disable=None)):
            if facts is not None:
                found.edits += 1
                found.shapes[facts.shape] += 1
                found.parts.update(facts.parts)
                found.modified_lines.append(facts.modified_lines)
                found.hunks.append(facts.hunks)
        if len(survey.modified_lines) == survey.rows:
            found.modified_lines, found.hunks = list(survey.modified_lines), list(survey.hunks)
            found.sizes_of_all = True
        return found


def sample_note(surveys: Iterable[FileSurvey]) -> str:
    """Say of how many samples a figure is made where it isn't made of all."""
    sampled = [s for s in surveys if s.sample.seen > s.sample.size]
    if not sampled:
        return "Of all samples."
    return f"Of a seeded sample of {max(s.sample.size for s in sampled):,} samples a file."
