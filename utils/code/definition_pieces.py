"""A Python file as pieces that stand or go whole: statements, functions, methods, class heads."""

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from utils.code.lines import lines_with_ends
from utils.code.syntax import python_tree

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_IMPORTS = (ast.Import, ast.ImportFrom)


@dataclass(frozen=True)
class Piece:
    """Lines `start` to `end` of a file, counted from 0, the end not included.

    The pieces of a file leave no line out. A class is a piece for its head, which its first
    statement belongs to, and one for each further statement of its body, whose `owner` is the
    number of the head's piece. `names` are those that it gives to the module.
    """

    start: int
    end: int
    owner: int | None = None
    name: str = ""
    names: frozenset[str] = frozenset()
    is_definition: bool = False
    is_import: bool = False


def program_pieces(code: str) -> list[Piece] | None:
    """Cut a program into pieces, None where it does not parse or counts lines in another way."""
    # Python ends a line at a lone carriage return too.
    tree = None if code.count("\r") != code.count("\r\n") else python_tree(code)
    if tree is None:
        return None
    lines = lines_with_ends(code)
    pieces: list[Piece] = []
    _add_pieces(tree.body, None, pieces)
    if not pieces:  # comments alone
        return [Piece(0, len(lines))]
    starts = _starts(pieces, lines)
    ends = [*starts[1:], len(lines)]
    tiled = [
        replace(piece, start=start, end=end)
        for piece, start, end in zip(pieces, starts, ends, strict=True)
    ]
    if tiled and tiled[0].start:
        # Comments before all code, a licence as a rule, are no part of the first statement.
        head = Piece(0, tiled[0].start)
        return [head, *(_one_on(piece) for piece in tiled)]
    return tiled


def piece_groups(pieces: Sequence[Piece]) -> list[list[int]]:
    """Group the definitions of one place and one name: overloads, a property and its setter."""
    groups: dict[tuple[int | None, str], list[int]] = {}
    for number, piece in enumerate(pieces):
        if piece.is_definition:
            groups.setdefault((piece.owner, piece.name), []).append(number)
    return [group for group in groups.values() if len(group) > 1]


def _add_pieces(body: Iterable[ast.stmt], owner: int | None, pieces: list[Piece]) -> None:
    for statement in body:
        start, end = _first_line(statement) - 1, statement.end_lineno or statement.lineno
        if pieces and start < pieces[-1].end:
            # `a = 1; b = 2`, or what follows a class's head on its line.
            last = pieces[-1]
            names = last.names | (_names(statement) if owner is None else frozenset())
            is_import = last.is_import or isinstance(statement, _IMPORTS)
            pieces[-1] = replace(last, end=max(end, last.end), names=names, is_import=is_import)
            continue
        piece = Piece(
            start,
            end,
            owner,
            getattr(statement, "name", ""),
            _names(statement) if owner is None else frozenset(),
            isinstance(statement, _DEFINITIONS),
            owner is None and _is_import(statement),
        )
        if isinstance(statement, ast.ClassDef):
            pieces.append(replace(piece, end=statement.body[0].end_lineno or end))
            _add_pieces(statement.body[1:], len(pieces) - 1, pieces)
        else:
            pieces.append(piece)


def _first_line(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(each.lineno for each in decorators)])


def _starts(pieces: Sequence[Piece], lines: Sequence[str]) -> list[int]:
    """Begin each piece at the comments right above it; blank lines go with what is before."""
    starts = []
    for number, piece in enumerate(pieces):
        floor = pieces[number - 1].end if number else 0
        start = piece.start
        while start > floor and lines[start - 1].lstrip().startswith("#"):
            start -= 1
        starts.append(start)
    return starts


def _one_on(piece: Piece) -> Piece:
    return replace(piece, owner=None if piece.owner is None else piece.owner + 1)


def _is_import(statement: ast.stmt) -> bool:
    """Tell an import, be it a tried one or one for the type checker."""
    if isinstance(statement, ast.If | ast.Try):
        return any(isinstance(each, _IMPORTS) for each in statement.body)
    return isinstance(statement, _IMPORTS)


def _names(statement: ast.stmt) -> frozenset[str]:
    """List the names that a statement of a module gives to it."""
    if isinstance(statement, _DEFINITIONS):
        return frozenset([statement.name])
    return frozenset(
        node.id
        for node in ast.walk(statement)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ) | frozenset(node.name for node in ast.walk(statement) if isinstance(node, _DEFINITIONS))
