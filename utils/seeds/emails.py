"""Replaces people's e-mail addresses in source code, without touching the code itself."""

import io
import re
import tokenize
from functools import lru_cache

MASK = "email@example.com"
# In a history, the code after one commit is the code before another.
CACHED_VERSIONS = 512
# RFC 5322's dot-atom, as far as real addresses use it. `"\n@pytest.fixture"` in a string has an
# escape before the `@`, not a name; `x@y.T` and `a@b.dot(c)` are matrix products.
_ADDRESS = re.compile(
    r"(?:(?<=\\[abfnrtv])|(?<![\w.+\\-]))"
    r"(?P<name>[\w+-](?:[\w.+-]{0,62}[\w+-])?)"
    r"@(?P<domain>(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24})"
    r"(?![\w(\[@-])"
)
# Reserved for documentation and tests (RFC 2606, RFC 6761): these are nobody's.
_RESERVED = re.compile(
    r"(?:^|\.)(?:example\.(?:com|org|net|edu)|example|test|invalid|localhost)$", re.IGNORECASE
)
_TEXT_TOKENS = {tokenize.STRING, tokenize.COMMENT} | {
    getattr(tokenize, name)
    for name in ("FSTRING_MIDDLE", "TSTRING_MIDDLE")
    if hasattr(tokenize, name)
}


def mask_emails(text: str) -> str:
    """Replace the e-mail addresses in a plain text by one of example.com."""
    if "@" not in text:
        return text
    # No address spans lines, and few lines hold one: the pattern tries every word of the others.
    lines = text.split("\n")
    return "\n".join(_ADDRESS.sub(_mask_match, line) if "@" in line else line for line in lines)


@lru_cache(CACHED_VERSIONS)
def mask_emails_in_code(code: str) -> str:
    """Replace the e-mail addresses in the strings and comments of Python source.

    Source that can't be split into tokens is masked as plain text.
    """
    if mask_emails(code) == code:
        return code
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    except (tokenize.TokenError, SyntaxError):
        return mask_emails(code)
    return _mask_spans(code, [t for t in tokens if t.type in _TEXT_TOKENS])


def _mask_spans(code: str, tokens: list[tokenize.TokenInfo]) -> str:
    starts = [0]
    for line in io.StringIO(code):
        starts.append(starts[-1] + len(line))
    pieces, end = [], 0
    for token in tokens:
        # Never back: with `{{` in it, a piece of an f-string is given too wide by Python 3.12.
        begin = max(end, starts[token.start[0] - 1] + token.start[1])
        stop = max(begin, starts[token.end[0] - 1] + token.end[1])
        pieces += [code[end:begin], mask_emails(code[begin:stop])]
        end = stop
    return "".join([*pieces, code[end:]])


def _mask_match(match: re.Match[str]) -> str:
    # `git@github.com:owner/name` is the address of a machine.
    if match["name"] == "git" or _RESERVED.search(match["domain"]):
        return match[0]
    return MASK
