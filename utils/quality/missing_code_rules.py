"""Rules about code that is not there any more: elided by a placeholder, or deleted in silence.

Each rule says what is wrong with a triplet, in a few words, or None.
"""

import ast
import re
from collections import Counter
from collections.abc import Iterator

from cydifflib import SequenceMatcher

from utils.code.elision import elision_comments
from utils.code.lexing import code_comments, code_tokens
from utils.code.lines import lines_with_ends
from utils.code.topic_words import split_identifier
from utils.quality.python_program import FUNCTIONS, Definition, Function, Program, without_docstring
from utils.quality.triplet import Triplet

_ASKS_FOR_REWRITE = re.compile(
    r"\binlin|\bmerg|combin|consolidat|collaps|\bsingle\b|\bone (?:function|class)|rewrit|from"
    r" scratch|obsolete|redundant|unnecessary|内联|合并|重写",
    re.IGNORECASE,
)
_ASKS_FOR_REMOVAL = re.compile(
    r"remov|delet|\bdrop|strip|get rid|eliminat|clean|no longer|without|replac|instead|simplif"
    r"|switch|删除|移除|替换",
    re.IGNORECASE,
)
# A sentence that names something in order to keep it asks for no deletion.
_ASKS_TO_KEEP = re.compile(
    r"\b(?:leav(?:e|ing)|keep(?:ing)?|preserv\w+|unchanged|untouched|intact|alone|remain|stays?)\b"
    r"|\bnot (?:change|touch|modify|remove|alter)|n['’]t (?:change|touch|modify|remove|alter)"
    r"|\bas (?:it is|they are|is)\b|保持|不变",
    re.IGNORECASE,
)
_SENTENCE_END = re.compile(r"(?<=[.!?;。！？])\s+|(?<=[。！？])|\n")
SIMILAR_BODY = 0.5
_ASKS_FOR_STUB = re.compile(
    r"\bstubs?\b|place-?holder|abstract|interface|protocol|skeleton|not ?implemented|unimplemented"
    r"|no-?op\b|(?:does|do|doing) nothing|\bhooks?\b|\bempty\b|base class|subclass|overrid"
    r"|\bpass\b|\.{3}|ellipsis|\btodo\b|占位|抽象",
    re.IGNORECASE,
)
_EXPECTED_STUB = re.compile(r"abstract|overload|protocol", re.IGNORECASE)
_PLACEHOLDER_COMMENT = re.compile(
    r"(?:your|add|insert|put|write|implement\w*|actual|real|more|further)\b.{0,40}"
    r"\b(?:code|logic|implementation|here)\b\W*$"
    r"|(?:todo:? )?(?:implement(?:ation)?|fill in)\b.{0,30}\b(?:this|here|later|me|pending)\b\W*$",
    re.IGNORECASE,
)


def silent_deletion(triplet: Triplet) -> str | None:
    """A used definition or import that is gone, neither named in the instruction nor renamed."""
    before, after = triplet.program_before, triplet.program_after
    if before.tree is None or after.tree is None or triplet.speaks_of(_ASKS_FOR_REWRITE):
        return None
    gone = [
        name
        for name, node in before.definitions.items()
        if name not in after.definitions
        and name not in after.bound_names
        and _is_used(name, node, before)
        and not _is_renamed(node, before, after)
    ]
    if not triplet.speaks_of(_ASKS_FOR_REMOVAL):
        gone += _imports_gone(triplet)
    unnamed = [name for name in gone if not names_identifier(triplet.instruction, name)]
    return ", ".join(sorted(unnamed)) or None


def _imports_gone(triplet: Triplet) -> list[str]:
    """List vanished imports whose uses were deleted and not written anew in another way."""
    before, after = triplet.program_before, triplet.program_after
    gone = {
        name
        for name in before.imports.keys() - after.imports.keys()
        if name in before.loaded_names and name not in after.bound_names
    }
    if not gone:
        return []
    deleted = _deleted_lines(triplet)
    uses = [node for node in before.nodes if isinstance(node, ast.Name) and node.id in gone]
    kept = {node.id for node in uses if node.lineno not in deleted}
    return sorted(gone - kept)


def _deleted_lines(triplet: Triplet) -> set[int]:
    """Number the lines of the code before, from 1, in whose place nothing stands after."""
    before, after = lines_with_ends(triplet.before), lines_with_ends(triplet.after)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return {
        number + 1
        for tag, start, end, _, _ in matcher.get_opcodes()
        if tag == "delete"
        for number in range(start, end)
    }


def names_identifier(instruction: str, identifier: str) -> bool:
    """Tell whether an instruction names an identifier other than to keep it.

    It may be spelled out in words: "the busy minutes" names `busy_minutes`.
    """
    forms = [re.escape(identifier)]
    if len(parts := split_identifier(identifier)) > 1:
        forms.append(r"[\s_-]+".join(map(re.escape, parts)))
    pattern = re.compile(rf"(?<!\w)(?:{'|'.join(forms)})(?!\w)", re.IGNORECASE)
    return any(
        pattern.search(sentence) and not _ASKS_TO_KEEP.search(sentence)
        for sentence in _SENTENCE_END.split(instruction)
    )


def _is_used(name: str, definition: Definition, program: Program) -> bool:
    inside = {id(node) for node in ast.walk(definition)}
    return any(
        isinstance(node, ast.Name) and node.id == name and id(node) not in inside
        for node in program.nodes
    )


def _is_renamed(definition: Definition, before: Program, after: Program) -> bool:
    """Tell whether the code after has a new definition, at any depth, with a similar body."""
    old = _body_tokens(definition, before)
    return any(
        _overlap(old, _body_tokens(node, after)) >= SIMILAR_BODY
        for node in after.nodes
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name not in before.bound_names
    )


def _body_tokens(definition: Definition, program: Program) -> Counter[str]:
    lines = program.code.split("\n")[definition.body[0].lineno - 1 : definition.end_lineno]
    return Counter(code_tokens("\n".join(lines)))


def _overlap(one: Counter[str], other: Counter[str]) -> float:
    total = one.total() + other.total()
    return 2 * (one & other).total() / total if total else 0.0


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
    may_be_stub = triplet.speaks_of(_ASKS_FOR_STUB)
    empty = [node for node in triplet.program_after.nodes if _is_empty_function(node)]
    before = dict(_functions(triplet.program_before)) if empty else {}
    for name, (function, owner) in _functions(triplet.program_after) if empty else ():
        body = _placeholder(function)
        if not body or _is_expected_stub(function, owner):
            continue
        old = before.get(name)
        was_real = old is not None and not _placeholder(old[0])
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
    """Tell methods that may well be empty: those that may override one, and constructors."""
    return owner is not None and (bool(owner.bases) or function.name == "__init__")


def _bare_ellipses(program: Program) -> int:
    """Count `...` standing as a statement outside of what may be a stub."""
    in_stubs = sum(
        1
        for _, (function, owner) in _functions(program)
        if _is_expected_stub(function, owner)
        for node in function.body
        if _is_ellipsis(node)
    )
    return sum(map(_is_ellipsis, program.nodes)) - in_stubs
