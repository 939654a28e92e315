"""Which file was made of which: a graph out of the `inputs` that the summaries beside them name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from utils.report.room_views import HISTORY_KINDS, SYNTHESIS_KINDS
from utils.report.row_views import FILE_KINDS, NAMED_KINDS
from utils.report.survey import FileSurvey, read_summary

OUTSIDE = ("seeds", "rows", *HISTORY_KINDS, *SYNTHESIS_KINDS, *NAMED_KINDS)


@dataclass(frozen=True)
class Step:
    """A file of the production and those its rows came from."""

    survey: FileSurvey
    sources: tuple[FileSurvey, ...] = ()
    # No summary names what it was made of: the files of the stage before are taken for it.
    is_assumed: bool = False
    # What was read beside the rows, such as the verdicts on them.
    consulted: tuple[FileSurvey, ...] = ()

    @property
    def name(self) -> str:
        return self.survey.label

    @property
    def kind(self) -> str:
        return self.survey.kind


def find_steps(surveys: Sequence[FileSurvey]) -> list[Step]:
    """Join the files of a production into a graph, each file after those it was made of."""
    found = [survey for survey in surveys if survey.kind not in OUTSIDE]
    by_path = {survey.path.resolve(): survey for survey in found}
    steps = {}
    for survey in found:
        named = _named_inputs(survey, found)
        if named is not None:
            inputs = _sources(survey, named, by_path)
            # Whoever reads edits and replies to a question about them hands on the edits.
            edits = tuple(source for source in inputs if source.is_edits)
            rows = edits or inputs
            others = tuple(source for source in inputs if source not in rows)
            steps[survey.label] = Step(survey, rows, consulted=others)
        else:
            steps[survey.label] = Step(survey, _stage_before(survey, found), is_assumed=True)
    return sorted(steps.values(), key=lambda step: _depth(step, steps))


def final_steps(steps: Sequence[Step]) -> list[Step]:
    """Take the files of the last stage that no other file was made of."""
    used = {source.label for step in steps for source in (*step.sources, *step.consulted)}
    last = max((step for step in steps), key=lambda step: FILE_KINDS.index(step.kind)).kind
    return [step for step in steps if step.kind == last and step.name not in used]


def _named_inputs(survey: FileSurvey, found: Sequence[FileSurvey]) -> list[object] | None:
    """Read what a file was made of; that of validation rows stands with the training file."""
    if isinstance(inputs := survey.summary.get("inputs"), list):
        return inputs
    for other in found:
        card = other.summary.get("card")
        files = card.get("files") if isinstance(card, dict) else None
        is_its_own = isinstance(files, dict) and survey.path.name in files.values()
        if is_its_own and other.path.parent.resolve() == survey.path.parent.resolve():
            return _named_inputs(other, ())
    return None


def _sources(
    survey: FileSurvey, inputs: Sequence[object], by_path: dict[Path, FileSurvey]
) -> tuple[FileSurvey, ...]:
    found = _nearest(survey.path, inputs, by_path, {survey.path.resolve()})
    return tuple({source.label: source for source in found if source is not survey}.values())


def _nearest(
    path: Path, inputs: Sequence[object], by_path: dict[Path, FileSurvey], seen: set[Path]
) -> Iterator[FileSurvey]:
    """Find the inputs among the files at hand, or what those that are not were made of."""
    for name in inputs:
        if not isinstance(name, str):
            continue
        if source := _at_hand(Path(name), path, by_path):
            yield source
        elif (real := Path(name).resolve()) not in seen:
            seen.add(real)
            earlier = read_summary(name).get("inputs")
            yield from _nearest(path, earlier if isinstance(earlier, list) else [], by_path, seen)


def _at_hand(name: Path, reader: Path, by_path: dict[Path, FileSurvey]) -> FileSurvey | None:
    """Find an input by its path; where that leads nowhere, by as much of its end as fits.

    Folders are moved, and stages run from elsewhere. Of equal ends, the nearest to the reader wins.
    """
    if (real := name.resolve()) in by_path or name.exists():
        return by_path.get(real)
    alike = [path for path in by_path if path.name == name.name]
    here = reader.resolve().parent
    best = max(
        alike,
        key=lambda path: (
            len(os.path.commonprefix([name.parts[::-1], path.parts[::-1]])),
            len(os.path.commonprefix([here.parts, path.parts])),
        ),
        default=None,
    )
    return by_path[best] if best else None


def _stage_before(survey: FileSurvey, found: Sequence[FileSurvey]) -> tuple[FileSurvey, ...]:
    """Take the files of the nearest earlier stage that models of this file may have written."""
    rank = FILE_KINDS.index(survey.kind)
    earlier = [other for other in found if FILE_KINDS.index(other.kind) < rank]
    nearest = max((FILE_KINDS.index(other.kind) for other in earlier), default=None)
    return tuple(
        other
        for other in earlier
        if FILE_KINDS.index(other.kind) == nearest
        and (not other.models or not survey.models or other.models.keys() & survey.models.keys())
    )


def _depth(step: Step, steps: dict[str, Step], above: frozenset[str] = frozenset()) -> int:
    """Count the stages before a file; summaries that name each other in a ring are cut."""
    before = [
        source.label for source in (*step.sources, *step.consulted) if source.label not in above
    ]
    above |= {step.name}
    return max((1 + _depth(steps[name], steps, above) for name in before), default=0)
