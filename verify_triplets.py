"""Stage 3d: run the programs of triplets, and tests of them, in a sandbox.

`run` runs the code before and the code after, each twice, and puts aside edits that break it.
    python verify_triplets.py run data/triplets_qwen3_checked.jsonl data/triplets_qwen3_run.jsonl

Each row gets `behaviour`. A program that needs what a sandbox has not (a package, input, a display,
the network, files) is `not_runnable`, which says nothing against it: `--not_runnable drop` puts such
rows aside. What was run is kept in `<output stem>.runs.jsonl`: a run that was stopped or killed goes on
with the same command. The summary holds
    "not_runnable": {"package": 12, ...}
    "missing_packages": {"numpy": {"rows": 12, "unlocks": 10}, ...}    rows that lack only this one
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, NonNegativeInt
from tqdm import tqdm

from utils.cli import Flag, log, parse_command, part_of, run
from utils.files.paid_log import PaidLog
from utils.jsonl import Row, read_rows
from utils.records import TRIPLET_FIELDS, first_empty_field, purified
from utils.sandbox.choose import Kind, Sandbox, open_sandbox
from utils.sandbox.limits import Limits
from utils.sandbox.result import RunResult
from utils.stage_output import StageOutput
from utils.verify.behaviour import (
    REPEATS,
    Behaviour,
    MissingTally,
    missing_packages,
    objection,
)
from utils.verify.installed import installed_modules
from utils.verify.outcomes import Outcome, outcome_of, unreadable_program
from utils.verify.run_log import Key, Planned, open_run_log, run_key, run_missing

CODE_FIELDS = tuple(map(purified, TRIPLET_FIELDS[:2]))
# Of triplets, and of a mix, which has one style a row.
INSTRUCTIONS = (*map(purified, TRIPLET_FIELDS[2:]), "instruct_purify")
REQUIRED = (*CODE_FIELDS, INSTRUCTIONS)
RUN_PROGRAM = ("{python}", "-I", "program.py")


@dataclass(frozen=True, kw_only=True)
class SandboxFlags(Limits):
    """Where programs are run, and what each may use."""

    sandbox: Annotated[Kind, Field(description="what shuts programs in; auto: what is there")] = (
        "auto"
    )
    environment: Annotated[
        str | None,
        Field(description="virtual environment that programs run with (default: this one)"),
    ] = None
    workers: Annotated[NonNegativeInt, Field(description="runs at a time; 0: one per core")] = 0


@dataclass(frozen=True, kw_only=True)
class RunFlags(SandboxFlags):
    """Run the code before and after of each triplet, and put aside edits that break it."""

    input_file: Annotated[str, Flag("input_file"), Field(description="triplets")]
    output_file: Annotated[str, Flag("output_file"), Field(description="where the others go")]
    not_runnable: Annotated[
        Literal["keep", "drop"], Field(description="rows whose programs can't be run here")
    ] = "keep"


@dataclass(frozen=True)
class Place:
    """The sandbox that a command runs things in, and what a run's key must tell of it."""

    sandbox: Sandbox
    known: frozenset[str]
    scope: str

    def summary(self) -> Row:
        return {
            "sandbox": self.sandbox.name,
            "environment": self.sandbox.environment.version,
            "limits": asdict(self.sandbox.limits),
        }


def open_place(flags: SandboxFlags) -> Place:
    """Open the sandbox that the flags ask for."""
    environment = Path(flags.environment) if flags.environment else None
    limits = part_of(flags, Limits)
    sandbox = open_sandbox(flags.sandbox, environment, limits)
    known, state = installed_modules(sandbox.environment)
    return Place(sandbox, known, repr((sandbox.name, state, sorted(asdict(limits).items()))))


def run_programs(flags: RunFlags) -> None:
    """Run what has not been run, then decide on each row by what the log has of it."""
    place = open_place(flags)
    with (
        StageOutput(flags.output_file, [flags.input_file], stage="triplets") as output,
        open_run_log(flags.output_file) as runs,
    ):
        planned = planned_runs(flags.input_file, place.scope)
        count = run_missing(planned, runs, place.sandbox, flags.workers, program_record)
        log.info("%s programs run, %s taken from earlier", f"{count:,}", f"{len(runs) - count:,}")
        write_behaviour(flags, place, runs, output)


