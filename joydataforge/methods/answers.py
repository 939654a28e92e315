"""Answers in JSON, checked against the fields that a method's YAML names."""

import math
from dataclasses import dataclass, field
from typing import Any, Literal

from utils.errors import BadReply
from utils.jsonl import Row
from utils.providers.answer_schemas import NUMBER, TEXT, Schema, choice_schema, object_schema
from utils.replies.answer import read_answer
from utils.replies.json_object import find_json_object

TYPES: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "number": (int, float),
    "list": list,
    "object": dict,
    "bool": bool,
}


@dataclass(frozen=True)
class AnswerField:
    """What one field of an answer must be.

    With `choices`, a value must be one of them, and each element of a list. `lowest` and `highest`
    bound numbers.
    """

    type: Literal["text", "number", "list", "object", "bool"] = "text"
    choices: list[Any] = field(default_factory=list)
    lowest: float | None = None
    highest: float | None = None
    may_be_empty: bool = False


def parse_answer(text: str, fields: dict[str, AnswerField]) -> Row:
    """Read the fields of an answer, in the order of the YAML; raises BadReply with the reason."""
    found = find_json_object(text, fields)
    if found is None:
        raise BadReply("no_json")
    return {name: _checked(name, found, rule) for name, rule in fields.items()}


def answer_schema(
    fields: dict[str, AnswerField], more: dict[str, Schema] | None = None
) -> Schema | None:
    """Give the JSON schema of an answer; None where its fields may hold anything."""
    schemas = {name: _field_schema(rule) for name, rule in fields.items()}
    known = {name: schema for name, schema in schemas.items() if schema is not None}
    return object_schema(known | (more or {})) if fields and len(known) == len(fields) else None


def _field_schema(rule: AnswerField) -> Schema | None:
    chosen = choice_schema(rule.choices) if _all_texts(rule.choices) else None
    match rule.type:
        case "text":
            return chosen or TEXT
        case "number":
            return NUMBER
        case "bool":
            return {"type": "boolean"}
        case "list":
            return {"type": "array", "items": chosen} if chosen else None
    return None


def _all_texts(values: list[Any]) -> bool:
    return bool(values) and all(isinstance(value, str) for value in values)


def _checked(name: str, found: Row, rule: AnswerField) -> Any:
    if name not in found:
        raise BadReply("field_missing")
    value = _converted(found[name], rule)
    is_number_or_bool = isinstance(value, bool) == (rule.type == "bool")
    if not isinstance(value, TYPES[rule.type]) or not is_number_or_bool:
        raise BadReply("field_of_wrong_type")
    if not rule.may_be_empty and value in ("", [], {}):
        raise BadReply("field_empty")
    if isinstance(value, (int, float)) and not _is_within(value, rule):
        raise BadReply("field_out_of_range")
    chosen = value if isinstance(value, list) else [value]
    if rule.choices and any(each not in rule.choices for each in chosen):
        raise BadReply("field_not_a_choice")
    return value


def _converted(value: Any, rule: AnswerField) -> Any:
    """Read a value where it stands in another form: a number in a text, a text that is a number."""
    if isinstance(value, list) and rule.type == "list":
        return [_as_choice(each, rule) for each in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool) and rule.type == "text":
        value = str(value)
    if not isinstance(value, str):
        return value
    if rule.type == "number":
        return _number(value)
    if rule.type == "bool":
        return {"true": True, "false": False}.get(value.strip().casefold(), value)
    return _as_choice(value, rule)


def _number(text: str) -> Any:
    """Read a number out of a text, where that is all it holds."""
    try:
        return int(text) if text.strip().lstrip("-").isdigit() else float(text)
    except ValueError:
        return text


def _as_choice(value: Any, rule: AnswerField) -> Any:
    """Give a text without the space around it, in the spelling of the choice it is."""
    if not isinstance(value, str):
        return value
    text = value.strip()
    same = [each for each in rule.choices if str(each).casefold() == text.casefold()]
    return same[0] if same else text


def _is_within(value: float, rule: AnswerField) -> bool:
    above = rule.lowest is None or value >= rule.lowest
    return math.isfinite(value) and above and (rule.highest is None or value <= rule.highest)


def plain_answer(text: str) -> str:
    """Give an answer that is no JSON, freed of thoughts; BadReply if it is empty or no answer."""
    answer = read_answer(text).text
    if not answer.strip():
        raise BadReply("empty_answer")
    return answer.strip()
