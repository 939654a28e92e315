"""The table of rules, and the one place that asks them.

A rule takes a triplet and says what is wrong with it in a few words, or None; its key in the table
is the reason a row is rejected with.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from utils.jsonl import Row
from utils.quality import edit_rules, form_rules, instruction_rules, syntax_rules
from utils.quality.deletion_rule import silent_deletion
from utils.quality.elision_rule import elided_code
from utils.quality.settings import QualityConfig
from utils.quality.triplet import FIELDS, Triplet
from utils.records import first_empty_field

RuleFunction = Callable[[Triplet], str | None]


@dataclass(frozen=True)
class Rule:
    """A rule; one that needs Python is not asked about programs of other languages."""

    says: RuleFunction
    needs_python: bool = False


# What makes a row unfit to be looked at any closer.
GUARDS: dict[str, RuleFunction] = {
    "unreadable_text": form_rules.unreadable_text,
    "too_large": form_rules.too_large,
}
RULES: dict[str, Rule] = {
    "single_line_code": Rule(form_rules.single_line_code),
    "markdown_residue": Rule(form_rules.markdown_residue),
    "before_does_not_parse": Rule(syntax_rules.before_does_not_parse, needs_python=True),
    "after_does_not_parse": Rule(syntax_rules.after_does_not_parse, needs_python=True),
    "python2_code": Rule(syntax_rules.python2_code, needs_python=True),
    "new_undefined_name": Rule(syntax_rules.new_undefined_name, needs_python=True),
    "new_missing_import": Rule(syntax_rules.new_missing_import, needs_python=True),
    "removed_definition_still_used": Rule(
        syntax_rules.removed_definition_still_used, needs_python=True
    ),
    "no_change": Rule(edit_rules.no_change),
    "diff_too_large": Rule(edit_rules.diff_too_large),
    "elided_code": Rule(elided_code),
    "silent_deletion": Rule(silent_deletion, needs_python=True),
    "instruction_leaks_solution": Rule(instruction_rules.instruction_leaks_solution),
    "ungrounded_instruction": Rule(instruction_rules.ungrounded_instruction),
    "style_contract": Rule(instruction_rules.style_contract),
}
# Given by the guard around each row and not by a rule, so they can't be switched off.
TOO_COMPLEX = "too_complex"
TIME_LIMIT = "time_limit"
MAX_EVIDENCE = 200


def find_faults(row: Row, config: QualityConfig, language: str = "python") -> dict[str, str]:
    """Ask every rule that is switched on about one row: its faults, reason by what is wrong.

    A row with an empty field, or that a guard turns away, is not shown to the other rules.
    """
    if empty := first_empty_field(row, FIELDS):
        return {"empty_field": empty} if config.rules.empty_field else {}
    triplet = Triplet.of(row, config, language)
    try:
        return dict(_guarded(triplet)) or dict(_asked(triplet))
    except (RecursionError, MemoryError):
        return {TOO_COMPLEX: "nested too deeply"}


def is_fit(faults: dict[str, str]) -> bool:
    """Tell whether a row with these faults can still be compared with others."""
    return not faults.keys() & {"empty_field", TOO_COMPLEX, TIME_LIMIT, *GUARDS}


def _guarded(triplet: Triplet) -> Iterator[tuple[str, str]]:
    for reason, says in GUARDS.items():
        if getattr(triplet.config.rules, reason) and (wrong := says(triplet)):
            yield reason, wrong[:MAX_EVIDENCE]


def _asked(triplet: Triplet) -> Iterator[tuple[str, str]]:
    for reason, rule in RULES.items():
        if not getattr(triplet.config.rules, reason):
            continue
        if rule.needs_python and not triplet.is_python:
            continue
        if (wrong := rule.says(triplet)) is not None:
            yield reason, wrong[:MAX_EVIDENCE]
