"""The figures of the report, each made from what the surveys found; no drawing here.

On the map, samples with similar words lie close together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from utils.report.edit_facts import PARTS, SHAPES, EditFigures, sample_note
from utils.report.figure_kinds import Bars, Histogram, Scatter, Sunburst, histogram, shares
from utils.report.row_views import RowView
from utils.report.survey import WHOLE, FileSurvey
from utils.sampling import derive_seed
from utils.similarity.instruction_verbs import (
    VerbObject,
    count_by_verb,
    find_verb_objects,
    verb_method,
)
from utils.token_counts import ESTIMATE_METHOD as TOKEN_METHOD

MAP_METHOD = "TF-IDF of the words and name parts, 50 singular vectors, t-SNE"
# The parts of snake_case and camelCase names are words too.
WORD_PART = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]{2,}"
VECTORS = 50
DIMENSIONS = 2  # of a map
PERPLEXITY = 30
FEWEST = 10
TOP_VERBS, TOP_NOUNS, TOP_TOPICS, TOP_REASONS = 20, 4, 30, 20
MAP_POINTS, MAP_GROUPS = 1200, 20
SHOWN_WORDS, LEGEND_WORDS = 90, 2


def place_on_map(texts: Sequence[str], seed: int) -> np.ndarray | None:
    """Place texts on the unit square, an array (n, 2); None for texts too few or without words.

    Runs in one thread: sums in another order would move the points from run to run.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if len(texts) < FEWEST:
        return None
    vectoriser = TfidfVectorizer(
        token_pattern=WORD_PART, sublinear_tf=True, min_df=2, max_df=0.5, max_features=20_000
    )
    try:
        words = vectoriser.fit_transform(texts)
    except ValueError:  # no word stands in two texts
        return None
    if words.shape[1] < DIMENSIONS:
        return None
    state = derive_seed(seed, "map") % 2**32
    with threadpool_limits(1):
        vectors = words.toarray()
        if min(words.shape) > VECTORS:
            vectors = TruncatedSVD(VECTORS, random_state=state).fit_transform(words)
        perplexity = min(PERPLEXITY, (len(texts) - 1) / 3)
        points = TSNE(
            DIMENSIONS, perplexity=perplexity, init="pca", random_state=state, n_jobs=1
        ).fit_transform(vectors)
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - low) / np.maximum(high - low, 1e-9)


@dataclass(frozen=True)
class FigureLimits:
    """What the histograms draw as limits."""

    cutoff_len: int = 2048
    max_modify_lines: int = 70
    max_hunk_num: int = 7


def reject_reasons(surveys: Sequence[FileSurvey]) -> Bars | None:
    """Count the rejected rows of each file by reason, from the summaries."""
    counted = {
        survey.label: Counter(survey.summary["reject_reasons"])
        for survey in surveys
        if survey.summary.get("reject_reasons")
    }
    if not counted:
        return None
    top = [reason for reason, _ in sum(counted.values(), Counter()).most_common(TOP_REASONS)]
    return Bars(
        "reject_reasons",
        "Rejected rows by reason",
        "What the stages put aside, from the .summary.json beside each file.",
        [reason.replace("_", " ") for reason in top],
        {label: [counts.get(reason) for reason in top] for label, counts in counted.items()},
    )


def token_lengths(surveys: Sequence[FileSurvey], limits: FigureLimits) -> Histogram | None:
    """Draw the length of whole examples against the trainer's cutoff."""
    values = {s.label: list(s.lengths[WHOLE]) for s in surveys if s.is_edits}
    return _histogram(
        ("tokens", "Tokens of a whole example"),
        f"Code before, the longer instruction, code after. Estimated: {TOKEN_METHOD}.",
        values,
        "tokens",
        ("cutoff_len", limits.cutoff_len),
    )


def edit_sizes(
    surveys: Sequence[FileSurvey], edits: dict[str, EditFigures], limits: FigureLimits
) -> list[Histogram | None]:
    """Draw modified lines and hunks against the filter's limits."""
    exact = all(found.sizes_of_all for found in edits.values())
    note = "As the filter counted them." if exact else sample_note(surveys)
    lines = {label: found.modified_lines for label, found in edits.items()}
    hunks = {label: found.hunks for label, found in edits.items()}
    return [
        _histogram(
            ("modified_lines", "Modified lines"),
            f"A replaced block counts its longer side. {note}",
            lines,
            "lines",
            ("limit", limits.max_modify_lines),
        ),
        _histogram(
            ("hunks", "Hunks"),
            f"As in diff -u, with three lines of context. {note}",
            hunks,
            "hunks",
            ("limit", limits.max_hunk_num),
        ),
    ]


def _histogram(
    names: tuple[str, str],
    note: str,
    values: dict[str, list[int]],
    unit: str,
    limit: tuple[str, int],
) -> Histogram | None:
    filled = {label: numbers for label, numbers in values.items() if numbers}
    return histogram(*names, note, filled, unit, limit) if filled else None


def edit_natures(surveys: Sequence[FileSurvey], edits: dict[str, EditFigures]) -> list[Bars]:
    """Draw how the lines changed and which parts of the programs did."""
    found = {label: figures for label, figures in edits.items() if figures.edits}
    if not found:
        return []
    shapes = {name: shares(f.shapes, list(SHAPES), f.edits) for name, f in found.items()}
    parts = [part for part in PARTS if any(f.parts[part] for f in found.values())]
    note = sample_note(surveys)
    return [
        Bars("edit_shape", "How lines change", note, list(SHAPES), shapes, "%"),
        Bars(
            "edit_parts",
            "What changes in the program",
            f"From the syntax trees; an edit may change several parts. {note}",
            parts,
            {name: shares(f.parts, parts, f.edits) for name, f in found.items()},
            "%",
        ),
    ]


