"""JSON in a model's reply: bare, fenced, with talk around it, or as a Python literal."""

import ast
import json
from typing import Any

from utils.fences import block_text, fence_lines, read_blocks
from utils.response_parsing import without_thoughts

# A reply is tried at this many opening braces; one worth reading has its object among the first.
MAX_OPENINGS = 64
MAX_LITERAL = 100_000


def find_json_object(reply: str) -> dict[str, Any] | None:
    """Find the object a reply gives: the last fenced one, else the first in the text, else None."""
    text, _ = without_thoughts(reply)
    blocks = read_blocks(fence_lines(text)).blocks
    for block in reversed(blocks):
        found = _first_object(block_text(text, block))
        if found is not None:
            return found
    return _first_object(text)


def _first_object(text: str) -> dict[str, Any] | None:
    decoder = json.JSONDecoder()
    start = text.find("{")
    for _ in range(MAX_OPENINGS):
        if start < 0:
            break
        try:
            found, _ = decoder.raw_decode(text, start)
            if isinstance(found, dict):
                return found
        except (ValueError, RecursionError):
            pass
        start = text.find("{", start + 1)
    return _python_literal(text)


def _python_literal(text: str) -> dict[str, Any] | None:
    """Read `{'label': True}`, which models write when they think of Python."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end - start > MAX_LITERAL:
        return None
    try:
        found = ast.literal_eval(text[start : end + 1])
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return found if isinstance(found, dict) else None
