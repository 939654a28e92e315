"""What can be told about a Python program without running it, and whether two are the same.

Two programs are compared as syntax trees, with or without their docstrings and annotations.
"""

import ast
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from utils.code.newer_syntax import in_older_syntax
from utils.quality.unresolved_names import unresolved_names

# Fields that tell how something was written, or that follow from where it stands.
_IGNORED = frozenset({"ctx", "kind", "type_comment", "type_ignores"})
_ANNOTATIONS = frozenset({"annotation", "returns"})
_DOCUMENTED = (ast.Module, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
Function = ast.FunctionDef | ast.AsyncFunctionDef
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
# What the parser, the symbol table and the compiler say to text that is no program of theirs.
COMPILE_ERRORS = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError)
_IDENTIFIER = re.compile(r"[^\W\d]\w*")


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


@dataclass(frozen=True)
class Program:
    """A text as a Python program; `tree` and everything found from it is empty if it is none."""

    code: str

    @cached_property
    def _compiled(self) -> tuple[ast.Module | None, str]:
        tree, error = compiled(self.code)
        if tree is None and (older := in_older_syntax(self.code)):
            return compiled(older)[0], error
        return tree, error

    @property
    def tree(self) -> ast.Module | None:
        """The syntax tree; of a program in newer syntax, that of one in older words."""
        return self._compiled[0]

    @property
    def error(self) -> str:
        """Say why the text is no program; empty if it is one, if only of newer syntax."""
        return "" if self.tree else self._compiled[1]

    @property
    def newer_syntax(self) -> str:
        """Say what the running interpreter does not understand in a program of newer syntax."""
        return self._compiled[1] if self.tree else ""

    @cached_property
    def words(self) -> frozenset[str]:
        """Collect all words that could be names, those in strings and comments included."""
        return frozenset(_IDENTIFIER.findall(self.code))

    @cached_property
    def unresolved(self) -> frozenset[str]:
        """Collect the names used but defined nowhere; none where they can't be known."""
        if self.tree is None or self.newer_syntax:
            return frozenset()
        return unresolved_names(self.tree, self.words, self.code)

    @cached_property
    def nodes(self) -> list[ast.AST]:
        """List the nodes of the tree, each before those in it."""
        found: list[ast.AST] = [self.tree] if self.tree else []
        for node in found:
            for field in node._fields:
                child = getattr(node, field, None)
                if isinstance(child, ast.AST):
                    found.append(child)
                elif isinstance(child, list):
                    found += [item for item in child if isinstance(item, ast.AST)]
        return found

    @cached_property
    def definitions(self) -> dict[str, Definition]:
        """Map the names of functions and classes at the top level, conditions included."""
        return {node.name: node for node in self._top_level() if isinstance(node, DEFINITIONS)}

    @cached_property
    def imports(self) -> dict[str, str]:
        """Map the names that imports bind at the top level to what they stand for, dotted."""
        return {
            name: source
            for node in self._top_level()
            if isinstance(node, ast.Import | ast.ImportFrom)
            for name, source in imported(node)
        }

    @cached_property
    def bound_names(self) -> frozenset[str]:
        """Collect the names defined, imported or assigned anywhere, attributes included."""
        return frozenset(name for node in self.nodes for name in names_bound(node))

    @cached_property
    def loaded_names(self) -> frozenset[str]:
        """The names that are read anywhere, whatever scope they are in."""
        return frozenset(
            node.id
            for node in self.nodes
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)
        )

    def _top_level(self) -> Iterator[ast.stmt]:
        return top_level(self.tree.body) if self.tree else iter(())


def compiled(code: str) -> tuple[ast.Module | None, str]:
    """Parse and compile a program: its tree, or why there is none; nothing is executed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            # Compiling runs the symbol table too.
            compile(code, "<code>", "exec", dont_inherit=True)
            return ast.parse(code), ""
    except COMPILE_ERRORS as error:
        return None, describe_error(error)


def describe_error(error: BaseException) -> str:
    """Put an error of the parser or compiler into a few words."""
    if isinstance(error, SyntaxError):
        return f"line {error.lineno}: {error.msg}"
    if isinstance(error, RecursionError | MemoryError):
        return "nested too deeply"
    return str(error)


def top_level(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a module, and those under its `if`, `try` and `with`."""
    for statement in body:
        yield statement
        if isinstance(statement, ast.If | ast.Try | ast.TryStar | ast.With):
            for field in ("body", "orelse", "finalbody"):
                yield from top_level(getattr(statement, field, []))
            for handler in getattr(statement, "handlers", []):
                yield from top_level(handler.body)


def imported(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """Yield each name that an import binds with the dotted name it stands for."""
    module = f"{node.module or ''}." if isinstance(node, ast.ImportFrom) else ""
    for alias in node.names:
        if alias.name != "*":
            name = alias.asname or (alias.name if module else alias.name.split(".")[0])
            yield name, module + alias.name


def names_bound(node: ast.AST) -> Iterator[str]:
    """Yield the names that one node of a syntax tree gives a meaning to."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            yield node.name
        case ast.Import() | ast.ImportFrom():
            yield from (name for name, _ in imported(node))
        case ast.Name(id=name, ctx=ast.Store()):
            yield name
        case ast.Attribute(attr=name, ctx=ast.Store()):
            yield name
        case ast.arg(arg=name):
            yield name
        case ast.ExceptHandler(name=str(name)):
            yield name
