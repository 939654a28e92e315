"""Requests as the answering functions see them: what is asked for, the turns, and a seed."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from utils.code.fences import block_text, fence_lines, read_blocks
from utils.code.languages import label_of
from utils.sampling import derive_seed

ROLES = ("system", "developer", "user", "assistant", "tool")
MOST_STOPS = 16


class BadRequest(Exception):
    """A body that is no request for an answer; `parameter` names the field at fault."""

    def __init__(self, message: str, parameter: str | None = None) -> None:
        super().__init__(message)
        self.parameter = parameter


@dataclass(frozen=True)
class Fenced:
    """What a fenced block of a prompt holds, and the word after its opening fence."""

    label: str
    text: str

    @property
    def is_diff(self) -> bool:
        return self.label == "diff" or re.search(r"^@@ -\d", self.text, re.MULTILINE) is not None

    @property
    def is_prose(self) -> bool:
        return self.label == "text"


@dataclass(frozen=True)
class Conversation:
    """One request; a text to be completed is a conversation of that one turn.

    `kind` says what is asked for, as the pipeline tells embedded models. `seed` depends on the
    system text, the first user text and the asked seed; later turns are left out of it, so that
    every round of a conversation draws the same things.
    """

    kind: str
    system: str
    users: tuple[str, ...]
    seed: int
    prompt_characters: int
    model: str
    max_tokens: int | None
    stops: tuple[str, ...] = ()

    @property
    def round(self) -> int:
        return len(self.users)

    @property
    def last(self) -> str:
        """The question itself, where examples stand before it as turns."""
        return self.users[-1]

    @property
    def own_seed(self) -> int:
        """A seed that tells apart what is asked of two models, or in two turns."""
        return derive_seed(self.seed, self.model, self.last)

    @cached_property
    def blocks(self) -> list[Fenced]:
        return fenced_blocks(self.last)


def fenced_blocks(text: str) -> list[Fenced]:
    """List what the fenced blocks of a text hold."""
    blocks = read_blocks(fence_lines(text)).blocks
    return [Fenced(label_of(block.opener.info), block_text(text, block)) for block in blocks]


def read_conversation(body: Any) -> Conversation:
    """Check a chat request's body and take from it what the answers depend on."""
    _check_body(body)
    turns = _read_turns(body.get("messages"))
    users = tuple(text for role, text in turns if role == "user")
    if not users:
        raise BadRequest("messages must hold a user message", "messages")
    system = "\n".join(text for role, text in turns if role in ("system", "developer"))
    length = sum(len(text) for _, text in turns)
    return _conversation(body, system, users, length)


def read_completion(body: Any) -> Conversation:
    """Check the body of a request for a completion; raises BadRequest."""
    _check_body(body)
    text = body.get("prompt")
    if isinstance(text, list) and len(text) == 1:
        [text] = text
    if not isinstance(text, str) or not text:
        raise BadRequest("prompt must be a text", "prompt")
    return _conversation(body, "", (text,), len(text))


def _conversation(
    body: Mapping[str, Any], system: str, users: tuple[str, ...], length: int
) -> Conversation:
    model = body.get("model", "offline")
    if not isinstance(model, str):
        raise BadRequest("model must be a string", "model")
    return Conversation(
        kind=_read_kind(body.get("metadata")),
        system=system,
        users=users,
        seed=derive_seed("offline", system, users[0], body.get("seed")),
        prompt_characters=length,
        model=model,
        max_tokens=_read_max_tokens(body),
        stops=_read_stops(body.get("stop")),
    )


def _check_body(body: Any) -> None:
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    if body.get("stream") or body.get("echo"):
        raise BadRequest("this server does not stream or echo; leave them out", "stream")


def _read_kind(metadata: Any) -> str:
    kind = (metadata or {}).get("prompt_kind", "") if isinstance(metadata or {}, dict) else None
    if not isinstance(kind, str):
        raise BadRequest("metadata must be an object of strings", "metadata")
    return kind


def _read_turns(messages: Any) -> list[tuple[str, str]]:
    if not isinstance(messages, list) or not messages:
        raise BadRequest("messages must be a list with at least one message", "messages")
    turns = []
    for i, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise BadRequest(f"messages[{i}] must be an object with a known role", "messages")
        turns.append((message["role"], _read_text(message.get("content"), i)))
    return turns


def _read_text(content: Any, i: int) -> str:
    """Return a message's text: a string, null, or a list of parts of which the text ones count."""
    if content is None or isinstance(content, str):
        return content or ""
    if isinstance(content, list) and all(isinstance(part, dict) for part in content):
        texts = [part.get("text") for part in content]
        return "\n".join(text for text in texts if isinstance(text, str))
    raise BadRequest(f"messages[{i}].content must be a string or a list of parts", "messages")


def _read_max_tokens(body: Mapping[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = body.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise BadRequest(f"{name} must be a whole number above 0", name)
        return value
    return None


def _read_stops(value: Any) -> tuple[str, ...]:
    stops = [value] if isinstance(value, str) else value or []
    is_list = isinstance(stops, list) and len(stops) <= MOST_STOPS
    if not is_list or not all(isinstance(stop, str) and stop for stop in stops):
        raise BadRequest(f"stop must be a text, or a list of up to {MOST_STOPS}", "stop")
    return tuple(stops)
