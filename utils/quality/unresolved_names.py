"""The names that a program uses and nothing defines: what pyflakes says, less what it can't know.

pyflakes reads a program from top to bottom. It takes a name for gone after a `del` in a branch that
may never be entered, for missing where an earlier turn of a loop binds it, and it knows nothing of
names that are put among the globals while the program runs.
"""

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from pyflakes.checker import Checker
from pyflakes.messages import UndefinedLocal, UndefinedName

# Names that notebooks, type checkers, consoles and profilers give to the programs they run.
_GIVEN = frozenset(
    ["display", "displayHTML", "get_ipython", "In", "Out", "__IPYTHON__", "get_config"]
    + ["dbutils", "spark", "sc", "sqlContext", "reveal_type", "reveal_locals", "profile"]
    + ["exit", "quit", "copyright", "credits", "license", "__builtins__"]
)
# Built-in names of Python 2 alone; what is used where a program asks for its version is there then.
PYTHON2_NAMES = frozenset(
    ["xrange", "raw_input", "unicode", "basestring", "unichr", "execfile", "reduce", "long", "cmp"]
    + ["buffer", "file", "intern"]
)
_ASKS_FOR_VERSION = re.compile(r"\b(?:is_|_)?py_?(?:thon_?)?[23]\b|\bversion_info\b", re.IGNORECASE)
_MEANT = re.compile(r"# *noqa\b(?! *:)|# *noqa *:.*\bF821\b", re.IGNORECASE)
_GETTEXT = frozenset(["_", "gettext", "ngettext", "pgettext", "npgettext"])
_PUT_OR_GET = frozenset(["update", "setdefault", "__setitem__", "get"])
_NAMESPACES = frozenset(["globals", "locals", "vars"])
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def unresolved_names(tree: ast.Module, words: frozenset[str], code: str) -> frozenset[str]:
    """Collect the names used but defined nowhere; `words` holds all that the program mentions.

    There are none under a star import, and none where a program makes up names as it runs. Lines
    marked `# noqa` use on purpose what is not there.
    """
    lines = re.split(r"\r\n?|\n", code)
    messages = [
        message
        for message in _NameChecker(tree, words).messages
        if isinstance(message, UndefinedName | UndefinedLocal)
        and message.message_args[0] not in _GIVEN
        and not _MEANT.search(lines[message.lineno - 1])
    ]
    if not messages:
        return frozenset()
    made = set(_names_made(tree))
    if None in made:
        return frozenset()
    program = _Program(tree)
    unresolved: set[str] = set()
    for message in messages:
        name = str(message.message_args[0])
        if name not in made | unresolved and not program.may_know(name, message.lineno):
            unresolved.add(name)
    return frozenset(unresolved)


class _NameChecker(Checker):
    """pyflakes told of those built-in names alone that a program mentions: a fifth faster."""

    def __init__(self, tree: ast.Module, words: frozenset[str]) -> None:
        self._words = words
        super().__init__(tree, filename="<code>")

    @property
    def builtIns(self) -> frozenset[str]:
        return self._known

    @builtIns.setter
    def builtIns(self, names: frozenset[str]) -> None:
        self._known = names & self._words


def _names_made(tree: ast.Module) -> Iterator[str | None]:
    """Yield the names put among the globals or built-ins, and None where any name may be.

    A name that a program looks up in a namespace by its text counts as well: it expects it there.
    """
    for node in ast.walk(tree):
        match node:
            case ast.Subscript(value=space, slice=ast.Constant(value=str(name))):
                if _is_namespace(space):
                    yield name
            case ast.Subscript(value=space, ctx=ast.Store()) if _is_namespace(space):
                yield None
            case ast.Compare(left=ast.Constant(value=str(name)), comparators=[space]):
                if _is_namespace(space) or _calls(space, {"dir"}):
                    yield name
            case ast.Attribute(value=ast.Name(id="builtins" | "__builtins__"), attr=name):
                yield name
            case ast.Call():
                yield from _names_made_by_call(node)


def _names_made_by_call(call: ast.Call) -> Iterator[str | None]:
    function, arguments = call.func, call.args
    if isinstance(function, ast.Attribute):
        if function.attr == "install":
            yield from _GETTEXT
        elif function.attr in _PUT_OR_GET and _is_namespace(function.value):
            yield from (keyword.arg for keyword in call.keywords)
            yield from map(_text_of, arguments[:1])
    elif _calls(call, {"exec"}) and len(arguments) == 1:
        yield None
    elif _calls(call, {"setattr", "hasattr", "getattr"}) and len(arguments) > 1:
        target = ast.unparse(arguments[0])
        if "builtins" in target or "sys.modules" in target:
            yield _text_of(arguments[1])


def _text_of(node: ast.expr) -> str | None:
    is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
    return node.value if is_text else None  # type: ignore[attr-defined]


