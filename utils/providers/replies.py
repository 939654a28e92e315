"""What comes back from a model: a reply, or one of three kinds of failure."""

from dataclasses import dataclass
from typing import Any

UNREADABLE = "unparseable"  # the cause of a body that is no answer at all
EMPTY = "empty"  # and of one whose answer is missing
USELESS = (UNREADABLE, EMPTY)  # of a server that is at work, nevertheless


@dataclass(frozen=True)
class Usage:
    """Tokens of one request as the server counts them; `estimated` where it doesn't say.

    `cost` stands there in a run over several models, each with prices of its own.
    """

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    estimated: bool = False
    cost: float | None = None

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
        usage = Usage(**row["usage"])
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
