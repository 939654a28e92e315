"""What was said of a row when it was judged: evidence of its faults, verdicts, what it repeats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from utils.jsonl import Row

# Fields that are shown as evidence, and so not among a row's other texts.
EVIDENCE_FIELDS = frozenset(
    (
        *("reject_evidence", "verdicts", "similarity", "edit_similarity"),
        *("duplicate_of", "duplicate_in", "row", "repeats_row", "repeats_prompt_id"),
    )
)


@dataclass(frozen=True)
class Evidence:
    """Each finding with its words, and the row that is repeated: its name and, where told, file."""

    findings: tuple[tuple[str, str], ...] = ()
    repeats: str = ""
    repeats_in: str = ""
    similarity: float | None = None
    edit_similarity: float | None = None


def read_evidence(row: Row) -> Evidence:
    """Gather what `check_quality`, `judge_triplets` and `minhash_filter` noted with a row."""
    repeats = row.get("duplicate_of") or row.get("repeats_prompt_id")
    if not isinstance(repeats, str):
        number = row.get("repeats_row")
        repeats = f"row {number}" if isinstance(number, int) else ""
    place = row.get("duplicate_in")
    return Evidence(
        (*_faults(row), *_verdicts(row.get("verdicts"))),
        repeats,
        place if isinstance(place, str) else "",
        _share(row.get("similarity")),
        _share(row.get("edit_similarity")),
    )


def _faults(row: Row) -> Iterator[tuple[str, str]]:
    said = row.get("reject_evidence")
    said = said if isinstance(said, dict) else {}
    others = row.get("reject_reasons")
    for name in dict.fromkeys([*said, *(others if isinstance(others, list) else [])]):
        yield str(name), str(said.get(name) or "")


def _verdicts(verdicts: Any) -> Iterator[tuple[str, str]]:
    """Word each judge's answers, a line a question, with the reason where one was given."""
    for number, verdict in enumerate(verdicts if isinstance(verdicts, list) else [], 1):
        answers = verdict.get("answers") if isinstance(verdict, dict) else None
        if not isinstance(answers, dict):
            continue
        reasons = verdict.get("reasons")
        reasons = reasons if isinstance(reasons, dict) else {}
        judge = str(verdict.get("judge") or verdict.get("model") or number)
        lines = []
        for question, answer in answers.items():
            reason = f" – {reasons[question]}" if reasons.get(question) else ""
            lines.append(f"{str(question).replace('_', ' ')}: {answer}{reason}")
        yield f"verdict {judge}", "\n".join(lines)


def _share(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None
