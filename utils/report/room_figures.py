"""The report's figures of the rooms' rows.

Of coding histories: what samples hold, how long their histories are. Of synthesised rows: how
models' votes, lineages and preference pairs came out.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeGuard

from utils.jsonl import Row
from utils.report.figure_kinds import Bars, shares
from utils.report.room_views import SAMPLE_PARTS, SYNTHESIS_KINDS
from utils.report.survey import FileSurvey, read_file

# Longer histories are counted together.
LONGEST = 10
MOST_NAMES = 12
BINS, TOP_LABELS = 10, 20


def history_figures(surveys: Sequence[FileSurvey]) -> list[Bars | None]:
    """Draw what the report shows of samples and of the versions they are made from."""
    samples = [survey for survey in surveys if survey.kind == "samples"]
    versions = [survey for survey in surveys if survey.kind == "versions"]
    return [
        sample_parts(samples),
        lengths(
            samples,
            "history_lengths",
            "Length of the history",
            "Versions of the code before the current one.",
        ),
        lengths(
            versions,
            "version_counts",
            "Versions of a row",
            "From the first version to the finished code.",
        ),
        name_shares(
            samples, "data_types", "Sources of the samples", "The data_type of each.", "styles"
        ),
        name_shares(
            samples,
            "models",
            "Models",
            "A sample that several took part in counts for each.",
            "models",
        ),
    ]


def sample_parts(surveys: Sequence[FileSurvey]) -> Bars | None:
    """Draw the share of samples that have a history, words, an area and an edit."""
    labels = [part for part in SAMPLE_PARTS if any(survey.parts[part] for survey in surveys)]
    series = {s.label: shares(s.parts, labels, s.rows) for s in surveys}
    note = "A sample whose next code equals its current one has no edit: nothing was to be done."
    return Bars("sample_parts", "What samples hold", note, labels, series, "%") if labels else None


def lengths(surveys: Sequence[FileSurvey], key: str, title: str, note: str) -> Bars | None:
    """Draw how many versions the rows have."""
    counted = {s.label: _up_to(s.versions, LONGEST) for s in surveys if s.versions}
    if not counted:
        return None
    found = [length for counts in counted.values() for length in counts]
    values = range(min(found), max(found) + 1)
    labels = [f"{n} or more" if n == LONGEST else str(n) for n in values]
    series = {
        name: [_percent(counts[n], counts.total()) for n in values]
        for name, counts in counted.items()
    }
    return Bars(key, title, note, labels, series, "%")


def name_shares(
    surveys: Sequence[FileSurvey], key: str, title: str, note: str, counter: str
) -> Bars | None:
    """Draw the share of each name in a counter of the surveys; None where there is one name."""
    counted = {survey.label: _split_names(getattr(survey, counter)) for survey in surveys}
    pooled = sum(counted.values(), Counter())
    if len(pooled) < 2:
        return None
    ordered = sorted(pooled.items(), key=lambda item: (-item[1], item[0]))[:MOST_NAMES]
    labels = [name for name, _ in ordered]
    rows = {s.label: s.rows for s in surveys}
    series = {name: shares(counts, labels, rows[name]) for name, counts in counted.items()}
    return Bars(key, title, note, labels, series, "%")


def _split_names(counts: Counter[str]) -> Counter[str]:
    """Count each of several names that stand in one text, as the models of a sample do."""
    found: Counter[str] = Counter()
    for joined, count in counts.items():
        found.update(dict.fromkeys(joined.split(", "), count))
    return found


def _up_to(counts: Counter[int], longest: int) -> Counter[int]:
    found: Counter[int] = Counter()
    for length, count in counts.items():
        found[min(length, longest)] += count
    return found


def _percent(count: int, total: int) -> float:
    return round(100 * count / total, 1)


def synthesis_figures(surveys: Sequence[FileSurvey]) -> list[Bars]:
    """Draw what each synthesised file tells beyond its texts; its rows are read once more."""
    return [
        figure
        for survey in surveys
        if survey.kind in SYNTHESIS_KINDS
        for figure in _FIGURES[survey.kind](survey, read_file(survey.path))
        if figure is not None
    ]


def _pairs(survey: FileSurvey, rows: Iterable[Row]) -> Iterator[Bars | None]:
    margins, chosen, rejected = [], Counter[str](), Counter[str]()
    for row in rows:
        if _is_number(row.get("margin")):
            margins.append(float(row["margin"]))
        chosen.update(_named(row.get("chosen_model")))
        rejected.update(_named(row.get("rejected_model")))
    label = survey.label
    note = "By how much the chosen answer's score is above the rejected one's."
    yield _spread(f"margins_{label}", f"Margins of the pairs of {label}", note, margins)
    models = sorted({*chosen, *rejected}, key=lambda name: (-chosen[name], name))
    series = {
        "chosen": [chosen[name] for name in models],
        "rejected": [rejected[name] for name in models],
    }
    title = f"Whose answers are chosen in {label}"
    yield Bars(f"chosen_{label}", title, _orders(survey), models, series) if models else None


def _orders(survey: FileSurvey) -> str:
    """Say how often the judge's verdict hung on the order of the answers."""
    summed = survey.summary.get("preferences")
    orders = summed.get("orders") if isinstance(summed, dict) else None
    share = orders.get("order_dependent_share") if isinstance(orders, dict) else None
    if not _is_number(share):
        return "Pairs by the models whose answers they hold."
    return (
        f"Pairs by model. {share:.1%} of the verdicts hung on the order of the answers "
        "and count as ties."
    )


