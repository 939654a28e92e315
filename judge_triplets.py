"""Stage 3c: have models judge triplets, and keep those that pass.

`prompts` writes one judging prompt a triplet; stage 2 answers them like any prompts; `collect`
reads the verdicts of one or several judges and keeps the triplets they pass.
    python judge_triplets.py prompts data/triplets_qwen3.jsonl data/prompt_judge.jsonl
    python judge_triplets.py collect data/triplets_qwen3.jsonl data/triplets_qwen3_judged.jsonl \\
        --replies data/verdicts_ds.jsonl

A verdict passes if it says PASS to all three questions. `--votes N` asks for N passing verdicts;
without it, more than half of a triplet's readable verdicts must pass. Every row of the output, and
every rejected one, has the judges' answers in `verdicts`. The summary holds
    "judges": {"data/verdicts_ds.jsonl": {"readable": 90, "unreadable": 2, ...}}
    "agreement": {"pairs": 90, "share": {"before_lacks_it": 0.9667, ...}}    two judges, same answer
    "undecided": 3              rejected triplets that would pass if what is missing were a pass
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field, PositiveInt
from tqdm import tqdm

from prompts_for_gen import JUDGE_SYSTEM, judge_rounds
from utils.cli import Flag, log, parse_command, run
from utils.code.fences import fenced
from utils.code.lines import unified_diff
from utils.errors import PipelineError
from utils.jsonl import Row, atomic_file, dump_row, read_rows
from utils.records import TRIPLET_FIELDS, first_empty_field, purified, text_id
from utils.replies.verdicts import JudgedTriplets, can_change, decide
from utils.stage_output import StageOutput, refuse_overwriting_inputs

CODE_FIELDS = tuple(map(purified, TRIPLET_FIELDS[:2]))
STYLE_FIELDS = tuple(map(purified, TRIPLET_FIELDS[2:]))
# One style of instruction is enough.
REQUIRED = (*CODE_FIELDS, STYLE_FIELDS)


@dataclass(frozen=True, kw_only=True)
class PromptFlags:
    """Write one judging prompt a triplet."""

    input_file: Annotated[str, Flag("input_file"), Field(description="triplets")]
    prompts_file: Annotated[str, Flag("prompts_file"), Field(description="where the prompts go")]


@dataclass(frozen=True, kw_only=True)
class CollectFlags:
    """Keep the triplets that the judges pass."""

    input_file: Annotated[
        str, Flag("input_file"), Field(description="the triplets that were judged")
    ]
    output_file: Annotated[
        str, Flag("output_file"), Field(description="where the passing triplets go")
    ]
    replies: Annotated[list[str], Field(description="replies, a file a judge")]
    votes: Annotated[
        PositiveInt | None, Field(description="passing verdicts needed (default: over half)")
    ] = None
    ask_again: Annotated[
        str | None, Field(description="write the prompts of undecided triplets here")
    ] = None


def judged_fields(triplet: Row) -> list[str]:
    """List the fields of a triplet that a judge is shown: its programs, and the styles it has."""
    return [*CODE_FIELDS, *(field for field in STYLE_FIELDS if field in triplet)]


def with_judging_ids(triplets: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Yield each triplet with the id of its judging prompt: the hash of its texts.

    Equal triplets get a repeat number, so that each has a prompt of its own.
    """
    seen: Counter[str] = Counter()
    for triplet in triplets:
        base = text_id("judge", *(str(triplet[field]) for field in judged_fields(triplet)))
        seen[base] += 1
        yield base + (f"-{seen[base]}" if seen[base] > 1 else ""), triplet


