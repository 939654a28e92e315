"""JSON in a model's reply: bare, fenced, with talk around it, or as a Python literal."""

import ast
import json
import math
import warnings
from collections.abc import Collection, Iterable, Iterator
from itertools import chain
from typing import Any, NoReturn

from utils.code.fences import block_text, fence_lines, read_blocks
from utils.replies.answer import read_answer, refuse_surrogates
from utils.replies.json_escapes import escape_backslashes

# A reply is tried at this many opening braces; one worth reading has its object among the first.
MAX_OPENINGS = 64
MAX_LITERAL = 100_000
_CONSTANTS = {"true": True, "false": False, "null": None}

Object = dict[str, Any]


def find_json_object(reply: str, wanted: Collection[str] = ()) -> Object | None:
    """Find the object a reply gives: the last fenced one, else the first in the text, else None.

    One that has all of the `wanted` keys goes before those that lack some. Raises BadReply as
    `read_answer` does, and where a backslash leaves open what is meant.
    """
    text = read_answer(reply).text
    blocks = read_blocks(fence_lines(text)).blocks
    places = [*(block_text(text, block) for block in reversed(blocks)), text]
    chosen = _first_with(wanted, chain.from_iterable(map(_objects, places)))
    if chosen and "\\u" in text:
        refuse_surrogates(json.dumps(chosen, ensure_ascii=False))
    return chosen


def _first_with(wanted: Collection[str], objects: Iterable[Object]) -> Object | None:
    first: Object | None = None
    for found in objects:
        if all(key in found for key in wanted):
            return found
        first = found if first is None else first
    return first


def _objects(text: str) -> Iterator[Object]:
    """Yield the objects of a text; Python literals last, since texts in them may hold JSON."""
    yield from _json_objects(escape_backslashes(text))
    yield from _python_literals(escape_backslashes(text, is_python=True))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse_constant(text)


# Not strict: models write the line breaks of a text as they are.
_DECODER = json.JSONDecoder(strict=False, parse_constant=_refuse_constant, parse_float=_finite)


def _json_objects(text: str) -> Iterator[Object]:
    start = text.find("{")
    for _ in range(MAX_OPENINGS):
        if start < 0:
            return
        end = start + 1
        try:
            found, end = _DECODER.raw_decode(text, start)
            yield found
        except (ValueError, RecursionError):
            pass
        start = text.find("{", end)


def _python_literals(text: str) -> Iterator[Object]:
    """Read `{'label': True}`, which models write when they think of Python."""
    start = text.find("{")
    for _ in range(MAX_OPENINGS // 8):
        if start < 0:
            return
        for end in _possible_ends(text, start):
            found = _literal(text[start:end])
            if found is not None:
                yield found
                break
        else:
            end = start + 1
        start = text.find("{", end)


def _possible_ends(text: str, start: int) -> Iterable[int]:
    """Give the ends an object may have: where its braces are even, and the last brace of all."""
    depth, ends = 0, []
    for position in range(start, min(len(text), start + MAX_LITERAL)):
        depth += {"{": 1, "}": -1}.get(text[position], 0)
        if depth == 0:
            ends.append(position + 1)
            break
    last = text.rfind("}") + 1
    return dict.fromkeys([*ends, *([last] if start < last <= start + MAX_LITERAL else [])])


def _literal(text: str) -> Object | None:
    try:
        with warnings.catch_warnings(action="ignore"):  # of "\d" and the like
            tree = ast.parse(text, mode="eval")
        found = ast.literal_eval(_Constants().visit(tree))
        # What JSON can't hold, as sets and bytes, is no answer.
        made = json.loads(json.dumps(found, allow_nan=False))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return None
    return made if isinstance(made, dict) else None


class _Constants(ast.NodeTransformer):
    """Turns JSON's constants, which models mix into Python literals, into Python's."""

    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Constant(_CONSTANTS[node.id]) if node.id in _CONSTANTS else node
