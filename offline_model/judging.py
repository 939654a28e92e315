"""Answers judging prompts by plain rules: what a parser and a look at the names can tell.

No verdict is drawn by chance; only the form of the answer is, and a share of answers that can't be
read.
"""

import ast
import builtins
import json
import keyword
import logging
import random
import re
import sys
import warnings

from offline_model.conversation import Conversation
from offline_model.diff_facts import read_diff
from offline_model.misbehaviour import Answer

# An instruction may name these though neither program does.
PYTHONS_OWN_NAMES = {
    *dir(builtins),
    *keyword.kwlist,
    *sys.stdlib_module_names,
    *logging.getLevelNamesMapping(),
    *(level.lower() for level in logging.getLevelNamesMapping()),
}
_ELISION = re.compile(
    r"#.*(?:\.\.\.|\b(?:rest|remaining|unchanged|existing code)\b)", re.IGNORECASE
)
_BACKTICKED = re.compile(r"`([A-Za-z_]\w*)(?:\(.*?\))?`")
_UNREADABLE = (
    "The edit looks good to me overall, well done.",
    "I would say PASS, PASS and, with some doubt, PASS.",
)

Verdict = tuple[str, str]


def answer_judging(conversation: Conversation, share: float) -> Answer:
    """Judge the triplet of a prompt; a share of the answers is talk without an object."""
    rng = random.Random(conversation.seed)
    if rng.random() < share:
        return Answer(rng.choice(_UNREADABLE))
    before, after, detailed = _shown_texts(conversation)
    verdicts = {
        "before_lacks_it": judge_before(before, after, detailed),
        "after_fulfills_it": judge_after(before, after, detailed),
        "no_unrelated_changes": judge_changes(before, after, detailed),
    }
    entries = {name: {"verdict": v, "reason": reason} for name, (v, reason) in verdicts.items()}
    text = json.dumps(entries)
    return Answer(f"```json\n{text}\n```" if rng.random() < 0.3 else text)


def _shown_texts(conversation: Conversation) -> tuple[str, str, str]:
    """Give the program before, the program after and the longest instruction, as they are shown.

    The instructions are known by their fences, else they stand between the two programs; a diff
    tells which of these came first.
    """
    diffs = [block.text for block in conversation.blocks if block.is_diff]
    others = [block for block in conversation.blocks if not block.is_diff]
    programs = [block.text for block in others if not block.is_prose]
    instructions = [block.text for block in others if block.is_prose]
    if not instructions:
        programs, instructions = programs[:1] + programs[1:][-1:], programs[1:-1]
    before, after = (*programs, "", "")[:2] if len(programs) > 1 else ("", "")
    if any(set(read_diff(diff).removed) - set(before.split("\n")) for diff in diffs):
        before, after = after, before
    return before, after, max(instructions, key=len, default="")


def judge_before(before: str, after: str, instruction: str) -> Verdict:
    """Fail a code before that is the code after already."""
    if before.split() == after.split():
        return "FAIL", "The program is the same before and after."
    if not before.strip() or not instruction.strip():
        return "UNCERTAIN", "There is no program or no instruction to judge by."
    return "PASS", "The edit changes the program."


def judge_after(before: str, after: str, instruction: str) -> Verdict:
    """Fail code that doesn't parse or leaves parts out, or that lacks a name it should have."""
    if parsed(after) is None:
        return "FAIL", "The program after the edit does not parse."
    if elisions(after) - elisions(before):
        return "FAIL", "The program after the edit leaves code out."
    missing = [
        name
        for name in _BACKTICKED.findall(instruction)
        if name not in before + after and name not in PYTHONS_OWN_NAMES
    ]
    if missing:
        return "UNCERTAIN", f"`{missing[0]}` stands in neither program."
    return "PASS", "The program parses and has the names that were asked for."


def judge_changes(before: str, after: str, instruction: str) -> Verdict:
    """Fail an edit that loses a definition the instruction says nothing of."""
    lost = [name for name in defined_names(before) if name not in defined_names(after)]
    silent = [name for name in lost if name not in instruction]
    # A renamed definition leaves with another one coming.
    if len(silent) > len(defined_names(after)) - len(defined_names(before)) + len(lost):
        return "FAIL", f"`{silent[0]}` is gone without being asked for."
    return "PASS", "No definition is lost without being asked for."


def parsed(code: str) -> ast.Module | None:
    try:
        with warnings.catch_warnings(action="ignore"):
            return ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def elisions(code: str) -> set[str]:
    return {line.strip() for line in code.split("\n") if _ELISION.search(line)}


def defined_names(code: str) -> list[str]:
    """List the names of a program's top-level functions and classes."""
    tree = parsed(code)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return [node.name for node in tree.body if isinstance(node, kinds)] if tree else []
