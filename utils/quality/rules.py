"""The table of rules, the one place that asks them, and what a worker finds out about one row.

A rule takes a triplet and says what is wrong with it in a few words, or None; its key in the table
is the reason a row is rejected with.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from hashlib import blake2b

from utils.code.edit_shingles import code_shingles, edit_shingles
from utils.code.lexing import Hashes, jaccard
from utils.jsonl import Row
from utils.quality import edit_rules, instruction_rules, syntax_rules
from utils.quality.contamination import Benchmark, ContaminationIndex
from utils.quality.deletion_rules import silent_deletion
from utils.quality.missing_code_rules import elided_code
from utils.quality.settings import ContaminationSettings, QualityConfig
from utils.quality.triplet import CODE_FIELDS, STYLE_FIELDS, Triplet, text_fields
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
    "unreadable_text": edit_rules.unreadable_text,
    "too_large": edit_rules.too_large,
}
QUALITY_RULES: dict[str, Rule] = {
    "single_line_code": Rule(edit_rules.single_line_code),
    "markdown_residue": Rule(edit_rules.markdown_residue),
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
# Given to rows of a file of a repository that has enough of them.
FULL_FILE = "max_per_file"
MAX_EVIDENCE = 200
# The programs of rows that are in use: of triplets, and of training rows.
CODES_IN_USE = tuple(zip(CODE_FIELDS, ("old_code", "new_code"), strict=True))


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
    for reason, rule in QUALITY_RULES.items():
        if not getattr(triplet.config.rules, reason):
            continue
        if rule.needs_python and not triplet.is_python:
            continue
        if (wrong := rule.says(triplet)) is not None:
            yield reason, wrong[:MAX_EVIDENCE]


@dataclass(frozen=True)
class Examination:
    """A row's faults, reason by what is wrong, and what it is compared with other rows by.

    `digest` and `signatures`, by what near duplicates are told by, are empty for a row that can't
    be compared.
    """

    faults: dict[str, str]
    digest: bytes = b""
    signatures: dict[str, bytes] = field(default_factory=dict)


TIMED_OUT = Examination({TIME_LIMIT: "took too long, or crashed the parser"})


def near_duplicates_by(row: Row, config: QualityConfig) -> str:
    """Say by what a row's near duplicates are told: `edit` where its code is a repository's.

    A triplet of a rewritten commit was made from no snippets, and says so.
    """
    is_rewritten = "code_snippet" in row and not row["code_snippet"]
    return config.near_duplicate.by or ("edit" if is_rewritten else "code")


def examine(task: tuple[Row, str], config: QualityConfig, language: str) -> Examination:
    """Judge the texts of one row by all rules that need no other row."""
    row, by = task
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
    return Examination(faults, digest, _signatures(triplet, [by]))


def examine_used(row: Row, config: QualityConfig, language: str) -> Examination:
    """Take from a row in use already what others are compared with; it is not judged.

    It may be a triplet, of any number of instructions, or a training row.
    """
    codes = [row.get(field) or row.get(other) for field, other in CODES_IN_USE]
    texts = {field: row.get(field) for field in STYLE_FIELDS if row.get(field)}
    triplet = Triplet.of(dict(zip(CODE_FIELDS, codes, strict=True)) | texts, config, language)
    if not _has_texts(triplet.texts) or any(says(triplet) for says in GUARDS.values()):
        return Examination({})
    digest = exact_digest(triplet) if config.rules.duplicate and texts else b""
    return Examination({}, digest, _signatures(triplet, ["code", "edit"]))


def _signatures(triplet: Triplet, kinds: Iterable[str]) -> dict[str, bytes]:
    config = triplet.config
    if not config.rules.near_duplicate:
        return {}
    return {
        by: signature(
            shingles(triplet, by), config.dedup.permutations, config.random_seed
        ).tobytes()
        for by in kinds
    }


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


def shingles(triplet: Triplet, by: str) -> Hashes:
    """Hash what near duplicates are told by, the `code` or the `edit`, into one set."""
    ngram = triplet.config.dedup.ngram
    if by == "code":
        return code_shingles((triplet.tokens_before, triplet.tokens_after), ngram)
    return edit_shingles(triplet.before, triplet.after, ngram, triplet.language)


def edit_similarity(one: Triplet, other: Triplet) -> float:
    """Measure how similar two edits are: the Jaccard similarity of their changed lines' tokens."""
    return jaccard(shingles(one, "edit"), shingles(other, "edit"))


def _has_texts(row: Row) -> bool:
    return all(isinstance(value, str) and value for value in row.values())
