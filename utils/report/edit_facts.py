"""Facts about the edits of a file that take comparing the two programs.

They tell what kind of edit a pair is: lines added or removed, and which parts changed.
"""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from utils.code.lines import compare_lines, diff_stats
from utils.code.syntax import MAX_CHARACTERS
from utils.progress import progress
from utils.records import text_id
from utils.report.row_views import RowView
from utils.report.survey import FileSurvey

SHAPES = ("only added", "only removed", "changed in place", "several of these", "nothing changed")
# In the order in which a person would ask for them.
PARTS = (
    "function added",
    "function removed",
    "function body",
    "signature",
    "class added or removed",
    "class body",
    "imports",
    "module level",
    "docstrings",
    "decorators",
    "type annotations",
    "error handling",
    "tests",
    "comments or layout only",
    "does not parse",
)
Function = ast.FunctionDef | ast.AsyncFunctionDef
# Comparing longer programs line by line takes seconds.
MOST_LINES = 2000


def edit_shape(code_before: str, code_after: str) -> str:
    """Name how the lines of an edit changed, one of `SHAPES`."""
    matcher = compare_lines(code_before.split("\n"), code_after.split("\n"))
    tags = {tag for tag, *_ in matcher.get_opcodes()} - {"equal"}
    if not tags:
        return "nothing changed"
    names = {"insert": "only added", "delete": "only removed", "replace": "changed in place"}
    return names[tags.pop()] if len(tags) == 1 else "several of these"


def changed_parts(code_before: str, code_after: str) -> list[str]:
    """List the parts of a Python program that an edit changed, a selection of `PARTS`."""
    try:
        trees = _parse(code_before), _parse(code_after)
        _drop_equal_statements(trees, (code_before, code_after))
        before, after = (_Surveyor().survey(tree) for tree in trees)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ["does not parse"]
    found = set(_differences(before, after))
    if not found and code_before != code_after:
        found = {"comments or layout only"}
    return [part for part in PARTS if part in found]


@dataclass
class _Outline:
    """The parts of one program by name, each as a text that is equal when the part is."""

    functions: dict[str, dict[str, str]] = field(default_factory=dict)
    classes: dict[str, str] = field(default_factory=dict)
    whole: dict[str, list[str]] = field(default_factory=dict)
    tests: list[str] = field(default_factory=list)


def _parse(code: str) -> ast.Module:
    """Parse a program; raises what the parser raises for what is none, hostile text included."""
    if len(code) > MAX_CHARACTERS:
        raise ValueError("too long")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(code)


def _drop_equal_statements(trees: tuple[ast.Module, ast.Module], codes: tuple[str, str]) -> None:
    """Take out what stands in both programs in the same words: it is no difference.

    Most of a program is; looking at the rest alone takes a third of the time. The first statement
    stays, which may be the docstring.
    """
    texts = [_statement_texts(tree, code) for tree, code in zip(trees, codes, strict=True)]
    common = Counter(texts[0]) & Counter(texts[1])
    for tree, own in zip(trees, texts, strict=True):
        left = common.copy()
        kept = tree.body[:1]
        for statement, text in zip(tree.body[1:], own, strict=True):
            if left[text]:
                left[text] -= 1
            else:
                kept.append(statement)
        tree.body = kept


def _statement_texts(tree: ast.Module, code: str) -> list[str]:
    """List the source of each statement after the first, decorators included."""
    lines = code.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    texts = []
    for statement in tree.body[1:]:
        decorators = getattr(statement, "decorator_list", [])
        first = min([statement.lineno, *(node.lineno for node in decorators)])
        texts.append("\n".join(lines[first - 1 : statement.end_lineno]))
    return texts


class _Surveyor:
    """Walks a tree once, taking it apart into an outline."""

    def __init__(self) -> None:
        self.outline = _Outline(
            whole={name: [] for name in ("imports", "docstrings", "error handling", "module level")}
        )

    def survey(self, tree: ast.Module) -> _Outline:
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                self.outline.whole["imports"].append(ast.dump(node))
            elif isinstance(node, ast.Raise):
                self.outline.whole["error handling"].append(ast.dump(node))
            elif isinstance(node, ast.ExceptHandler):
                self.outline.whole["error handling"].append(ast.dump(node.type or ast.Pass()))
            elif isinstance(node, ast.Try):
                self.outline.whole["error handling"].append("try")
        self.body(tree, "")
        return self.outline

    def body(self, owner: ast.Module | ast.ClassDef | Function, path: str) -> str:
        """Note what an owner defines; returns the rest of its statements as one text."""
        statements = owner.body
        if (docstring := ast.get_docstring(owner, clean=False)) is not None:
            self.outline.whole["docstrings"].append(f"{path}:{docstring}")
            statements = statements[1:]
        rest = []
        for statement in statements:
            if isinstance(statement, Function):
                self.function(statement, path)
            elif isinstance(statement, ast.ClassDef):
                self.class_(statement, path)
            elif not isinstance(statement, ast.Import | ast.ImportFrom):
                rest.append(ast.dump(statement))
        if isinstance(owner, ast.Module):
            self.outline.whole["module level"] = rest
        return "\n".join(rest)

    def function(self, node: Function, path: str) -> None:
        name = f"{path}.{node.name}"
        arguments, annotations = _signature(node)
        decorators = "\n".join(map(ast.dump, node.decorator_list))
        parts = {
            "signature": arguments,
            "type annotations": annotations,
            "decorators": decorators,
            "function body": self.body(node, name),
        }
        self.outline.functions[name] = parts
        if _is_test(name):
            self.outline.tests.append(f"{name}\n{parts['function body']}")

    def class_(self, node: ast.ClassDef, path: str) -> None:
        name = f"{path}.{node.name}"
        head = [*node.bases, *node.keywords, *node.decorator_list]
        self.outline.classes[name] = "\n".join([*map(ast.dump, head), self.body(node, name)])


