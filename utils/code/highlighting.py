"""Pygments' lexers, with work in proportion to the text, whatever stands there."""

from collections.abc import Iterator

from pygments.lexer import Lexer
from pygments.token import _TokenType

# Many lexers take the square of a line's length, some that of a run of short ones. Nobody writes
# lines like these by hand; a text that has one is read in pieces, which may cut a token in two.
_LONGEST_LINE = 1000
_PIECE = 500


def lexed(lexer: Lexer, code: str) -> Iterator[tuple[_TokenType, str]]:
    """Yield the tokens of a program with their kinds; together they are its text."""
    is_written = all(len(line) <= _LONGEST_LINE for line in code.split("\n"))
    pieces = [code] if is_written else [code[i : i + _PIECE] for i in range(0, len(code), _PIECE)]
    for piece in pieces:
        for _, kind, text in lexer.get_tokens_unprocessed(piece):
            yield kind, text
