"""Stage 5: DT filtering; drop edits that are empty or too large, then level the topics.

Reads the config's jsonl_path; writes <output_dir>/<its name>_dt_filtered.jsonl.
    python dt_filtering.py --config filter_config.yaml

The diff filter looks at each row alone. The rows that pass get the dominant topic of their code
before and instruction (gensim's HDP); each topic then gives the same number of rows, small ones
all they have, until max_samples_total rows are out.
"""

import argparse
import hashlib
import random
import sys
from array import array
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field
from tqdm import tqdm

from utils.cache import FIT_RESULTS, fingerprint, load_or_build
from utils.cli import run
from utils.code_tokens import TOKEN_RULES, StopWords, english_stop_words, tokenise_documents
from utils.config import load_config
from utils.diff_stats import DiffStats, diff_stats
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.parallel import worker_count
from utils.records import first_empty_field
from utils.row_index import RowIndex
from utils.sampling import check_shares, derive_seed, largest_remainder, level_quotas
from utils.stage_output import StageOutput
from utils.topic_model import Topics, TopicSettings, find_topics

CODE_FIELDS = ("code_before_purify", "code_after_purify")
ANY_KIND = ""
UNMEASURED = DiffStats(-1, -1)
UNASSIGNED = -2
# Fewer rows are tokenised sooner than another process starts.
MANY_ROWS = 500
Limit = Annotated[int, Field(strict=True, ge=1)]
Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class FilterSettings:
    """What a row must be to stay, and how many rows stay."""

    max_modify_lines: Limit = 70
    max_hunk_num: Limit = 7
    max_code_lines: Limit = 2000
    max_samples_total: Limit = 20000
    refit: bool = False
    edit_kind_quota: dict[Name, Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = None

    def __post_init__(self) -> None:
        if self.edit_kind_quota is not None:
            check_shares("edit_kind_quota", self.edit_kind_quota.values())


@dataclass(frozen=True)
class FilterConfig:
    """The keys of filter_config.yaml, where each is explained."""

    jsonl_path: Name
    field_name: Name = "instruct_purify"
    data_format: Literal["triplet"] = "triplet"
    random_seed: Annotated[int, Field(strict=True)] = 42
    filter_settings: FilterSettings = field(default_factory=FilterSettings)
    topic_settings: TopicSettings = field(default_factory=TopicSettings)
    output_dir: Name = "data/filtered"
    cache_dir: Name | None = None
    num_workers: Annotated[int, Field(strict=True, ge=0)] = 0

    @property
    def output_file(self) -> Path:
        return Path(self.output_dir) / f"{Path(self.jsonl_path).stem}_dt_filtered.jsonl"

    @property
    def text_fields(self) -> tuple[str, ...]:
        return (*CODE_FIELDS, self.field_name)

    @property
    def required_fields(self) -> tuple[str, ...]:
        kind = () if self.filter_settings.edit_kind_quota is None else ("edit_kind",)
        return (*self.text_fields, *kind)


class RowFacts:
    """What is found out about each row, a few bytes a row; a row's reason is "" while it stays."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.kinds: list[str] = []
        self.sizes: array[int] = array("l")  # modified lines and hunks, by turns
        self.topics = np.empty(0, dtype=np.int32)
        self.texts = hashlib.sha256()  # of the rows that passed the diff filter

    def add(self, row: Row, config: FilterConfig) -> None:
        """Judge a row by itself and note what was found."""
        kind = ANY_KIND
        if config.filter_settings.edit_kind_quota is not None:
            kind = sys.intern(str(row["edit_kind"]))
        reason, size = judge_row(row, kind, config)
        self.reasons.append(reason)
        self.kinds.append(kind)
        self.sizes.extend((size.modified_lines, size.hunks))
        if not reason:
            for text in topic_texts(row, config):
                content = text.encode("utf-8", "surrogatepass")
                self.texts.update(len(content).to_bytes(8, "big") + content)

    def staying(self) -> list[int]:
        return [number for number, reason in enumerate(self.reasons) if not reason]

    def marks(self, number: int) -> Row:
        """Give the fields a row leaves with: those of its facts that were found out."""
        found: Row = {}
        if len(self.topics) and self.topics[number] != UNASSIGNED:
            found["topic"] = int(self.topics[number])
        if self.sizes[2 * number] != UNMEASURED.modified_lines:
            found["modified_lines"], found["hunks"] = self.sizes[2 * number : 2 * number + 2]
        return found


def topic_texts(row: Row, config: FilterConfig) -> tuple[str, str]:
    """Pick the texts a row's topic is found in: its code before and its instruction."""
    return row[CODE_FIELDS[0]], row[config.field_name]


def judge_row(row: Row, kind: str, config: FilterConfig) -> tuple[str, DiffStats]:
    """Say why a row is dropped, "" if it isn't, and how large its edit is."""
    limits = config.filter_settings
    if empty := first_empty_field(row, config.text_fields):
        return sys.intern(f"empty_{empty.removesuffix('_purify')}"), UNMEASURED
    if limits.edit_kind_quota is not None and kind not in limits.edit_kind_quota:
        return "edit_kind_without_quota", UNMEASURED
    before, after = (row[field] for field in CODE_FIELDS)
    if max(before.count("\n"), after.count("\n")) > limits.max_code_lines:
        return "too_many_code_lines", UNMEASURED
    size = diff_stats(before, after)
    if size.modified_lines == 0:
        return "no_change", size
    if size.modified_lines > limits.max_modify_lines:
        return "too_many_modified_lines", size
    return "too_many_hunks" if size.hunks > limits.max_hunk_num else "", size


def survey(index: RowIndex, config: FilterConfig) -> RowFacts:
    """Read the file once and judge each row by itself."""
    facts = RowFacts()
    for _, row in tqdm(index.scan(), desc="diffs", unit="row", disable=None):
        facts.add(row, config)
    return facts


def allot(facts: RowFacts, config: FilterConfig) -> dict[str, int]:
    """Say how many rows of each edit kind may stay; PipelineError if a kind has too few."""
    settings = config.filter_settings
    if settings.edit_kind_quota is None:
        return {ANY_KIND: settings.max_samples_total}
    shares = settings.edit_kind_quota
    parts = largest_remainder(settings.max_samples_total, list(shares.values()))
    allotted = dict(zip(shares, parts, strict=True))
    supply = Counter(facts.kinds[number] for number in facts.staying())
    short = [
        f"{supply[kind]:,} rows of edit kind {kind!r} pass the diff filter, {needed:,} are needed"
        for kind, needed in allotted.items()
        if supply[kind] < needed
    ]
    if short:
        possible = min(int(supply[kind] / Fraction(str(s))) for kind, s in shares.items() if s)
        raise PipelineError(
            f"{config.jsonl_path}: {'; '.join(short)}; lower max_samples_total to {possible:,} "
            "or change edit_kind_quota"
        )
    return allotted


def assign_topics(index: RowIndex, facts: RowFacts, config: FilterConfig) -> Topics:
    """Find the topic of each row that stays, or load it when these texts were fitted before."""
    stop_words = english_stop_words()
    key = fingerprint(
        texts=facts.texts.hexdigest(),
        settings=asdict(config.topic_settings),
        random_seed=config.random_seed,
        stop_words=stop_words.name,
        token_rules=TOKEN_RULES,
        packages={name: version(name) for name in ("gensim", "pygments")},
    )
    path = Path(config.cache_dir or FIT_RESULTS) / f"{Path(config.jsonl_path).stem}_{key}.joblib"
    topics: Topics = load_or_build(
        path,
        lambda: find_topics(
            read_tokens(index, facts.staying(), stop_words, config),
            config.topic_settings,
            config.random_seed,
        ),
        what="topics",
        rebuild=config.filter_settings.refit,
    )
    facts.topics = np.full(len(index), UNASSIGNED, dtype=np.int32)
    facts.topics[facts.staying()] = topics.assigned
    return topics


def read_tokens(
    index: RowIndex, numbers: list[int], stop_words: StopWords, config: FilterConfig
) -> Iterator[list[str]]:
    """Read rows back and yield the words of each."""
    workers = worker_count(config.num_workers) if len(numbers) >= MANY_ROWS else 1
    documents = (topic_texts(index.read(number), config) for number in numbers)
    tokens = tokenise_documents(documents, stop_words, workers)
    yield from tqdm(tokens, desc="tokens", total=len(numbers), unit="row", disable=None)


def level_topics(facts: RowFacts, allotted: dict[str, int], seed: int) -> None:
    """Drop rows at random from the larger topics until each edit kind has what it is allotted."""
    groups: dict[tuple[str, int], list[int]] = defaultdict(list)
    for number in facts.staying():
        groups[facts.kinds[number], int(facts.topics[number])].append(number)
    for kind, total in allotted.items():
        keys = sorted(key for key in groups if key[0] == kind)
        quotas = level_quotas(total, [len(groups[key]) for key in keys])
        for (_, topic), quota in zip(keys, quotas, strict=True):
            rng = random.Random(derive_seed(seed, "topic", kind, topic))
            members = groups[kind, topic]
            for number in rng.sample(members, len(members) - quota):
                facts.reasons[number] = "over_topic_quota"


def describe_topics(before: Counter[int], after: Counter[int], topics: Topics) -> list[Row]:
    """List the topics with their sizes before and after levelling and their ten top words."""
    return [
        {
            "topic": topic,
            "before": before[topic],
            "after": after[topic],
            "words": topics.words.get(topic, []),
        }
        for topic in sorted(before)
    ]


def topic_sizes(facts: RowFacts) -> Counter[int]:
    return Counter(facts.topics[facts.staying()].tolist())


def write_filtered(output: StageOutput, index: RowIndex, facts: RowFacts) -> None:
    """Write all rows in input order, with their marks, as kept or rejected."""
    for number, reason in enumerate(tqdm(facts.reasons, desc="writing", unit="row", disable=None)):
        row = index.read(number) | facts.marks(number)
        if reason:
            output.reject(row, reason)
        else:
            output.keep(row)


def filter_rows(index: RowIndex, config: FilterConfig, output: StageOutput) -> None:
    """Run both filters over an input and write what they leave."""
    facts = survey(index, config)
    allotted = allot(facts, config)
    output.summary["topics"] = []
    if facts.staying():
        topics = assign_topics(index, facts, config)
        before = topic_sizes(facts)
        level_topics(facts, allotted, config.random_seed)
        output.summary["topics"] = describe_topics(before, topic_sizes(facts), topics)
        output.summary["stop_words"] = english_stop_words().name
    write_filtered(output, index, facts)


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Drop empty and oversized edits, level topics.")
    parser.add_argument(
        "--config", default="filter_config.yaml", help="YAML file (default: filter_config.yaml)"
    )
    config = load_config(parser.parse_args(argv).config, FilterConfig)
    output = StageOutput(config.output_file, inputs=[config.jsonl_path])
    with RowIndex(config.jsonl_path, config.required_fields) as index, output:
        filter_rows(index, config, output)


if __name__ == "__main__":
    run(main)
