"""Magpie: takes instructions out of a model by giving it its own chat template and no question.

After Xu et al., "Magpie: Alignment Data Synthesis from Scratch by Prompting Aligned LLMs with
Nothing" (arXiv:2406.08464). The completion endpoint gets the template up to the user's turn; what
the model writes there is filtered and answered. Needs a server with /v1/completions.
    python -m joydataforge.magpie --config joydataforge/configs/magpie.yaml
"""

import dataclasses
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt

from joydataforge.methods.distinct import reject_repeated, reject_similar
from joydataforge.methods.refusals import answer_that_answers
from joydataforge.methods.run_method import run_method
from joydataforge.methods.settings import MethodConfig, read_settings
from joydataforge.queries.chat_templates import ChatTemplate, Turn, known_template
from joydataforge.queries.instruction_filter import InstructionLimits, check_instruction
from joydataforge.queries.template_files import template_from_file
from utils.cli import Share, run
from utils.errors import BadReply
from utils.generation.conversation import Conversation, Job, Messages, SampleFailed, ask_for
from utils.jsonl import Row
from utils.providers.replies import RunRefused
from utils.records import text_id
from utils.sampling import derive_seed

NEEDED = (
    "magpie needs a server that offers /v1/completions for this model: serve it with vLLM or "
    "SGLang and name that server in the model map"
)
# What servers without the endpoint answer; a model that the server doesn't know is another matter.
NOT_OFFERED = ("HTTP 404", "HTTP 405")
_UNKNOWN_MODEL = re.compile(r"HTTP .*\bmodel\b.{0,200}\b(?:not exist|not found)", re.I | re.S)


@dataclass(frozen=True, kw_only=True)
class MagpieConfig(MethodConfig):
    """The keys of magpie.yaml; samples `threshold_low` up to `threshold` are made."""

    method: str = "magpie"
    template: str = "qwen2.5"
    template_file: str = ""
    template_options: dict[str, Any] = field(default_factory=dict)
    write_bos: bool = False
    turns: PositiveInt = 1
    vary: list[str] = field(default_factory=list)
    vary_share: Share = 1.0
    vary_in_answer: bool = False
    answer_with: Literal["chat", "completion"] = "chat"
    instruction_options: dict[str, Any] = field(default_factory=dict)
    answer_options: dict[str, Any] = field(default_factory=dict)
    limits: InstructionLimits = field(default_factory=InstructionLimits)
    near_duplicate: Annotated[float, Field(gt=0, le=1)] | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.threshold is None:
            raise ValueError("threshold must say how many samples to make")
        if self.data_read_path:
            raise ValueError("magpie reads no rows; leave data_read_path empty")

    def chat_template(self) -> ChatTemplate:
        if self.template_file:
            return template_from_file(self.template_file, self.template_options, self.write_bos)
        return dataclasses.replace(known_template(self.template), write_bos=self.write_bos)

    def shape(self) -> Row:
        """Add what the template writes, so that another one of the same name is another task."""
        template = self.chat_template()
        written = template.up_to_answer("system", [("query", "answer")], "query")
        return super().shape() | {"template_writes": [written, *template.stops]}


def main(argv: list[str] | None = None) -> int:
    config, settings = read_settings(
        argv, __doc__ or "", MagpieConfig, "joydataforge/configs/magpie.yaml"
    )
    template = config.chat_template()
    for system in [config.system, *config.vary]:
        template.up_to_query(system, [])  # a template may refuse a system text

    async def converse(job: Job, conversation: Conversation) -> Row:
        return await MadeUpConversation(config, template, job.row, conversation).make()

    def finish(rows: Iterator[Row]) -> Iterator[Row]:
        rows = reject_repeated(rows, first_instruction)
        if config.near_duplicate is None:
            return rows
        return reject_similar(rows, first_instruction, config.near_duplicate, config.random_seed)

    return run_method(
        config, settings, lambda: planned_samples(config, template), converse, known_by, finish
    )


