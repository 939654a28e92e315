"""The rule against code that vanishes though nobody asked for it.

Looked at are functions, methods and classes at any depth, imports whose uses went with them, and
files that shrink by more than a third. What was renamed, moved or inlined is not gone.

The rule says what is wrong with a triplet, in a few words, or None.
"""

import ast
import re
from collections import Counter

from rapidfuzz import fuzz

from utils.code.lexing import code_tokens
from utils.code.lines import compare_lines, count_code_lines, lines_with_ends
from utils.quality.definitions import bound_in_scopes, definitions_at_any_depth
from utils.quality.python_program import Definition, Program, without_docstring
from utils.quality.removal_wishes import RemovalWishes
from utils.quality.triplet import Triplet

SIMILAR_BODY = 0.5
SIMILAR_NAME = 75
# A body of one line shorter than this, `return value`, is found in any program.
_TELLING_CHARACTERS = 16
# `pytest.mark.parametrize`, `parameterized.expand`, `ddt.data`
_CASES = re.compile(r"parame?t[er]+i[sz]e|\bddt\b|^data\b")
# Shorter programs are rewritten whole at a wish.
_SHRINKS_FROM_LINES = 15


def silent_deletion(triplet: Triplet) -> str | None:
    """Code that is gone, neither spoken of in the instruction nor renamed, moved or inlined."""
    before, after = triplet.program_before, triplet.program_after
    may_lack = triplet.is_python and before.tree is not None and after.tree is not None
    if not _has_shrunk(triplet) and not (may_lack and _lacks_names(before, after)):
        return None
    wishes = RemovalWishes(triplet.wishes)
    if wishes.are_for_all:
        return None
    if not may_lack:
        return None if wishes.are_for_any else _shrunk(triplet, wishes)
    gone = _definitions_gone(triplet, wishes)
    if not wishes.are_for_any:
        gone += [name for name in _imports_gone(triplet) if not wishes.name(name)]
    return ", ".join(sorted(gone)) or _shrunk(triplet, wishes)


def _lacks_names(before: Program, after: Program) -> bool:
    """Tell whether any definition or import is gone by its name, for whatever reason."""
    if before.imports.keys() - after.imports.keys():
        return True
    return bool(definitions_at_any_depth(before).keys() - definitions_at_any_depth(after).keys())


def _definitions_gone(triplet: Triplet, wishes: RemovalWishes) -> list[str]:
    """List the definitions that vanished in silence, an outer one for all that stood in it."""
    before = definitions_at_any_depth(triplet.program_before)
    after = definitions_at_any_depth(triplet.program_after)
    missing = [name for name in before if name not in after]
    if not missing:
        return []
    accounted = _Accounted(triplet, {name: after[name] for name in after if name not in before})
    names = frozenset(name.rpartition(".")[2] for name in before)

    gone = {id(inner) for name in missing for inner in ast.walk(before[name])}

    def is_spoken_of(name: str) -> bool:
        is_used = _is_used(before[name], triplet.program_before, gone)
        return wishes.speak_of(name, before, names, is_used)

    silent: list[str] = []
    answered: set[str] = set()
    for name in sorted(missing, key=lambda name: name.count(".")):
        owner = name.rpartition(".")[0]
        if owner in answered or owner in silent:
            answered.add(name)
        elif accounted.has(name, before[name]):
            # A class that is a named tuple from now on has no methods.
            if accounted.is_bound_otherwise(name) and is_spoken_of(name):
                answered.add(name)
        elif is_spoken_of(name):
            answered.add(name)
        else:
            silent.append(name)
    return silent


class _Accounted:
    """Finds where vanished definitions went.

    Each new one stands for one that vanished, but a test with parameters for any number.
    """

    def __init__(self, triplet: Triplet, new: dict[str, Definition]) -> None:
        self._before, self._after = triplet.program_before, triplet.program_after
        self._new = new
        self._bound = bound_in_scopes(self._after)
        self._moved: dict[str, str] = {}

    def has(self, name: str, definition: Definition) -> bool:
        """Tell whether a definition is still there: bound otherwise, moved, renamed or inlined."""
        owner, _, own = name.rpartition(".")
        expected = f"{self._moved[owner]}.{own}" if owner in self._moved else name
        if expected in self._bound or expected in self._new:
            self._moved[name] = expected
            return True
        successor = self._namesake(own) or self._renamed(definition)
        if successor:
            self._moved[name] = successor
            return True
        return self._is_inlined(definition)

    def is_bound_otherwise(self, name: str) -> bool:
        return name in self._bound

    def _free(self) -> list[str]:
        taken = set(self._moved.values())
        return [name for name, new in self._new.items() if name not in taken or _has_cases(new)]

    def _namesake(self, own: str) -> str | None:
        return next((new for new in self._free() if new.rpartition(".")[2] == own), None)

    def _renamed(self, definition: Definition) -> str | None:
        """Find the new definition, at any depth, whose body is most similar."""
        old = _body_tokens(definition, self._before)
        likeness = {
            name: _overlap(old, _body_tokens(self._new[name], self._after))
            for name in self._free()
            if self._new[name].name not in self._before.bound_names
        }
        best = max(likeness, key=lambda name: likeness[name], default=None)
        return best if best is not None and likeness[best] >= SIMILAR_BODY else None

    def _is_inlined(self, definition: Definition) -> bool:
        """Tell whether half of the body's lines stand in the code after, over and above others."""
        lines = _stripped(self._before.code)
        first = _first_line_of_body(definition)
        body = Counter(filter(None, lines[first - 1 : definition.end_lineno]))
        if len(body) == 1:
            value = next(iter(body)).removeprefix("return ")
            more = self._after.code.count(value) >= self._before.code.count(value)
            return more and len(value) >= _TELLING_CHARACTERS
        others = Counter([*lines[: definition.lineno - 1], *lines[definition.end_lineno :]])
        left = Counter(_stripped(self._after.code)) - others
        return (body & left).total() >= SIMILAR_BODY * body.total()


