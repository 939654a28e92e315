"""All that is found out about one row by itself, as a worker sends it back.

The table of rules, and the one place that asks them.

A rule takes a triplet and says what is wrong with it in a few words, or None; its key in the table
is the reason a row is rejected with.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

from utils.code.lexing import Hashes, code_tokens, jaccard, united_ngrams
from utils.jsonl import Row
from utils.quality import edit_rules, instruction_rules, syntax_rules
from utils.quality import edit_rules as form_rules
from utils.quality.contamination import Benchmark, ContaminationIndex
from utils.quality.deletion_rules import silent_deletion
from utils.quality.missing_code_rules import elided_code
from utils.quality.settings import ContaminationSettings, QualityConfig
from utils.quality.triplet import Triplet, text_fields
from utils.records import first_empty_field
from utils.similarity.near_duplicates import signature

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
    "newer_syntax": Rule(syntax_rules.newer_syntax, needs_python=True),
    "new_undefined_name": Rule(syntax_rules.new_undefined_name, needs_python=True),
    "new_missing_import": Rule(syntax_rules.new_missing_import, needs_python=True),
    "removed_definition_still_used": Rule(
        syntax_rules.removed_definition_still_used, needs_python=True
    ),
    "no_change": Rule(edit_rules.no_change),
    "diff_too_large": Rule(edit_rules.diff_too_large),
    "elided_code": Rule(elided_code),
    "silent_deletion": Rule(silent_deletion),
    "instruction_leaks_solution": Rule(instruction_rules.instruction_leaks_solution),
    "ungrounded_instruction": Rule(instruction_rules.ungrounded_instruction),
    "vague_instruction": Rule(instruction_rules.vague_instruction),
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
    if empty := first_empty_field(row, text_fields(row)):
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


@dataclass(frozen=True)
class Examination:
    """A row's faults, reason by what is wrong, and what it is compared with other rows by.

    `digest` and `signature` are empty for a row that can't be compared.
    """

    faults: dict[str, str]
    digest: bytes = b""
    signature: bytes = b""


TIMED_OUT = Examination({TIME_LIMIT: "took too long, or crashed the parser"})


def examine(row: Row, config: QualityConfig, language: str) -> Examination:
    """Judge one row by all rules that need no other row."""
    faults = find_faults(row, config, language)
    if "empty_field" in faults or not _has_texts(row) or not is_fit(faults):
        return Examination(faults)
    triplet = Triplet.of(row, config, language)
    if config.rules.contaminated and config.benchmarks:
        index = contamination_index(config.benchmarks, config.contamination, language)
        tokens = (triplet.tokens_before, triplet.tokens_after)
        if source := index.find(tokens, triplet.instructions.values()):
            faults["contaminated"] = source
    digest = exact_digest(triplet) if config.rules.duplicate else b""
    if not config.rules.near_duplicate:
        return Examination(faults, digest)
    found = signature(shingles(triplet), config.dedup.permutations, config.random_seed)
    return Examination(faults, digest, found.tobytes())


@cache
def contamination_index(
    benchmarks: tuple[Benchmark, ...], settings: ContaminationSettings, language: str
) -> ContaminationIndex:
    """Read the benchmarks, once in each process."""
    return ContaminationIndex(benchmarks, settings, language)


def exact_digest(triplet: Triplet) -> bytes:
    """Hash a triplet's texts without regard to spacing, and to case in the instructions.

    Indentation counts, which gives a program its meaning; blank lines and trailing blanks don't.
    """
    codes = (
        [line.rstrip().expandtabs() for line in code.split("\n") if line.strip()]
        for code in triplet.codes.values()
    )
    texts = ("\n".join(lines) for lines in codes)
    instructions = (" ".join(text.lower().split()) for text in triplet.instructions.values())
    content = "\0".join([*texts, *instructions]).encode("utf-8", "surrogatepass")
    return blake2b(content, digest_size=16).digest()


def shingles(triplet: Triplet) -> Hashes:
    """Hash the runs of tokens of the code before and of the code after into one set."""
    return united_ngrams((triplet.tokens_before, triplet.tokens_after), triplet.config.dedup.ngram)


def edit_similarity(one: Triplet, other: Triplet) -> float:
    """Measure how similar two edits are: the Jaccard similarity of their changed lines' tokens."""
    return jaccard(_edit_shingles(one), _edit_shingles(other))


def _edit_shingles(triplet: Triplet) -> Hashes:
    sides = (triplet.removed_lines, triplet.added_lines)
    marked = zip("-+", ("\n".join(lines) for lines in sides), strict=True)
    tokens = ([mark, *code_tokens(code, triplet.language)] for mark, code in marked)
    return united_ngrams(tokens, triplet.config.dedup.ngram)


def _has_texts(row: Row) -> bool:
    return all(isinstance(value, str) and value for value in row.values())
