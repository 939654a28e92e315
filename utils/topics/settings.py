"""The settings of the diff and topic filter, as filter_config.yaml spells and explains them."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from utils.code.lines import MAX_CODE_LINES, MAX_HUNK_NUM, MAX_MODIFY_LINES
from utils.errors import PipelineError
from utils.jsonl import Required
from utils.records import purified
from utils.sampling import check_shares
from utils.topics.edit_texts import EditReader
from utils.topics.topic_model import TopicSettings

Limit = Annotated[int, Field(strict=True, ge=1)]
Name = Annotated[str, Field(min_length=1)]
KindShare = Annotated[float, Field(ge=0, allow_inf_nan=False)]


def as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def as_instruction_field(value: Any) -> Any:
    """Take OpenCodeEdit's list, whose texts are joined for the topics, as ours: code comes first.

    A name alone stands for the instruction, to which the code before is always added.
    """
    if not isinstance(value, list):
        return value
    names = [name for name in value if name != purified("code_before")]
    if len(names) != 1 or len(value) > 2:
        raise ValueError(
            "name one instruction field, or a list of code_before_purify and that field"
        )
    return names[0]


def as_own_format(value: Any) -> Any:
    """Take OpenCodeEdit's name for the rows of a mix as ours."""
    return "triplet" if value == "general" else value


@dataclass(frozen=True)
class FilterSettings:
    """What a row must be to stay, and how many rows stay.

    Of two settings for the same thing only one may be given; `lines_limit` and `total` fill in for
    none.
    """

    max_modify_lines: Limit | None = None
    keep_percentile: Annotated[float, Field(gt=0, le=100)] | None = None
    max_hunk_num: Limit = MAX_HUNK_NUM
    max_code_lines: Limit = MAX_CODE_LINES
    max_tokens_before: Limit | None = None
    tokenizer: Name | None = None
    max_samples_total: Limit | None = None
    max_samples_per_topic: Limit | None = None
    refit: bool = False
    edit_kind_quota: dict[Name, KindShare] | None = None

    def __post_init__(self) -> None:
        self._refuse_both("max_modify_lines", "keep_percentile")
        self._refuse_both("max_samples_total", "max_samples_per_topic")
        self._refuse_both("edit_kind_quota", "max_samples_per_topic")
        if self.tokenizer and self.max_tokens_before is None:
            raise ValueError("tokenizer: counts for max_tokens_before, which is not set; set both")
        if self.edit_kind_quota is not None:
            check_shares("edit_kind_quota", self.edit_kind_quota.values())

    def _refuse_both(self, *names: str) -> None:
        if all(getattr(self, name) is not None for name in names):
            raise ValueError(f"{' and '.join(names)} can't be combined; remove one of them")

    @property
    def lines_limit(self) -> int:
        """Most modified lines, for those that ask before a percentile is known."""
        return self.max_modify_lines or MAX_MODIFY_LINES

    @property
    def total(self) -> int:
        return self.max_samples_total or 20_000


@dataclass(frozen=True)
class FilterConfig:
    """The keys of the file."""

    jsonl_path: Annotated[list[Name], Field(min_length=1), BeforeValidator(as_list)]
    field_name: Annotated[Name, BeforeValidator(as_instruction_field)] = "instruct_purify"
    data_format: Annotated[Literal["triplet", "sharegpt"], BeforeValidator(as_own_format)] = (
        "triplet"
    )
    language: Name = "python"
    run_mode: Literal["filter", "analyze_only"] = "filter"
    random_seed: Annotated[int, Field(strict=True)] = 42
    filter_settings: FilterSettings = field(default_factory=FilterSettings)
    topic_settings: TopicSettings = field(default_factory=TopicSettings)
    output_dir: Name = "data/filtered"
    cache_dir: Name | None = None
    num_workers: Annotated[int, Field(strict=True, ge=0)] = 0

    @property
    def inputs(self) -> list[Path]:
        """List the input files; PipelineError if the outputs of two would have one name."""
        inputs = [Path(path) for path in self.jsonl_path]
        stems = [path.stem for path in inputs]
        for path in inputs:
            if stems.count(path.stem) > 1:
                raise PipelineError(
                    f"jsonl_path: several inputs are called '{path.stem}' and would share an "
                    "output; rename one, or give each a config with its own output_dir"
                )
        return inputs

    def output_file(self, source: Path) -> Path:
        """Name the output of an input; of an analysis only the summary beside it is written."""
        ending = "filtered" if self.run_mode == "filter" else "analysis"
        return Path(self.output_dir) / f"{source.stem}_dt_{ending}.jsonl"

    @property
    def reader(self) -> EditReader:
        return EditReader(self.data_format, self.field_name)

    @property
    def required_fields(self) -> Required:
        """The fields that every row must have: where one is missing the file is refused."""
        kind = () if self.filter_settings.edit_kind_quota is None else ("edit_kind",)
        return (*self.reader.required, *kind)
