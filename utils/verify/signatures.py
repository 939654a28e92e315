"""What a program defines, without how it does it: signatures and no bodies."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from utils.code.syntax import python_tree


def signatures_of(code: str) -> str:
    """List a program's functions, classes, methods and the names of its constants."""
    tree = python_tree(code)
    return "\n".join(line for node in (tree.body if tree else []) for line in _lines(node, ""))


def _lines(node: ast.stmt, margin: str) -> Iterator[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from (f"{margin}@{ast.unparse(each)}" for each in node.decorator_list)
        kind = "async def" if isinstance(node, ast.AsyncFunctionDef) else "def"
        returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
        yield f"{margin}{kind} {node.name}({ast.unparse(node.args)}){returns}: ..."
    elif isinstance(node, ast.ClassDef):
        yield from (f"{margin}@{ast.unparse(each)}" for each in node.decorator_list)
        bases = ", ".join(map(ast.unparse, [*node.bases, *node.keywords]))
        yield f"{margin}class {node.name}{f'({bases})' if bases else ''}:"
        inner = [line for each in node.body for line in _lines(each, margin + "    ")]
        yield from inner or [f"{margin}    ..."]
    elif isinstance(node, ast.AnnAssign):
        yield f"{margin}{ast.unparse(node.target)}: {ast.unparse(node.annotation)}"
    elif isinstance(node, ast.Assign) and not margin:
        named = [each.id for each in node.targets if isinstance(each, ast.Name)]
        yield from (f"{name} = ..." for name in named)
