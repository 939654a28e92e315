"""A model's reply as tests: functions that stand by themselves, each with what they share."""

from __future__ import annotations

import ast
from typing import NamedTuple

from utils.code.fences import block_text, fence_lines, read_blocks
from utils.code.syntax import python_tree
from utils.replies.thoughts import split_thoughts

MOST_TESTS = 32
_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class SuiteTest(NamedTuple):
    """A test: its name, the program it is with what it shares, and why it can't be run, if so."""

    name: str
    code: str
    fault: str = ""


def read_suite(reply: str, program_names: frozenset[str]) -> list[SuiteTest] | None:
    """Read the tests out of a reply; None where it holds no Python with a test in it.

    What defines a name of the program anew, or imports it from a module of whatever name, is left
    out: tests are of the program, whose names they see.
    """
    tree = python_tree(_code_of(reply))
    if tree is None:
        return None
    functions = [node for node in tree.body if _is_test(node)]
    shared = [
        kept for node in tree.body if not _is_test(node) if (kept := _shared(node, program_names))
    ]
    used_by = {name: _names(node) for node in shared for name in _bound(node)}
    tests = [
        _test(node, shared, used_by, program_names)
        for node in functions[:MOST_TESTS]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    return list({test.name: test for test in tests}.values()) or None


def top_level_names(code: str) -> frozenset[str]:
    """List what a program defines at its top level."""
    tree = python_tree(code)
    return frozenset(name for node in (tree.body if tree else []) for name in _bound(node))


def _code_of(reply: str) -> str:
    answer = split_thoughts(reply).answer
    blocks = read_blocks(fence_lines(answer)).blocks
    found = [block_text(answer, block) for block in blocks if block.info in ("", "python", "py")]
    return "\n\n".join(found) if found else answer


def _is_test(node: ast.stmt) -> bool:
    is_function = ast.FunctionDef | ast.AsyncFunctionDef
    return isinstance(node, is_function) and node.name.startswith("test")


def _shared(node: ast.stmt, program_names: frozenset[str]) -> ast.stmt | None:
    """Give what tests share of a statement: imports, helpers, values; no calls, no main block."""
    if isinstance(node, ast.ImportFrom):
        node.names = [
            each for each in node.names if (each.asname or each.name) not in program_names
        ]
        is_of_program = node.module == "program"
        return node if node.names and not is_of_program else None
    if isinstance(node, ast.Import):
        return node
    is_shared = isinstance(node, (*_DEFINITIONS, ast.Assign, ast.AnnAssign))
    return node if is_shared and not _bound(node) & program_names else None


def _bound(node: ast.stmt) -> set[str]:
    if isinstance(node, _DEFINITIONS):
        return {node.name}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {each.asname or each.name.partition(".")[0] for each in node.names}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        stored = [n for n in ast.walk(node) if isinstance(n, ast.Name)]
        return {each.id for each in stored if isinstance(each.ctx, ast.Store)}
    return set()


def _names(node: ast.AST) -> set[str]:
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def _test(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    shared: list[ast.stmt],
    used_by: dict[str, set[str]],
    program_names: frozenset[str],
) -> SuiteTest:
    code = ast.unparse(ast.Module([*shared, node], [])) + "\n"
    return SuiteTest(node.name, code, _fault(node, used_by, program_names))


def _fault(
    node: ast.FunctionDef | ast.AsyncFunctionDef,
    used_by: dict[str, set[str]],
    program_names: frozenset[str],
) -> str:
    """Say why a function is no test that can be run and counted."""
    given = node.args
    if (
        isinstance(node, ast.AsyncFunctionDef)
        or given.posonlyargs
        or given.args
        or given.kwonlyargs
    ):
        return "takes arguments, or is async: nothing calls it"
    local = {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }
    local |= {n.name for n in ast.walk(node) if isinstance(n, _DEFINITIONS)}
    if replaced := sorted(local & program_names):
        return f"defines `{replaced[0]}` of the program anew"
    if not any(map(_checks, ast.walk(node))) and not _names(node) & used_by.keys():
        return "checks nothing"
    seen, left = set[str](), _names(node)
    while left - seen:
        seen |= left
        left = {used for name in left for used in used_by.get(name, ())}
    return "" if seen & (program_names | {"program"}) else "uses nothing of the program"


def _checks(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        called = ast.unparse(node.func).lower()
        return "assert" in called or "raises" in called
    return isinstance(node, ast.Assert | ast.Raise)