def _is_test(name: str) -> bool:
    return any(part.startswith(("test", "Test")) for part in name.split(".")[1:])


def _signature(node: Function) -> tuple[str, str]:
    """Split a function's head into its parameters and its annotations."""
    arguments = [
        *node.args.posonlyargs,
        *node.args.args,
        *filter(None, [node.args.vararg]),
        *node.args.kwonlyargs,
        *filter(None, [node.args.kwarg]),
    ]
    defaults = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    names = [argument.arg for argument in arguments]
    annotations = [*(argument.annotation for argument in arguments), node.returns]
    shown = [ast.dump(annotation) if annotation else "" for annotation in annotations]
    kind = type(node).__name__
    written = [f"{name}: {text}" for name, text in zip([*names, "return"], shown, strict=True)]
    annotated = [line for line in written if not line.endswith(": ")]
    return "\n".join([kind, *names, *map(ast.dump, defaults)]), "\n".join(annotated)


def _differences(before: _Outline, after: _Outline) -> Iterator[str]:
    if after.functions.keys() - before.functions.keys():
        yield "function added"
    if before.functions.keys() - after.functions.keys():
        yield "function removed"
    for name in before.functions.keys() & after.functions.keys():
        old, new = before.functions[name], after.functions[name]
        yield from (part for part in old if old[part] != new[part])
    if before.classes.keys() != after.classes.keys():
        yield "class added or removed"
    for name in before.classes.keys() & after.classes.keys():
        if before.classes[name] != after.classes[name]:
            yield "class body"
    for part in before.whole:
        if sorted(before.whole[part]) != sorted(after.whole[part]):
            yield part
    if sorted(before.tests) != sorted(after.tests):
        yield "tests"


@dataclass(frozen=True)
class EditFacts:
    """How one edit changes its program."""

    modified_lines: int
    hunks: int
    shape: str
    parts: tuple[str, ...]


@dataclass
class EditFigures:
    """The facts of one file's sampled edits, and the sizes of all of them where rows name them."""

    edits: int = 0
    shapes: Counter[str] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    modified_lines: list[int] = field(default_factory=list)
    hunks: list[int] = field(default_factory=list)
    sizes_of_all: bool = False


class EditComparer:
    """Compares programs, each pair once however many files hold it."""

    def __init__(self) -> None:
        self._known: dict[str, EditFacts | None] = {}

    def facts(self, view: RowView) -> EditFacts | None:
        """Compare the programs of a sample; None for what is no whole edit or too long."""
        before, after = view.code_before, view.code_after
        if not before or not after:
            return None
        key = text_id(before, after)
        if key not in self._known:
            self._known[key] = self._compare(before, after, view.language)
        return self._known[key]

    def _compare(self, before: str, after: str, language: str) -> EditFacts | None:
        if max(before.count("\n"), after.count("\n")) > MOST_LINES:
            return None
        size = diff_stats(before, after)
        parts = changed_parts(before, after) if language.startswith("py") else []
        return EditFacts(size.modified_lines, size.hunks, edit_shape(before, after), tuple(parts))

    def figures(self, survey: FileSurvey) -> EditFigures:
        """Sum up the sampled edits of a file."""
        found = EditFigures()
        views = [view for view in survey.sample.items() if view.is_first]
        for facts in map(self.facts, progress(views, f"edits of {survey.label}", "edit")):
            if facts is not None:
                found.edits += 1
                found.shapes[facts.shape] += 1
                found.parts.update(facts.parts)
                found.modified_lines.append(facts.modified_lines)
                found.hunks.append(facts.hunks)
        if len(survey.modified_lines) == survey.rows:
            found.modified_lines, found.hunks = list(survey.modified_lines), list(survey.hunks)
            found.sizes_of_all = True
        return found


def sample_note(surveys: Iterable[FileSurvey]) -> str:
    """Say of how many samples a figure is made where it isn't made of all."""
    sampled = [s for s in surveys if s.sample.seen > s.sample.size]
    if not sampled:
        return "Of all edits."
    return f"Of a seeded sample of {max(s.sample.size for s in sampled):,} samples a file."
