"""Code coloured by Pygments, as data: the text of each line and the lengths of its spans."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers import get_lexer_by_name
from pygments.lexers.special import TextLexer
from pygments.token import Comment, Keyword, Name, Number, Operator, String, _TokenType
from pygments.util import ClassNotFound

# The page's style sheet colours the classes `code-0`, `code-1`, ... in this order.
CLASSES = ("", "keyword", "string", "comment", "number", "definition", "builtin", "operator")
TOKEN_CLASSES = {
    Keyword: 1,
    Operator.Word: 1,
    String: 2,
    Comment: 3,
    Number: 4,
    Name.Function: 5,
    Name.Class: 5,
    Name.Decorator: 5,
    Name.Builtin: 6,
    Name.Exception: 6,
    Operator: 7,
}
LONGEST_LINE = 400
# [text, [class, length, class, length, ...]]; a line of one plain span is its text alone.
Line = str | list[Any]


def highlight_lines(lines: Sequence[str], language: str = "python") -> list[Line]:
    """Colour the lines of a program, each into its spans.

    No markup is made: the page sets each span as text, so nothing in the code can be more than
    text. A line that is very long is cut.
    """
    coloured: list[list[tuple[int, str]]] = [[]]
    for _, kind, text in _lexer(language).get_tokens_unprocessed("\n".join(lines)):
        number = _class_of(kind)
        first, *rest = text.split("\n")
        coloured[-1].append((number, first))
        coloured.extend([(number, part)] for part in rest)
    return [_as_line(spans) for spans in coloured[: len(lines)]]


def _as_line(spans: list[tuple[int, str]]) -> Line:
    text = "".join(part for _, part in spans)
    if len(text) > LONGEST_LINE:
        return text[:LONGEST_LINE] + f" … {len(text) - LONGEST_LINE:,} more characters"
    packed: list[int] = []
    for number, part in spans:
        if packed and packed[-2] == number:
            packed[-1] += _width(part)
        elif part:
            packed += [number, _width(part)]
    return text if not any(packed[::2]) else [text, packed]


def _width(text: str) -> int:
    """Count UTF-16 units, which is how the page's script counts."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


@cache
def _class_of(kind: _TokenType) -> int:
    while kind is not None:
        if kind in TOKEN_CLASSES:
            return TOKEN_CLASSES[kind]
        kind = kind.parent
    return 0


@cache
def _lexer(language: str) -> Lexer:
    try:
        return get_lexer_by_name(language)
    except ClassNotFound:
        return TextLexer()
