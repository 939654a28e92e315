"""Why models stopped: which of the words that servers have for it mean a whole answer.

The words are those of OpenAI's form and of the servers that speak it in their own way: Anthropic,
Gemini, Cohere, Mistral, DeepSeek, Zhipu, vLLM, SGLang, TGI, Ollama, OpenRouter. What is not listed
here is half an answer, since a server that stops for a reason of its own cut the model short.
"""

from collections.abc import Iterable
from typing import Any

from utils.errors import BadReply

# `unknown` stands in our own files for a server that says nothing.
WHOLE = frozenset(
    ("stop", "eos", "eos_token", "end_turn", "stop_sequence", "complete", "null", "unknown")
)
TOOL_CALLS = frozenset(("tool_calls", "tool_call", "tool_use", "function_call"))
# The reject reasons of answers that are none for what the server said of them.
UNFINISHED = ("truncated", "tool_call")
# Asked for more tokens, the model may come to its end.
OUT_OF_TOKENS = frozenset(("length", "max_tokens", "max_output_tokens", "model_length"))


def finish_word(reason: Any) -> str:
    """Give a finish reason as the tables have it: in lower case, `null` where there is none."""
    if isinstance(reason, dict):
        reason = reason.get("type")  # SGLang's own form: {"type": "stop", "matched": 2}
    return "null" if reason is None else str(reason).strip().lower() or "null"


def is_whole(reason: Any) -> bool:
    """Tell whether a model came to the end of its answer by itself."""
    return finish_word(reason) in WHOLE


def ran_out_of_tokens(reason: Any) -> bool:
    """Tell whether an answer was cut at the tokens that were asked for."""
    return finish_word(reason) in OUT_OF_TOKENS


def unfinished_words(reasons: Iterable[Any]) -> list[str]:
    """List the words among finish reasons that mean no whole answer."""
    return [word for word in map(finish_word, reasons) if word not in WHOLE]


def refuse_unfinished(reasons: Iterable[Any]) -> None:
    """Raise BadReply unless each answer is a whole one."""
    if unfinished := unfinished_words(reasons):
        raise BadReply("tool_call" if TOOL_CALLS.issuperset(unfinished) else "truncated")
