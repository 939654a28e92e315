"""What comes back from a model: a reply, or one of three kinds of failure."""

from dataclasses import dataclass, field
from math import isfinite
from typing import Any

# Above all that one request may take; who counts more, or less than none, counts wrong.
MOST_TOKENS = 100_000_000
_COUNTS = ("prompt_tokens", "completion_tokens", "cached_tokens")


@dataclass(frozen=True)
class Usage:
    """Tokens of one request as the server counts them; `estimated` where it doesn't say.

    `cost` stands there in a run over several models, each with prices of its own. `guess` is what
    they look like from here, below which no budget takes the server's word.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    estimated: bool = False
    cost: float | None = None
    guess: "Usage | None" = field(default=None, compare=False, repr=False)

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.estimated or other.estimated,
            None if self.cost is None or other.cost is None else self.cost + other.cost,
        )

    def as_row(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cached_tokens": self.cached_tokens,
        }
        if self.estimated:
            row["estimated"] = True
        if self.cost is not None:
            row["cost"] = self.cost
        return row


def is_token_count(value: Any) -> bool:
    """Ask whether a value is a number of tokens that a request can have."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 <= value <= MOST_TOKENS and value == int(value)


def sound_usage(row: Any) -> dict[str, Any]:
    """Read a usage of a log, in which a count that none can be is none, and the sum an estimate."""
    found = row if isinstance(row, dict) else {}
    counts = {name: found.get(name, 0) for name in _COUNTS}
    sound: dict[str, Any] = {
        name: int(value) if is_token_count(value) else 0 for name, value in counts.items()
    }
    sound["cached_tokens"] = min(sound["cached_tokens"], sound["prompt_tokens"])
    estimated, cost = found.get("estimated"), found.get("cost")
    if estimated or counts != {name: sound[name] for name in _COUNTS}:
        sound["estimated"] = estimated if is_token_count(estimated) and estimated else True
    if isinstance(cost, int | float) and isfinite(cost) and cost >= 0:
        sound["cost"] = cost
    return sound


@dataclass(frozen=True)
class Reply:
    """One answered request; `model` names who answered in a run over several models."""

    text: str
    finish_reason: str
    usage: Usage
    model: str = ""

    def as_row(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "text": self.text,
            "finish_reason": self.finish_reason,
            "usage": self.usage.as_row(),
        }
        return row | {"model": self.model} if self.model else row

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Reply":
        usage = Usage(**sound_usage(row["usage"]))
        return cls(row["text"], row["finish_reason"], usage, row.get("model", ""))


class PassingError(Exception):
    """A failure that may pass: throttling, a timeout, a broken connection, a useless body.

    `cause` is a short name for the counts; `retry_after` is in seconds, where the server says;
    `usage` is what a useless answer was paid with.
    """

    def __init__(
        self,
        cause: str,
        message: str,
        retry_after: float | None = None,
        throttled: bool = False,
        usage: Usage | None = None,
    ) -> None:
        super().__init__(message)
        self.cause = cause
        self.usage = usage
        self.retry_after = retry_after
        self.throttled = throttled


class RequestRefused(Exception):
    """The server refuses this one request for good: too long, filtered, malformed."""


class RunRefused(Exception):
    """The server refuses every request: a wrong key, an unknown model, no credit."""
