"""Does a text parse as a program? Answered without running it and without ever raising."""

import ast
import warnings
from collections.abc import Callable

# About ten thousand lines; what is larger is no file that a model wrote.
MAX_CHARACTERS = 500_000


def parser_for(language: str) -> Callable[[str], bool] | None:
    """Give the test for a language's programs, or None where there is no parser for it."""
    return parses_as_python if language.lower() in ("python", "python3", "py") else None


def parses_as_python(code: str) -> bool:
    """Tell whether a text is a Python program, blank text aside.

    Hostile text (NUL bytes, lone surrogates, nesting that exhausts the parser) is none.
    """
    if len(code) > MAX_CHARACTERS or not code.strip():
        return False
    try:
        with warnings.catch_warnings():
            # An invalid escape is worth a warning to its author, not to our user.
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
