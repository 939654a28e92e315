"""The rule against code that stands for other code: comments, dots and empty bodies.

The rule says what is wrong with a triplet, in a few words, or None.
"""

import ast
import re
from collections.abc import Iterator

from utils.code.elision import elision_comments
from utils.code.lexing import code_comments
from utils.quality.python_program import FUNCTIONS, Function, Program, without_docstring
from utils.quality.removal_wishes import RemovalWishes
from utils.quality.triplet import Triplet

_ASKS_FOR_STUB = re.compile(
    r"\bstubs?\b|place-?holder|abstract|interface|protocol|skeleton|not ?implemented|unimplemented"
    r"|no-?op\b|(?:does|do|doing) nothing|\bhooks?\b|\bempty\b|base class|subclass|overrid"
    r"|\bpass\b|\.{3}|ellipsis|\btodo\b|占位|抽象",
    re.IGNORECASE,
)
_EXPECTED_STUB = re.compile(r"abstract|overload|protocol", re.IGNORECASE)
_MAY_BE_EMPTY = re.compile(
    r"^(?:pytest_\w+|set_?up\w*|tear_?down\w*|runTest|close|flush|__(?:enter|exit|del)__)$"
    r"|fake|mock|dummy|stub|null|no_?op|do_?nothing|sentinel|ignore",
    re.IGNORECASE,
)
# A documented hook: "does nothing here, for subclasses to override".
_SAYS_IT_IS_EMPTY = re.compile(r"overrid|subclass|\bhook\b|no-?op\b|do(?:es)? nothing", re.I)
_PLACEHOLDER_COMMENT = re.compile(
    r"(?:your|add|insert|put|write|implement\w*|actual|real|more|further)\b.{0,40}"
    r"\b(?:code|logic|implementation|here)\b\W*$"
    r"|(?:todo:? )?(?:implement(?:ation)?|fill in)\b.{0,30}\b(?:this|here|later|me|pending)\b\W*$",
    re.IGNORECASE,
)


def elided_code(triplet: Triplet) -> str | None:
    """A comment, `...` or empty body, new in the code after, that stands for code left out."""
    comments = _telling_comments(triplet.after, triplet)
    if comments:
        comments -= _telling_comments(triplet.before, triplet)
    return min(comments) if comments else _new_placeholder(triplet)


def _telling_comments(code: str, triplet: Triplet) -> set[str]:
    found = elision_comments(code)
    if not triplet.is_python:
        return found
    # A line inside a string only looks like a comment.
    comments = code_comments(code, triplet.language)
    telling = {comment for comment in comments if _PLACEHOLDER_COMMENT.match(comment)}
    return telling | {each for each in found if any(each in comment for comment in comments)}


def _new_placeholder(triplet: Triplet) -> str | None:
    empty = [node for node in triplet.program_after.nodes if _is_empty_function(node)]
    if not empty and "..." not in triplet.after:
        return None
    may_be_stub = triplet.speaks_of(_ASKS_FOR_STUB)
    before = dict(_functions(triplet.program_before)) if empty else {}
    scaffold = _in_tests(triplet.program_after) if empty else frozenset()
    for name, (function, owner) in _functions(triplet.program_after) if empty else ():
        body = _placeholder(function)
        if not body or _is_expected_stub(function, owner) or function in scaffold:
            continue
        old = before.get(name)
        was_real = old is not None and not _placeholder(old[0])
        if was_real and may_be_stub and RemovalWishes(triplet.wishes).name(name):
            continue
        if was_real or (old is None and not may_be_stub and not _may_do_nothing(function, owner)):
            return f"{name}: {body}"
    if may_be_stub or "..." not in triplet.after:
        return None
    more = _bare_ellipses(triplet.program_after) > _bare_ellipses(triplet.program_before)
    return "bare ..." if more else None


def _functions(
    program: Program,
) -> Iterator[tuple[str, tuple[Function, ast.ClassDef | None]]]:
    """Yield functions by name, methods by `Class.name`, each with the class it belongs to."""
    in_classes = set()
    for node in program.nodes:
        if isinstance(node, ast.ClassDef):
            for child in node.body:
                if isinstance(child, FUNCTIONS):
                    in_classes.add(child)
                    yield f"{node.name}.{child.name}", (child, node)
    for node in program.nodes:
        if isinstance(node, FUNCTIONS) and node not in in_classes:
            yield node.name, (node, None)


def _is_empty_function(node: ast.AST) -> bool:
    return isinstance(node, FUNCTIONS) and bool(_placeholder(node))


def _placeholder(function: Function) -> str:
    """Name what a function's body consists of if it does nothing, else ""."""
    body = without_docstring(function.body)
    if not body:
        return "pass" if isinstance(function.body[-1], ast.Pass) else ""
    if len(body) > 1:
        return ""
    if _is_ellipsis(body[0]):
        return "..."
    return "NotImplementedError" if _raises_not_implemented(body[0]) else ""


def _is_ellipsis(node: ast.AST) -> bool:
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return is_constant and node.value.value is ...  # type: ignore[attr-defined]


def _raises_not_implemented(node: ast.stmt) -> bool:
    return isinstance(node, ast.Raise) and "NotImplementedError" in ast.unparse(node)


def _is_expected_stub(function: Function, owner: ast.ClassDef | None) -> bool:
    """Tell stubs that are the rule: abstract and overloaded ones, members of a protocol."""
    marks = [*function.decorator_list]
    if owner:
        marks += [*owner.bases, *(keyword.value for keyword in owner.keywords)]
    text = " ".join(map(ast.unparse, marks))
    return bool(_EXPECTED_STUB.search(text)) or "ABC" in text


def _may_do_nothing(function: Function, owner: ast.ClassDef | None) -> bool:
    """Tell functions that may well be empty.

    Those that a framework calls (a decorator registers them, or their name does), methods that may
    override one, constructors, and all of what stands in for something else.
    """
    names = [function.name, *([owner.name] if owner else [])]
    if _SAYS_IT_IS_EMPTY.search(ast.get_docstring(function) or ""):
        return True
    if function.decorator_list or any(map(_MAY_BE_EMPTY.search, names)):
        return True
    return owner is not None and (bool(owner.bases) or function.name == "__init__")


def _in_tests(program: Program) -> frozenset[Function]:
    """Collect the functions, and methods of classes, that stand inside of a test function."""
    return frozenset(
        inner
        for node in program.nodes
        if isinstance(node, FUNCTIONS) and node.name.startswith("test")
        for inner in ast.walk(node)
        if isinstance(inner, FUNCTIONS) and inner is not node
    )


def _bare_ellipses(program: Program) -> int:
    """Count `...` standing as a statement outside of what may be a stub, or be without any."""
    in_stubs = sum(
        1
        for _, (function, owner) in _functions(program)
        if _is_expected_stub(function, owner) or _placeholder(function)  # judged by itself
        for node in function.body
        if _is_ellipsis(node)
    )
    empty = sum(1 for node in program.nodes if _may_have_no_body(node))
    return sum(map(_is_ellipsis, program.nodes)) - in_stubs - empty


def _may_have_no_body(node: ast.AST) -> bool:
    """Tell a handler that passes over an error, and a class that only has a name of its own."""
    is_bare = isinstance(node, ast.ExceptHandler) or isinstance(node, ast.ClassDef) and node.bases
    body = without_docstring(node.body) if is_bare else []  # type: ignore[attr-defined]
    return len(body) == 1 and _is_ellipsis(body[0])
