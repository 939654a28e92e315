"""Answers prompts of which nothing is known but their text.

One that asks for JSON gets an object with the fields that it names; any other a sentence that says
who answers.
"""

import json
import random
import re
from typing import Any

from offline_model.conversation import Conversation
from offline_model.misbehaviour import Answer, spoiled_text
from offline_model.replies import word

PLAIN_ANSWER = (
    "I am the embedded stand-in model: no language model, but a set of rules that answers the"
    " pipeline's own prompts. This one is none of them."
)
MOST_FIELDS = 40
# `"name": what it is`, up to the next field or the end of the object.
_FIELD = re.compile(r"[\"'](\w+)[\"']\s*:\s*(.*?)(?=,\s*[\"']\w+[\"']\s*:|\}|\n\s*\n|$)", re.S)
# Where no object is shown: names in quotes or backticks, with what is said up to the next one.
_NAMED = re.compile(r"[\"'`](\w+)[\"'`]([^\"'`\n]*)")
_LISTED = re.compile(r"\b(?:fields?|keys?|names?|properties)\b:?[ ]+((?:\w+(?:,| and|,? and)? ?)+)")
_BOUNDS = re.compile(r"(-?\d+)\s*(?:to|and|-|–|\.\.)\s*(-?\d+)")
_NUMBER = re.compile(r"\b(?:number|integer|score|rating|float|count|int)\b|^\W*\d+\W*$", re.I)
_TRUTH = re.compile(r"\b(?:true|false|bool|boolean)\b", re.I)
_PART = re.compile(r"\s*(?:\||,|\bor\b)\s*")


def answer_other(conversation: Conversation, share: float) -> Answer:
    """Answer by what the text asks for."""
    rng = random.Random(conversation.own_seed)
    fields = asked_fields(f"{conversation.system}\n{conversation.last}")
    if not fields:
        return Answer(PLAIN_ANSWER)
    made = {name: value_for(hint, rng) for name, hint in fields.items()}
    return spoiled_text(as_json(made, rng), share, rng)


def asked_fields(text: str) -> dict[str, str]:
    """Read the fields of the JSON object that a prompt asks for, each with what is said of it."""
    if not re.search(r"\bjson\b", text, re.IGNORECASE):
        return {}
    shown = [match.groups() for match in _FIELD.finditer(text)]
    # What is said after the word stands in the request itself, not in the material before it.
    said = re.split(r"\bjson\b", text, flags=re.IGNORECASE)[-1]
    found = shown or [match.groups() for match in _NAMED.finditer(said)]
    if not found and (listed := _LISTED.search(said)):
        found = [(name, "") for name in re.findall(r"\w+", listed[1]) if name != "and"]
    return dict(found[:MOST_FIELDS])


def value_for(hint: str, rng: random.Random) -> Any:
    """Make a value such as a hint wants: a choice, a number, a truth value, a list, a text."""
    hint = hint.strip()
    if hint.startswith("{"):
        inner = asked_fields(f"json {hint}}}")
        return {name: value_for(each, rng) for name, each in inner.items()} or {"note": "none"}
    if hint.startswith("["):
        return [value_for(hint.strip("[] "), rng)]
    if _TRUTH.search(hint):
        return rng.random() < 0.5
    if _NUMBER.search(hint):
        bounds = _BOUNDS.search(hint)
        lowest, highest = sorted(map(int, bounds.groups())) if bounds else (1, 5)
        return rng.randint(lowest, highest)
    choices = [part.strip("\"'`<>() ") for part in _PART.split(hint)]
    if len(choices) > 1 and all(0 < len(each.split()) <= 2 for each in choices):
        return rng.choice(choices)
    return word("answers", "short", rng)


def as_json(fields: dict[str, Any], rng: random.Random) -> Answer:
    """Write an object as models do: bare, fenced, with talk around it."""
    text = json.dumps(fields, ensure_ascii=False)
    forms = (
        text,
        text,
        f"```json\n{json.dumps(fields, ensure_ascii=False, indent=2)}\n```",
        f"Here is the object you asked for:\n\n{text}\n\nLet me know if it should be longer.",
    )
    return Answer(rng.choice(forms))