def judging_prompt(prompt_id: str, triplet: Row) -> Row:
    """Word the prompt that has a triplet judged."""
    before, after = (triplet[field] for field in CODE_FIELDS)
    descriptive, lazy = (
        fenced(triplet[field], "text") if field in triplet else None for field in STYLE_FIELDS
    )
    diff = unified_diff(before, after, "program.py", "program.py")
    user = judge_rounds(fenced(before), descriptive, lazy, fenced(after), fenced(diff, "diff"))
    # `prompt_id` names the judging prompt; the triplet's own is kept for whoever follows it up.
    # Stage 2 knows a judging prompt by this field, so it is there without an id as well.
    judged = triplet.get("prompt_id")
    return {
        "prompt_id": prompt_id,
        "system": JUDGE_SYSTEM,
        "user": user,
        "judged_prompt_id": judged,
    }


def write_judging_prompts(arguments: PromptFlags) -> None:
    """Write a judging prompt for each triplet whose texts are there; others are rejected."""
    with StageOutput(arguments.prompts_file, [arguments.input_file], stage="prompts") as output:
        triplets = read_rows(arguments.input_file, REQUIRED)
        for prompt_id, triplet in with_judging_ids(tqdm(triplets, unit=" triplets", disable=None)):
            if reasons := empty_texts(triplet):
                output.reject({**triplet, "reject_reasons": list(reasons)}, *reasons)
            else:
                output.keep(judging_prompt(prompt_id, triplet))


def collect(arguments: CollectFlags) -> None:
    """Keep the triplets that pass; write the prompts of undecided ones where asked for."""
    inputs = [arguments.input_file, *arguments.replies]
    if arguments.ask_again:
        refuse_overwriting_inputs(arguments.ask_again, inputs)
    judged, votes = JudgedTriplets(arguments.replies), arguments.votes
    if votes is not None and votes > judged.judges:
        raise PipelineError(
            f"--votes {votes}: no triplet has more than {judged.judges} verdicts; ask for fewer, "
            "or give the replies of more judges"
        )
    undecided = 0
    with ExitStack() as stack:
        output = stack.enter_context(StageOutput(arguments.output_file, inputs, stage="triplets"))
        again = (
            stack.enter_context(atomic_file(arguments.ask_again)) if arguments.ask_again else None
        )
        triplets = read_rows(arguments.input_file, REQUIRED)
        for prompt_id, triplet in with_judging_ids(tqdm(triplets, unit=" triplets", disable=None)):
            verdicts = judged.of(prompt_id)
            said = [verdict._asdict() for verdict in verdicts if verdict is not None]
            reasons = empty_texts(triplet) or decide(verdicts, votes)
            if not reasons:
                output.keep({**triplet, "verdicts": said})
                continue
            output.reject({**triplet, "verdicts": said, "reject_reasons": list(reasons)}, *reasons)
            if not empty_texts(triplet) and can_change(verdicts, judged.judges, votes):
                undecided += 1
                if again:
                    again.write(dump_row(judging_prompt(prompt_id, triplet)))
        output.summary |= {
            "judges": judged.counts,
            "agreement": judged.agreement(),
            "undecided": undecided,
        }
    if undecided:
        log.info("%s", asking_again(undecided, output.rejected, arguments.ask_again))


def empty_texts(triplet: Row) -> tuple[str, ...]:
    """Name the text that a judge would not be shown, as a reason; () where none is empty."""
    empty = first_empty_field(triplet, judged_fields(triplet))
    return (f"empty_{empty.removesuffix('_purify')}",) if empty else ()


def asking_again(undecided: int, rejected: int, prompts_file: str | None) -> str:
    """Say how many rejected triplets another answer could save, and where their prompts are."""
    found = f"{undecided:,} of {rejected:,} rejected could pass if asked again"
    if prompts_file:
        return f"{found}; their prompts -> {prompts_file}"
    return f"{found}; --ask_again FILE writes their prompts once more"


def main(argv: list[str] | None = None) -> None:
    flags = parse_command(
        argv, "Have models judge triplets.", prompts=PromptFlags, collect=CollectFlags
    )
    if isinstance(flags, PromptFlags):
        write_judging_prompts(flags)
    else:
        collect(flags)


if __name__ == "__main__":
    run(main)
