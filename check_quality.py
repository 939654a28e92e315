"""Stage 3b: let only sound triplets through.

Reads triplets; writes those that no rule objects to, and the others with every reason that applies
to `<output stem>.rejected.jsonl`.
    python check_quality.py data/triplets_qwen3.jsonl data/triplets_qwen3_checked.jsonl

Most rules look at one triplet, in worker processes. The two on duplicates compare all of them: the
first in order stays, unless another rule rejects it. No code of a triplet is ever run.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from functools import partial

import numpy as np
from tqdm import tqdm

from utils.cli import log, run
from utils.code.lexing import Hashes
from utils.config import load_config, parse_config, read_yaml
from utils.errors import PipelineError
from utils.jsonl import Row, RowIndex
from utils.processes import guarded_map, worker_count
from utils.quality.contamination import Benchmark
from utils.quality.rules import (
    TIMED_OUT,
    Examination,
    contamination_index,
    edit_similarity,
    examine,
    shingles,
)
from utils.quality.settings import QualityConfig
from utils.quality.triplet import REQUIRED, Triplet, text_fields
from utils.similarity.near_duplicates import Match, SignatureStore, find_near_duplicates
from utils.stage_output import StageOutput


@dataclass(frozen=True)
class BenchmarkList:
    """What a file named by `--benchmarks` holds."""

    benchmarks: tuple[Benchmark, ...]


@dataclass
class Findings:
    """What is found out about all rows; rows are counted from 0."""

    signatures: SignatureStore
    faults: dict[int, dict[str, str]] = field(default_factory=dict)
    digests: dict[bytes, int] = field(default_factory=dict)
    duplicate_of: dict[int, int] = field(default_factory=dict)
    matches: dict[int, Match] = field(default_factory=dict)

    def add(self, number: int, found: Examination) -> None:
        """Note what was found about a row; its exact duplicates come later in the file."""
        if found.faults:
            self.faults[number] = found.faults
        if found.digest and (first := self.digests.get(found.digest)) is not None:
            self.duplicate_of[number] = first
            self.faults.setdefault(number, {})["duplicate"] = "the same texts"
            return
        if found.digest and not found.faults:
            self.digests[found.digest] = number
        if found.signature:
            self.signatures.add(number, np.frombuffer(found.signature, dtype=np.uint32))

    def add_match(self, number: int, match: Match) -> None:
        self.matches[number] = match
        self.duplicate_of[number] = match.number
        self.faults.setdefault(number, {})["near_duplicate"] = f"{match.similarity:.2f} in common"

    def first_of(self, number: int) -> int:
        """Follow a duplicate to the row that stays."""
        while number in self.duplicate_of:
            number = self.duplicate_of[number]
        return number


def survey(index: RowIndex, config: QualityConfig, language: str) -> Findings:
    """Judge each row by itself, in worker processes, then look for near duplicates."""
    findings = Findings(SignatureStore(config.dedup.permutations))
    texts = ({name: row[name] for name in text_fields(row)} for _, row in index.scan())
    examined = guarded_map(
        partial(examine, config=config, language=language),
        texts,
        lost=TIMED_OUT,
        num_workers=worker_count(config.num_workers),
        seconds=config.limits.max_row_seconds,
    )
    bar = tqdm(examined, desc="rules", unit=" triplets", disable=None)
    for number, found in enumerate(bar):
        findings.add(number, found)
    for number, match in near_duplicates(index, findings, config, language):
        findings.add_match(number, match)
    return findings


def near_duplicates(
    index: RowIndex, findings: Findings, config: QualityConfig, language: str
) -> Iterator[tuple[int, Match]]:
    """Find the rows that nearly repeat an earlier one which no rule rejects."""

    def shingles_of(number: int) -> Hashes:
        return shingles(Triplet.of(index.read(number), config, language))

    faulty = frozenset(findings.faults)
    return find_near_duplicates(
        findings.signatures,
        shingles_of,
        config.dedup.threshold,
        may_stand=lambda number: number not in faulty,
    )


def write_checked(
    output: StageOutput, index: RowIndex, findings: Findings, config: QualityConfig, language: str
) -> None:
    """Write all rows in input order, as kept or rejected; say how alike near duplicates' edits are.

    Two edits of one program are near duplicates too: their texts are mostly the same.
    """
    edits = Counter[str]()
    for number in tqdm(range(len(index)), desc="writing", unit=" triplets", disable=None):
        row = index.read(number)
        faults = findings.faults.get(number)
        if faults is None:
            output.keep(row)
            continue
        marks: Row = {"reject_evidence": faults}
        if number in findings.duplicate_of:
            first = findings.first_of(number)
            marks["duplicate_of"] = row_name(index.read(first), first)
        if match := findings.matches.get(number):
            one, other = (
                Triplet.of(each, config, language) for each in (row, index.read(match.number))
            )
            marks["similarity"] = round(match.similarity, 3)
            marks["edit_similarity"] = round(edit_similarity(one, other), 3)
            is_same = marks["edit_similarity"] >= config.dedup.threshold
            edits["same_edit" if is_same else "another_edit"] += 1
        output.reject(row | marks, *faults)
    output.summary["near_duplicates"] = dict(sorted(edits.items()))


def row_name(row: Row, number: int) -> str:
    """Name a row by its prompt and sample, or by its place in the file."""
    if "prompt_id" not in row:
        return f"row {number + 1}"
    sample = f"#{row['sample_index']}" if "sample_index" in row else ""
    return f"{row['prompt_id']}{sample}"


def read_config(arguments: argparse.Namespace) -> QualityConfig:
    """Read the config, with what the command line sets in its place, and the benchmarks."""
    config = load_config(arguments.config, QualityConfig)
    if arguments.benchmarks:
        path = arguments.benchmarks
        listed = parse_config({"benchmarks": read_yaml(path)}, BenchmarkList, path)
        config = replace(config, benchmarks=listed.benchmarks)
    if arguments.num_workers is not None:
        if arguments.num_workers < 0:
            raise PipelineError(f"--num_workers {arguments.num_workers}: must not be negative")
        config = replace(config, num_workers=arguments.num_workers)
    if config.rules.contaminated and config.benchmarks:
        contamination_index(config.benchmarks, config.contamination, arguments.language)
    elif config.rules.contaminated:
        log.warning("no benchmarks are named; nothing is rejected as contaminated")
    return config


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Let only sound triplets through.")
    add = parser.add_argument
    add("input_file", help="triplets, from get_instruct_from_response.py")
    add("output_file", help="where the sound ones go")
    add("--config", default="quality_config.yaml", help="YAML file (default: %(default)s)")
    add("--benchmarks", help="YAML list of benchmarks, in place of the config's `benchmarks`")
    add("--language", default="python", help="of the programs (default: %(default)s)")
    add("--num_workers", type=int, help="processes, in place of the config's; 0: one per core")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    config = read_config(arguments)
    output = StageOutput(arguments.output_file, [arguments.input_file])
    with RowIndex(arguments.input_file, REQUIRED) as index, output:
        findings = survey(index, config, arguments.language)
        output.summary["settings"] = {
            name: value
            for name, value in asdict(config).items()
            if name not in ("benchmarks", "num_workers")  # listed by title; changes no result
        }
        output.summary["benchmarks"] = [benchmark.title for benchmark in config.benchmarks]
        write_checked(output, index, findings, config, arguments.language)


if __name__ == "__main__":
    run(main)
