"""How many samples each stage kept and what a kept one cost, by model, style and kind of edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from utils.errors import PipelineError
from utils.generation.model_map import Prices, load_model
from utils.report.figure_kinds import Bars
from utils.report.room_views import HISTORY_KINDS, SYNTHESIS_KINDS
from utils.report.row_views import EDIT_KINDS
from utils.report.survey import FileSurvey

DIMENSIONS = {"model": 0, "style": 1, "edit_kind": 2}
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

    def counts(self, dimension: str) -> Counter[str]:
        """Count the step's rows by one dimension; what isn't known counts under ""."""
        found: Counter[str] = Counter()
        for survey in self.files:
            for group, count in survey.groups.items():
                name = EVERYTHING if dimension == EVERYTHING else group[DIMENSIONS[dimension]]
                found[name] += count
        return found


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


@dataclass(frozen=True)
class ReplySpending:
    """What the replies used, by (model, kind of edit): tokens written and their cost."""

    tokens: dict[tuple[str, str], int]
    cost: dict[tuple[str, str], float]
    unpriced: list[str]


def sum_spending(surveys: Sequence[FileSurvey], prices: dict[str, Prices]) -> ReplySpending:
    """Add up the usage of all replies."""
    tokens: Counter[tuple[str, str]] = Counter()
    cost: dict[tuple[str, str], float] = {}
    for survey in surveys:
        for (model, _, kind), usage in survey.usage.items():
            tokens[model, kind] += usage.completion_tokens
            if model in prices:
                spent = prices[model].cost(
                    usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens
                )
                cost[model, kind] = cost.get((model, kind), 0.0) + spent
    models = sorted({model for model, _ in tokens})
    return ReplySpending(dict(tokens), cost, [model for model in models if model not in prices])


def yield_tables(surveys: Sequence[FileSurvey], prices: dict[str, Prices]) -> dict[str, Any] | None:
    """Tabulate the steps' counts, the share each kept of the stage before it, and the costs.

    None unless two steps are there to compare. A cost falls on the groups of the last step's edits
    alone; a reply that serves several styles costs each an equal part.
    """
    steps = find_steps(surveys)
    if len(steps) < 2:
        return None
    spending = sum_spending(surveys, prices)
    tables = {
        dimension: [
            _table_row(name, dimension, steps, spending) for name in _names(dimension, steps)
        ]
        for dimension in (EVERYTHING, *DIMENSIONS)
    }
    return {
        "steps": [{"name": step.name, "kind": step.kind} for step in steps],
        "tables": {name: rows for name, rows in tables.items() if rows},
        "unpriced": spending.unpriced,
        "spent": bool(spending.tokens),
    }


def _names(dimension: str, steps: Sequence[Step]) -> list[str]:
    pooled: Counter[str] = Counter()
    for step in steps:
        pooled |= step.counts(dimension)
    return [name for name, _ in sorted(pooled.items(), key=lambda i: (-i[1], i[0])) if name]


def _table_row(
    name: str, dimension: str, steps: Sequence[Step], spending: ReplySpending
) -> dict[str, Any]:
    counts = [step.counts(dimension).get(name) for step in steps]
    kept = counts[-1] if steps[-1].kind in EDIT_KINDS else None
    tokens, cost = _spent_on(name, dimension, steps[-1], spending)
    return {
        "name": name,
        "counts": counts,
        "shares": [_share(number, counts, steps) for number in range(len(steps))],
        "cost": cost,
        "cost_per_kept": cost / kept if kept and cost is not None else None,
        "tokens_per_kept": round(tokens / kept) if kept and tokens else None,
    }


def _share(number: int, counts: Sequence[int | None], steps: Sequence[Step]) -> float | None:
    """Divide a step's count by that of the nearest step of an earlier stage."""
    before = [
        count
        for count, step in zip(counts[:number], steps[:number], strict=True)
        if step.kind != steps[number].kind and count
    ]
    count = counts[number]
    return count / before[-1] if before and count is not None else None


def _spent_on(
    name: str, dimension: str, last: Step, spending: ReplySpending
) -> tuple[float, float | None]:
    """Sum the tokens and the cost of the replies that a group stands for."""
    styles: dict[str, set[str]] = {}
    for survey in last.files:
        for model, style, _ in survey.groups:
            styles.setdefault(model, set()).add(style)
    tokens, cost, priced = 0.0, 0.0, False
    for (model, kind), count in spending.tokens.items():
        part = {
            EVERYTHING: 1.0,
            "model": float(model == name),
            "edit_kind": float(kind == name),
            "style": 1 / len(styles[model]) if name in styles.get(model, ()) else 0.0,
        }[dimension]
        tokens += part * count
        if part and (model, kind) in spending.cost:
            priced = True
            cost += part * spending.cost[model, kind]
    return tokens, cost if priced else None


def yield_figure(tables: dict[str, Any] | None) -> Bars | None:
    """Draw how many rows are left after each step."""
    if tables is None:
        return None
    [everything] = tables["tables"][EVERYTHING]
    labels = [f"{step['kind']}: {step['name']}" for step in tables["steps"]]
    note = "Rows after each step; a triplet can give one row for each style of instruction."
    return Bars("yield", "What is left", note, labels, {"rows": everything["counts"]})
