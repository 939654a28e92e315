"""Gemini's generateContent: contents of parts, settings in camel case, thoughts counted apart."""

from typing import Any
from urllib.parse import quote

from utils.providers.openai_form import guess_usage, load_answer, without_answer
from utils.providers.replies import (
    UNREADABLE,
    PassingError,
    Reply,
    RequestRefused,
    Usage,
    count_usage,
)

_SETTINGS = {
    "temperature": "temperature",
    "top_p": "topP",
    "max_tokens": "maxOutputTokens",
    "seed": "seed",
    "stop": "stopSequences",
}
_KNOWN = {*_SETTINGS, "model", "messages", "metadata", "response_format"}
_ROLES = {"assistant": "model"}


def content_path(body: dict[str, Any]) -> str:
    """Give the path of a request, which names the model."""
    model = body["model"]
    name = model if "/" in model else f"models/{model}"
    return f"/{quote(name)}:generateContent"


def write_content(body: dict[str, Any]) -> dict[str, Any]:
    """Turn the body of a chat into Gemini's."""
    messages = body["messages"]
    system = [{"text": each["content"]} for each in messages if each["role"] == "system"]
    settings = {ours: body[name] for name, ours in _SETTINGS.items() if name in body}
    if isinstance(settings.get("stopSequences"), str):
        settings["stopSequences"] = [settings["stopSequences"]]
    if wanted := body.get("response_format"):
        settings["responseMimeType"] = "application/json"
        settings["responseJsonSchema"] = wanted["json_schema"]["schema"]
    return {
        "contents": [
            {"role": _ROLES.get(each["role"], "user"), "parts": [{"text": each["content"]}]}
            for each in messages
            if each["role"] != "system"
        ],
        **({"systemInstruction": {"parts": system}} if system else {}),
        "generationConfig": settings,
        **{name: value for name, value in body.items() if name not in _KNOWN},
    }


def read_candidate(content: bytes, body: dict[str, Any]) -> Reply:
    """Turn a response body into a Reply; raises as `parse_reply` does."""
    answer = load_answer(content)
    try:
        _refuse_blocked(answer, body)
        candidate = answer["candidates"][0]
        finish_reason = str(candidate.get("finishReason") or "unknown")
        parts = (candidate.get("content") or {}).get("parts") or []
        said = [part for part in parts if isinstance(part.get("text"), str)]
    except (KeyError, IndexError, TypeError, AttributeError):
        raise PassingError(UNREADABLE, "the response body holds no candidate") from None
    thought = "".join(part["text"] for part in said if part.get("thought"))
    text = "".join(part["text"] for part in said if not part.get("thought"))
    usage = _usage(answer.get("usageMetadata"), guess_usage(body, thought + text))
    if not text.strip():
        return without_answer(finish_reason, usage, thought)
    return Reply(text, finish_reason, usage, reasoning=thought)


def _refuse_blocked(answer: dict[str, Any], body: dict[str, Any]) -> None:
    reason = (answer.get("promptFeedback") or {}).get("blockReason")
    if reason and not answer.get("candidates"):
        usage = _usage(answer.get("usageMetadata"), guess_usage(body, ""))
        raise RequestRefused(f"{reason}: the server blocked the prompt", usage=usage)


def _usage(told: Any, guess: Usage) -> Usage:
    counts = told if isinstance(told, dict) else {}
    asked, answered = (
        [counts.get(name) or 0 for name in names] if counts else []
        for names in (
            ("promptTokenCount", "toolUsePromptTokenCount"),
            ("candidatesTokenCount", "thoughtsTokenCount"),
        )
    )
    return count_usage(asked, answered, counts.get("cachedContentTokenCount"), guess)


def content_headers(key: str) -> dict[str, str]:
    """Name the headers of a request: its key."""
    return {"x-goog-api-key": key}
