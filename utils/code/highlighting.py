"""Pygments' lexers, with work in proportion to the text, whatever stands there."""

import re
from collections.abc import Iterator

from pygments.lexer import Lexer
from pygments.token import _TokenType

# Many lexers take the square of a line's length, some that of a run of short ones. Nobody writes
# lines like these by hand; a text that has one is read in pieces, which may cut a token in two.
_LONGEST_LINE = 1000
_PIECE = 500
# Any other is read in parts that begin where a line does that is not indented, if there is one.
_PART = 4000
_UNINDENTED = re.compile(r"\n[^\W\d]")


def lexed(lexer: Lexer, code: str) -> Iterator[tuple[_TokenType, str]]:
    """Yield the tokens of a program with their kinds; together they are its text."""
    is_written = all(len(line) <= _LONGEST_LINE for line in code.split("\n"))
    for piece in _parts(code) if is_written else _cut(code, _PIECE):
        for _, kind, text in lexer.get_tokens_unprocessed(piece):
            yield kind, text


def _cut(code: str, length: int) -> Iterator[str]:
    yield from (code[start : start + length] for start in range(0, len(code), length))


def _parts(code: str) -> Iterator[str]:
    start = 0
    while len(code) - start > _PART:
        window = code[start : start + _PART]
        begins = [found.end() - 1 for found in _UNINDENTED.finditer(window)]
        end = begins[-1] if begins else window.rindex("\n") + 1
        yield window[:end]
        start += end
    yield code[start:]
