"""What servers answer that is not as the documentation of OpenAI has it, by a name for each.

After public reports about OpenRouter, DashScope, DeepSeek, Zhipu, Mistral, Gemini, Azure, Groq,
SGLang, vLLM, Ollama, Kimi and gpt-oss.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

THOUGHT = "Let me think about what the program could be. It should have a loop."
Completion = dict[str, Any]


class OddAnswer(NamedTuple):
    """A response: its body, status, headers and content type."""

    content: bytes
    status: int = 200
    headers: dict[str, str] | None = None
    kind: str = "application/json"


Odd = Callable[[Completion, dict[str, Any]], OddAnswer]
ODD_ANSWERS: dict[str, Odd] = {}


def _add(name: str, odd: Odd) -> None:
    ODD_ANSWERS[name] = odd


def _error(name: str, status: int, error: Any, **headers: str) -> None:
    content = json.dumps(error).encode()
    _add(name, lambda good, body: OddAnswer(content, status, headers))


def _message(name: str, finish: str | None = "stop", **message: Any) -> None:
    """Answer with another message; `$GOOD` in its texts stands for the good one."""

    def odd(good: Completion, body: dict[str, Any]) -> OddAnswer:
        choice = good["choices"][0]
        text = choice["message"]["content"]
        made = json.loads(json.dumps(message).replace("$GOOD", text))
        choice["message"] = {"role": "assistant", **made}
        choice["finish_reason"] = finish
        return OddAnswer(json.dumps(good).encode())

    _add(name, odd)


def _bytes(name: str, write: Callable[[bytes], bytes], kind: str = "application/json") -> None:
    _add(name, lambda good, body: OddAnswer(write(json.dumps(good).encode()), kind=kind))


def _changed(name: str, **fields: Any) -> None:
    _add(name, lambda good, body: OddAnswer(json.dumps(good | fields).encode()))


# Errors
_error("200_overloaded", 200, {"error": {"message": "Upstream overloaded", "code": 502}})
_error("200_key", 200, {"error": {"message": "No auth credentials found", "code": 401}})
_error("200_balance", 200, {"base_resp": {"status_code": 1008, "status_msg": "no balance"}})
_error(
    "403_moderation",
    403,
    {"error": {"code": 403, "message": 'Your input was flagged for "violence". No credits used.'}},
)
_error(
    "400_arrears",
    400,
    {"error": {"code": "Arrearage", "message": "Make sure your account is in good standing."}},
)
_error("429_arrears", 429, {"error": {"code": "1113", "message": "Insufficient balance."}})
_error(
    "400_inspection",
    400,
    {"error": {"code": "data_inspection_failed", "message": "may be inappropriate content"}},
)
_error("400_unknown", 400, {"error": {"message": "parameter.enable_thinking must be false"}})
_error("404_unknown", 404, {"error": {"code": 404, "message": "no such thing"}})
_error("422_unknown", 422, {"detail": [{"loc": ["body", "seed"], "msg": "bad", "input": "s3"}]})
_error("429_day", 429, {"error": {"message": "free-models-per-day"}}, **{"Retry-After": "86400"})
_error("429_unit", 429, {"error": {"message": "rate"}}, **{"Retry-After": "0.01s"})
_error("498", 498, {"error": {"message": "Flex tier capacity exceeded"}})
_error("529", 529, {"type": "error", "error": {"type": "overloaded_error", "message": "busy"}})
# Answers without an answer
_changed("no_choice", choices=[])
_message("withheld_null", "content_filter", content=None)
_message("withheld_prohibited", "content_filter: PROHIBITED_CONTENT")
_message("sensitive", "sensitive", content="")
_message("tool_call", "tool_calls", content=None, tool_calls=[{"id": "1", "type": "function"}])
_message("refused", "stop", content=None, refusal="I can't help with that.")
_message("thought_only", "stop", content=None, reasoning_content=THOUGHT)
_message("loading", "load", content="")


def _no_message(good: Completion, body: dict[str, Any]) -> OddAnswer:
    good["choices"][0]["message"] = None
    return OddAnswer(json.dumps(good).encode())


def _thought_of_any_length(good: Completion, body: dict[str, Any]) -> OddAnswer:
    """Think through 3,000 tokens first."""
    if body["max_tokens"] <= 3000:
        choice = good["choices"][0]
        choice["message"] = {"content": None, "reasoning_content": THOUGHT}
        choice["finish_reason"] = "length"
        good["usage"]["completion_tokens"] = body["max_tokens"]
    return OddAnswer(json.dumps(good).encode())


_add("no_message", _no_message)
_add("long_thought", _thought_of_any_length)
# Answers in other forms
_message("parts", content=[{"type": "text", "text": "$GOOD"}])
_message(
    "thinking_part",
    content=[
        {"type": "thinking", "thinking": [{"type": "text", "text": THOUGHT}]},
        {"type": "text", "text": "$GOOD"},
    ],
)
_message("thought_beside", content="$GOOD", reasoning_content=THOUGHT)
_message("no_reason", None, content="$GOOD")
_message("thought_in_content", "length", content=f"<think>{THOUGHT}")
_message("half_resource", "insufficient_system_resource", content="$GOOD")
_message("thought_before", content=f"<think>{THOUGHT}</think>$GOOD")
_changed("usage_null", usage=None)
_changed("cut_context", usage={"prompt_tokens": 11, "completion_tokens": 5})
_changed("usage_half", usage={"prompt_tokens": 100, "completion_tokens": None})
_bytes("blank_lines", lambda answer: b"\n\n   \n" + answer)
_bytes("keep_alive", lambda answer: b": keep-alive\n\n: keep-alive\n\n" + answer)
_bytes("mark", lambda answer: b"\xef\xbb\xbf" + answer)
_bytes("not_a_number", lambda answer: answer[:-1] + b', "logprobs": NaN}')
# No JSON
_bytes("events", lambda answer: b"data: " + answer + b"\n\ndata: [DONE]\n\n", "text/event-stream")
_bytes("page", lambda answer: b"<!doctype html><title>Web UI</title>", "text/html")
_bytes("latin_1", lambda answer: answer.replace(b"answer", b"\xe9"))
