"""Stage 5: DT filtering; drop edits that are empty or too large, then level the topics.

Reads the config's jsonl_path, one file or several; writes <output_dir>/<name>_dt_filtered.jsonl
for each.
    python dt_filtering.py --config filter_config.yaml

The diff filter looks at each row alone. The rows that pass get the dominant topic of their code
before and instruction (gensim's HDP); each topic then gives the same number of rows, small ones
all they have, until max_samples_total rows are out.

A row leaves with `topic`, `modified_lines` and `hunks`, as far as they were found out. Beside the
usual counts `<name>_dt_filtered.summary.json` holds
    "limits": {"modified_lines": 70, "hunks": 7}        those in force
    "sizes": {"modified_lines": {"50": 3, "75": 8, "90": 21, "95": 40, "99": 180, "100": 950},
              "hunks": {...}}           percentiles over the rows that have an edit in them
    "tokens_before": {"limit": 1500, "method": "estimated: ...", "50": 210, ...}    of the code
              before, in all rows that had one; where max_tokens_before is set
    "topics": [{"topic": -1, "before": 12, "after": 12, "words": []}, {"topic": 0, ...}, ...]
              by number, only topics in use, -1 for rows without words: the rows before and after
              the levelling, and the ten top words, likeliest first
    "stop_words": "gensim-4.4.0"        the list of English stop words that was used
    "settings": {...}                   the config's, as far as they shape the result
With `run_mode: analyze_only` no rows are written, and `<name>_dt_analysis.summary.json` says the
same of what these settings would leave.
"""

from collections import Counter
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from pydantic import Field
from tqdm import tqdm

from utils.cache import FIT_RESULTS, fingerprint, load_or_build
from utils.cli import log, parse_flags, run
from utils.code.lines import DIFF_RULES
from utils.code.topic_words import TOKEN_RULES, check_language, stop_words_name
from utils.config import load_config
from utils.jsonl import Row, RowIndex, open_input, write_json
from utils.processes import WorkerPool, batched, worker_count
from utils.stage_output import Stage, StageOutput
from utils.token_counts import TokenCounter, token_counter
from utils.topics.edit_analysis import count_edit_words, measure_edits
from utils.topics.edit_texts import TextStore, unpack
from utils.topics.row_facts import (
    LINES,
    RowFacts,
    allot,
    describe_sizes,
    level_topics,
    percentile,
    percentiles,
)
from utils.topics.settings import FilterConfig, FilterSettings
from utils.topics.topic_model import TOPIC_RULES, Topics, find_topics

# Fewer rows are worked through sooner than other processes start.
MANY_ROWS = 500
# Whose tokens are counted in one go, on all cores where a tokenizer counts them.
ROWS_AT_ONCE = 256
# What a row's words and topic come out of; another release may make others.
TOPIC_PACKAGES = ("gensim", "numpy", "pygments", "scipy", "tree-sitter", "tree-sitter-python")


@dataclass(frozen=True)
class Flags:
    """Drop empty and oversized edits, level topics."""

    config: Annotated[str, Field(description="YAML file")] = "filter_config.yaml"


def survey_file(index: RowIndex, config: FilterConfig, store: TextStore) -> RowFacts:
    """Read the file once, judge each row by what can be seen without a diff, and keep its texts."""
    facts, reader = RowFacts(), config.reader
    for _, row in tqdm(index.scan(), desc="rows", unit="row", disable=None):
        store.add(facts.add(row, reader, config.filter_settings))
    return facts


def drop_long_rows(
    store: TextStore, facts: RowFacts, settings: FilterSettings, counter: TokenCounter
) -> dict[str, Any]:
    """Drop the rows whose code before has too many tokens; gives the figures for the summary."""
    if settings.max_tokens_before is None:
        return {}
    numbers, counts = facts.staying(), list[int]()
    for some in batched(tqdm(numbers, desc="tokens", unit="row", disable=None), ROWS_AT_ONCE):
        counts += counter.count([unpack(store.read(n)).code_before or "" for n in some])
    facts.judge_lengths(numbers, counts, settings.max_tokens_before)
    figures = {"limit": settings.max_tokens_before, "method": counter.method}
    return {"tokens_before": figures | percentiles(np.array(counts))}


def find_sizes(
    source: Path, store: TextStore, facts: RowFacts, config: FilterConfig, pool: WorkerPool
) -> None:
    """Measure the edit of each row that stays, or load the sizes of these very texts."""
    numbers = facts.staying()
    key = {"texts": facts.fingerprint(numbers), "rules": DIFF_RULES}
    sizes = load_or_build(
        cache_file(source, "sizes", key, config),
        lambda: measure_edits(store, numbers, pool),
        what="sizes",
        rebuild=config.filter_settings.refit,
    )
    facts.set_sizes(numbers, sizes)