def _lineages(survey: FileSurvey, rows: Iterable[Row]) -> Iterator[Bars | None]:
    evolved, gone = Counter[str](), Counter[str]()
    difficulties: dict[int, list[float]] = defaultdict(list)
    for row in rows:
        for step in _dicts(row.get("lineage")):
            kind, number = str(step.get("kind")), step.get("round")
            gone[kind] += len(_dicts(step.get("eliminated")))
            evolved[kind] += bool(step.get("query")) and bool(number)
            if _is_number(step.get("difficulty")) and isinstance(number, int):
                difficulties[number].append(float(step["difficulty"]))
    label = survey.label
    kinds = sorted(
        (kind for kind in {*evolved, *gone} if evolved[kind] + gone[kind]),
        key=lambda kind: (-evolved[kind], kind),
    )
    if kinds:
        series = {
            "evolved": [evolved[kind] for kind in kinds],
            "eliminated": [gone[kind] for kind in kinds],
        }
        named = [kind.replace("_", " ") for kind in kinds]
        note = "Queries that held and answers that were eliminated, by kind of evolution."
        yield Bars(f"evolved_{label}", f"Evolutions of {label}", note, named, series, "queries")
    if difficulties:
        rounds = sorted(difficulties)
        means = [round(sum(difficulties[n]) / len(difficulties[n]), 2) for n in rounds]
        names = ["original" if n == 0 else f"round {n}" for n in rounds]
        note = "Mean of the scores from 1 to 10 that the model gave."
        title = f"Difficulty of {label}"
        yield Bars(f"difficulty_{label}", title, note, names, {"": means}, "mean score")


def _votes(survey: FileSurvey, rows: Iterable[Row]) -> Iterator[Bars | None]:
    agreed, won = Counter[str](), Counter[str]()
    for row in rows:
        outcome = row.get("label_vote")
        if not isinstance(outcome, dict) or not isinstance(outcome.get("counts"), dict):
            continue
        most = max((n for n in outcome["counts"].values() if isinstance(n, int)), default=0)
        agreed[f"{most} of {outcome.get('voted', '?')}"] += 1
        label = outcome.get("label")
        won.update(map(str, label if isinstance(label, list) else [label]))
    label = survey.label
    note = f"Rows by the votes that their most frequent label got.{_kappa(survey)}"
    yield _counted(f"agreement_{label}", f"Agreement on {label}", note, agreed)
    note = "Rows by the label that the vote gave them."
    yield _counted(f"labels_won_{label}", f"Labels of {label}", note, won)


def _kappa(survey: FileSurvey) -> str:
    agreement = survey.summary.get("agreement")
    kappa = agreement.get("fleiss_kappa") if isinstance(agreement, dict) else None
    return f" Fleiss' kappa {kappa:.3f}." if _is_number(kappa) else ""


def _counted(key: str, title: str, note: str, counts: Counter[str]) -> Bars | None:
    names = sorted(counts, key=lambda name: (-counts[name], name))[:TOP_LABELS]
    series = {"": [counts[name] for name in names]}
    return Bars(key, title, note, names, series) if names else None


def _candidates(survey: FileSurvey, rows: Iterable[Row]) -> Iterator[Bars | None]:
    counts = Counter(
        len({" ".join(str(c.get("text")).split()) for c in _dicts(row["candidates"])})
        for row in rows
    )
    numbers = sorted(counts)
    series = {"": [counts[number] for number in numbers]}
    title = f"Different answers a row of {survey.label}"
    note = "Rows by how many of their candidates differ; a pair needs two."
    yield Bars(f"candidates_{survey.label}", title, note, list(map(str, numbers)), series)


def _spread(key: str, title: str, note: str, values: list[float]) -> Bars | None:
    """Count numbers into bins of equal width."""
    if not values:
        return None
    low, high = min(values), max(values)
    width = (high - low) / BINS or 1.0
    counts = [0] * (BINS if high > low else 1)
    for value in values:
        counts[min(len(counts) - 1, int((value - low) / width))] += 1
    ends = [low + width * number for number in range(len(counts) + 1)]
    labels = [f"{a:.3g} to {b:.3g}" for a, b in zip(ends, ends[1:], strict=False)]
    if high == low:
        labels = [f"{low:.3g}"]
    return Bars(key, title, note, labels, {"": counts})


def _dicts(value: Any) -> list[Row]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _named(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else []


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


_FIGURES = {
    "pairs": _pairs,
    "lineages": _lineages,
    "votes": _votes,
    "candidates": _candidates,
}
