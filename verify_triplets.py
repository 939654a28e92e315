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
killed goes on with the same command. The summary holds
    "not_runnable": {"package": 12, ...}
    "missing_packages": {"numpy": {"rows": 12, "unlocks": 10}, ...}    rows that lack only this one
and that of `collect`
    "verdicts": {"verified": 80, "contradicted": 9, ...}
    "test_classes": {"fail_to_pass": 310, ...}
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import Field, NonNegativeInt, PositiveInt
from tqdm import tqdm

from prompts_for_gen import TESTS_SYSTEM, tests_rounds
from utils.cli import Flag, Share, log, parse_command, part_of, run
from utils.code.fences import fenced
from utils.files.paid_log import PaidLog
from utils.jsonl import Row, read_rows
from utils.records import TRIPLET_FIELDS, first_empty_field, purified, text_id
from utils.sandbox.choose import Kind, Sandbox, open_sandbox
from utils.sandbox.limits import RunLimits
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
from utils.verify.one_test import OneEnd, command_of_test, files_of_test, read_test_run
from utils.verify.outcomes import ProgramEnd, outcome_of, unreadable_program
from utils.verify.replied_suites import RepliedSuites
from utils.verify.run_log import Key, Planned, open_run_log, run_key, run_missing
from utils.verify.signatures import signatures_of
from utils.verify.suites import SuiteTest, top_level_names
from utils.verify.verdict_rules import (
    CLASSES,
    REPEATS_AFTER,
    ClassedTest,
    VerdictByTests,
    Verification,
    broken_test,
    classify,
    verify,
)

CODE_FIELDS = tuple(map(purified, TRIPLET_FIELDS[:2]))
# Of triplets, and of a mix, which has one style a row.
INSTRUCTIONS = (*map(purified, TRIPLET_FIELDS[2:]), "instruct_purify")
REQUIRED = (*CODE_FIELDS, INSTRUCTIONS)
RUN_PROGRAM = ("{python}", "-I", "program.py")


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


@dataclass(frozen=True, kw_only=True)
class ProgramFlags(SandboxFlags):
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
    limits = part_of(flags, RunLimits)
    sandbox = open_sandbox(flags.sandbox, environment, limits)
    known, state = installed_modules(sandbox.environment)
    return Place(sandbox, known, repr((sandbox.name, state, sorted(asdict(limits).items()))))


def run_programs(flags: ProgramFlags) -> None:
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
        for code in (row[name] for name in CODE_FIELDS):
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


def behaviour_of(row: Row, place: Place, runs: PaidLog[Key]) -> Behaviour:
    """Read how both programs of a row ended."""
    before, after = (row[name] for name in CODE_FIELDS)
    ends = [_outcomes(code, place, runs) for code in (before, after)]
    return Behaviour(*ends, missing_packages(before, after, [*ends[0], *ends[1]], place.known))


def _outcomes(code: str, place: Place, runs: PaidLog[Key]) -> list[ProgramEnd]:
    if not is_file_text(code):
        return [unreadable_program("UnicodeEncodeError: half a character is no text")] * REPEATS
    found = [_logged(runs, key) for key in program_keys(place.scope, code)]
    # A part of a package that is there, or the program's own module, is no package to install.
    return [
        ProgramEnd(**asdict(one) | {"cause": "", "missing": ""})
        if one.missing in place.known
        else one
        for one in found
    ]


def _logged(runs: PaidLog[Key], key: Key) -> ProgramEnd:
    if key not in runs:
        return ProgramEnd("refused", "the sandbox could not run it", "", 0.0)
    row: dict[str, Any] = runs.read(key)
    row.pop("key")
    return ProgramEnd(**row)


def instruction_of(row: Row) -> str:
    """Join the instructions that a row has."""
    return "\n".join(row[name] for name in INSTRUCTIONS if isinstance(row.get(name), str))


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


