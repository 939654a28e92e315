"""Stage 3b: let only sound triplets through.

Reads triplets; writes those that no rule objects to, and the others with every reason that applies
to `<output stem>.rejected.jsonl`.
    python check_quality.py data/triplets_qwen3.jsonl data/triplets_qwen3_checked.jsonl
    python check_quality.py data/triplets_a.jsonl data/triplets_b.jsonl --output_dir data/checked \\
        --against data/ocedata_mix.jsonl

Most rules look at one triplet, in worker processes. The two on duplicates compare all of them: the
first in order stays, unless another rule rejects it; those of `--against` come before all. No code
of a triplet is ever run.
"""

import argparse
from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path

from tqdm import tqdm

from utils.cli import log, run
from utils.config import load_config, parse_config, read_yaml
from utils.errors import PipelineError
from utils.jsonl import Row, RowIndex
from utils.quality.contamination import Benchmark
from utils.quality.duplicates import Findings, RowsOfFiles, survey, triplet_of
from utils.quality.rules import CODES_IN_USE, contamination_index, edit_similarity
from utils.quality.settings import QualityConfig, RuleSwitches
from utils.quality.triplet import REQUIRED
from utils.stage_output import StageOutput


@dataclass(frozen=True)
class BenchmarkList:
    """What a file named by `--benchmarks` holds."""

    benchmarks: tuple[Benchmark, ...]


def write_checked(
    outputs: list[StageOutput], rows: RowsOfFiles, findings: Findings, language: str
) -> None:
    """Write all rows in input order, as kept or rejected; say how alike near duplicates' edits are.

    Two edits of one program are near duplicates by their code: their texts are mostly the same.
    """
    edits = [Counter[str]() for _ in outputs]
    numbers = range(rows.starts[rows.used], rows.starts[-1])
    for number in tqdm(numbers, desc="writing", unit=" triplets", disable=None):
        row = rows.read(number)
        file = rows.place(number)[0] - rows.used
        faults = findings.faults.get(number)
        if faults is None:
            outputs[file].keep(row)
            continue
        faults = in_table_order(faults)
        marks: Row = {"reject_reasons": list(faults), "reject_evidence": faults}
        if number in findings.duplicate_of:
            marks |= marks_of_first(findings.first_of(number), number, rows)
        if match := findings.matches.get(number):
            first = rows.read(match.number)
            one, other = (triplet_of(each, findings.config, language) for each in (row, first))
            marks["similarity"] = round(match.similarity, 3)
            marks["edit_similarity"] = round(edit_similarity(one, other), 3)
            is_same = marks["edit_similarity"] >= findings.config.dedup.threshold
            edits[file]["same_edit" if is_same else "another_edit"] += 1
        outputs[file].reject(row | marks, *faults)
    for output, counts in zip(outputs, edits, strict=True):
        output.summary["near_duplicates"] = dict(sorted(counts.items()))


def marks_of_first(first: int, number: int, rows: RowsOfFiles) -> Row:
    """Name the row that a duplicate repeats, and its file where that is another one."""
    file, own = rows.place(first)
    marks: Row = {"duplicate_of": row_name(rows.read(first), own)}
    is_elsewhere = file != rows.place(number)[0]
    return marks | ({"duplicate_in": str(rows.indexes[file].path)} if is_elsewhere else {})


def in_table_order(faults: dict[str, str]) -> dict[str, str]:
    """Sort faults as quality_config.yaml lists the rules; what is no rule comes last."""
    order = [each.name for each in fields(RuleSwitches)]
    return dict(sorted(faults.items(), key=lambda fault: (order + [fault[0]]).index(fault[0])))


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
    add("files", nargs="+", help="triplets and where the sound ones go; inputs with --output_dir")
    add("--output_dir", help="check all the files together, and write each to this folder")
    add("--against", nargs="+", default=[], help="data in use already, whose rows none may repeat")
    add("--config", default="quality_config.yaml", help="YAML file (default: %(default)s)")
    add("--benchmarks", help="YAML list of benchmarks, in place of the config's `benchmarks`")
    add("--language", default="python", help="of the programs (default: %(default)s)")
    add("--num_workers", type=int, help="processes, in place of the config's; 0: one per core")
    return parser.parse_args(argv)


def read_paths(arguments: argparse.Namespace) -> tuple[list[str], list[str]]:
    """Tell inputs from outputs; PipelineError if two would be written to one file."""
    files = arguments.files
    if not arguments.output_dir:
        if len(files) != 2:
            raise PipelineError(
                f"{len(files)} files: name one input and one output, or any number of inputs and "
                "--output_dir"
            )
        return files[:1], files[1:]
    outputs = [str(Path(arguments.output_dir, Path(name).name)) for name in files]
    if repeated := [name for name, count in Counter(outputs).items() if count > 1]:
        raise PipelineError(f"{repeated[0]}: two inputs have this name; rename one of them")
    return files, outputs


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    config = read_config(arguments)
    inputs, targets = read_paths(arguments)
    with ExitStack() as stack:
        needed = [(path, CODES_IN_USE) for path in arguments.against]
        needed += [(path, REQUIRED) for path in inputs]
        indexes = [stack.enter_context(RowIndex(*each)) for each in needed]
        rows = RowsOfFiles(indexes, len(arguments.against))
        read = [*inputs, *arguments.against]
        outputs = [stack.enter_context(StageOutput(target, read)) for target in targets]
        findings = survey(rows, config, arguments.language)
        for output, path in zip(outputs, inputs, strict=True):
            output.summary["inputs"] = [path]
            output.summary["settings"] = {
                name: value
                for name, value in asdict(config).items()
                if name not in ("benchmarks", "num_workers")  # listed by title; changes no result
            }
            output.summary["benchmarks"] = [benchmark.title for benchmark in config.benchmarks]
            if arguments.against:
                output.summary["against"] = arguments.against
        write_checked(outputs, rows, findings, arguments.language)


if __name__ == "__main__":
    run(main)
