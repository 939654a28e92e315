"""Wizard: evolves queries in depth and in breadth, scores them, and keeps the whole lineage.

Reads any instruction data; a row's query (`input`) is rewritten `rounds` times, each time by a kind
of evolution drawn by seed. An evolution that failed is asked for again; where none succeeds, the
lineage ends at the last query that did.
    python -m joydataforge.wizard --config joydataforge/configs/wizard.yaml
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import PositiveInt

from joydataforge.methods.answers import AnswerField, answer_schema, parse_answer
from joydataforge.methods.refusals import answer_that_answers
from joydataforge.methods.rows import check_templates, full_query, planned_rows
from joydataforge.methods.run_method import run_method
from joydataforge.methods.settings import MethodConfig, read_settings
from joydataforge.methods.templates import fill, places
from joydataforge.queries.evolution import (
    Evolution,
    EvolutionLimits,
    check_code,
    check_evolution,
    draw_kind,
)
from joydataforge.queries.evolved_text import read_query
from joydataforge.queries.lineage_figures import LineageFigures
from utils.cli import run
from utils.code.fences import fenced
from utils.errors import BadReply
from utils.generation.conversation import Conversation, Job, Messages, ask_for
from utils.jsonl import Row
from utils.replies.finish_reasons import refuse_unfinished

DIFFICULTY = {"difficulty": AnswerField("number", lowest=1, highest=10)}


@dataclass(frozen=True, kw_only=True)
class WizardConfig(MethodConfig):
    """The keys of wizard.yaml.

    `prompt` asks for the answer to the last query, where `answer_evolved` is on. `code_field` names
    the field with the program that an edit instruction is about.
    """

    method: str = "wizard"
    rounds: PositiveInt = 2
    evolutions: dict[str, Evolution] = field(default_factory=dict)
    limits: EvolutionLimits = field(default_factory=EvolutionLimits)
    prompt_difficulty: str = ""
    answer_evolved: bool = False
    code_field: str = ""
    code_language: str = ""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not any(each.weight > 0 for each in self.evolutions.values()):
            raise ValueError("evolutions must hold at least one kind with a weight above 0")
        for kind, evolution in self.evolutions.items():
            if self.code_field and self.code_field not in places(evolution.prompt):
                raise ValueError(f"evolutions.{kind}: no place for '{{{self.code_field}}}'; add it")
        if self.answer_evolved and not self.prompt:
            raise ValueError("answer_evolved needs a 'prompt' that asks for the answer")

    def written_fields(self) -> list[str]:
        return ["input", "original_input", "target", "evolved", "difficulty", "lineage"]

    def templates(self) -> dict[str, str]:
        """List the prompts that are in use, by the key that holds them."""
        prompts = {f"evolutions.{kind}.prompt": e.prompt for kind, e in self.evolutions.items()}
        prompts |= {"prompt_difficulty": self.prompt_difficulty}
        return prompts | ({"prompt": self.prompt} if self.answer_evolved else {})


def main(argv: list[str] | None = None) -> int:
    config, settings = read_settings(
        argv, __doc__ or "", WizardConfig, "joydataforge/configs/wizard.yaml"
    )
    check_templates(config, **config.templates())

    async def converse(job: Job, conversation: Conversation) -> Row:
        return await QueryLineage(config, job.row, conversation).evolve()

    shown = full_query(config)

    def query(row: Row) -> str:
        # The target travels with the original, so equal queries with other targets stay apart.
        return f"{row['target']!r}\n{shown(row)}" if row.get("target") else shown(row)

    counts = LineageFigures()
    plan = partial(evolvable_rows, config)
    return run_method(
        config, settings, plan, converse, query, counts.pass_on, counts.figures, stage="lineages"
    )


TOLD_OF_THE_QUERY = ("history", "summary_content", "tag", "task_label", "num_task_label")


def evolvable_rows(config: WizardConfig) -> Iterator[Row]:
    """Yield the planned rows; where a program belongs to each, those without one with a reason."""
    for row in planned_rows(config):
        is_lacking = config.code_field and not _has_code(config, row)
        if "reject_reason" not in row and is_lacking:
            row = {**row, "reject_reason": "empty_code"}
        yield row


def _has_code(config: WizardConfig, row: Row) -> bool:
    code = row.get(config.code_field)
    return isinstance(code, str) and bool(code.strip())


class QueryLineage:
    """The queries of one row, from the original to the last evolved one."""

    def __init__(self, config: WizardConfig, row: Row, conversation: Conversation) -> None:
        self._config = config
        self._row = row
        self._conversation = conversation
        self._query: str = row["input"]
        self._steps: list[Row] = []

    async def evolve(self) -> Row:
        """Return the row with its evolved query and lineage, or with a `reject_reason`."""
        difficulty = await self._score()
        self._steps.append(_step(0, "original", None, self._query, difficulty, []))
        for number in range(1, self._config.rounds + 1):
            if not await self._go_on(number):
                break
        evolved = [step["query"] for step in self._steps[1:] if step["query"] is not None]
        if not evolved:
            return {**self._row, "lineage": self._steps, "reject_reason": "not_evolved"}
        return await self._finished(evolved)

    async def _go_on(self, number: int) -> bool:
        """Evolve the query once more; false if no answer was good enough."""
        row, parent = self._row, self._query
        kind = draw_kind(
            self._config.evolutions, self._config.random_seed, row["prompt_id"], number
        )
        found, eliminated = await self._ask_for_evolution(self._config.evolutions[kind].prompt)
        if found is None:
            self._steps.append(_step(number, kind, parent, None, None, eliminated))
            return False
        self._query = found
        difficulty = await self._score()
        self._steps.append(_step(number, kind, parent, found, difficulty, eliminated))
        return True

    async def _ask_for_evolution(self, prompt: str) -> tuple[str | None, list[Row]]:
        """Ask until an evolution holds; gives it, or None, and the failed ones with reasons."""
        config = self._config
        eliminated: list[Row] = []
        for attempt in range(config.max_try):
            reply = await self._conversation.ask(
                self._messages(prompt),
                attempt=attempt,
                model=config.model,
                prompt_kind="evolve",
            )
            try:
                refuse_unfinished([reply.finish_reason])
                query = read_query(reply.text, self._query)
                check_evolution(query, self._query, prompt, config.limits)
                if config.code_field:
                    check_code(query, self._query, self._row[config.code_field])
                return query, eliminated
            except BadReply as error:
                eliminated.append({"reason": error.reason, "text": reply.text})
        return None, eliminated

    async def _score(self) -> float | None:
        """Ask how hard the query is, from 1 to 10; None if no answer can be read."""
        config = self._config
        if not config.prompt_difficulty:
            return None
        try:
            found = await ask_for(
                self._conversation,
                self._messages(config.prompt_difficulty),
                lambda text: parse_answer(text, DIFFICULTY),
                config.max_try,
                model=config.model,
                prompt_kind="difficulty",
                schema=answer_schema(DIFFICULTY),
            )
        except BadReply:
            return None
        return found["difficulty"]

    def _messages(self, prompt: str) -> Messages:
        config = self._config
        values: dict[str, Any] = {**self._row, "input": self._query}
        if config.code_field:
            values[config.code_field] = fenced(values[config.code_field], config.code_language)
        asked = [{"role": "user", "content": fill(prompt, values)}]
        return [{"role": "system", "content": config.system}, *asked] if config.system else asked

    async def _finished(self, evolved: list[str]) -> Row:
        """Put the last query in the row's place; what answered the original is kept by its side."""
        row = {**self._row, "input": self._query, "original_input": self._row["input"]}
        if "target" in row:
            row |= {"target": "", "original_target": row["target"]}
        if any(self._is_new_query(step) for step in self._steps):
            # What was said of the original, or before it, is not so of another query.
            told = {name: row[name] for name in TOLD_OF_THE_QUERY if name in row}
            row |= {name: [] if isinstance(value, list) else None for name, value in told.items()}
            row |= {f"original_{name}": value for name, value in told.items()}
        last = [step for step in self._steps if step["query"] is not None][-1]
        row |= {"evolved": evolved, "difficulty": last["difficulty"], "lineage": self._steps}
        return row | await self._answered() if self._config.answer_evolved else row

    def _is_new_query(self, step: Row) -> bool:
        evolution = self._config.evolutions.get(step["kind"])
        is_kept = step["query"] is not None
        return is_kept and evolution is not None and evolution.direction == "breadth"

    async def _answered(self) -> Row:
        try:
            return {
                "target": await ask_for(
                    self._conversation,
                    self._messages(self._config.prompt),
                    answer_that_answers,
                    self._config.max_try,
                    model=self._config.model,
                    prompt_kind="answer",
                )
            }
        except BadReply as error:
            return {"reject_reason": error.reason}


def _step(
    number: int,
    kind: str,
    parent: str | None,
    query: str | None,
    difficulty: float | None,
    eliminated: list[Row],
) -> Row:
    return {
        "round": number,
        "kind": kind,
        "parent": parent,
        "query": query,
        "difficulty": difficulty,
        "eliminated": eliminated,
    }


if __name__ == "__main__":
    run(main)
