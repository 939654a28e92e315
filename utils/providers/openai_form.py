"""OpenAI's form of chats and completions, which most servers speak, each with ways of its own."""

import json
from typing import Any

import orjson

from utils.providers.replies import (
    EMPTY,
    UNREADABLE,
    PassingError,
    Reply,
    RequestRefused,
    Usage,
    count_usage,
)
from utils.replies.finish_reasons import TOOL_CALLS, finish_word, is_whole, ran_out_of_tokens

CHARACTERS_PER_TOKEN = 4  # a rough mean over English and code, for estimates that say so
# Where servers put what a model thought, beside its answer.
_THOUGHT_FIELDS = ("reasoning_content", "reasoning", "thinking")
# The words of a server that has not come to answering yet.
_NOT_YET = ("load", "unload")
_ERRORS = ("error", "network_error", "abort", "insufficient_system_resource")


def completion_path(body: dict[str, Any]) -> str:
    """Give the path that a body with `messages`, or with a plain `prompt`, goes to."""
    return "/completions" if "prompt" in body else "/chat/completions"


def parse_reply(content: bytes, body: dict[str, Any]) -> Reply:
    """Turn a response body into a Reply; an unreadable or empty one raises PassingError.

    One that holds no answer, though the model was at work until its end, has no text. Raises
    RequestRefused where the server withheld the answer, or the model refuses to give one.
    """
    answer = load_answer(content)
    try:
        choice = answer["choices"][0]
        message = {"content": choice["text"]} if "prompt" in body else choice["message"] or {}
        finish_reason = choice.get("finish_reason") or "unknown"
        text, thought = read_content(message.get("content"))
    except (KeyError, IndexError, TypeError, AttributeError):
        text = "the response body holds no choices"
        raise PassingError(UNREADABLE, text, usage=_told_usage(answer, body)) from None
    if isinstance(finish_reason, dict):
        finish_reason = finish_word(finish_reason)
    usage = parse_usage(answer.get("usage"), body, text)
    if not text.strip():
        is_paid = bool(answer.get("usage"))
        if "prompt" in body and text == "" and is_whole(finish_reason):
            return Reply("", str(finish_reason), usage)  # nothing is to be added
        thought = thought or _thought_beside(message)
        return without_answer(str(finish_reason), usage, thought, _refusal(message), is_paid)
    return Reply(text, str(finish_reason), usage, reasoning=thought or _thought_beside(message))


def _told_usage(answer: Any, body: dict[str, Any]) -> Usage | None:
    """Read what an answer without choices was paid with, where it says so."""
    if isinstance(answer, dict) and answer.get("usage"):
        return parse_usage(answer["usage"], body, "")
    return None


def load_answer(content: bytes) -> Any:
    """Read the JSON of an answer, past a byte order mark and comments that keep a line alive."""
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    content = content.removeprefix(b"\xef\xbb\xbf")
    lines = content.splitlines(keepends=True)
    begins = (number for number, line in enumerate(lines) if line.strip()[:1] not in (b"", b":"))
    try:
        return json.loads(b"".join(lines[next(begins, 0) :]))  # lone surrogates and NaN too
    except (ValueError, RecursionError):
        raise PassingError(UNREADABLE, "the response body is not JSON") from None


def read_content(content: Any) -> tuple[str, str]:
    """Join the parts of a content: (its text, the thoughts among it)."""
    if content is None or isinstance(content, str):
        return content or "", ""
    texts: list[str] = []
    thoughts: list[str] = []
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            texts.append(part)
            continue
        kind = str(part.get("type") or "text")
        found = part.get("text") or part.get("content")
        if "thinking" in kind or "reasoning" in kind or part.get("thought"):
            thoughts.append(_joined(part.get("thinking") or part.get("reasoning") or found))
        elif kind in ("text", "output_text"):
            texts.append(_joined(found))
    return "".join(texts), "\n\n".join(filter(None, thoughts))


def _joined(content: Any) -> str:
    """Give the text of a part, which may be a list of parts again."""
    if isinstance(content, dict):
        content = content.get("value") or content.get("text")  # {"text": {"value": ...}}
    if isinstance(content, list):
        return "".join(map(_joined, content))
    return content if isinstance(content, str) else ""


def _thought_beside(message: dict[str, Any]) -> str:
    found = (message.get(name) for name in _THOUGHT_FIELDS)
    return next((_joined(each) for each in found if each), "")


def _refusal(message: dict[str, Any]) -> str:
    found = message.get("refusal")
    return found if isinstance(found, str) else ""


def without_answer(
    finish_reason: str, usage: Usage, thought: str, refusal: str = "", is_paid: bool = True
) -> Reply:
    """Make of a reply without text what it is: a thought alone, a refusal, or a fault that passes.

    The model's work was done where it thought, called a tool, or came to its last token.
    """
    word = finish_word(finish_reason)
    if refusal:
        raise RequestRefused(f"the model refuses: {refusal}", usage=usage if is_paid else None)
    is_worked_out = thought or word in TOOL_CALLS or ran_out_of_tokens(word)
    if is_worked_out and word not in _ERRORS:
        return Reply("", finish_reason, usage, reasoning=thought)
    if not is_whole(word) and word not in (*_NOT_YET, *_ERRORS):
        raise RequestRefused(
            f"{finish_reason}: the server withheld the answer", usage=usage if is_paid else None
        )
    raise PassingError(
        EMPTY,
        f"empty answer (finish_reason {finish_reason})",
        usage=usage if is_paid else None,
    )


def parse_usage(usage: Any, body: dict[str, Any], text: str) -> Usage:
    """Read the server's token counts; estimate those that are missing or can't be, and say so."""
    counts = usage if isinstance(usage, dict) else {}
    details = counts.get("prompt_tokens_details")
    cached = details.get("cached_tokens") if isinstance(details, dict) else None
    return count_usage(
        [counts.get("prompt_tokens")],
        [counts.get("completion_tokens")],
        cached or counts.get("prompt_cache_hit_tokens"),
        guess_usage(body, text),
    )


def guess_usage(body: dict[str, Any], text: str) -> Usage:
    """Guess the tokens of a request and of its answer by their lengths, at most `max_tokens`."""
    answered = len(text) // CHARACTERS_PER_TOKEN + 1
    most = body.get("max_tokens")
    if isinstance(most, int):
        answered = min(answered, most)
    return Usage(guess_prompt_tokens(asked_messages(body)), answered, estimated=True)


def asked_messages(body: dict[str, Any]) -> list[dict[str, str]]:
    """List the messages of a request; a plain prompt counts as one."""
    return [{"content": body["prompt"]}] if "prompt" in body else body["messages"]


def guess_prompt_tokens(messages: list[dict[str, str]]) -> int:
    """Guess the prompt tokens of a request from its length."""
    return sum(len(message["content"]) for message in messages) // CHARACTERS_PER_TOKEN + 1
