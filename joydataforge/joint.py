"""Joint: several models in roles on one row, one after the other.

The YAML lists the roles in their order: who plays each, and its prompt, which may show the row's
fields and what earlier roles replied. `result_from` says whose reply becomes the row's `target`.
Two pipelines ship: draft, critique, revise (joint_revise.yaml) and propose-n, pick
(joint_pick.yaml).
    python -m joydataforge.joint --config joydataforge/configs/joint_revise.yaml
"""

import random
from dataclasses import dataclass, field
from typing import Any

from joydataforge.methods.roles import CHOICE, Reply, Role, check_roles, numbered, result_source
from joydataforge.methods.rows import check_templates, first_fields, full_query, planned_rows
from joydataforge.methods.run_method import run_method
from joydataforge.methods.settings import MethodConfig, read_settings
from joydataforge.methods.templates import HISTORY, field_text, fill
from utils.cli import run
from utils.errors import BadReply, PipelineError
from utils.generation.conversation import Conversation, Job, Messages, ask_for
from utils.jsonl import Row
from utils.sampling import derive_seed

TARGET = "target"


@dataclass(frozen=True, kw_only=True)
class JointConfig(MethodConfig):
    """The keys of joint_revise.yaml; a role without a model of its own is played by `model`."""

    method: str = "joint"
    roles: list[Role]
    result_from: str

    def __post_init__(self) -> None:
        super().__post_init__()
        check_roles(self.roles, self.result_from)

    def result_role(self) -> tuple[Role, str]:
        return result_source({role.name: role for role in self.roles}, self.result_from)

    def model_names(self) -> list[str]:
        named = (name for role in self.roles for name in role.models(self.model))
        return list(dict.fromkeys(named))

    def written_fields(self) -> list[str]:
        return [TARGET, "original_target", "roles", "role_models", "picked"]


def main(argv: list[str] | None = None) -> int:
    config, settings = read_settings(
        argv, __doc__ or "", JointConfig, "joydataforge/configs/joint_revise.yaml"
    )
    check_role_prompts(config)

    async def converse(job: Job, conversation: Conversation) -> Row:
        return await Play(config, job.row, conversation).perform()

    shown = full_query(config)

    def query(row: Row) -> str:
        # The target travels with the result, so equal queries with other targets stay apart.
        return f"{row[TARGET]!r}\n{shown(row)}" if row.get(TARGET) else shown(row)

    return run_method(config, settings, lambda: planned_rows(config), converse, query)


def check_role_prompts(config: JointConfig) -> None:
    """Check that each prompt has places only for the rows' fields and for earlier roles."""
    fields = first_fields(config)
    earlier: list[str] = []
    for role in config.roles:
        if role.name in (*fields, HISTORY):
            raise PipelineError(
                f"roles: '{role.name}' is the name of a field of the rows; rename the role"
            )
        system = role.system or config.system
        templates = {
            f"roles.{role.name}.prompt": role.prompt,
            f"roles.{role.name}.system": system,
        }
        check_templates(config, earlier, **templates)
        earlier.append(role.name)


@dataclass
class Play:
    """The roles' replies on one row, so far."""

    config: JointConfig
    row: Row
    conversation: Conversation
    replies: dict[str, Reply] = field(default_factory=dict)
    models: dict[str, str | list[str]] = field(default_factory=dict)
    picked: Row = field(default_factory=dict)

    async def perform(self) -> Row:
        """Play all roles; returns the row with their replies, and the result or a reason."""
        for role in self.config.roles:
            try:
                await self._play(role)
            except BadReply as error:
                return self._with_replies() | {"reject_reason": f"{role.name}_{error.reason}"}
        made = self._with_replies()
        if self.row.get(TARGET):
            made["original_target"] = self.row[TARGET]
        return made | {TARGET: self._result()}

    def _with_replies(self) -> Row:
        made = {**self.row, "roles": self.replies, "role_models": self.models}
        return made | ({"picked": self.picked} if self.picked else {})

    async def _play(self, role: Role) -> None:
        if role.copies > 1:
            await self._play_copies(role)
            return
        [model, *_] = role.models(self.config.model)
        shown = self._shown_order(role) if role.picks else []
        reply = await self._ask(role, model, shown)
        self.replies[role.name], self.models[role.name] = reply, model
        if role.picks and isinstance(reply, dict):
            number = shown[reply[CHOICE] - 1]
            found = {"from": role.picks, "number": number + 1, "shown": [n + 1 for n in shown]}
            self.picked[role.name] = found | {"model": self.models[role.picks][number]}

    async def _play_copies(self, role: Role) -> None:
        """Get the replies of all copies; one that can't be had is left out, unless all are."""
        models = role.models(self.config.model)
        replies, names = [], []
        for number in range(role.copies):
            model = models[number % len(models)]
            try:
                replies.append(await self._ask(role, model, [], number))
                names.append(model)
            except BadReply as error:
                last = error
        if not replies:
            raise last
        self.replies[role.name], self.models[role.name] = replies, names

    async def _ask(self, role: Role, model: str, shown: list[int], number: int = 0) -> str | Row:
        config = self.config
        return await ask_for(
            self.conversation,
            self._messages(role, shown),
            lambda text: role.parse(text, len(shown)),
            config.max_try,
            model=model,
            options=role.options,
            first_attempt=number * config.max_try,
            prompt_kind="pick" if role.picks else "answer",
            schema=role.schema(),
        )

    def _shown_order(self, role: Role) -> list[int]:
        """Draw the order in which a picker sees the replies: models favour places in a list."""
        order = list(range(len(self.replies[role.picks])))
        seed = derive_seed(self.config.random_seed, self.row["prompt_id"], role.name, "order")
        random.Random(seed).shuffle(order)
        return order

    def _messages(self, role: Role, shown: list[int]) -> Messages:
        values = dict(self.row)
        for name, reply in self.replies.items():
            values[name] = numbered(reply, _word) if isinstance(reply, list) else _word(reply)
        if role.picks:
            choices: Any = self.replies[role.picks]
            values[role.picks] = numbered([choices[n] for n in shown], _word)
        turns = [("system", role.system or self.config.system), ("user", role.prompt)]
        return [{"role": who, "content": fill(text, values)} for who, text in turns if text]

    def _result(self) -> Any:
        source, field_name = self.config.result_role()
        reply: Any = self.replies[source.name]
        if source.copies > 1:
            picker = self.config.result_from.partition(".")[0]
            reply = reply[self.picked[picker]["number"] - 1]
        return reply[field_name] if field_name else reply


def _word(reply: Any) -> str:
    return field_text("", reply)


if __name__ == "__main__":
    run(main)
