"""Tokens that end and begin turns, left in the text of a reply by a server that does not know them.

At the end of a text they say nothing, and are cut. Inside one they say that the model went on to
another turn, or that its words were cut together.
"""

import re

from utils.errors import BadReply

# Of ChatML, Llama, Gemma, DeepSeek (with its full-width bars), Mistral, Phi, GLM, Cohere, EXAONE.
_TOKEN = re.compile(
    r"<\|[^\s<>|]{1,40}\|>|<｜[^\s<>｜]{1,40}｜>|</?s>|<(?:eos|bos)>|<(?:start|end)_of_turn>"
    r"|<turn\|>|<\|turn>|<end_of_utterance>|<seed:[be]os>|\[/?INST\]|\[\|[a-z]{1,20}\|\]"
)
_LONGEST_TOKEN = 48
_SIGNS = ("|>", "｜>", "s>", "turn>", "utterance>")
_QUOTES = "\"'`"


def without_end_tokens(text: str) -> str:
    """Cut the tokens off the end of a text, with the space around them."""
    last = _token_before(text, len(text))
    if last is None or _is_meant(text, last):
        return text
    end = len(text)
    while (found := _token_before(text, end)) is not None:
        end = found.start()
    return text[:end].rstrip()


def _token_before(text: str, end: int) -> re.Match[str] | None:
    """Find the token that a text up to `end` ends in, white space aside."""
    while end and text[end - 1].isspace():
        end -= 1
    if end == 0 or text[end - 1] not in ">]":
        return None
    earliest = max(0, end - _LONGEST_TOKEN)
    start = max(text.rfind("<", earliest, end), text.rfind("[", earliest, end))
    return _TOKEN.fullmatch(text, start, end) if start >= 0 else None


def _is_meant(text: str, found: re.Match[str]) -> bool:
    """Tell whether a text speaks of its last token: `remove every <|im_end|>`, `<s>old</s>`."""
    token, start = found[0], found.start()
    if token == "</s>":
        return text.count("<s>", 0, start) > text.count("</s>", 0, start)
    is_in_sentence = start > 1 and text[start - 1] == " " and not text[start - 2].isspace()
    return is_in_sentence and any(f"{quote}{token}" in text for quote in _QUOTES)


def refuse_leaked_tokens(text: str, code_before: str = "") -> None:
    """Raise BadReply (`leaked_token`) if a token stands in a text and not in the code before.

    One that opens a quotation is spoken of; `<s>` and `</s>` in equal numbers are HTML.
    """
    if not _may_hold_token(text):
        return
    found = {match[0] for match in _TOKEN.finditer(text) if not _is_quoted(match)}
    if text.count("<s>") == text.count("</s>"):
        found -= {"<s>", "</s>"}
    if any(token not in code_before for token in found):
        raise BadReply("leaked_token")


def _may_hold_token(text: str) -> bool:
    """Look for what stands in every token; most texts have none of it."""
    if "INST]" in text or "[|" in text:
        return True
    return "<" in text and any(sign in text for sign in _SIGNS)


def _is_quoted(match: re.Match[str]) -> bool:
    return match.start() > 0 and match.string[match.start() - 1] in _QUOTES
