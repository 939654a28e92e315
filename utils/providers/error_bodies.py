"""The errors that servers write, in any of the usual shapes: their codes and what they say."""

import re
from typing import Any, NamedTuple

from utils.jsonl import load_row

LONGEST_SAYING = 300  # characters of what a server said that are passed on
_CODES = ("code", "type", "status", "error_code", "status_code")
_MESSAGES = ("message", "detail", "error_msg", "status_msg", "msg")
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ufeff\ud800-\udfff\s]+")
_WAIT = re.compile(r"(\d+(?:\.\d+)?)s")


class ServerError(NamedTuple):
    """An error as the server has it: `codes` are its codes, types and reasons, one after another.

    `status` is an HTTP status that the body names; `wait` the seconds it asks to wait.
    """

    codes: str
    message: str
    status: int | None = None
    wait: float | None = None


def cleaned(text: str) -> str:
    """Put a text on one line, without what can't be printed."""
    return _UNPRINTABLE.sub(" ", text).strip()


def read_error(content: bytes) -> ServerError:
    """Read an error out of the body of a refused request."""
    try:
        body = load_row(content)
    except ValueError:
        return ServerError("", cleaned(content[: 1 << 16].decode("utf-8", "replace")))
    return _error(body)


def find_error(content: bytes) -> ServerError | None:
    """Look for an error in a body that came as a success; None if it holds none."""
    try:
        body = load_row(content)
    except ValueError:
        return None
    body = body[0] if isinstance(body, list) and body else body
    if not isinstance(body, dict) or body.get("choices") or body.get("data"):
        return None
    base = body.get("base_resp")
    failed = isinstance(base, dict) and base.get("status_code")
    is_bare = "message" in body and not isinstance(body["message"], dict) and "code" in body
    if failed or body.get("error") or "error" in (body.get("object"), body.get("type")) or is_bare:
        return _error(body)
    return None


def _error(body: Any) -> ServerError:
    body = body[0] if isinstance(body, list) and body else body  # Gemini's OpenAI form
    if not isinstance(body, dict):
        return ServerError("", cleaned("" if body is None else str(body)))
    error = body.get("error") or body.get("base_resp") or body
    if not isinstance(error, dict):
        return ServerError(str(body.get("code") or ""), cleaned(str(error)))
    details = [each for each in _listed(error.get("details")) if isinstance(each, dict)]
    named = [error.get(name) for name in _CODES] + [each.get("reason") for each in details]
    codes = dict.fromkeys(str(each) for each in named if isinstance(each, str | int) and each)
    message = next((error[name] for name in _MESSAGES if error.get(name)), error)
    return ServerError(
        " ".join(codes),
        cleaned(_worded(message) + _upstream(error)),
        _status(codes),
        _wait(details),
    )


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _worded(message: Any) -> str:
    """Word a message; a list of faulty fields (FastAPI's) without the values, which are prompts."""
    if isinstance(message, list):
        return "; ".join(
            f"{'.'.join(map(str, _listed(each.get('loc'))))}: {each.get('msg')}"
            if isinstance(each, dict)
            else str(each)
            for each in message
        )
    return str(message)


def _upstream(error: dict[str, Any]) -> str:
    """Give what OpenRouter's own provider said, which tells more than `Provider returned error`."""
    metadata = error.get("metadata")
    raw = metadata.get("raw") if isinstance(metadata, dict) else None
    return f": {raw}" if raw else ""


def _status(codes: dict[str, Any]) -> int | None:
    numbers = (int(code) for code in codes if code.isdecimal() and len(code) == 3)
    return next((number for number in numbers if 400 <= number < 600), None)


def _wait(details: list[dict[str, Any]]) -> float | None:
    """Read Gemini's `retryDelay`, which stands in the body."""
    found = (_WAIT.fullmatch(str(each.get("retryDelay"))) for each in details)
    return next((float(match[1]) for match in found if match), None)