def edit_kinds(surveys: Sequence[FileSurvey]) -> Bars | None:
    """Draw the share of each kind of edit that the prompts asked for."""
    counted = {s.label: s.edit_kinds for s in surveys if s.edit_kinds}
    pooled = sum(counted.values(), Counter())
    labels = [kind for kind, _ in sorted(pooled.items(), key=lambda item: (-item[1], item[0]))]
    series = {name: shares(kinds, labels, kinds.total()) for name, kinds in counted.items()}
    note = "The edit_kind of the prompt a row came from."
    return (
        Bars("edit_kinds", "Kinds of edit asked for", note, labels, series, "%") if labels else None
    )


def topic_bars(survey: FileSurvey) -> Bars | None:
    """Draw the topics before and after levelling, with their words."""
    table = sorted(
        topic_table(survey), key=lambda row: (-row.get("before", row.get("after", 0)), row["topic"])
    )
    if not table:
        return None
    top, rest = table[:TOP_TOPICS], table[TOP_TOPICS:]
    labels = [topic_name(row["topic"]) for row in top]
    details = [", ".join(row.get("words", [])) for row in top]
    if rest:
        labels.append(f"{len(rest)} smaller topics")
        details.append("")
    series: dict[str, list[float]] = {}
    for name in ("before", "after"):
        if all(name in row for row in table):
            tail = [sum(row[name] for row in rest)] if rest else []
            series[f"{name} filtering"] = [*(row[name] for row in top), *tail]
    return Bars(
        f"topics_{survey.label}",
        f"Topics of {survey.label}",
        "The dominant topic of each row, and the words that weigh most in it.",
        labels,
        series,
        details=details,
        file=survey.label,
    )


def topic_table(survey: FileSurvey) -> list[dict[str, Any]]:
    """Take the topics from the summary beside a file, else count them in its rows."""
    return survey.summary.get("topics") or [
        {"topic": topic, "after": count, "words": []} for topic, count in survey.topics.items()
    ]


def topic_name(topic: int) -> str:
    return "no topic" if topic < 0 else f"topic {topic}"


def sample_map(survey: FileSurvey, seed: int) -> Scatter | None:
    """Place samples by their words and group them by topic, else by edit kind or style."""
    views = [view for view in survey.sample.items() if view.is_edit][:MAP_POINTS]
    texts = [f"{view.code_before}\n{view.instruction}" for view in views]
    places = place_on_map(texts, seed)
    if places is None:
        return None
    by = next((f for f in ("topic", "edit_kind", "style") if any(_group(v, f) for v in views)), "")
    names = [_group(view, by) for view in views]
    groups = [name for name, _ in sorted(Counter(names).items(), key=_by_size_and_number)]
    words = {topic_name(row["topic"]): row.get("words", []) for row in topic_table(survey)}
    named = [", ".join([name, *words.get(name, [])[:LEGEND_WORDS]]) for name in groups]
    shown = [*named[:MAP_GROUPS], *(["others"] if len(groups) > MAP_GROUPS else [])]
    number = {name: min(i, MAP_GROUPS) for i, name in enumerate(groups)}
    points = [
        [round(float(x), 3), round(float(y), 3), number[name], view.identity, _opening(view, name)]
        for (x, y), name, view in zip(places, names, views, strict=True)
    ]
    note = f"{len(points):,} samples by {MAP_METHOD}; colour: {by.replace('_', ' ') or 'none'}."
    title = f"Map of {survey.label}"
    return Scatter(f"map_{survey.label}", title, note, shown, points, file=survey.label)


def _group(view: RowView, by: str) -> str:
    if by == "topic":
        return "" if view.topic is None else topic_name(view.topic)
    return str(getattr(view, by)) if by else ""


def _by_size_and_number(group: tuple[str, int]) -> tuple[int, int, str]:
    name, count = group
    return -count, len(name), name


def _opening(view: RowView, group: str) -> str:
    words = " ".join((view.instruction or "").split())
    return f"{group}: {words[:SHOWN_WORDS]}" if group else words[:SHOWN_WORDS]


def verb_objects(survey: FileSurvey, known: dict[str, VerbObject | None]) -> Sunburst | None:
    """Count the verbs of the instructions and what they are asked to be done to.

    What is `known` of the instructions of other files, which are often the same, is added to.
    """
    texts = [view.instruction for view in survey.sample.items() if view.instruction]
    unread = [text for text in dict.fromkeys(texts) if text not in known]
    known.update(zip(unread, find_verb_objects(unread), strict=True))
    found = [pair for pair in map(known.__getitem__, texts) if pair is not None]
    counts = count_by_verb(found)
    slices = [
        {
            "name": verb,
            "count": nouns.total(),
            "parts": [[noun, count] for noun, count in _top_nouns(nouns)],
        }
        for verb, nouns in list(counts.items())[:TOP_VERBS]
    ]
    if not slices:
        return None
    note = (
        f"The {len(slices)} most frequent of {len(counts)} verbs and their objects; "
        f"{len(found):,} of {len(texts):,} instructions have one. By {verb_method()}."
    )
    title = f"What instructions of {survey.label} ask for"
    key = f"verbs_{survey.label}"
    return Sunburst(key, title, note, slices, len(found), file=survey.label)


def _top_nouns(nouns: Counter[str]) -> list[tuple[str, int]]:
    named = [(noun, count) for noun, count in nouns.items() if noun]
    return sorted(named, key=lambda item: (-item[1], item[0]))[:TOP_NOUNS]