def _is_namespace(node: ast.expr) -> bool:
    """Tell `globals()`, `vars()` and the `__dict__` of a module or of the built-ins."""
    if isinstance(node, ast.Attribute) and node.attr == "__dict__":
        target = ast.unparse(node.value)
        return "builtins" in target or "sys.modules" in target
    return _calls(node, _NAMESPACES) and not node.args  # type: ignore[attr-defined]


def _calls(node: ast.expr, names: Iterable[str]) -> bool:
    is_call = isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    return is_call and node.func.id in names  # type: ignore[attr-defined]


class _Scope:
    """A function or the module, without its inner scopes: what it binds and deletes, and where."""

    def __init__(self, scope: ast.AST) -> None:
        self._nodes = list(_in_scope(scope))
        self._binds: dict[str, list[int]] = {}
        self._deletes: dict[str, list[int]] = {}
        for node in self._nodes:
            if name := _name_bound(node):
                self._binds.setdefault(name, []).append(_line_of(node))
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Del):
                self._deletes.setdefault(node.id, []).append(_line_of(node))
        self._branches = [block for block in _branches(self._nodes) if block]
        self._loops = [[node] for node in self._nodes if isinstance(node, _LOOPS)]

    def binds(self, name: str) -> bool:
        return name in self._binds

    def may_hold(self, name: str, line: int) -> bool:
        """Tell whether a name that it binds may be bound on a line, on some way through it.

        Either a branch that does not hold the line deletes it, or the line is in a branch inside
        of a loop and the loop binds the name elsewhere.
        """
        deletes = self._deletes.get(name, ())
        if deletes and any(
            _holds(each, gone) and not _holds(each, line)
            for each in self._branches
            for gone in deletes
        ):
            return True
        loops = [loop for loop in self._loops if _holds(loop, line)]
        return any(
            _holds(loop, bound) and _holds(loop, _line_of(branch[0])) and not _holds(branch, bound)
            for branch in (self._branches if loops else ())
            if _holds(branch, line)
            for loop in loops
            for bound in self._binds[name]
        )


class _Program:
    """A tree gone through once, however many of its names are asked about."""

    def __init__(self, tree: ast.Module) -> None:
        self._tree = tree
        self._functions: dict[int, list[ast.AST]] = defaultdict(list)
        for node in ast.walk(tree):
            if isinstance(node, _FUNCTIONS):
                for line in _lines_of(node):
                    self._functions[line].append(node)
        self._scopes: dict[ast.AST, _Scope] = {}

    def may_know(self, name: str, line: int) -> bool:
        """Tell whether a name that pyflakes misses on a line may be there all the same.

        It is bound on some way through the program, or it is one of Python 2 in a branch of its
        own, `if PY2: text = unicode`.
        """
        return self._may_be_bound(name, line) or (
            name in PYTHON2_NAMES and line in self._lines_of_versions
        )

    def _may_be_bound(self, name: str, line: int) -> bool:
        for node in [*reversed(self._functions.get(line, [])), self._tree]:
            if node not in self._scopes:
                self._scopes[node] = _Scope(node)
            if self._scopes[node].binds(name):
                return self._scopes[node].may_hold(name, line)
        return False

    @cached_property
    def _lines_of_versions(self) -> set[int]:
        """Collect the lines of conditions that ask for the version of Python."""
        return {
            line
            for node in ast.walk(self._tree)
            if isinstance(node, ast.If | ast.IfExp)
            and _ASKS_FOR_VERSION.search(ast.unparse(node.test))
            for line in _lines_of(node)
        }


def _in_scope(scope: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below one without those of inner scopes; `:=` reaches out of one."""
    nodes = list(ast.iter_child_nodes(scope))
    while nodes:
        node = nodes.pop()
        yield node
        if isinstance(node, _COMPREHENSIONS):
            nodes += (each for each in ast.walk(node) if isinstance(each, ast.NamedExpr))
        elif not isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            nodes += ast.iter_child_nodes(node)


def _name_bound(node: ast.AST) -> str | None:
    """Give the name that a node binds for longer than a block; `except ... as` does not."""
    match node:
        case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
            return name
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
            return name
        case ast.ClassDef(name=name) | ast.MatchAs(name=name) | ast.MatchStar(name=name):
            return name
        case ast.alias(name=name, asname=other):
            return other or name.split(".")[0]
    return None


def _branches(nodes: list[ast.AST]) -> Iterator[Sequence[ast.AST]]:
    """Yield the blocks that may be passed by: of conditions, handlers and cases."""
    for node in nodes:
        if isinstance(node, ast.If | ast.Try | ast.TryStar):
            yield node.body
            yield node.orelse
        elif isinstance(node, ast.ExceptHandler | ast.match_case):
            yield node.body


def _holds(block: Sequence[ast.AST], line: int) -> bool:
    """Tell whether a line is one of a block's."""
    return bool(block) and _line_of(block[0]) <= line <= (block[-1].end_lineno or 0)  # type: ignore[attr-defined]


def _lines_of(node: ast.stmt | ast.expr) -> range:
    return range(node.lineno, (node.end_lineno or 0) + 1)


def _line_of(node: ast.AST) -> int:
    return node.lineno  # type: ignore[attr-defined]