def assign_topics(
    source: Path, store: TextStore, facts: RowFacts, config: FilterConfig, pool: WorkerPool
) -> Topics:
    """Find the topic of each row that stays, or load it when these very texts were fitted."""
    numbers = facts.staying()
    key = {
        "texts": facts.fingerprint(numbers),
        "settings": asdict(config.topic_settings),
        "random_seed": config.random_seed,
        "language": config.language,
        "stop_words": stop_words_name(),
        "rules": [TOKEN_RULES, TOPIC_RULES],
        "packages": {name: version(name) for name in TOPIC_PACKAGES},
    }

    def build() -> Topics:
        bags = count_edit_words(store, numbers, config.language, pool)
        return find_topics(bags, config.topic_settings, config.random_seed, pool)

    topics: Topics = load_or_build(
        cache_file(source, "topics", key, config),
        build,
        what="topics",
        rebuild=config.filter_settings.refit,
    )
    facts.set_topics(numbers, topics.assigned)
    return topics


def cache_file(source: Path, what: str, key: dict[str, Any], config: FilterConfig) -> Path:
    """Name the file that keeps a result; the name changes with what the result was made of."""
    folder = Path(config.cache_dir or FIT_RESULTS)
    return folder / f"{source.stem}_{what}_{fingerprint(**key)}.joblib"


def find_limits(changed: np.ndarray, settings: FilterSettings) -> dict[str, int]:
    """Say what the most modified lines and hunks are; a percentile goes by this file's edits."""
    lines = settings.lines_limit
    if settings.keep_percentile is not None:
        lines = percentile(changed[:, LINES], settings.keep_percentile) if len(changed) else 0
    return {"modified_lines": lines, "hunks": settings.max_hunk_num}


def topic_sizes(facts: RowFacts) -> Counter[int]:
    """Count the rows of each topic that no reason has dropped."""
    return Counter(facts.topics[facts.staying()].tolist())


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


def judge_rows(
    index: RowIndex, config: FilterConfig, counter: TokenCounter, output: StageOutput
) -> RowFacts:
    """Run both filters over a file; what they found goes into the output's summary."""
    settings = config.filter_settings
    with TextStore(output.path.parent) as store:
        facts = survey_file(index, config, store)
        workers = worker_count(config.num_workers) if len(index) >= MANY_ROWS else 1
        output.summary["settings"] = {
            "random_seed": config.random_seed,
            "filter_settings": asdict(settings),
            "topic_settings": asdict(config.topic_settings),
        }
        with WorkerPool(workers) as pool:
            output.summary |= drop_long_rows(store, facts, settings, counter)
            find_sizes(index.path, store, facts, config, pool)
            output.summary |= filter_sizes(facts, settings) | {"topics": []}
            allotted = allot(facts, settings, index.path)
            if facts.staying():
                topics = assign_topics(index.path, store, facts, config, pool)
                output.summary |= filter_topics(facts, topics, allotted, config)
    return facts


def filter_sizes(facts: RowFacts, settings: FilterSettings) -> dict[str, Any]:
    """Drop the rows whose edit is empty or over a limit; gives the figures for the summary."""
    changed = facts.changed()
    limits = find_limits(changed, settings)
    facts.judge_sizes(limits["modified_lines"], limits["hunks"])
    return {"limits": limits, "sizes": describe_sizes(changed)}


def filter_topics(
    facts: RowFacts, topics: Topics, allotted: dict[str, int], config: FilterConfig
) -> dict[str, Any]:
    """Level the topics; gives the figures for the summary."""
    before = topic_sizes(facts)
    level_topics(facts, allotted, config.filter_settings, config.random_seed)
    return {
        "topics": describe_topics(before, topic_sizes(facts), topics),
        "stop_words": stop_words_name(),
    }


def write_filtered(output: StageOutput, index: RowIndex, facts: RowFacts) -> None:
    """Write all rows in input order, with their marks, as kept or rejected."""
    for number, reason in enumerate(tqdm(facts.reasons, desc="writing", unit="row", disable=None)):
        row = index.read(number) | facts.marks(number)
        if reason:
            output.reject(row, reason)
        else:
            output.keep(row)


def write_analysis(output: StageOutput, facts: RowFacts) -> None:
    """Write the summary that a filtering would leave, and no rows."""
    output.kept = len(facts.staying())
    output.rejected = len(facts.reasons) - output.kept
    output.reasons.update(reason for reason in facts.reasons if reason)
    write_json(output.summary_path, output.counts() | output.summary)
    log.info("would have %s", output.summary_line())


def filter_file(source: Path, config: FilterConfig, counter: TokenCounter) -> None:
    """Filter or analyse one file."""
    stage: Stage = "fine-tune" if config.data_format == "sharegpt" else "filtered"
    output = StageOutput(config.output_file(source), inputs=[source], stage=stage)
    with RowIndex(source, config.required_fields) as index:
        if config.run_mode == "analyze_only":
            write_analysis(output, judge_rows(index, config, counter, output))
            return
        with output:
            write_filtered(output, index, judge_rows(index, config, counter, output))


def main(argv: list[str] | None = None) -> None:
    config = load_config(parse_flags(Flags, argv).config, FilterConfig)
    check_language(config.language)
    for source in config.inputs:
        open_input(source).close()
    counter = token_counter(config.filter_settings.tokenizer)
    for source in config.inputs:
        filter_file(source, config, counter)


if __name__ == "__main__":
    run(main)
