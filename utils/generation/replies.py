"""What comes back from a model: a reply, or one of three kinds of failure."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Usage:
    """Tokens of one request as the server counts them; `estimated` where it doesn't say."""

    prompt_tokens: int
    completion_tokens: int
    cached_tokens: int = 0
    estimated: bool = False

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(
            self.prompt_tokens + other.prompt_tokens,
            self.completion_tokens + other.completion_tokens,
            self.cached_tokens + other.cached_tokens,
            self.estimated or other.estimated,
        )

    def as_row(self) -> dict[str, Any]:
        row: dict[str, Any] = {
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cached_tokens": self.cached_tokens,
        }
        return row | {"estimated": True} if self.estimated else row


@dataclass(frozen=True)
class Reply:
    """One answered request."""

    text: str
    finish_reason: str
    usage: Usage

    def as_row(self) -> dict[str, Any]:
        return {
            "text": self.text,
            "finish_reason": self.finish_reason,
            "usage": self.usage.as_row(),
        }

    @classmethod
    def from_row(cls, row: dict[str, Any]) -> "Reply":
        return cls(row["text"], row["finish_reason"], Usage(**row["usage"]))


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
