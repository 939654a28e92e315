"""Syntax trees compared as programs: with or without their docstrings and annotations."""

import ast
from typing import Any

# Fields that tell how something was written, or that follow from where it stands.
_IGNORED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_ANNOTATIONS = frozenset({"annotation", "returns"})
_DOCUMENTED = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def same_tree(
    one: ast.AST, other: ast.AST, *, docstrings: bool = True, annotations: bool = True
) -> bool:
    """Tell whether two trees are equal; what is switched off is not looked at."""
    return _TreeComparison(docstrings, annotations).same(one, other)


class _TreeComparison:
    def __init__(self, docstrings: bool, annotations: bool) -> None:
        self.docstrings = docstrings
        self.ignored = _IGNORED if annotations else _IGNORED | _ANNOTATIONS
        self.annotations = annotations

    def same(self, one: Any, other: Any) -> bool:
        if isinstance(one, ast.AST):
            one, other = self._plain(one), self._plain(other)
            return type(one) is type(other) and self._same_fields(one, other)
        if isinstance(one, list):
            same_length = isinstance(other, list) and len(one) == len(other)
            return same_length and all(map(self.same, one, other))
        # 1, 1.0 and True are equal, and -0.0 and 0.0, but not the same in a program.
        return type(one) is type(other) and repr(one) == repr(other)

    def _same_fields(self, one: ast.AST, other: ast.AST) -> bool:
        for field in one._fields:
            if field in self.ignored:
                continue
            mine, others = getattr(one, field, None), getattr(other, field, None)
            if field == "body" and not self.docstrings and isinstance(one, _DOCUMENTED):
                mine, others = without_docstring(mine), without_docstring(others)
            if not self.same(mine, others):
                return False
        return True

    def _plain(self, node: Any) -> Any:
        """Turn `x: int = 1` into `x = 1`; a bare `x: int` declares something and stays."""
        if self.annotations or not isinstance(node, ast.AnnAssign) or node.value is None:
            return node
        return ast.Assign(targets=[node.target], value=node.value)


def without_docstring(body: Any) -> list[ast.stmt]:
    """Leave the docstring out of a body, and a `pass` that alone is left."""
    statements = list(body)
    if statements and _is_text(statements[0]):
        statements = statements[1:]
    return [] if len(statements) == 1 and isinstance(statements[0], ast.Pass) else statements


def _is_text(node: ast.stmt) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and isinstance(node.value.value, str)  # type: ignore[attr-defined]
