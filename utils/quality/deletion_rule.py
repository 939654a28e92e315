"""The rule against definitions and imports that vanish though nobody asked for it.

The rule says what is wrong with a triplet, in a few words, or None.
"""

import ast
import re
from collections import Counter

from cydifflib import SequenceMatcher

from utils.code_lines import lines_with_ends
from utils.code_tokens import split_identifier
from utils.lexing import code_tokens
from utils.quality.program import FUNCTIONS, Definition, Program
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
    unnamed = [name for name in gone if not names(triplet.instruction, name)]
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


def names(instruction: str, identifier: str) -> bool:
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
