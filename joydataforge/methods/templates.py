"""Prompts with places for a row's fields: `{input}`, `{history}`, `{any_field}`, `{maybe?}`.

A place with a question mark is for a field that rows may lack; "(none)" stands there then.
Braces around anything but a name, as in an example of JSON or in `\\frac{1}{2}`, stand for
themselves, and `{{word}}` gives `{word}`. What is put in is never looked at again.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from utils.errors import PipelineError
from utils.jsonl import dump_row

HISTORY = "history"
NONE = "(none)"
_PLACE = re.compile(r"\{\{([^\W\d]\w*\??)\}\}|\{([^\W\d]\w*)(\?)?\}")


def places(template: str) -> list[str]:
    """List the fields a template needs, each once, in order; those that may be lacking left out."""
    found = (match[2] for match in _PLACE.finditer(template) if not match[3])
    return list(dict.fromkeys(name for name in found if name))


def all_places(template: str) -> list[str]:
    """List the fields a template has places for, each once, in order."""
    found = (match[2] for match in _PLACE.finditer(template))
    return list(dict.fromkeys(name for name in found if name))


def fill(template: str, values: Mapping[str, Any], none: str = NONE) -> str:
    """Put a row's fields in their places; a field that isn't there raises KeyError.

    A history may be missing, and what a place with a question mark is for: `none` stands there.
    """

    def put_in(match: re.Match[str]) -> str:
        if match[1]:
            return "{" + match[1] + "}"
        name, is_optional = match[2], match[3] or match[2] == HISTORY
        value = values.get(name) if is_optional else values[name]
        return none if is_optional and value in (None, "", []) else field_text(name, value)

    return _PLACE.sub(put_in, template)


def field_text(name: str, value: Any) -> str:
    """Word a field's value: a text as it is, a history turn by turn, anything else as JSON."""
    if name == HISTORY and not value:
        return NONE
    if name == HISTORY and isinstance(value, list):
        return "\n".join(_turns(value))
    return _plain(value)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else dump_row(value).decode().rstrip("\n")


def _turns(history: list[Any]) -> Iterable[str]:
    """Word the turns of a history: texts, pairs of question and answer, or messages."""
    for number, turn in enumerate(history):
        if isinstance(turn, Mapping) and {"role", "content"} <= turn.keys():
            yield f"{turn['role']}: {_plain(turn['content'])}"
        elif isinstance(turn, list) and len(turn) == 2:
            yield f"user: {_plain(turn[0])}"
            yield f"assistant: {_plain(turn[1])}"
        elif isinstance(turn, str):
            yield f"{'assistant' if number % 2 else 'user'}: {turn}"
        else:
            yield _plain(turn)


def check_places(key: str, template: str, known: Iterable[str]) -> None:
    """Raise PipelineError if a template has a place for a field that no row has."""
    known = list(known)
    for name in places(template):
        if name not in known:
            raise PipelineError(
                f"key '{key}': the prompt has a place for '{name}', which the rows lack "
                f"(have: {', '.join(known)}); mend it, or write {{{{{name}}}}} for the braces "
                "themselves"
            )