def with_test_ids(triplets: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Yield each triplet with the id of its prompt for tests; equal triplets get a number each."""
    seen: Counter[str] = Counter()
    for triplet in triplets:
        texts = [str(triplet.get(name)) for name in (*CODE_FIELDS, *INSTRUCTIONS)]
        base = text_id("tests", *texts)
        seen[base] += 1
        yield base + (f"-{seen[base]}" if seen[base] > 1 else ""), triplet


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


class TripletWithSuites(NamedTuple):
    """A triplet with the suites that were written for it."""

    row: Row
    suites: list[list[SuiteTest]]


def collect_suites(flags: SuiteCollectFlags) -> None:
    """Run what has not been run of all tests, then decide on each triplet by the log."""
    place, nonce = open_place(flags), secrets.token_hex(8)
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


def tested_triplets(
    input_file: str, replied: RepliedSuites, counts: Counter[str]
) -> Iterator[TripletWithSuites]:
    """Yield each triplet with its suites, counting what the replies were."""
    for prompt_id, row in with_test_ids(read_rows(input_file, REQUIRED)):
        codes = [row[name] for name in CODE_FIELDS if isinstance(row[name], str)]
        suites, found = replied.of(prompt_id, frozenset().union(*map(top_level_names, codes)))
        counts.update(found)
        can_run = len(codes) == len(CODE_FIELDS) and all(map(is_file_text, codes))
        yield TripletWithSuites(row, suites if can_run else [])


def planned_tests(tested: TripletWithSuites, scope: str, nonce: str) -> Iterator[Planned]:
    """Plan the runs of each test: once before, three times after."""
    for test in (each for suite in tested.suites for each in suite):
        for program, keys in sides(tested.row, test, scope):
            for key in keys:
                files = files_of_test(test, program, nonce)
                yield Planned(key, files, command_of_test(test))


def sides(row: Row, test: SuiteTest, scope: str) -> Iterator[tuple[str, list[Key]]]:
    """Give both programs, each with the keys of a test's runs against it."""
    if test.fault or not is_file_text(test.code):
        return
    for name, repeats in zip(CODE_FIELDS, (1, REPEATS_AFTER), strict=True):
        numbers = range(repeats)
        parts = (row[name], test.code, test.name)
        yield row[name], [run_key(scope, "test", *parts, number) for number in numbers]


def write_verdicts(
    flags: SuiteCollectFlags,
    place: Place,
    runs: PaidLog[Key],
    replied: RepliedSuites,
    output: StageOutput,
) -> None:
    """Write each triplet with its tests and the verdict, to the kept or the rejected ones."""
    counts, verdicts, classes = Counter[str](), Counter[str](), Counter[str]()
    tested = tested_triplets(flags.input_file, replied, counts)
    for one in tqdm(tested, desc="writing", unit=" triplets", disable=None):
        found = verification_of(one, place, runs, flags.min_pass)
        verdicts[found.verdict] += 1
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
        "verdicts": dict(verdicts.most_common()),
        "test_classes": {kind: classes[kind] for kind in CLASSES},
    }


def verification_of(
    tested: TripletWithSuites, place: Place, runs: PaidLog[Key], min_pass: float
) -> Verification:
    """Classify the tests of a triplet by their runs, and give the verdict."""
    tests = []
    for number, suite in enumerate(tested.suites):
        for test in suite:
            keys = [keys for _, keys in sides(tested.row, test, place.scope)]
            tests.append(_classed(number, test, keys, runs) if keys else broken_test(number, test))
    edit_kind = str(tested.row.get("edit_kind") or "")
    return verify(tests, len(tested.suites), edit_kind, min_pass)


def _classed(suite: int, test: SuiteTest, keys: list[list[Key]], runs: PaidLog[Key]) -> ClassedTest:
    [before], after = ([_end(runs, key) for key in side] for side in keys)
    return classify(suite, test, before, after)


def _end(runs: PaidLog[Key], key: Key) -> OneEnd:
    if key not in runs:
        return OneEnd("broken", "the sandbox could not run it", 0.0)
    row = runs.read(key)
    return OneEnd(row["status"], row["error"], row["seconds"])


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