def planned_samples(config: MagpieConfig, template: ChatTemplate) -> Iterator[Row]:
    """Yield an empty row a sample, each with an id and, where they vary, its system text."""
    assert config.threshold is not None
    for number in range(config.threshold_low, config.threshold):
        prompt_id = text_id("magpie", template.name, str(config.random_seed), str(number))
        row: Row = {"prompt_id": prompt_id, "sample": number, "template": template.name}
        system = draw_system(config, prompt_id)
        yield row | ({"system": system} if system else {})


def draw_system(config: MagpieConfig, prompt_id: str) -> str:
    """Draw the system text of a sample; '' for none."""
    rng = random.Random(derive_seed(config.random_seed, prompt_id, "vary"))
    is_varied = config.vary and rng.random() < config.vary_share
    return rng.choice(config.vary) if is_varied else config.system


def known_by(row: Row) -> str:
    """Word what the cache knows a sample by."""
    return f"sample {row['sample']} of {row['template']}: {row.get('system', '')}"


def first_instruction(row: Row) -> str:
    """Give the text by which two samples are told apart."""
    return next(each["content"] for each in row["messages"] if each["role"] == "user")


class MadeUpConversation:
    """One conversation that the model makes up, both sides of it."""

    def __init__(
        self, config: MagpieConfig, template: ChatTemplate, row: Row, conversation: Conversation
    ) -> None:
        self._config = config
        self._template = template
        self._row = row
        self._conversation = conversation
        self._system: str = row.get("system", "")
        self._turns: list[Turn] = []

    async def make(self) -> Row:
        """Return the row with its conversation; a BadReply if not even the first turn is good.

        A later turn that fails ends the conversation before it, and `ended_by` says why.
        """
        ended_by = None
        for _ in range(self._config.turns):
            try:
                query = await self._instruction()
                self._turns.append((query, await self._answer(query)))
            except BadReply as error:
                if not self._turns:
                    raise
                ended_by = error.reason
                break
        *earlier, (query, answer) = self._turns
        return {
            **self._row,
            "input": query,
            "target": answer,
            "history": [list(turn) for turn in earlier],
            "messages": self._messages(self._turns),
            **({"ended_by": ended_by} if ended_by else {}),
        }

    async def _instruction(self) -> str:
        config, template = self._config, self._template
        earlier = [query for query, _ in self._turns]
        try:
            return await self._complete(
                template.up_to_query(self._system, self._turns),
                lambda text: check_instruction(text, config.limits, template.control, earlier),
                config.instruction_options,
                "query",
            )
        except (RunRefused, SampleFailed) as error:
            text = str(error)
            if any(code in text for code in NOT_OFFERED) and not _UNKNOWN_MODEL.search(text):
                raise RunRefused(f"{text}; {NEEDED}") from None
            raise

    async def _complete(self, text: str, parse: Any, options: dict[str, Any], kind: str) -> str:
        options = {"stop": self._template.stops, **options}
        return await self._ask(text, parse, options, kind)

    async def _answer(self, query: str) -> str:
        config = self._config
        system = self._system if config.vary_in_answer else config.system
        if config.answer_with == "completion":
            text = self._template.up_to_answer(system, self._turns, query)
            return await self._complete(text, self._clean_answer, config.answer_options, "answer")
        asked = [*self._messages(self._turns), {"role": "user", "content": query}]
        return await self._ask(asked, answer_that_answers, config.answer_options, "answer")

    def _clean_answer(self, text: str) -> str:
        answer = answer_that_answers(text)
        if any(each in answer for each in self._template.control):
            raise BadReply("answer_control_tokens")
        return answer

    def _messages(self, turns: list[Turn]) -> Messages:
        """Write the conversation as messages, with the system text that was answered under."""
        system = self._system if self._config.vary_in_answer else self._config.system
        messages = [{"role": "system", "content": system}] if system else []
        for query, answer in turns:
            messages.append({"role": "user", "content": query})
            messages.append({"role": "assistant", "content": answer})
        return messages

    async def _ask(
        self, question: Messages | str, parse: Any, options: dict[str, Any], kind: str
    ) -> str:
        return await ask_for(
            self._conversation,
            question,
            parse,
            self._config.max_try,
            model=self._config.model,
            options=options,
            prompt_kind=kind,
        )


if __name__ == "__main__":
    run(main)
