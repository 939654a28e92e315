"""The figures at the head of the report: one line a file, and its token lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from utils.report.survey import FileSurvey

MOST_NAMES = 6


def file_lines(surveys: Sequence[FileSurvey]) -> list[dict[str, Any]]:
    """Sum up each file: its kind, rows, rejected rows, repeats, models and styles."""
    return [
        {
            "label": survey.label,
            "path": survey.path.as_posix(),
            "kind": survey.kind,
            "rows": survey.rows,
            "rejected": survey.summary.get("rejected"),
            "incomplete": survey.incomplete,
            "repeated": survey.repeats("row"),
            "same_code": survey.repeats("code before") if survey.is_edits else None,
            "models": most_common(survey.models),
            "styles": most_common(survey.styles),
        }
        for survey in surveys
    ]


def most_common(counts: Counter[str]) -> list[list[Any]]:
    """List the most frequent names with their counts, the rest as one."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [[name, count] for name, count in ordered[:MOST_NAMES]]
    rest = sum(count for _, count in ordered[MOST_NAMES:])
    return [*shown, ["others", rest]] if rest else shown


def token_lines(surveys: Sequence[FileSurvey], cutoff_len: int) -> list[dict[str, Any]]:
    """Give median, 95th percentile, maximum and the share over the cutoff of each part."""
    lines = []
    for survey in surveys:
        for part, lengths in survey.lengths.items():
            values = np.frombuffer(lengths, dtype=lengths.typecode)
            lines.append(
                {
                    "label": survey.label,
                    "part": part,
                    "median": round(float(np.median(values))),
                    "p95": round(float(np.percentile(values, 95))),
                    "max": int(values.max()),
                    "over": round(float(np.mean(values > cutoff_len)), 6)
                    if survey.is_edits
                    else None,
                }
            )
    return lines
