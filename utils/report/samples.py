"""The samples that a person browses: drawn, then made into data for the page."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from utils.report.edit_facts import EditComparer
from utils.report.lineage import Lineage
from utils.report.page import safe_json
from utils.report.row_views import RowView
from utils.report.side_by_side import diff_blocks
from utils.report.survey import FileSurvey
from utils.sampling import level_quotas

LONGEST_TEXT = 6000
# What the samples of a page may weigh, so that the page stays below 10 MB.
MOST_BYTES = 7_000_000
Drawn = list[tuple[FileSurvey, RowView]]


def draw_samples(surveys: Sequence[FileSurvey], count: int) -> Drawn:
    """Draw so many samples from the files under review, evenly."""
    quotas = level_quotas(count, [len(survey.sample.items()) for survey in surveys])
    return [
        (survey, view)
        for survey, quota in zip(surveys, quotas, strict=True)
        for view in survey.sample.items()[:quota]
    ]


def draw_rejected(surveys: Sequence[FileSurvey], count: int) -> Drawn:
    """Draw so many rejected rows, evenly over the stages and reasons."""
    pools = [
        (survey, survey.rejected[reason].items())
        for survey in surveys
        for reason in sorted(survey.rejected)
    ]
    quotas = level_quotas(count, [len(pool) for _, pool in pools])
    return [
        (survey, view)
        for (survey, pool), quota in zip(pools, quotas, strict=True)
        for view in pool[:quota]
    ]


def as_page_data(
    drawn: Drawn, lineage: Lineage, comparer: EditComparer
) -> tuple[list[dict[str, Any]], int]:
    """Make samples into JSON values until the page is full; says how many were left out."""
    found: list[dict[str, Any]] = []
    size = 0
    for survey, view in drawn:
        sample = sample_data(survey, view, lineage, comparer)
        size += len(safe_json(sample).encode())
        if size > MOST_BYTES and found:
            return found, len(drawn) - len(found)
        found.append(sample)
    return found, 0


def sample_data(
    survey: FileSurvey, view: RowView, lineage: Lineage, comparer: EditComparer
) -> dict[str, Any]:
    """Make one sample into JSON values: what it is, its texts or its diff, and its lineage."""
    view = lineage.with_marks(view)
    facts = comparer.facts(view) if view.modified_lines is None else None
    data: dict[str, Any] = {
        "id": view.identity,
        "file": survey.label,
        "kind": view.kind,
        "model": view.model,
        "style": view.style,
        "edit_kind": view.edit_kind,
        "reason": view.reason,
        "topic": view.topic,
        "modified_lines": facts.modified_lines if facts else view.modified_lines,
        "hunks": facts.hunks if facts else view.hunks,
        "prompt_id": view.prompt_id,
        "sample_index": view.sample_index,
        "commits": list(view.commits),
        "licenses": sorted(set(view.licenses)),
        "reviewable": view.is_edit,
        "lineage": lineage.of(view),
    }
    if view.instruction:
        data["instruction"] = clip(view.instruction)
    if view.code_before or view.code_after:
        data["diff"] = diff_blocks(view.code_before or "", view.code_after or "", view.language)
    data["texts"] = [[label, clip(text)] for label, text in view.texts.items()]
    return {name: value for name, value in data.items() if value not in (None, "", [])}


def clip(text: str) -> str:
    """Cut a text that is too long to be read in a browser of samples."""
    cut = len(text) - LONGEST_TEXT
    return text if cut <= 0 else f"{text[:LONGEST_TEXT]}\n… {cut:,} more characters"


def data_set_id(surveys: Iterable[FileSurvey]) -> str:
    """Name the data under review by what is in it, so that marks of other data stay apart."""
    return hashlib.sha256(b"".join(survey.contents() for survey in surveys)).hexdigest()[:16]