def _has_cases(definition: Definition) -> bool:
    """Tell a test that is run for each of several values."""
    return any(_CASES.search(ast.unparse(each)) for each in definition.decorator_list)


def _stripped(code: str) -> list[str]:
    return [line.strip() for line in code.split("\n")]


def _first_line_of_body(definition: Definition) -> int:
    body = without_docstring(definition.body) or definition.body
    return body[0].lineno


def _body_tokens(definition: Definition, program: Program) -> Counter[str]:
    lines = program.code.split("\n")[_first_line_of_body(definition) - 1 : definition.end_lineno]
    return Counter(code_tokens("\n".join(lines)))


def _overlap(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


def _is_used(definition: Definition, program: Program, gone: set[int]) -> bool:
    """Tell whether code uses a definition that is not one of the nodes `gone` itself."""
    return any(
        definition.name == (node.id if isinstance(node, ast.Name) else node.attr)
        for node in program.nodes
        if isinstance(node, ast.Name | ast.Attribute) and id(node) not in gone
    )


def _imports_gone(triplet: Triplet) -> list[str]:
    """List vanished imports whose uses were deleted and not written anew in another way."""
    before, after = triplet.program_before, triplet.program_after
    gone = {
        name
        for name in before.imports.keys() - after.imports.keys()
        if name in before.loaded_names
        and name not in after.bound_names
        and not _has_successor(name, before, after)
    }
    if not gone:
        return []
    deleted, replaced = _changed_lines(triplet)
    uses = [node for node in before.nodes if isinstance(node, ast.Name) and node.id in gone]
    # A definition with other lines written anew was worked on; what it lost, it lost to that.
    rewritten = [
        each
        for each in before.definitions.values()
        if any(_stands_in(line, each) for line in replaced)
    ]
    kept = {
        node.id
        for node in uses
        if node.lineno not in deleted or any(_stands_in(node.lineno, each) for each in rewritten)
    }
    return sorted(gone - kept)


def _has_successor(name: str, before: Program, after: Program) -> bool:
    """Tell whether a new import is of the same module or much the same name.

    `implements(X)` in a class body and `@implementer(X)` above it are one thing.
    """
    module = before.imports[name].rpartition(".")[0]
    return any(
        (module and source.rpartition(".")[0] == module)
        or fuzz.ratio(name.lower(), new.lower()) >= SIMILAR_NAME
        for new, source in after.imports.items()
        if new not in before.imports
    )


def _changed_lines(triplet: Triplet) -> tuple[set[int], set[int]]:
    """Number the lines of the code before, from 1, that have nothing and others in their place."""
    before, after = lines_with_ends(triplet.before), lines_with_ends(triplet.after)
    changed: dict[str, set[int]] = {"delete": set(), "replace": set()}
    for tag, start, end, _, _ in compare_lines(before, after).get_opcodes():
        changed.setdefault(tag, set()).update(range(start + 1, end + 1))
    return changed["delete"], changed["replace"]


def _shrunk(triplet: Triplet, wishes: RemovalWishes) -> str | None:
    """Say by how much a program shrank, if by over a third that the instruction says nothing of.

    Lines inside of definitions that it names are its business, and of the only one that there is;
    the wish for something shorter that names none is for the whole.
    """
    if not _has_shrunk(triplet):
        return None
    before, after = count_code_lines(triplet.before), count_code_lines(triplet.after)
    definitions = definitions_at_any_depth(triplet.program_before)
    is_one = sum("." not in name for name in definitions) == 1
    named = [definition for name, definition in definitions.items() if is_one or wishes.name(name)]
    if wishes.are_for_less and not named:
        return None
    left = Counter(_stripped(triplet.after))
    lost = []
    for number, line in enumerate(_stripped(triplet.before), 1):
        if left[line] > 0:
            left[line] -= 1
        elif line and not any(_stands_in(number, definition) for definition in named):
            lost.append(line)
    if len(lost) * 3 <= before or wishes.are_for_lines(lost):
        return None
    return f"{before} lines of code become {after}"


def _has_shrunk(triplet: Triplet) -> bool:
    before, after = count_code_lines(triplet.before), count_code_lines(triplet.after)
    return before >= _SHRINKS_FROM_LINES and after * 3 < before * 2


def _stands_in(line: int, definition: Definition) -> bool:
    """Tell whether a line is one of a definition's, or of its decorators'."""
    first = min([definition.lineno, *(node.lineno for node in definition.decorator_list)])
    return first <= line <= (definition.end_lineno or 0)
