"""Does a text parse as a program? Answered without running it and without ever raising."""

import ast
import importlib
import re
import warnings
from collections.abc import Callable
from typing import Any

from utils.code.languages import language_named

# About ten thousand lines; what is larger is no file that a model wrote.
MAX_CHARACTERS = 500_000
_GRAMMAR_NAME = re.compile(r"[a-z][a-z0-9_]*")
# Grammars recover from errors at leisure: this much noise takes them up to two seconds.
MAX_GRAMMAR_CHARACTERS = 150_000
# A grammar's steps, in hundreds: a program takes one in 200 bytes; noise takes the square of its
# length, and is given up after this many and one in so many bytes.
_FREE_STEPS, _BYTES_A_STEP = 2000, 4
_PIECE = 1 << 16
# Deeper nesting is no program; Python's own parser draws the line here too.
MAX_DEPTH = 200
_BRACKET = re.compile(r"[()\[\]{}]")


def parser_for(language: str) -> Callable[[str], bool] | None:
    """Give the test for a language's programs, or None where there is no parser for it.

    Any other language than Python needs its tree-sitter grammar (`pip install
    tree-sitter-javascript`).
    """
    name = language_named(language)
    return is_python_program if name == "python" else grammar_parser(name)


def parses_as_python(code: str) -> bool:
    """Tell whether a text is Python, blank text aside.

    Hostile text (NUL bytes, lone surrogates, nesting that exhausts the parser) is none.
    """
    return python_tree(code) is not None


def is_python_program(code: str) -> bool:
    """Tell whether a text is Python that does something.

    A word, a list of numbers, a comment and JSON parse as Python too.
    """
    tree = python_tree(code)
    return tree is not None and any(map(_does_something, tree.body))


def python_tree(code: str) -> ast.Module | None:
    """Parse a text as Python, None where it is none or blank."""
    if len(code) > MAX_CHARACTERS or not code.strip():
        return None
    try:
        with warnings.catch_warnings():
            # An invalid escape is worth a warning to its author, not to our user.
            warnings.simplefilter("ignore")
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _does_something(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Call | ast.Await | ast.Yield | ast.YieldFrom)
    # `Total: 12` is output, not an annotation.
    return not (isinstance(statement, ast.AnnAssign) and statement.value is None)


def grammar_parser(name: str) -> Callable[[str], bool] | None:
    """Give the test by a language's tree-sitter grammar, or None where none is installed."""
    if not _GRAMMAR_NAME.fullmatch(name):
        return None
    try:
        tree_sitter = importlib.import_module("tree_sitter")
        grammar = importlib.import_module(f"tree_sitter_{name}")
    except ImportError:
        return None
    # A package of several dialects names each: `language_typescript`, `language_php`.
    language = getattr(grammar, "language", None) or getattr(grammar, f"language_{name}", None)
    if language is None:
        return None
    parser = tree_sitter.Parser(tree_sitter.Language(language()))

    def parses(code: str) -> bool:
        if len(code) > MAX_GRAMMAR_CHARACTERS or not code.strip() or is_too_deep(code):
            return False
        root = parse_in_bounds(parser, code.encode("utf-8", "replace"))
        return (
            root is not None
            and not root.has_error
            and any(not node.is_extra for node in root.named_children)
        )

    return parses


def parse_in_bounds(parser: Any, source: bytes) -> Any | None:
    """Parse by a tree-sitter grammar; give the root, or None where it takes far too many steps.

    Steps are counted, not seconds: the answer is the same on any machine.
    """
    left = _FREE_STEPS + len(source) // _BYTES_A_STEP

    def is_over(*_: object) -> bool:
        nonlocal left
        left -= 1
        return left < 0

    try:
        # The count is not called for a text that is given whole.
        return parser.parse(
            lambda offset, _: source[offset : offset + _PIECE], progress_callback=is_over
        ).root_node
    except ValueError:
        # It would go on with the text it was stopped at.
        parser.reset()
        return None


def is_too_deep(code: str) -> bool:
    """Tell whether brackets are nested too deeply for a parser."""
    depth = 0
    for match in _BRACKET.finditer(code):
        depth += 1 if match[0] in "([{" else -1
        if depth > MAX_DEPTH:
            return True
    return False
