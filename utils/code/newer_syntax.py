"""Python newer than the interpreter that reads it, put into words that this one understands.

A grammar of tree-sitter names the constructs; what is left of the program must parse without them,
so that nothing wrong passes for new. Lines keep their numbers.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

import tree_sitter
import tree_sitter_python

from utils.code.syntax import MAX_GRAMMAR_CHARACTERS, is_too_deep, parse_in_bounds

# `def f[T](x: T)`, `type Pair[T] = tuple[T, T]`; strings are newer by what stands inside of them.
_TYPE_PARAMETERS = "type_parameter"
_TYPE_ALIAS = "type_alias_statement"
_STRINGS = ("concatenated_string", "string")
# What no program without such constructs has; it spares the grammar most broken programs.
_HINT = re.compile(
    r"\b(?:def|class|type)[ \t]+\w+[ \t]*\[|\btype[ \t]+\w+[ \t]*=|\b[fFtTrR]{1,2}[\"']"
    r"|\bexcept\b[^\n:(]*,"
)
_PARAMETERS = re.compile(r"\b(?:def|class|type)[ \t]+\w+[ \t]*\[")
_EXCEPT = "except_clause"
# `except OSError, error:` is Python 2: what binds the error is a variable.
_ERROR_CLASS = re.compile(rb"(?:\w+\.)+\w+|[A-Z]\w+")
_OWNERS = ("function_definition", "class_definition")


def in_older_syntax(code: str) -> str | None:
    """Write a program without what only newer interpreters know, or None if it has no such thing.

    Type parameters go, `type X = Y` becomes an assignment, `except A, B` gets brackets, and a
    string with expressions inside becomes a plain one of the same text. Whether the result parses
    is for the caller to see.
    """
    if not _HINT.search(code) or len(code) > MAX_GRAMMAR_CHARACTERS or is_too_deep(code):
        return None
    source = _without_defaults(code).encode("utf-8", "replace")
    root = parse_in_bounds(_parser(), source)
    if root is None or root.has_error:
        return None
    changes = list(_changes(root, source))
    for start, end, text in sorted(changes, reverse=True):
        source = source[:start] + text + source[end:]
    return source.decode("utf-8", "replace") if changes else None


@cache
def _parser() -> tree_sitter.Parser:
    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_python.language()))


def _changes(root: Any, source: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield the places to be written in another way, none of them inside of another."""
    nodes = [root]
    while nodes:
        node = nodes.pop()
        if node.type == _TYPE_ALIAS:
            yield from _alias_changes(node)
        elif node.type == _TYPE_PARAMETERS and node.parent.type in _OWNERS:
            yield node.start_byte, node.end_byte, b"\\\n" * _lines_in(node)
        elif node.type == _EXCEPT and (errors := _unbracketed(node, source)):
            yield errors[0], errors[0], b"("
            yield errors[1], errors[1], b")"
            nodes += node.children
        elif node.type in _STRINGS and _has_expressions(node):
            text = repr(source[node.start_byte : node.end_byte].decode("utf-8", "replace"))
            yield node.start_byte, node.end_byte, _spread(text, _lines_in(node))
        else:
            nodes += node.children


def _alias_changes(node: Any) -> Iterator[tuple[int, int, bytes]]:
    """Take `type ` and the parameters off an alias: `type X[T] = Y` becomes `X = Y`."""
    name = node.child_by_field_name("left")
    yield node.start_byte, name.start_byte, b""
    while name.named_children and name.type != "identifier":
        name = name.named_children[0]
    yield name.end_byte, node.child_by_field_name("left").end_byte, b""


def _unbracketed(clause: Any, source: bytes) -> tuple[int, int] | None:
    """Find where several classes of errors that no brackets hold begin and end."""
    errors = clause.children_by_field_name("value")
    texts = [source[error.start_byte : error.end_byte] for error in errors]
    if len(errors) < 2 or not all(map(_ERROR_CLASS.fullmatch, texts)):
        return None
    return errors[0].start_byte, errors[-1].end_byte


def _without_defaults(code: str) -> str:
    """Blank out the defaults of type parameters, `def f[T = int]`, which the grammar knows not."""
    for match in _PARAMETERS.finditer(code):
        start = match.end()
        for parameter in _parameters_from(code, start):
            named, equals, default = parameter.partition("=")
            if equals and _is_expression(default):
                blank = re.sub(r"[^\n]", " ", equals + default)
                begin = start + len(named)
                code = code[:begin] + blank + code[begin + len(blank) :]
            start += len(parameter) + 1
    return code


def _parameters_from(code: str, start: int) -> Iterator[str]:
    """Yield the texts between commas up to the bracket that closes the one before `start`."""
    depth = 0
    for place in range(start, len(code)):
        if depth == 0 and code[place] in ",]":
            yield code[start:place]
            start = place + 1
            if code[place] == "]":
                return
        depth += (code[place] in "([{") - (code[place] in ")]}")


def _is_expression(text: str) -> bool:
    try:
        ast.parse(text.strip().removeprefix("*"), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _has_expressions(node: Any) -> bool:
    return any(
        child.type == "interpolation" or child.type == "string" and _has_expressions(child)
        for child in node.children
    )


def _lines_in(node: Any) -> int:
    return int(node.end_point[0] - node.start_point[0])


def _spread(text: str, lines: int) -> bytes:
    """Give a string as many lines as it had."""
    return (f"({text}" + "\n" * lines + ")" if lines else text).encode("utf-8", "replace")