def planned_runs(input_file: str, scope: str) -> Iterator[Planned]:
    """Plan the runs of each row: either program, twice."""
    for row in read_rows(input_file, REQUIRED):
        if first_empty_field(row, CODE_FIELDS):
            continue
        for code in (row[field] for field in CODE_FIELDS):
            if is_file_text(code):
                for key in program_keys(scope, code):
                    yield Planned(key, {"program.py": code}, RUN_PROGRAM)


def program_keys(scope: str, code: str) -> list[Key]:
    return [run_key(scope, "program", code, number) for number in range(REPEATS)]


def is_file_text(code: str) -> bool:
    """Whether a text can be written to a file: half a character of a pair can't."""
    return code.isascii() or not any("\ud800" <= character <= "\udfff" for character in code)


def program_record(result: RunResult) -> Row:
    return outcome_of(result).record()


def write_behaviour(flags: RunFlags, place: Place, runs: PaidLog[Key], output: StageOutput) -> None:
    """Write each row with its behaviour, to the kept or the rejected ones."""
    not_runnable, missing, seen = Counter[str](), MissingTally(), Counter[str]()
    rows = read_rows(flags.input_file, REQUIRED)
    for row in tqdm(rows, desc="writing", unit=" triplets", disable=None):
        if first_empty_field(row, CODE_FIELDS):
            output.reject(row, "empty_field")
            continue
        behaviour = behaviour_of(row, place, runs)
        row = {**row, "behaviour": behaviour.record()}
        seen["rows_run"] += 1
        seen["deterministic"] += behaviour.is_deterministic
        seen["same_output"] += row["behaviour"]["same_output"]
        if behaviour.obstacle:
            not_runnable[behaviour.obstacle] += 1
            missing.note(behaviour.missing)
            reason = "not_runnable" if flags.not_runnable == "drop" else None
        else:
            reason = objection(behaviour, str(row.get("edit_kind") or ""), instruction_of(row))
        if reason:
            output.reject(row, reason)
        else:
            output.keep(row)
    output.summary |= {
        **place.summary(),
        **dict(seen),
        "not_runnable": dict(not_runnable.most_common()),
        "missing_packages": missing.figures(),
    }
    if not_runnable:
        causes = ", ".join(f"{cause} {count:,}" for cause, count in not_runnable.most_common())
        log.info("%s rows are not runnable here: %s", f"{not_runnable.total():,}", causes)
    if sentence := missing.sentence():
        log.info("%s", sentence)


def behaviour_of(row: Row, place: Place, runs: PaidLog[Key]) -> Behaviour:
    """Read how both programs of a row ended."""
    before, after = (row[field] for field in CODE_FIELDS)
    ends = [_outcomes(code, place, runs) for code in (before, after)]
    return Behaviour(*ends, missing_packages(before, after, [*ends[0], *ends[1]], place.known))


def _outcomes(code: str, place: Place, runs: PaidLog[Key]) -> list[Outcome]:
    if not is_file_text(code):
        return [unreadable_program("UnicodeEncodeError: half a character is no text")] * REPEATS
    found = [_logged(runs, key) for key in program_keys(place.scope, code)]
    # A part of a package that is there, or the program's own module, is no package to install.
    return [
        Outcome(**asdict(one) | {"cause": "", "missing": ""}) if one.missing in place.known else one
        for one in found
    ]


def _logged(runs: PaidLog[Key], key: Key) -> Outcome:
    if key not in runs:
        return Outcome("refused", "the sandbox could not run it", "", 0.0)
    row: dict[str, Any] = runs.read(key)
    row.pop("key")
    return Outcome(**row)


def instruction_of(row: Row) -> str:
    """Join the instructions that a row has."""
    return "\n".join(row[field] for field in INSTRUCTIONS if isinstance(row.get(field), str))


def main(argv: list[str] | None = None) -> None:
    flags = parse_command(argv, "Run the programs of triplets in a sandbox.", run=RunFlags)
    run_programs(flags)


if __name__ == "__main__":
    run(main)
