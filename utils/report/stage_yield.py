"""How many rows each file kept of those it was made of, and what a kept one cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.errors import PipelineError
from utils.generation.model_map import Prices, load_model
from utils.report.figure_kinds import Bars
from utils.report.stage_graph import Step, final_steps, find_steps
from utils.report.survey import FileSurvey, YieldGroup

if TYPE_CHECKING:
    from pandas import DataFrame, Series
    from pandas.core.groupby import DataFrameGroupBy

DIMENSIONS = ["model", "style", "edit_kind"]
EVERYTHING = "all"


def load_prices(surveys: Sequence[FileSurvey], path: str | Path | None) -> dict[str, Prices]:
    """Read the prices of the models that answered; those the map doesn't know are left out."""
    if path is None:
        return {}
    prices = {}
    for model in sorted({group[0] for survey in surveys for group in survey.usage}):
        try:
            prices[model] = load_model(path, model).prices
        except PipelineError as error:
            if f"no model '{model}'" not in str(error):
                raise
    return prices


def yield_tables(surveys: Sequence[FileSurvey], prices: dict[str, Prices]) -> dict[str, Any] | None:
    """Tabulate the rows of each file, the share kept of those it was made of, and the costs.

    None unless two files are there to compare. A cost falls on the groups of the final edits
    alone; a reply that serves several styles costs each an equal part.
    """
    steps = find_steps(surveys)
    if len(steps) < 2:
        return None
    final = final_steps(steps)
    spent = _spending(surveys, prices)
    by_style = _by_style(spent, _groups(final))
    tables = {}
    for by in (EVERYTHING, *DIMENSIONS):
        counts = _by_step([rows_by(step.survey, by) for step in steps])
        bases = _by_step([rows_it_came_from(step, by) for step in steps])
        kept = _by_step([rows_by(step.survey, by) for step in final if step.survey.is_edits])
        costs = (by_style if by == "style" else spent).groupby(by)[["tokens", "cost"]]
        tables[by] = _table_rows(counts, bases, kept.sum(axis=1, min_count=1), costs)
    return {
        "steps": [_step_data(step) for step in steps],
        "final": [step.name for step in final],
        "tables": {name: rows for name, rows in tables.items() if rows},
        "unpriced": sorted(spent.model[spent.cost.isna()].unique()),
        "spent": not spent.empty,
    }


def _step_data(step: Step) -> dict[str, Any]:
    return {
        "name": step.name,
        "kind": step.kind,
        "of": [source.label for source in step.sources],
        "consulted": [source.label for source in step.consulted],
        "assumed": step.is_assumed and bool(step.sources),
        "askings": _askings(step.survey, EVERYTHING, ""),
    }


def rows_by(survey: FileSurvey, by: str) -> Counter[str]:
    """Count a file's rows by one of their traits; a triplet counts for each style it has."""
    by_style = by == "style" and survey.kind == "triplets"
    return _counted(survey.style_groups if by_style else survey.groups, by)


def rows_it_came_from(step: Step, by: str) -> Counter[str]:
    """Count what a file's rows could have come from, in the unit of that file.

    A row with one instruction comes of one of a triplet's styles, a reply of one asking of its
    prompt. Where the sources don't tell a trait apart, all their rows stand for each value of it,
    unless the file's values share them in a way that is not known.
    """
    own = step.survey
    values = [name for name in rows_by(own, by) if name]
    is_shared = by not in ("style", "model") or (by == "model" and own.kind != "replies")
    total: Counter[str] = Counter()
    for source in step.sources:
        groups = source.groups
        if source.kind == "triplets" and own.kind != "triplets" and own.styles:
            styles = _styles_taken(own, source)
            groups = Counter({g: n for g, n in source.style_groups.items() if g[1] in styles})
        counts = _counted(groups, by)
        if not any(counts) and (len(values) == 1 or not is_shared):
            counts = Counter(dict.fromkeys(values, groups.total()))
        total += counts
    return Counter({name: count * _askings(own, by, name) for name, count in total.items()})


