"""Stage 3d: run the programs of triplets, and tests of them, in a sandbox.

`run` runs the code before and the code after, each twice, and puts aside edits that break it.
    python verify_triplets.py run data/triplets_checked.jsonl data/triplets_run.jsonl
`prompts` writes one prompt a triplet that asks for tests; stage 2 answers (`--num_completion`
for several suites); `collect` runs each test by itself and keeps the triplets that the tests prove.
    python verify_triplets.py prompts data/triplets_run.jsonl data/prompt_tests.jsonl
    python verify_triplets.py collect data/triplets_run.jsonl data/triplets_tested.jsonl \\
        --replies data/tests_ds.jsonl

Each row gets `behaviour`. A program that needs what a sandbox has not (a package, input, a display,
the network, files) is `not_runnable`, which says nothing against it: `--not_runnable drop` puts
such rows aside. What was run is kept in `<output stem>.runs.jsonl`: a run that was stopped or
killed goes on with the same command. Where there is no sandbox nothing is run: that is an error or,
with `--without_sandbox pass_on`, all rows go on as they are. The summary holds
    "not_runnable": {"package": 12, ...}
    "missing_packages": {"numpy": {"rows": 12, "unlocks": 10}, ...}    rows that lack only this one
and that of `collect`
    "verdicts": {"verified": 80, "contradicted": 9, ...}
    "test_classes": {"fail_to_pass": 310, ...}
"""

import secrets
from collections import Counter
from dataclasses import dataclass, field
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt
from tqdm import tqdm

from prompts_for_gen import TESTS_SYSTEM, tests_rounds
from utils.cli import Flag, Share, log, parse_command, part_of, run
from utils.code.fences import fenced
from utils.files.paid_log import PaidLog
from utils.jsonl import Row, read_rows
from utils.records import first_empty_field
from utils.sandbox.choose import Kind, NoSandbox
from utils.sandbox.limits import RunLimits
from utils.sandbox.result import RunResult
from utils.stage_output import StageOutput
from utils.verify.behaviour import MissingTally, objection
from utils.verify.one_test import read_test_run
from utils.verify.outcomes import outcome_of
from utils.verify.place import Place, open_place
from utils.verify.program_runs import behaviour_of, planned_runs
from utils.verify.replied_suites import RepliedSuites
from utils.verify.run_log import Key, open_run_log, run_missing
from utils.verify.signatures import signatures_of
from utils.verify.suite_runs import planned_tests, tested_triplets, verification_of
from utils.verify.triplet_texts import (
    CODE_FIELDS,
    INSTRUCTIONS,
    REQUIRED,
    instruction_of,
    with_test_ids,
)
from utils.verify.verdict_rules import CLASSES, VerdictByTests


@dataclass(frozen=True, kw_only=True)
class SandboxFlags(RunLimits):
    """Where programs are run, and what each may use."""

    sandbox: Annotated[Kind, Field(description="what shuts programs in; auto: what is there")] = (
        "auto"
    )
    environment: Annotated[
        str | None,
        Field(description="virtual environment that programs run with (default: this one)"),
    ] = None
    workers: Annotated[NonNegativeInt, Field(description="runs at a time; 0: one per core")] = 0
    without_sandbox: Annotated[
        Literal["stop", "pass_on"], Field(description="what becomes of rows where there is none")
    ] = "stop"


@dataclass(frozen=True, kw_only=True)
class ProgramFlags(SandboxFlags):
    """Run the code before and after of each triplet, and put aside edits that break it."""

    input_file: Annotated[str, Flag("input_file"), Field(description="triplets")]
    output_file: Annotated[str, Flag("output_file"), Field(description="where the others go")]
    not_runnable: Annotated[
        Literal["keep", "drop"], Field(description="rows whose programs can't be run here")
    ] = "keep"


@dataclass(frozen=True, kw_only=True)
class SuitePromptFlags:
    """Write one prompt a triplet that asks for tests of its edit."""

    input_file: Annotated[str, Flag("input_file"), Field(description="triplets")]
    prompts_file: Annotated[str, Flag("prompts_file"), Field(description="where the prompts go")]
    num_tests: Annotated[PositiveInt, Field(description="tests asked for of each triplet")] = 8


@dataclass(frozen=True, kw_only=True)
class SuiteCollectFlags(SandboxFlags):
    """Run the tests that models wrote, and keep the triplets that they prove."""

    input_file: Annotated[str, Flag("input_file"), Field(description="triplets asked about")]
    output_file: Annotated[str, Flag("output_file"), Field(description="where the kept ones go")]
    replies: Annotated[list[str], Field(description="replies with suites of tests")]
    keep: Annotated[list[VerdictByTests], Field(description="verdicts to keep")] = field(
        default_factory=lambda: list[VerdictByTests](["verified"])
    )
    min_pass: Annotated[
        Share, Field(description="of the usable tests that must pass after the edit")
    ] = 0.8


