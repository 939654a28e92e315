"""Roles that models have on one row: who is asked, with what prompt, and what the reply must be."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import PositiveInt

from joydataforge.methods.answers import AnswerField, answer_schema, parse_answer
from joydataforge.methods.refusals import answer_that_answers
from joydataforge.methods.templates import all_places
from utils.errors import BadReply
from utils.jsonl import Row
from utils.providers.answer_schemas import TEXT, Schema
from utils.replies.json_object import find_json_object

# What a picker answers: a number and, if it likes, why.
CHOICE, REASON = "choice", "reason"
_BARE_NUMBER = re.compile(r"[0-9]{1,6}")
_NAME = re.compile(r"[^\W\d]\w*")
# What the run sets in each request itself.
_OWN_OPTIONS = ("model", "messages", "prompt", "seed", "stream", "n")
# A text; the fields of an answer in JSON; a list of either, where a role has several copies.
Reply = str | Row | list[Any]


@dataclass(frozen=True)
class Role:
    """One role. Its prompt has places for the row's fields and for earlier roles, by their names.

    `copies` replies are asked for, of its models in turn. `picks` names an earlier role with
    several: this one answers with the number of one of them, as {"choice": 2}. With `answer_fields`
    a reply is JSON that has these fields, else it is text. `options` are further fields of the
    request.
    """

    name: str
    prompt: str
    model: str | list[str] = ""
    system: str = ""
    copies: PositiveInt = 1
    picks: str = ""
    answer_fields: dict[str, AnswerField] = field(default_factory=dict)
    options: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"'{self.name}' can't be a role's name; use letters, digits and _")
        if not self.prompt.strip():
            raise ValueError("the prompt is empty; write what the role is asked")
        for option in _OWN_OPTIONS:
            if option in self.options:
                raise ValueError(f"options can't hold '{option}', which the run sets; remove it")
        if self.picks and self.copies > 1:
            raise ValueError("a role that picks has one copy")
        rule = self.answer_fields.get(CHOICE, AnswerField())
        if self.picks and self.answer_fields and rule.type != "number":
            raise ValueError(f"answer_fields of a role that picks need a number '{CHOICE}'")

    def models(self, default: str) -> list[str]:
        named = [self.model] if isinstance(self.model, str) else self.model
        return [name for name in named if name] or [default]

    def parse(self, text: str, options: int = 0) -> str | Row:
        """Read a reply; raises BadReply, on a refusal too. A picker chooses one of `options`."""
        if self.picks:
            return self._parse_choice(text, options)
        if self.answer_fields:
            return parse_answer(text, self.answer_fields)
        return answer_that_answers(text)

    def schema(self) -> Schema | None:
        """Give the JSON schema of a reply in JSON; a picker gives a reason, too."""
        if not self.picks:
            return answer_schema(self.answer_fields)
        said = {} if REASON in self.answer_fields else {REASON: TEXT}
        return answer_schema({**self.answer_fields, CHOICE: AnswerField("number")}, said)

    def _parse_choice(self, text: str, options: int) -> Row:
        """Read a picker's number, alone or in JSON; a reason that it gives is kept."""
        if _BARE_NUMBER.fullmatch(text.strip()):
            text = f'{{"{CHOICE}": {int(text)}}}'
        found = parse_answer(text, {**self.answer_fields, CHOICE: AnswerField("number")})
        number = found[CHOICE]
        if number != int(number) or not 1 <= number <= options:
            raise BadReply("choice_out_of_range")
        reason = (find_json_object(text, [CHOICE]) or {}).get(REASON)
        said = {REASON: reason} if isinstance(reason, str) else {}
        return {**said, **found, CHOICE: int(number)}


def check_roles(roles: Sequence[Role], result_from: str) -> None:
    """Raise ValueError if the roles can't be played in this order, or give no such result."""
    if not roles:
        raise ValueError("roles must list one or more")
    names = [role.name for role in roles]
    for position, role in enumerate(roles):
        if role.name in names[:position]:
            raise ValueError(f"roles: the name '{role.name}' stands there twice; rename one")
        for key, template in (("prompt", role.prompt), ("system", role.system)):
            _check_order(f"roles.{role.name}.{key}", template, names, position)
        if role.picks:
            _check_picker(role, {other.name: other for other in roles[:position]})
    _check_result({role.name: role for role in roles}, result_from)


def _check_order(key: str, template: str, names: list[str], position: int) -> None:
    for name in all_places(template):
        if name in names[position:]:
            raise ValueError(
                f"{key} has a place for '{name}', a role that hasn't replied by then; "
                "put the roles in order"
            )


def _check_picker(role: Role, earlier: Mapping[str, Role]) -> None:
    if role.picks not in earlier or earlier[role.picks].copies < 2:
        raise ValueError(
            f"roles.{role.name}.picks: '{role.picks}' must be an earlier role with two or more "
            "copies"
        )
    if role.picks not in all_places(role.prompt):
        raise ValueError(f"roles.{role.name}.prompt: no place for '{{{role.picks}}}'; add it")


def _check_result(roles: Mapping[str, Role], result_from: str) -> None:
    source, field_name = result_source(roles, result_from)
    name = result_from.partition(".")[0]
    if roles[name].copies > 1:
        raise ValueError(f"result_from: '{name}' replies several times; add a role that picks")
    fields = list(source.answer_fields)
    if field_name and field_name not in fields:
        raise ValueError(
            f"result_from: '{source.name}' has no field '{field_name}' in its answer_fields "
            f"(has: {', '.join(fields) or 'none'})"
        )
    if fields and not field_name:
        raise ValueError(
            f"result_from: '{source.name}' answers in fields; name one: {name}.{fields[0]}"
        )


def result_source(roles: Mapping[str, Role], result_from: str) -> tuple[Role, str]:
    """Give the role whose reply is the result, and the reply's field, '' for all of it.

    For a role that picks it is the role that it picks from.
    """
    name, _, field_name = result_from.partition(".")
    if name not in roles:
        raise ValueError(f"result_from: no role '{name}' (has: {', '.join(roles)})")
    return roles[roles[name].picks or name], field_name


def numbered(replies: Sequence[Any], word: Any) -> str:
    """List replies by number, each below a line of its own, since they may be long."""
    return "\n\n".join(f"--- {n} ---\n{word(reply)}" for n, reply in enumerate(replies, 1))
