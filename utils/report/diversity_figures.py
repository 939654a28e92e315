"""Measures of diversity as a table, a row a measure and a column a file, and as figures.

Those of a MinHash filter and of a k-center selection stand in the `.summary.json` beside a file;
the measures are computed on demand, or read from what `evaluate_diversity` wrote, and shown as one
table, a row a measure and a column a file, and as bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.errors import PipelineError
from utils.jsonl import read_json
from utils.report.figure_kinds import Bars
from utils.report.survey import FileSurvey
from utils.similarity.diversity_measures import DiversitySettings, measure_files, read_file_texts

if TYPE_CHECKING:
    from pandas import DataFrame

Measured = Sequence[dict[str, Any]]
TOP_ENTITIES = 15
SHOWN_TEXT = 90


@dataclass(frozen=True)
class MeasureLine:
    """One measure of all files: numbers, None where a file has none, and texts to show."""

    key: str
    name: str
    values: list[float | None]
    shown: list[str]
    # Whether a larger value means more diversity.
    is_plotted: bool = False


def table_lines(measured: Measured) -> list[MeasureLine]:
    """List the measures that at least one file has."""
    compared = next((m["vendi_of_samples"] for m in measured if m["vendi_of_samples"]), None)
    ngrams = measured[0]["distinct"]["2"]["compared_ngrams"]
    lines = [
        _line(measured, "rows", "rows", ["rows"]),
        _line(measured, "rows_measured", "rows measured", ["rows_measured"]),
        _vendi_line(measured, "vendi", "Vendi score"),
        _line(measured, "vendi_share", "Vendi score / rows", ["vendi", "share_of_rows"]),
    ]
    if compared:
        name = f"Vendi score of {compared['size']:,} rows"
        lines.append(_vendi_line(measured, "vendi_of_samples", name))
    lines.append(
        _line(measured, "mean_similarity", "mean similarity", ["mean_similarity"], plotted=True)
    )
    for size in measured[0]["distinct"]:
        path = ["distinct", size, "distinct_share"]
        lines.append(_line(measured, f"distinct_{size}", f"distinct-{size}", path))
    if len(measured) > 1:
        path, name = ["distinct", "2", "compared_share"], f"distinct-2 of {ngrams:,} n-grams"
        lines.append(_line(measured, "distinct_2_compared", name, path, plotted=True))
    for what in ("entities", "labels"):
        lines += [
            _line(measured, f"{what}_total", what, [what, "total"]),
            _line(measured, f"{what}_kinds", f"different {what}", [what, "kinds"]),
            _line(measured, f"{what}_entropy", f"entropy of {what}", [what, "entropy"], True),
            _line(measured, f"{what}_evenness", f"evenness of {what}", [what, "evenness"]),
            _line(measured, f"{what}_simpson", f"Simpson of {what}", [what, "simpson"], True),
        ]
    return [line for line in lines if any(value is not None for value in line.values)]


def _line(
    measured: Measured, key: str, name: str, path: list[str], plotted: bool = False
) -> MeasureLine:
    values = [_at(each, path) for each in measured]
    return MeasureLine(key, name, values, [_shown(value) for value in values], plotted)


def _vendi_line(measured: Measured, key: str, name: str) -> MeasureLine:
    """Show a score with what it may miss: the bounds of an estimate, or a confidence interval."""
    values = [_at(each, [key, "score"]) for each in measured]
    shown = []
    for each, value in zip(measured, values, strict=True):
        found = each[key] or {}
        is_exact = value is None or found["low"] == found["high"]
        bounds = "" if is_exact else f" ({found['low']:,.1f} to {found['high']:,.1f})"
        shown.append("–" if value is None else f"{value:,.1f}{bounds}")
    return MeasureLine(key, name, values, shown, True)


def _at(found: Any, path: list[str]) -> float | None:
    for name in path:
        found = found[name] if found is not None else None
    number: float | None = found
    return number


def _shown(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:.4f}"


def as_text(measured: Measured) -> str:
    """Lay the table out for a terminal."""
    table = _shown_table(measured)
    # pandas sets a single blank before a name that is wider than all below it.
    wide = table.to_string(header=[f" {name}" for name in table])
    head, *lines = (line.rstrip() for line in wide.split("\n"))
    return "\n".join([head, "-" * max(map(len, [head, *lines])), *lines, ""])


def as_markdown(measured: Measured) -> str:
    """Write the table of measures as Markdown, its notes below it."""
    table = _shown_table(measured)
    head, *rows = [["", *table], *map(list, table.itertuples())]
    rule = ["---", *["---:"] * len(measured)]
    cells = [[cell.replace("|", "\\|") for cell in row] for row in (head, rule, *rows)]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    return "\n".join([*lines, "", *(f"{note}." for note in notes(measured)), ""])


def as_csv(measured: Measured) -> str:
    """Write the numbers themselves, in full; an empty cell where a file has none."""
    lines = table_lines(measured)
    table = _table([line.key for line in lines], [line.values for line in lines], measured)
    table = table.rename(columns=_no_formula, index=_no_formula)
    return str(table.to_csv(index_label="measure", lineterminator="\n"))


def _no_formula(cell: Any) -> Any:
    """Mark a text that a spreadsheet would take for a formula as a text; numbers stay numbers."""
    is_formula = isinstance(cell, str) and cell.lstrip(" ").startswith(tuple("=+-@\t\r\n"))
    return f"'{cell}" if is_formula else cell


def _shown_table(measured: Measured) -> DataFrame:
    lines = table_lines(measured)
    return _table([line.name for line in lines], [line.shown for line in lines], measured)


def _table(names: list[str], rows: list[Any], measured: Measured) -> DataFrame:
    """Put the measures into a table, a row a measure and a column a file."""
    from pandas import DataFrame

    return DataFrame(rows, names, [each["file"] for each in measured], dtype=object)


def notes(measured: Measured) -> list[str]:
    """Say what the numbers rest on: samples, estimates, and how entities are found."""
    said = [
        f"{each['file']}: rows measured: {each['sample']}; field '{each['field']}'"
        for each in measured
    ]
    methods = {each["vendi"]["method"]: None for each in measured}
    compared = next((m["vendi_of_samples"] for m in measured if m["vendi_of_samples"]), None)
    said.append(f"Vendi score: {'; '.join(methods)}; embeddings: {measured[0]['embeddings']}")
    if len(measured) > 1 and measured[0]["embeddings"] == "tfidf":
        said.append("TF-IDF is fitted to all files together, so each score hangs on the others")
    if compared:
        said.append(
            f"Vendi score of {compared['size']:,} rows: mean of samples of that size, with the 95% "
            "confidence interval, to compare files of different sizes"
        )
    said.append(f"entities: {measured[0]['entities']['method']}; entropies in nats")
    return said


def panels(measured: Measured) -> list[Bars]:
    """Draw the measures that tell most, a panel each and a bar a file."""
    files = [each["file"] for each in measured]
    return [
        Bars(line.key, line.name, "", files, {"": line.values}, "")
        for line in table_lines(measured)
        if line.is_plotted
    ]


def measure_surveys(
    surveys: Sequence[FileSurvey], settings: DiversitySettings
) -> list[dict[str, Any]]:
    """Measure the files under review."""
    texts = [read_file_texts(str(survey.path), survey.label, settings) for survey in surveys]
    return measure_files(texts, settings)


def load_measures(path: str | Path) -> list[dict[str, Any]]:
    """Read the measures that `evaluate_diversity` wrote as JSON."""
    measured = read_json(path, "write it again")
    needed = {"file", "vendi", "distinct", "entities", "labels", "vendi_of_samples"}
    is_measured = isinstance(measured, list) and all(
        isinstance(each, dict) and needed <= each.keys() for each in measured
    )
    if not measured or not is_measured:
        raise PipelineError(
            f"{path}: holds no measures; name the diversity.json that evaluate_diversity writes"
        )
    return list(measured)


def diversity_table(measured: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """Give the table of the measures for the page."""
    if not measured:
        return None
    return {
        "files": [each["file"] for each in measured],
        "rows": [[line.name, *line.shown] for line in table_lines(measured)],
        "note": ". ".join(notes(measured)) + ".",
    }


def diversity_figures(
    surveys: Sequence[FileSurvey], measured: Sequence[dict[str, Any]]
) -> list[Bars]:
    """Draw the measures and the most frequent entities, then what the selections left behind."""
    found = [*_measured_figures(measured)]
    for survey in surveys:
        if isinstance(clusters := survey.summary.get("minhash"), dict):
            found.append(cluster_sizes(survey.label, clusters))
            found.append(largest_clusters(survey.label, clusters))
        if isinstance(centers := survey.summary.get("k_center"), dict):
            found.append(distances_left(survey.label, centers))
    return [figure for figure in found if figure.labels]


def _measured_figures(measured: Sequence[dict[str, Any]]) -> list[Bars]:
    if not measured:
        return []
    drawn = panels(measured) if len(measured) > 1 else []
    figures = [
        replace(panel, key=f"diversity_{panel.key}", title=panel.title[0].upper() + panel.title[1:])
        for panel in drawn
    ]
    for each in measured:
        for what in ("entities", "labels"):
            if each[what]:
                figures.append(_most_frequent(each["file"], what, each[what]))
    return figures


def _most_frequent(name: str, what: str, found: dict[str, Any]) -> Bars:
    top = found["top"][:TOP_ENTITIES]
    return Bars(
        f"{what}_{name}",
        f"Most frequent {what} of {name}",
        f"{found['kinds']:,} different ones, {found['total']:,} in all; "
        f"entropy {found['entropy']:.3f} nats, Simpson's index {found['simpson']:.4f}.",
        [str(label) for label, _ in top],
        {"": [count for _, count in top]},
        "times",
    )


def cluster_sizes(label: str, found: dict[str, Any]) -> Bars:
    """Draw how many clusters of near duplicates there are of each size."""
    sizes = found.get("cluster_sizes", {})
    return Bars(
        f"minhash_{label}",
        f"Clusters of near duplicates in {label}",
        f"Jaccard similarity of {found.get('threshold')} or more by {found.get('unit')} "
        f"{found.get('ngram')}-grams of '{found.get('field')}'; the first row of each was kept, "
        f"{found.get('near_duplicates', 0):,} were not.",
        [f"{size} rows" for size in sizes],
        {"": list(sizes.values())},
        "clusters",
    )


def largest_clusters(label: str, found: dict[str, Any]) -> Bars:
    """Draw the largest clusters, with the beginning of the text that was kept."""
    largest = found.get("largest", [])
    return Bars(
        f"minhash_largest_{label}",
        f"Largest clusters in {label}",
        "The kept row, counted from 1 in the filter's input, and how its text begins.",
        [f"row {each['kept_row']}" for each in largest],
        {"": [each["size"] for each in largest]},
        "rows",
        [" ".join(each["text"].split())[:SHOWN_TEXT] for each in largest],
    )


def distances_left(label: str, found: dict[str, Any]) -> Bars:
    """Draw how far the rows that a k-center selection left are from the nearest chosen one."""
    distances = found.get("distances", {})
    edges, rows = distances.get("edges", []), distances.get("rows", [])
    bins = [
        (f"{low:.1f} to {high:.1f}", count)
        for low, high, count in zip(edges, edges[1:], rows, strict=False)
        if count
    ]
    return Bars(
        f"k_center_{label}",
        f"Rows left out of {label}",
        f"Distance to the nearest of the {found.get('chosen', 0):,} rows chosen; the farthest, the "
        f"radius, is {found.get('radius', 0):.3f}, a cosine of "
        f"{found.get('lowest_cosine_to_a_chosen_row', 0):.3f}. Embeddings: "
        f"{found.get('embeddings')} of '{found.get('field')}'.",
        [name for name, _ in bins],
        {"": [count for _, count in bins]},
    )
