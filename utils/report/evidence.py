"""What was said of a row: evidence of its faults, judges' verdicts, runs and tests, repeats.

First of one row, for its sample; then of all rows of a file, as figures and tables.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from utils.jsonl import Row
from utils.report.figure_kinds import Bars, Figure

VERDICTS_BY_TESTS = ("verified", "contradicted", "vacuous", "untestable")
# What a verdict by tests says of the edit, as a judge would: sound, or not; the others say nothing.
_TOLD = {"verified": "passed", "contradicted": "failed"}
RUN_COUNTS = ("rows_run", "rows_tested", "same_output", "deterministic")
MOST_PACKAGES = 20
# Fields that are shown as evidence, and so not among a row's other texts.
EVIDENCE_FIELDS = frozenset(
    (
        *("reject_evidence", "verdicts", "similarity", "edit_similarity"),
        *("duplicate_of", "duplicate_in", "row", "repeats_row", "repeats_prompt_id"),
        *("behaviour", "tests", "verification"),
    )
)


@dataclass(frozen=True)
class Evidence:
    """Each finding with its words, and the row that is repeated: its name and, where told, file.

    `judged` is "passed" or "failed", `tested` the verdict by tests, each "" where there is none;
    `tests` are those that travel with the row: name, how they went, code.
    """

    findings: tuple[tuple[str, str], ...] = ()
    repeats: str = ""
    repeats_in: str = ""
    similarity: float | None = None
    edit_similarity: float | None = None
    judged: str = ""
    tested: str = ""
    tests: tuple[tuple[str, str, str], ...] = ()


def read_evidence(row: Row) -> Evidence:
    """Gather what the checks, judges, runs and tests of a row, and `minhash_filter`, noted."""
    repeats = row.get("duplicate_of") or row.get("repeats_prompt_id")
    if not isinstance(repeats, str):
        number = row.get("repeats_row")
        repeats = f"row {number}" if isinstance(number, int) else ""
    place = row.get("duplicate_in")
    return Evidence(
        (*_faults(row), *_verdicts(row.get("verdicts")), *_runs(row.get("behaviour"))),
        repeats,
        place if isinstance(place, str) else "",
        _share(row.get("similarity")),
        _share(row.get("edit_similarity")),
        _judged(row.get("verdicts")),
        _tested(row.get("verification")),
        tuple(_tests(row.get("tests"))),
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


def _runs(behaviour: Any) -> Iterator[tuple[str, str]]:
    """Word how the programs before and after ended, and whether they wrote the same."""
    seen = _of(behaviour)
    for side in ("before", "after"):
        if run := _of(seen.get(side)):
            error = f": {run['error']}" if run.get("error") else ""
            yield f"run {side}", f"{run.get('status')}{error}".replace("_", " ")
    if cause := seen.get("not_runnable"):
        yield "not runnable here", str(cause)
    elif seen:
        same = "the same" if seen.get("same_output") else "not the same"
        repeatable = "" if seen.get("deterministic") else "; another one each time"
        yield "output", f"{same} before and after{repeatable}"


def _tests(tests: Any) -> Iterator[tuple[str, str, str]]:
    for test in tests if isinstance(tests, list) else []:
        if isinstance(test, dict):
            went = f"{test.get('before')} before, {test.get('after')} after"
            yield str(test.get("name")), went, str(test.get("code"))


def _tested(verification: Any) -> str:
    """Give the verdict by tests, "" where nobody wrote one that could be read."""
    found = _of(verification)
    verdict = found.get("verdict") if found.get("suites") else ""
    return str(verdict) if verdict in VERDICTS_BY_TESTS else ""


def _judged(verdicts: Any) -> str:
    """Say whether more than half of the judges passed a row, "" where none gave a verdict."""
    said = (
        [_of(verdict).get("answers") for verdict in verdicts] if isinstance(verdicts, list) else []
    )
    passes = [all(a == "PASS" for a in each.values()) for each in said if isinstance(each, dict)]
    return ("passed" if 2 * sum(passes) > len(passes) else "failed") if passes else ""


def _of(value: Any) -> Row:
    return value if isinstance(value, dict) else {}


def _share(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else None


Summaries = Mapping[str, Mapping[str, Any]]
Agreement = Counter[tuple[str, str]]


def run_figures(summaries: Summaries) -> list[Figure | None]:
    """Draw from each file's summary what kept programs from running, and what tests said."""
    return [
        _counted(
            ("verdicts", "Verdicts by tests"),
            "Of rows for which a model wrote tests that could be read, kept or not.",
            {label: _verdict_counts(summary) for label, summary in summaries.items()},
        ),
        _counted(
            ("test_classes", "Classes of tests"),
            "How each test went before and after the edit; broken: by a fault of its own.",
            {label: _counts(summary.get("test_classes")) for label, summary in summaries.items()},
            "tests",
        ),
        _counted(
            ("not_runnable", "What kept programs from running"),
            "Rows of which a program needs what the sandbox has not. It says nothing against them.",
            {label: _counts(summary.get("not_runnable")) for label, summary in summaries.items()},
        ),
        *(_missing_packages(label, summary) for label, summary in summaries.items()),
    ]


