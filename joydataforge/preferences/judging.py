"""How a judge's verdicts on candidate answers are worded, read and added up.

Points are given to one answer at a time. Comparisons show two answers, in both orders: judges
favour a place (Zheng et al., "Judging LLM-as-a-Judge", arXiv:2306.05685), so a verdict that depends
on the order counts as a tie.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from joydataforge.methods.answers import AnswerField, answer_schema, parse_answer
from utils.jsonl import Row
from utils.providers.answer_schemas import TEXT, Schema
from utils.replies.json_object import find_json_object

FIRST, SECOND, TIE = "A", "B", "tie"
LOWEST, HIGHEST = 1, 10
Compared = tuple[int, int]


@dataclass(frozen=True)
class Criterion:
    """One thing answers are judged by, and how much it counts beside the others."""

    description: str
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0


Criteria = Mapping[str, Criterion]


def word_criteria(criteria: Criteria) -> str:
    """List the criteria for a prompt, one a line; weights are no business of the judge."""
    return "\n".join(f"- {name}: {each.description.strip()}" for name, each in criteria.items())


_POINTS = AnswerField("number", lowest=LOWEST, highest=HIGHEST)
_WINNER = AnswerField("text", choices=[FIRST, SECOND, TIE])


def judging_schema(criteria: Criteria, is_pairwise: bool) -> Schema | None:
    """Give the JSON schema of a judge's answer."""
    rule = _WINNER if is_pairwise else _POINTS
    said = {} if "reason" in criteria else {"reason": TEXT}
    return answer_schema(dict.fromkeys(criteria, rule), said)


def read_points(text: str, criteria: Criteria) -> Row:
    """Read the points a judge gave to one answer; raises BadReply."""
    points = parse_answer(text, dict.fromkeys(criteria, _POINTS))
    return {"points": points, "reason": _reason(text)}


def read_comparison(text: str, criteria: Criteria, shown: Compared) -> Row:
    """Read which of two answers a judge prefers by each criterion; raises BadReply.

    `shown` numbers the answers in the order they were shown; a winner is a number, or None.
    """
    found = parse_answer(text, dict.fromkeys(criteria, _WINNER))
    numbers = {FIRST: shown[0], SECOND: shown[1], TIE: None}
    winners = {name: numbers[value] for name, value in found.items()}
    return {"winners": winners, "reason": _reason(text)}


def _reason(text: str) -> str:
    reason = (find_json_object(text) or {}).get("reason")
    return reason if isinstance(reason, str) else ""


def points_scores(verdicts: Iterable[Row], criteria: Criteria) -> dict[int, float]:
    """Average the weighted points of each answer over the judges: 1 to 10."""
    given: dict[int, list[float]] = defaultdict(list)
    for verdict in verdicts:
        points = verdict["points"]
        given[verdict["candidate"]].append(_weighted(points, criteria))
    return {number: sum(found) / len(found) for number, found in given.items()}


def preferences(verdicts: Iterable[Row], criteria: Criteria) -> dict[Compared, float]:
    """Say how far the first of each pair is preferred to the second: -1 to 1, over all judges.

    A criterion counts only where both orders name the same winner.
    """
    by_judge: dict[Compared, dict[str, list[Row]]] = defaultdict(lambda: defaultdict(list))
    for verdict in verdicts:
        first, second = sorted(verdict["shown"])
        by_judge[first, second][verdict["judge"]].append(verdict["winners"])
    return {
        pair: sum(_agreed(pair, orders, criteria) for orders in judges.values()) / len(judges)
        for pair, judges in by_judge.items()
    }


def _agreed(pair: Compared, orders: list[Row], criteria: Criteria) -> float:
    signs = {pair[0]: 1.0, pair[1]: -1.0}
    found = {}
    for name in criteria:
        winners = {order[name] for order in orders}
        found[name] = signs.get(winners.pop(), 0.0) if len(winners) == 1 else 0.0
    return _weighted(found, criteria)


def win_shares(preferred: Mapping[Compared, float]) -> dict[int, float]:
    """Turn preferences into each answer's share of the comparisons won: 0 to 1, ties half."""
    won: dict[int, list[float]] = defaultdict(list)
    for (first, second), value in preferred.items():
        won[first].append((1 + value) / 2)
        won[second].append((1 - value) / 2)
    return {number: sum(found) / len(found) for number, found in won.items()}


def _weighted(values: Mapping[str, float], criteria: Criteria) -> float:
    total = sum(each.weight for each in criteria.values())
    return sum(each.weight * values[name] for name, each in criteria.items()) / total


@dataclass
class OrderCount:
    """How often a judge's verdict, a criterion at a time, hung on the order of the answers.

    Of those that did, `for_first` favoured the answer shown first, each time.
    """

    compared: int = 0
    order_dependent: int = 0
    for_first: int = 0
    for_second: int = 0

    def add(self, verdicts: Iterable[Row]) -> None:
        """Count the comparisons of one row."""
        orders: dict[Any, list[Row]] = defaultdict(list)
        for verdict in verdicts:
            orders[verdict["judge"], *sorted(verdict["shown"])].append(verdict)
        for one, other in (found for found in orders.values() if len(found) == 2):
            for name, winner in one["winners"].items():
                self._add(winner, other["winners"][name], one["shown"])

    def _add(self, winner: int | None, other: int | None, shown: list[int]) -> None:
        self.compared += 1
        if winner == other:
            return
        self.order_dependent += 1
        if (winner, other) == (shown[0], shown[1]):
            self.for_first += 1
        elif (winner, other) == (shown[1], shown[0]):
            self.for_second += 1

    def figures(self) -> dict[str, Any]:
        share = self.order_dependent / self.compared if self.compared else 0.0
        return {**vars(self), "order_dependent_share": round(share, 4)}
