"""The functions, methods and classes of a program at any depth, and what else its scopes bind."""

import ast
from collections.abc import Iterator

from utils.quality.python_program import DEFINITIONS, FUNCTIONS, Definition, Program, names_bound

# Where statements, handlers and cases stand in others; most statements hold none.
_BLOCKS = ("body", "orelse", "handlers", "finalbody", "cases")
_SIMPLE = (ast.Assign, ast.Expr, ast.Return, ast.AugAssign, ast.AnnAssign, ast.Raise, ast.Pass)
_ACCESSORS = ("setter", "deleter")


def definitions_at_any_depth(program: Program) -> dict[str, Definition]:
    """Map dotted names, `Account.withdraw`, to definitions; the outer ones come first."""
    found: dict[str, Definition] = {}
    for scope, node in _statements(program):
        if isinstance(node, DEFINITIONS):
            found.setdefault(_dotted(scope, node), node)
    return found


def bound_in_scopes(program: Program) -> frozenset[str]:
    """Collect the dotted names that assignments and imports bind, attributes of `self` included."""
    found = set()
    for scope, node in _statements(program):
        if isinstance(node, ast.Assign | ast.AnnAssign | ast.Import | ast.ImportFrom):
            found |= {f"{scope}{name}" for part in _parts(node) for name in names_bound(part)}
            owner = scope.rstrip(".").rpartition(".")[0]
            found |= {f"{owner}.{name}" for part in _parts(node) for name in _own(part)}
    return frozenset(found)


def _statements(program: Program) -> Iterator[tuple[str, ast.AST]]:
    """Yield each statement with the scope that it stands in: "", "Account." or "f.g."."""
    blocks: list[tuple[str, ast.AST]] = [("", program.tree)] if program.tree else []
    for scope, block in blocks:
        for field in _BLOCKS:
            for node in getattr(block, field, ()):
                if isinstance(node, ast.stmt):
                    yield scope, node
                if isinstance(node, DEFINITIONS):
                    blocks.append((_dotted(scope, node) + ".", node))
                elif not isinstance(node, _SIMPLE):
                    blocks.append((scope, node))


def _dotted(scope: str, node: Definition) -> str:
    """Name a definition by its scope; setters apart from the property they belong to."""
    for decorator in node.decorator_list if isinstance(node, FUNCTIONS) else ():
        if isinstance(decorator, ast.Attribute) and decorator.attr in _ACCESSORS:
            return f"{scope}{node.name}.{decorator.attr}"
    return scope + node.name


def _parts(node: ast.AST) -> Iterator[ast.AST]:
    targets = getattr(node, "targets", [getattr(node, "target", node)])
    for target in targets:
        yield from ast.walk(target) if isinstance(target, ast.expr) else [target]


def _own(node: ast.AST) -> Iterator[str]:
    """Yield the attribute that `self.name = ...` sets."""
    if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
        yield from (node.attr for _ in range(node.value.id in ("self", "cls")))
