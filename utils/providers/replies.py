"""What comes back from a model: a reply, or one of three kinds of failure."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

UNREADABLE = "unparseable"  # the cause of a body that is no answer at all
EMPTY = "empty"  # and of one whose answer is missing
USELESS = (UNREADABLE, EMPTY)  # of a server that is at work, nevertheless
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


def count_usage(asked: Sequence[Any], answered: Sequence[Any], cached: Any, guess: Usage) -> Usage:
    """Add up a server's counts of tokens; a guess stands in for a sum that is missing or can't be.

    Nothing of a count is believed, cached tokens least: above those asked they make all a guess.
    """
    prompt_tokens, completion_tokens = _sum(asked), _sum(answered)
    cached_tokens = int(cached) if is_token_count(cached) else 0
    if cached_tokens > (guess.prompt_tokens if prompt_tokens is None else prompt_tokens):
        return guess
    return Usage(
        guess.prompt_tokens if prompt_tokens is None else prompt_tokens,
        guess.completion_tokens if completion_tokens is None else completion_tokens,
        cached_tokens,
        estimated=prompt_tokens is None or completion_tokens is None,
        guess=guess,
    )


def _sum(counts: Sequence[Any]) -> int | None:
    return sum(map(int, counts)) if counts and all(map(is_token_count, counts)) else None


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
    """One answered request; `model` names who answered in a run over several models.

    `reasoning` is what the model thought before, where the server gives it apart and it is kept.
    Without `text` there is no answer, though it was paid for, and the same question would bring
    the same.
    """

    text: str
    finish_reason: str
    usage: Usage
    model: str = ""
    reasoning: str = ""

    def as_row(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "text": self.text,
            "finish_reason": self.finish_reason,
            "usage": self.usage.as_row(),
        }
        if self.model:
            row["model"] = self.model
        if self.reasoning:
            row["reasoning"] = self.reasoning
        return row

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Reply":
        usage = Usage(**sound_usage(row["usage"]))
        return cls(
            *(row["text"], row["finish_reason"], usage),
            *(row.get("model", ""), row.get("reasoning", "")),
        )


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
    """The server refuses this one request for good: too long, filtered, malformed.

    With `is_unknown` it may be all requests, since nobody knows what it says; `usage` is what a
    withheld answer was paid with.
    """

    def __init__(self, message: str, is_unknown: bool = False, usage: Usage | None = None) -> None:
        super().__init__(message)
        self.is_unknown = is_unknown
        self.usage = usage


class RunRefused(Exception):
    """The server refuses every request: a wrong key, an unknown model, no credit."""
