"""Synthesise data with one model: over rows, from nothing, or by rewriting cases.

Which of the three is the YAML's `method`. `single` asks the prompt for every row. In
`synthesis_directly` there are no rows: `threshold` samples are asked for, each with values drawn
from the lists in `vary`. `case_rewrite` words every row anew, `rewrites` times.
    python -m joydataforge.synthesize --config joydataforge/configs/single.yaml
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import PositiveInt

from joydataforge.methods.answers import AnswerField, answer_schema, parse_answer, plain_answer
from joydataforge.methods.direct_samples import direct_samples, reject_repeats
from joydataforge.methods.rewrites import VARIANTS, one_row_each, rewrite
from joydataforge.methods.rows import check_templates, planned_rows
from joydataforge.methods.run_method import run_method
from joydataforge.methods.settings import MethodConfig, read_settings
from joydataforge.methods.templates import check_places, fill
from utils.cli import run
from utils.generation.conversation import Conversation, Job, Messages, ask_for
from utils.jsonl import Row
from utils.providers.answer_schemas import Schema


@dataclass(frozen=True, kw_only=True)
class SynthesisConfig(MethodConfig):
    """The further keys: what an answer is, and what its method needs.

    With `answer_fields` an answer must be JSON that has these fields; without, all of its text goes
    to `answer_field`.
    """

    method: Literal["single", "synthesis_directly", "case_rewrite"]
    answer_field: str = "target"
    answer_fields: dict[str, AnswerField] = field(default_factory=dict)
    vary: dict[str, list[Any]] = field(default_factory=dict)
    rewrites: PositiveInt = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.prompt.strip():
            raise ValueError("key 'prompt' is missing; write what the model is asked")
        if not self.answer_fields and not self.answer_field:
            raise ValueError("name an answer_field, or answer_fields")
        if self.method == "synthesis_directly":
            self._check_direct()
        elif self.vary:
            raise ValueError(f"method {self.method} draws nothing; remove vary")

    def _check_direct(self) -> None:
        if self.threshold is None:
            raise ValueError("synthesis_directly needs a threshold: how many samples to make")
        if self.data_read_path:
            raise ValueError("synthesis_directly reads no rows; remove data_read_path")
        for name, values in self.vary.items():
            if not values:
                raise ValueError(f"vary.{name} must hold at least one value")
            if name in self.answers():
                raise ValueError(f"vary.{name}: the answer has a field of that name; rename one")

    def answers(self) -> list[str]:
        """List the fields of an answer; by the first one, answers are known to be equal."""
        return list(self.answer_fields) or [self.answer_field]

    def written_fields(self) -> list[str]:
        return [] if self.method == "case_rewrite" else self.answers()

    def parse(self, text: str) -> Row:
        """Read an answer; raises BadReply."""
        if self.answer_fields:
            return parse_answer(text, self.answer_fields)
        return {self.answer_field: plain_answer(text)}

    def schema(self) -> Schema | None:
        """Give the JSON schema of an answer, where it is JSON of known types."""
        return answer_schema(self.answer_fields)

    def messages(self, values: Row) -> Messages:
        """Word the question for a row."""
        turns = [("system", self.system), ("user", self.prompt)]
        return [
            {"role": role, "content": fill(template, values)}
            for role, template in turns
            if template
        ]


def main(argv: list[str] | None = None) -> int:
    config, settings = read_settings(
        argv, __doc__ or "", SynthesisConfig, "joydataforge/configs/single.yaml"
    )
    check_prompts(config)

    async def answer(job: Job, conversation: Conversation) -> Row:
        messages = config.messages(job.row)
        answer = await ask_for(
            conversation,
            messages,
            config.parse,
            config.max_try,
            prompt_kind="answer",
            schema=config.schema(),
        )
        return {**job.row, **answer}

    async def answer_in_variants(job: Job, conversation: Conversation) -> Row:
        [compared, *_] = config.answers()
        return await rewrite(config, job.row, conversation, compared)

    def first_of_equals(rows: Iterator[Row]) -> Iterator[Row]:
        return reject_repeats(rows, config.answers()[0])

    match config.method:
        case "single":
            return run_method(config, settings, lambda: planned_rows(config), answer)
        case "case_rewrite":
            return run_method(
                config,
                settings,
                lambda: planned_rows(config),
                answer_in_variants,
                finish=one_row_each,
            )
        case "synthesis_directly":
            return run_method(
                config,
                settings,
                lambda: direct_samples(config, config.vary),
                answer,
                query=lambda row: row["prompt_id"],
                finish=first_of_equals,
            )


def check_prompts(config: SynthesisConfig) -> None:
    """Check that the prompts have places only for what there will be."""
    templates = {"prompt": config.prompt, "system": config.system}
    if config.method == "synthesis_directly":
        for key, template in templates.items():
            check_places(key, template, config.vary)
    else:
        extra = [VARIANTS] if config.method == "case_rewrite" else []
        check_templates(config, extra, **templates)


if __name__ == "__main__":
    run(main)
