"""The edits: each turns a draft of a program into the code before, the code after and the words.

Most edits of the catalogue switch one layer of a program on (`switch_layer`); the others fit every
program: annotations, docstrings, tests, better names.
"""

import ast
import re
from collections.abc import Callable
from functools import partial

from offline_model.added_tests import add_tests
from offline_model.draft import Draft, Triplet
from offline_model.programs import LayerEdit, Program
from offline_model.wording import definitions, describe_signature, listed, quoted

Maker = Callable[[Draft], Triplet]


def makers_of(program: Program) -> list[tuple[str, Maker]]:
    """List the edits that a program offers, as (kind, maker)."""
    makers: list[tuple[str, Maker]] = [
        (edit.kind, partial(switch_layer, edit)) for edit in program.edits
    ]
    makers += [("typing", annotate), ("documentation", document), ("tests", add_tests)]
    if program.renames:
        makers.append(("rename", rename))
    return makers


def switch_layer(edit: LayerEdit, draft: Draft) -> Triplet:
    """Make an edit of the catalogue."""
    needed = {mark[1:] for mark in edit.needs.split() if mark[0] == "+"}
    barred = {mark[1:] for mark in edit.needs.split() if mark[0] == "-"}
    before = (draft.layers | needed) - barred - {edit.layer}
    return draft.triplet(
        edit.layer,
        edit.kind,
        (draft.code(before), draft.code(before | {edit.layer})),
        (draft.fill(edit.says), draft.fill(edit.lazy)),
        edit.same_output,
        draft.fill(edit.check),
    )


def annotate(draft: Draft) -> Triplet:
    """Add type annotations to every function."""
    before, after = draft.code(draft.layers - {"types"}), draft.code(draft.layers | {"types"})
    signatures = [
        describe_signature(name, node)
        for name, node in definitions(after)
        if isinstance(node, ast.FunctionDef) and name != "main"
    ]
    draft.rng.shuffle(signatures)
    says = (
        "{Add type annotations to|Annotate} {all functions and methods|every function and method}"
        " {of the module|in the file}, parameters and return values alike. {In particular,|}"
        f" {'; '.join(signatures[:4])}. {{Use the built-in generic types, not their older"
        " spellings in `typing`.|Nothing has to be imported from `typing`.} No statement may"
        " change."
    )
    words = (
        "{add type hints|Add type hints everywhere|type hints for all functions please|"
        "Annotate the functions and methods with types|This needs type annotations}"
    )
    return draft.triplet("annotate", "typing", (before, after), (says, words), True)


def document(draft: Draft) -> Triplet:
    """Add a docstring to the module and to what it defines."""
    before, after = draft.code(draft.layers - {"docs"}), draft.code(draft.layers | {"docs"})
    present = _documented(before)
    names = [name for name in _documented(after) if name not in present]
    says = (
        f"The {{module|file}} about {draft.fill(draft.program.about)} {{lacks docstrings|needs"
        " documentation}. Add a docstring of one line at its top that says"
        f" what it is for, and {{a short docstring|one docstring}} to each of {quoted(names)}:"
        " what it does or returns, in {the imperative|one sentence that starts with a verb},"
        " and {the cases a caller can't guess from the signature|what happens in the edge cases}."
        " No code changes."
    )
    words = (
        "{add docstrings|Document this module|Docstrings are missing, write them|"
        "Write short docstrings for the module and everything public in it}"
    )
    return draft.triplet("document", "documentation", (before, after), (says, words), True)


def rename(draft: Draft) -> Triplet:
    """Give one or two things the names they should have had."""
    rng = draft.rng
    after = draft.code()
    pairs = _poor_names(draft, after)
    pairs = rng.sample(pairs, min(len(pairs), rng.choice([1, 1, 2])))
    before = _with_poor_names(after, pairs)
    asked = [f"{_sort_of(good, after)} `{bad}` to `{good}`" for good, bad in pairs]
    several = len(pairs) > 1
    says = (
        f"{{The name{'s' if several else ''} {quoted([bad for _, bad in pairs])}"
        f" {'say' if several else 'says'} nothing about what"
        f" {'they stand' if several else 'it stands'} for.|"
        f"{quoted([bad for _, bad in pairs])} {'are poor names' if several else 'is a poor name'}"
        f" for what {'they are' if several else 'it is'}.}} Rename {listed(asked)}, at the"
        " definition and {everywhere it is used|at every use}, docstrings and messages"
        " {included|as well}. {No old name may be left over as an alias.|Keep no alias.}"
    )
    short = _renamed(pairs).replace("`", "")
    hurried = f"{{rename {short}|Rename {short} everywhere|Please rename {short}}}"
    return draft.triplet("rename", "rename", (before, after), (says, hurried), True)


def _renamed(pairs: list[tuple[str, str]]) -> str:
    return listed([f"`{bad}` to `{good}`" for good, bad in pairs])


def _poor_names(draft: Draft, code: str) -> list[tuple[str, str]]:
    """List (good, poor) for each name in the code that could have been a poor one."""
    words = set(re.findall(r"\w+", code))
    pairs = []
    for good, *poor in draft.program.renames:
        good, bad = draft.fill(good), draft.fill(draft.rng.choice(poor))
        if good in words and bad not in words:
            pairs.append((good, bad))
    return pairs


def _with_poor_names(code: str, pairs: list[tuple[str, str]]) -> str:
    for good, bad in pairs:
        code = re.sub(rf"\b{good}\b", bad, code)
    return code


def _documented(code: str) -> list[str]:
    """List the classes, functions and methods that have a docstring."""
    return [
        name
        for name, node in definitions(code)
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and ast.get_docstring(node)
    ]


def _sort_of(name: str, code: str) -> str:
    """Say what a name names: a class, a method, a function, a constant or a variable."""
    if re.search(rf"^class {name}\b", code, re.M):
        return "the class"
    if match := re.search(rf"^( *)def {name}\b", code, re.M):
        return "the method" if match[1] else "the function"
    if re.search(rf"\bself\.{name}\b", code):
        return "the attribute"
    if re.search(rf"def \w+\([^)]*\b{name}\b", code):
        return "the parameter"
    return "the constant" if name.isupper() else "the variable"