def _styles_taken(own: FileSurvey, source: FileSurvey) -> set[str]:
    """Tell which styles a mix was to take of a file: those its summary lists, else all it has."""
    entries = own.summary.get("entries")
    taken = {
        str(entry.get("instr_type")).rpartition("_")[2]
        for entry in (entries if isinstance(entries, list) else [])
        if isinstance(entry, dict) and Path(str(entry.get("input_file"))).name == source.path.name
    }
    return taken or set(own.styles)


def _askings(survey: FileSurvey, by: str, name: str) -> int:
    """Say how many replies to each prompt a file of replies holds; 1 for other files."""
    found = [model for model, _ in survey.askings if by != "model" or model == name]
    return max(1, len(found))


def _counted(groups: Counter[YieldGroup], by: str) -> Counter[str]:
    counts: Counter[str] = Counter()
    for group, count in groups.items():
        counts[EVERYTHING if by == EVERYTHING else group[DIMENSIONS.index(by)]] += count
    return counts


def _by_step(counted: Sequence[Counter[str]]) -> DataFrame:
    """Lay counts out, a row a name and a column a step; NaN where a step has none."""
    from pandas import DataFrame

    table = DataFrame({number: dict(counts) for number, counts in enumerate(counted)}, dtype=float)
    named = table[table.index != ""]
    return named.loc[named.max(axis=1).sort_values(ascending=False, kind="stable").index]


def _groups(steps: Sequence[Step]) -> DataFrame:
    """List how many rows of which model, style and kind of edit these files have."""
    from pandas import DataFrame

    found = [(*group, count) for step in steps for group, count in step.survey.groups.items()]
    return DataFrame(found, columns=[*DIMENSIONS, "rows"])


def _spending(surveys: Sequence[FileSurvey], prices: dict[str, Prices]) -> DataFrame:
    """List the tokens that each model wrote for each kind of edit, and what they cost if known."""
    from pandas import DataFrame

    found = []
    for survey in surveys:
        for (model, _, kind), usage in survey.usage.items():
            used = usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens
            cost = prices[model].cost(*used) if model in prices else None
            found.append((EVERYTHING, model, kind, usage.completion_tokens, cost))
    table = DataFrame(found, columns=[EVERYTHING, "model", "edit_kind", "tokens", "cost"])
    return table.astype({"tokens": float, "cost": float})


def _by_style(spent: DataFrame, last: DataFrame) -> DataFrame:
    """Part what a model spent equally among the styles that it has in the last step."""
    styles = last[["model", "style"]].drop_duplicates()
    parts = spent.merge(styles.groupby("model").agg(parts=("style", "size")), on="model")
    shared = parts.assign(tokens=parts.tokens / parts.parts, cost=parts.cost / parts.parts)
    return shared.merge(styles, on="model")


def _table_rows(
    counts: DataFrame, bases: DataFrame, kept: Series, groups: DataFrameGroupBy
) -> list[dict[str, Any]]:
    costs = groups.sum(min_count=1).reindex(counts.index)
    bases = bases.reindex(counts.index, columns=counts.columns)
    shares = counts / bases.where(bases > 0)
    kept = kept.reindex(counts.index)
    tokens = costs.tokens.where(costs.tokens > 0)
    return [
        {
            "name": name,
            "counts": [_known(count, int) for count in counts.loc[name]],
            "bases": [_known(base, int) for base in bases.loc[name]],
            "shares": [_known(share) for share in shares.loc[name]],
            "kept": _known(kept[name], int),
            "cost": _known(costs.cost[name]),
            "cost_per_kept": _known(costs.cost[name] / kept[name]),
            "tokens_per_kept": _known(round(tokens[name] / kept[name], 0), int),
        }
        for name in counts.index
    ]


def _known(number: float, kind: type[float] = float) -> float | None:
    return None if isnan(number) else kind(number)


def yield_figure(tables: dict[str, Any] | None) -> Bars | None:
    """Draw how many rows are left after each step."""
    if tables is None:
        return None
    [everything] = tables["tables"][EVERYTHING]
    labels = [step["name"] for step in tables["steps"]]
    kinds = [step["kind"] for step in tables["steps"]]
    note = "Rows of each file; a triplet can give one row for each style of instruction."
    return Bars(
        "yield", "What is left", note, labels, {"rows": everything["counts"]}, details=kinds
    )
