"""What quality_config.yaml holds: which rules apply, and how strict they are."""

from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field

from utils.code.lines import MAX_CODE_LINES, MAX_HUNK_NUM, MAX_MODIFY_LINES
from utils.code.syntax import MAX_CHARACTERS
from utils.quality.contamination import Benchmark

Count = Annotated[int, Field(strict=True, ge=1)]
Whole = Annotated[int, Field(strict=True, ge=0)]
Share = Annotated[float, Field(gt=0, le=1)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


@dataclass(frozen=True)
class RuleSwitches:
    """The rules by the reason each gives; one that is false is not asked."""

    empty_field: bool = True
    unreadable_text: bool = True
    too_large: bool = True
    single_line_code: bool = True
    markdown_residue: bool = True
    before_does_not_parse: bool = True
    after_does_not_parse: bool = True
    python2_code: bool = True
    newer_syntax: bool = False
    new_undefined_name: bool = True
    new_missing_import: bool = True
    removed_definition_still_used: bool = True
    no_change: bool = True
    diff_too_large: bool = True
    elided_code: bool = True
    silent_deletion: bool = True
    instruction_leaks_solution: bool = True
    ungrounded_instruction: bool = True
    vague_instruction: bool = True
    style_contract: bool = True
    contaminated: bool = True
    duplicate: bool = True
    near_duplicate: bool = True


@dataclass(frozen=True)
class Limits:
    """The numbers that the rules compare with; each is explained in quality_config.yaml."""

    max_modify_lines: Count = MAX_MODIFY_LINES
    max_hunk_num: Count = MAX_HUNK_NUM
    max_code_lines: Count = MAX_CODE_LINES
    max_rewritten_share: Share = 0.8
    rewritten_share_from_lines: Count = 40
    max_shared_run_descriptive: Count = 40
    max_shared_run_lazy: Count = 25
    max_lazy_sentences: Count = 3
    max_lazy_words: Count = 60
    max_characters: Count = MAX_CHARACTERS
    max_line_length: Count = 20_000
    max_row_seconds: Seconds = 10.0


@dataclass(frozen=True)
class ContaminationSettings:
    """How much a text may share with a benchmark's."""

    code_ngram: Count = 20
    containment_ngram: Count = 13
    max_containment: Share = 0.2
    instruction_ngram: Count = 13


@dataclass(frozen=True)
class DedupSettings:
    """What makes two triplets near duplicates."""

    threshold: Share = 0.7
    ngram: Count = 5
    permutations: Annotated[int, Field(strict=True, ge=16, le=4096)] = 256


@dataclass(frozen=True)
class NearDuplicateSettings:
    """What near duplicates are told by, and how many rows a file of a repository may give.

    `by` None goes by each row: `edit` where its code comes from a repository, else `code`.
    """

    by: Literal["edit", "code"] | None = None
    max_per_file: Count | None = None


@dataclass(frozen=True)
class QualityConfig:
    """The keys of quality_config.yaml, where each is explained."""

    rules: RuleSwitches = field(default_factory=RuleSwitches)
    limits: Limits = field(default_factory=Limits)
    instruction_language: Literal["english", "chinese", "any"] = "english"
    benchmarks: tuple[Benchmark, ...] = ()
    contamination: ContaminationSettings = field(default_factory=ContaminationSettings)
    near_duplicate: NearDuplicateSettings = field(default_factory=NearDuplicateSettings)
    dedup: DedupSettings = field(default_factory=DedupSettings)
    random_seed: Annotated[int, Field(strict=True, ge=0, lt=2**63)] = 42
    num_workers: Whole = 0
