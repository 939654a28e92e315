"""Stage 3b: let only sound triplets through.

Reads triplets; writes those that no rule objects to, and the others with every reason that applies
to `<output stem>.rejected.jsonl`.
    python check_quality.py data/triplets_qwen3.jsonl data/triplets_qwen3_checked.jsonl
    python check_quality.py data/triplets_a.jsonl data/triplets_b.jsonl --output_dir data/checked \\
        --against data/ocedata_mix.jsonl

Most rules look at one triplet, in worker processes. The two on duplicates compare all of them: the
first in order stays, unless another rule rejects it; those of `--against` come before all. No code
of a triplet is run here.
"""

from collections import Counter
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields, replace
from itertools import islice
from pathlib import Path
from typing import Annotated

from pydantic import Field, NonNegativeInt
from tqdm import tqdm

from utils.cli import Flag, log, parse_flags, run
from utils.code.language_check import LOOKED_AT, other_language
from utils.config import load_config, parse_config, read_yaml
from utils.errors import PipelineError
from utils.jsonl import Row, RowIndex, read_rows
from utils.quality.contamination import Benchmark
from utils.quality.duplicates import Findings, RowsOfFiles, survey_quality, triplet_of
from utils.quality.rules import CODES_IN_USE, contamination_index, edit_similarity
from utils.quality.settings import QualityConfig, RuleSwitches
from utils.quality.triplet import CODE_FIELDS, REQUIRED
from utils.stage_output import StageOutput


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Let only sound triplets through."""

    files: Annotated[
        list[str],
        Flag("files"),
        Field(description="triplets and where the sound ones go; inputs with --output_dir"),
    ]
    output_dir: Annotated[
        str | None, Field(description="check all the files together, and write each to this folder")
    ] = None
    against: Annotated[
        list[str], Field(description="data in use already, whose rows none may repeat")
    ] = field(default_factory=list)
    config: Annotated[str, Field(description="YAML file")] = "quality_config.yaml"
    benchmarks: Annotated[
        str | None,
        Field(description="YAML list of benchmarks, in place of the config's `benchmarks`"),
    ] = None
    language: Annotated[str, Field(description="of the programs")] = "python"
    num_workers: Annotated[
        NonNegativeInt | None,
        Field(description="processes, in place of the config's; 0: one per core"),
    ] = None

    def __post_init__(self) -> None:
        if not self.output_dir and len(self.files) != 2:
            raise ValueError(
                f"{len(self.files)} files: name one input and one output, or any number of inputs "
                "and --output_dir"
            )
        if repeated := [name for name, count in Counter(self.outputs).items() if count > 1]:
            raise ValueError(f"{repeated[0]}: two inputs have this name; rename one of them")

    @property
    def outputs(self) -> list[str]:
        """Name the file that each input's triplets go to in the folder, where one is given."""
        if not self.output_dir:
            return []
        return [str(Path(self.output_dir, Path(name).name)) for name in self.files]


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


def read_config(arguments: Flags) -> QualityConfig:
    """Read the config, with what the command line sets in its place, and the benchmarks."""
    config = load_config(arguments.config, QualityConfig)
    if arguments.benchmarks:
        path = arguments.benchmarks
        listed = parse_config({"benchmarks": read_yaml(path)}, BenchmarkList, path)
        config = replace(config, benchmarks=listed.benchmarks)
    if arguments.num_workers is not None:
        config = replace(config, num_workers=arguments.num_workers)
    if config.rules.contaminated and config.benchmarks:
        contamination_index(config.benchmarks, config.contamination, arguments.language)
    elif config.rules.contaminated:
        log.warning("no benchmarks are named; nothing is rejected as contaminated")
    return config


def refuse_other_language(path: str, language: str) -> None:
    """Look at the first rows of a file; PipelineError where they are surely of another language."""
    rows = islice(read_rows(path, REQUIRED), LOOKED_AT)
    codes = [[row[name] for name in CODE_FIELDS] for row in rows]
    programs = [(before, after) for before, after in codes if is_code(before) and is_code(after)]
    if said := other_language(programs, language):
        raise PipelineError(f"{path}: of the first {len(codes)} rows {said}")


def is_code(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def read_paths(arguments: Flags) -> tuple[list[str], list[str]]:
    """Tell inputs from outputs."""
    files = arguments.files
    return (files, arguments.outputs) if arguments.output_dir else (files[:1], files[1:])


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    config = read_config(arguments)
    inputs, targets = read_paths(arguments)
    for path in inputs:
        refuse_other_language(path, arguments.language)
    with ExitStack() as stack:
        needed = [(path, CODES_IN_USE) for path in arguments.against]
        needed += [(path, REQUIRED) for path in inputs]
        indexes = [stack.enter_context(RowIndex(*each)) for each in needed]
        rows = RowsOfFiles(indexes, len(arguments.against))
        read = [*inputs, *arguments.against]
        outputs = [
            stack.enter_context(StageOutput(target, read, stage="triplets")) for target in targets
        ]
        findings = survey_quality(rows, config, arguments.language)
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
