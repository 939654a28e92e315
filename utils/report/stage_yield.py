"""How many samples each stage kept and what a kept one cost, by model, style and kind of edit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any

from utils.errors import PipelineError
from utils.generation.model_map import Prices, load_model
from utils.report.figure_kinds import Bars
from utils.report.room_views import HISTORY_KINDS, SYNTHESIS_KINDS
from utils.report.row_views import EDIT_KINDS
from utils.report.survey import FileSurvey

if TYPE_CHECKING:
    from pandas import DataFrame

DIMENSIONS = ["model", "style", "edit_kind"]
EVERYTHING = "all"


@dataclass
class Step:
    """One stage of the production: files of one kind whose rows come from different models."""

    kind: str
    files: list[FileSurvey] = field(default_factory=list)
    models: set[str] = field(default_factory=set)

    @property
    def name(self) -> str:
        """The file's label, or how many files of which stage stand together."""
        return self.files[0].label if len(self.files) == 1 else f"{len(self.files)} × {self.kind}"


def find_steps(surveys: Sequence[FileSurvey]) -> list[Step]:
    """Put files side by side that are the same stage's output for different models."""
    steps: list[Step] = []
    for survey in surveys:
        if survey.kind in ("seeds", "rows", *HISTORY_KINDS, *SYNTHESIS_KINDS):
            continue
        models = set(survey.models)
        last = steps[-1] if steps else None
        if last and last.kind == survey.kind and models and not last.models & models:
            last.files.append(survey)
            last.models |= models
        else:
            steps.append(Step(survey.kind, [survey], models))
    return steps


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
    """Tabulate the steps' counts, the share each kept of the stage before it, and the costs.

    None unless two steps are there to compare. A cost falls on the groups of the last step's edits
    alone; a reply that serves several styles costs each an equal part.
    """
    steps = find_steps(surveys)
    if len(steps) < 2:
        return None
    groups, spent = _groups(steps), _spending(surveys, prices)
    by_style = _by_style(spent, groups[groups.step == len(steps) - 1])
    tables = {}
    for by in (EVERYTHING, *DIMENSIONS):
        counts = _counts(groups, by, len(steps))
        costs = (by_style if by == "style" else spent).groupby(by)[["tokens", "cost"]]
        tables[by] = _table_rows(counts, costs.sum(min_count=1).reindex(counts.index), steps)
    return {
        "steps": [{"name": step.name, "kind": step.kind} for step in steps],
        "tables": {name: rows for name, rows in tables.items() if rows},
        "unpriced": sorted(spent.model[spent.cost.isna()].unique()),
        "spent": not spent.empty,
    }


def _groups(steps: Sequence[Step]) -> DataFrame:
    """List how many rows of which model, style and kind of edit each step has."""
    from pandas import DataFrame

    found = [
        (number, EVERYTHING, *group, count)
        for number, step in enumerate(steps)
        for survey in step.files
        for group, count in survey.groups.items()
    ]
    return DataFrame(found, columns=["step", EVERYTHING, *DIMENSIONS, "rows"])


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


def _counts(groups: DataFrame, by: str, steps: int) -> DataFrame:
    """Count the rows of each step by name, the most frequent names first; what isn't named is not.

    NaN where a step has none.
    """
    table = groups.pivot_table(index=by, columns="step", values="rows", aggfunc="sum")
    named = table.reindex(columns=range(steps))[table.index != ""]
    return named.loc[named.max(axis=1).sort_values(ascending=False, kind="stable").index]


def _table_rows(counts: DataFrame, costs: DataFrame, steps: Sequence[Step]) -> list[dict[str, Any]]:
    shares = counts.astype(float)
    for number, step in enumerate(steps):
        # The nearest step of an earlier stage that has any.
        before = [n for n in range(number) if steps[n].kind != step.kind]
        last = counts[before].ffill(axis=1).iloc[:, -1] if before else float("nan")
        shares[number] = counts[number] / last
    is_edits = steps[-1].kind in EDIT_KINDS
    kept = counts[len(steps) - 1] if is_edits else counts[len(steps) - 1] * float("nan")
    tokens = costs.tokens.where(costs.tokens > 0)
    return [
        {
            "name": name,
            "counts": [None if isnan(count) else int(count) for count in counts.loc[name]],
            "shares": [_known(share) for share in shares.loc[name]],
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
    labels = [f"{step['kind']}: {step['name']}" for step in tables["steps"]]
    note = "Rows after each step; a triplet can give one row for each style of instruction."
    return Bars("yield", "What is left", note, labels, {"rows": everything["counts"]})
