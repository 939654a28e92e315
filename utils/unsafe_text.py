"""Text in a training row that trainers take for something else than text."""

import re
from collections.abc import Iterable

from utils.chat_format import Conversation

# What chat templates of current models use, as text: ChatML, Llama, Gemma, DeepSeek, Mistral, and
# the thoughts and calls of Qwen.
_CONTROL_TOKENS = (
    r"<\|[^\s<>|]{1,40}\|>",
    r"<｜[^\s<>｜]{1,40}｜>",
    r"</?s>",
    r"<(?:unk|pad|bos|eos|mask|sop|eop)>",
    r"</?think>",
    r"</?tool_(?:call|response)>",
    r"</?(?:start|end)_of_(?:turn|image)>",
    r"<fim_(?:prefix|middle|suffix|pad)>",
    r"<</?SYS>>",
)
_BRACKET_TOKENS = re.compile(r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS)\]|\[gMASK\]")
# Multimodal templates count these and refuse a row that has no file for them.
_MEDIA = ("<image>", "<video>", "<audio>")
_TURN_NUMBER = "{{idx}}"
_HANDLEBARS = re.compile(r"\{\{[^{}\n]+\}\}")

CONTROL_TOKEN = "control_token"
MEDIA_PLACEHOLDER = "media_placeholder"
TURN_NUMBER = "turn_number_placeholder"
HANDLEBARS = "handlebars"
UNSAFE_KINDS = (CONTROL_TOKEN, MEDIA_PLACEHOLDER, TURN_NUMBER, HANDLEBARS)


class UnsafeText:
    """Finds what a trainer would not take as text, with the special tokens of its tokenizer."""

    def __init__(self, special_tokens: Iterable[str] = ()) -> None:
        own = [re.escape(token) for token in special_tokens if token.startswith("<")]
        # All begin with the same character: the search leaps from one to the next.
        rests = [pattern.removeprefix("<") for pattern in (*_CONTROL_TOKENS, *own)]
        self._control = re.compile(f"<(?:{'|'.join(rests)})")
        self._others = [
            token for token in special_tokens if not token.startswith("<") and token.strip()
        ]

    def kinds(self, conversation: Conversation) -> list[str]:
        """List the kinds of unsafe text in a row, each once."""
        text = "\n".join(conversation)
        user = conversation.user
        has_braces = "{{" in user
        found = {
            CONTROL_TOKEN: self.has_control_token(text),
            MEDIA_PLACEHOLDER: any(mark in text for mark in _MEDIA),
            TURN_NUMBER: has_braces and _TURN_NUMBER in user,
            HANDLEBARS: has_braces and bool(_HANDLEBARS.search(user.replace(_TURN_NUMBER, ""))),
        }
        return [kind for kind, is_there in found.items() if is_there]

    def has_control_token(self, text: str) -> bool:
        """Tell whether a tokenizer would read part of a text as a control token."""
        return bool(
            self._control.search(text)
            or _BRACKET_TOKENS.search(text)
            or any(token in text for token in self._others)
        )
