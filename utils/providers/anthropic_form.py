"""Anthropic's Messages: a system text apart, parts of content, and cached tokens counted apart."""

from typing import Any

from utils.providers.openai_form import guess_usage, load_answer, read_content, without_answer
from utils.providers.replies import UNREADABLE, PassingError, Reply, Usage, count_usage

VERSION = "2023-06-01"
# What the form has no field for.
_UNKNOWN = ("seed", "metadata", "stop", "response_format")


def write_message(body: dict[str, Any]) -> dict[str, Any]:
    """Turn the body of a chat into Anthropic's; of temperature and top_p it takes one only."""
    messages = body["messages"]
    system = "\n\n".join(each["content"] for each in messages if each["role"] == "system")
    written = {name: value for name, value in body.items() if name not in _UNKNOWN}
    written["messages"] = [each for each in messages if each["role"] != "system"]
    if system:
        written["system"] = system
    if "temperature" in written:
        written.pop("top_p", None)
    if stops := body.get("stop"):
        written["stop_sequences"] = [stops] if isinstance(stops, str) else stops
    if wanted := body.get("response_format"):
        schema = wanted["json_schema"]["schema"]
        written["output_config"] = {"format": {"type": "json_schema", "schema": schema}}
    return written


def read_message(content: bytes, body: dict[str, Any]) -> Reply:
    """Turn a response body into a Reply; raises as `parse_reply` does."""
    answer = load_answer(content)
    try:
        text, thought = read_content(answer["content"])
        finish_reason = str(answer.get("stop_reason") or "unknown")
        usage = _usage(answer.get("usage"), guess_usage(body, text))
    except (KeyError, TypeError, AttributeError):
        raise PassingError(UNREADABLE, "the response body holds no message") from None
    if not text.strip():
        return without_answer(finish_reason, usage, thought)
    return Reply(text, finish_reason, usage, reasoning=thought)


def _usage(told: Any, guess: Usage) -> Usage:
    counts = told if isinstance(told, dict) else {}
    read = counts.get("cache_read_input_tokens") or 0
    written = counts.get("cache_creation_input_tokens") or 0
    asked = [counts.get("input_tokens"), read, written]
    return count_usage(asked, [counts.get("output_tokens")], read, guess)


def message_headers(key: str) -> dict[str, str]:
    """Name the headers of a request: its key, and the version of the form."""
    return {"x-api-key": key, "anthropic-version": VERSION}