def run_programs(flags: ProgramFlags) -> None:
    """Run what has not been run, then decide on each row by what the log has of it."""
    if (place := place_for(flags)) is None:
        return
    with (
        StageOutput(flags.output_file, [flags.input_file], stage="triplets") as output,
        open_run_log(flags.output_file) as runs,
    ):
        planned = planned_runs(flags.input_file, place.scope)
        count = run_missing(planned, runs, place.sandbox, flags.workers, program_record)
        log.info("%s programs run, %s taken from earlier", f"{count:,}", f"{len(runs) - count:,}")
        write_behaviour(flags, place, runs, output)


def place_for(flags: ProgramFlags | SuiteCollectFlags) -> Place | None:
    """Open the place to run things in; None where there is none and the rows have gone on."""
    try:
        return open_place(flags.sandbox, flags.environment, part_of(flags, RunLimits))
    except NoSandbox as error:
        if flags.without_sandbox == "stop":
            raise
        log.warning("nothing is run, rows go on as they are: %s", error)
    with StageOutput(flags.output_file, [flags.input_file], stage="triplets") as output:
        for row in read_rows(flags.input_file, REQUIRED):
            output.keep(row)
        output.summary |= {"sandbox": None, "rows_run": 0}
    return None


def program_record(result: RunResult) -> Row:
    return outcome_of(result).record()


def write_behaviour(
    flags: ProgramFlags, place: Place, runs: PaidLog[Key], output: StageOutput
) -> None:
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


def write_test_prompts(flags: SuitePromptFlags) -> None:
    """Write a prompt for tests of each triplet whose texts are there; others are rejected."""
    with StageOutput(flags.prompts_file, [flags.input_file], stage="prompts") as output:
        rows = tqdm(read_rows(flags.input_file, REQUIRED), unit=" triplets", disable=None)
        for prompt_id, row in with_test_ids(rows):
            told = next((row[name] for name in INSTRUCTIONS if row.get(name)), None)
            if first_empty_field(row, CODE_FIELDS) or not isinstance(told, str):
                output.reject(row, "empty_field")
                continue
            before, after = (row[name] for name in CODE_FIELDS)
            shown = fenced(before), fenced(told, "text"), fenced(signatures_of(after))
            prompt = {
                "prompt_id": prompt_id,
                "system": TESTS_SYSTEM,
                "user": tests_rounds(*shown, flags.num_tests),
                # Stage 2 knows a prompt for tests by this field.
                "tested_prompt_id": row.get("prompt_id"),
            }
            output.keep(prompt)


def collect_suites(flags: SuiteCollectFlags) -> None:
    """Run what has not been run of all tests, then decide on each triplet by the log."""
    if (place := place_for(flags)) is None:
        return
    nonce = secrets.token_hex(8)
    inputs = [flags.input_file, *flags.replies]
    with (
        StageOutput(flags.output_file, inputs, stage="triplets") as output,
        RepliedSuites(flags.replies) as replied,
        open_run_log(flags.output_file) as runs,
    ):
        tested = tested_triplets(flags.input_file, replied, Counter())
        planned = (one for each in tested for one in planned_tests(each, place.scope, nonce))

        def record(result: RunResult) -> Row:
            end = read_test_run(result, nonce)
            return {"status": end.outcome, "error": end.error, "seconds": end.seconds}

        count = run_missing(planned, runs, place.sandbox, flags.workers, record)
        log.info("%s tests run, %s taken from earlier", f"{count:,}", f"{len(runs) - count:,}")
        write_verdicts(flags, place, runs, replied, output)


def write_verdicts(
    flags: SuiteCollectFlags,
    place: Place,
    runs: PaidLog[Key],
    replied: RepliedSuites,
    output: StageOutput,
) -> None:
    """Write each triplet with its tests and the verdict, to the kept or the rejected ones."""
    counts, seen = Counter[str](), Counter[str]()
    verdicts, classes = Counter[str](), Counter[str]()
    tested = tested_triplets(flags.input_file, replied, counts)
    for one in tqdm(tested, desc="writing", unit=" triplets", disable=None):
        found = verification_of(one, place, runs, flags.min_pass)
        verdicts[found.verdict] += 1
        seen["rows_tested" if found.suites else "rows_without_suite"] += 1
        classes.update(each.kind for each in found.tests)
        row = {
            **one.row,
            "tests": [each.record() for each in found.usable],
            "verification": found.record(),
        }
        if found.verdict in flags.keep:
            output.keep(row)
        else:
            output.reject(row, found.verdict)
    output.summary |= {
        **place.summary(),
        "replies": replied.replies,
        **dict(counts),
        "rows_tested": seen["rows_tested"],
        "rows_without_suite": seen["rows_without_suite"],
        "verdicts": dict(verdicts.most_common()),
        "test_classes": {kind: classes[kind] for kind in CLASSES},
    }


def main(argv: list[str] | None = None) -> None:
    flags = parse_command(
        argv,
        "Run the programs of triplets, and tests of them, in a sandbox.",
        run=ProgramFlags,
        prompts=SuitePromptFlags,
        collect=SuiteCollectFlags,
    )
    match flags:
        case ProgramFlags():
            run_programs(flags)
        case SuitePromptFlags():
            write_test_prompts(flags)
        case _:
            collect_suites(flags)


if __name__ == "__main__":
    run(main)