def _counted(
    names: tuple[str, str], note: str, counts: dict[str, dict[str, int]], unit: str = "rows"
) -> Bars | None:
    filled = {label: each for label, each in counts.items() if any(each.values())}
    labels = list(dict.fromkeys(name for each in filled.values() for name in each))
    series = {label: [each.get(name, 0) for name in labels] for label, each in filled.items()}
    shown = [label.replace("_", " ") for label in labels]
    return Bars(*names, note, shown, series, unit) if filled else None


def _verdict_counts(summary: Mapping[str, Any]) -> dict[str, int]:
    """Leave out of the untestable rows those that nobody wrote a test for."""
    if "test_classes" not in summary:
        return {}
    counts = Counter(_counts(summary.get("verdicts")))
    counts["untestable"] -= _whole(summary.get("rows_without_suite"))
    return {name: counts[name] for name in VERDICTS_BY_TESTS if counts[name] > 0}


def _missing_packages(label: str, summary: Mapping[str, Any]) -> Bars | None:
    figures = _of(summary.get("missing_packages"))
    shown = {name: _of(each) for name, each in list(figures.items())[:MOST_PACKAGES]}
    if not shown:
        return None
    return Bars(
        f"missing_packages_{label}",
        f"Packages that {label} lacks",
        "Unlocked: rows that lack nothing else; --environment names one that has them.",
        list(shown),
        {
            "rows that import it": [_whole(each.get("rows")) for each in shown.values()],
            "unlocked by it alone": [_whole(each.get("unlocks")) for each in shown.values()],
        },
        file=label,
    )


def run_lines(summaries: Summaries) -> list[list[str | int | None]]:
    """Say of each file how many rows were run, and where; a line a file."""
    return [
        [
            label,
            str(summary["sandbox"] or "none here: nothing was run"),
            str(summary.get("environment") or "").partition(" ")[0],
            *(summary.get(name) for name in RUN_COUNTS),
            _total(summary.get("not_runnable")),
        ]
        for label, summary in summaries.items()
        if "sandbox" in summary
    ]


def agreement_lines(counted: Mapping[str, Agreement]) -> list[list[str | int]]:
    """Lay out by file what tests say of the rows that judges passed, and of those they failed."""
    return [
        [label, judged, *(counts[judged, tested] for tested in VERDICTS_BY_TESTS)]
        for label, counts in counted.items()
        for judged in ("passed", "failed")
        if any(counts[judged, tested] for tested in VERDICTS_BY_TESTS)
    ]


def worded_agreement(counted: Mapping[str, Agreement]) -> str:
    """Say how often both are of one mind where the tests say something; "" without such rows."""
    every = sum(counted.values(), Counter[tuple[str, str]]())
    told = {pair: count for pair, count in every.items() if pair[1] in _TOLD}
    total, same = sum(told.values()), sum(n for (j, t), n in told.items() if _TOLD[t] == j)
    if not total:
        return ""
    return (
        f"They agree on {same:,} of {total:,} rows ({same / total:.1%}): the judges passed what is "
        "verified, or failed what is contradicted. Rows that tests tell nothing of are left out."
    )


def _counts(value: Any) -> dict[str, int]:
    return {str(name): _whole(each) for name, each in _of(value).items()}


def _total(counts: Any) -> int | None:
    return sum(_counts(counts).values()) if isinstance(counts, dict) else None


def _whole(value: Any) -> int:
    return value if isinstance(value, int) else 0
