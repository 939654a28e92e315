"""Stage 3c: have models judge triplets, and keep those that pass.

`prompts` writes one judging prompt a triplet; stage 2 answers them like any prompts; `collect`
reads the verdicts of one or several judges and keeps the triplets they pass.
    python judge_triplets.py prompts data/triplets_qwen3.jsonl data/prompt_judge.jsonl
    python judge_triplets.py collect data/triplets_qwen3.jsonl data/triplets_qwen3_judged.jsonl \\
        --replies data/verdicts_ds.jsonl

A verdict passes if it says PASS to all three questions. `--votes N` asks for N passing verdicts;
without it, more than half of a triplet's readable verdicts must pass.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

from pydantic import Field, PositiveInt
from tqdm import tqdm

from prompts_for_gen import JUDGE_QUESTIONS, JUDGE_SYSTEM, JUDGE_VERDICTS, judge_rounds
from utils.cli import Flag, log, parse_command, run
from utils.code.fences import fenced
from utils.code.lines import unified_diff
from utils.errors import BadReply
from utils.jsonl import Row, atomic_file, dump_row, read_rows
from utils.records import TRIPLET_FIELDS, first_empty_field, purified, text_id
from utils.replies.finish_reasons import unfinished_words
from utils.replies.json_object import find_json_object
from utils.stage_output import StageOutput, refuse_overwriting_inputs

JUDGED_FIELDS = tuple(purified(field) for field in TRIPLET_FIELDS)


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


class Verdict(NamedTuple):
    """A judge's answers to the three questions, each with its reason."""

    answers: dict[str, str]
    reasons: dict[str, str]

    @property
    def passes(self) -> bool:
        """Whether all questions were answered PASS; UNCERTAIN is no pass."""
        return all(answer == "PASS" for answer in self.answers.values())


def with_judging_ids(triplets: Iterable[Row]) -> Iterator[tuple[str, Row]]:
    """Yield each triplet with the id of its judging prompt: the hash of its texts.

    Equal triplets get a repeat number, so that each has a prompt of its own.
    """
    seen: Counter[str] = Counter()
    for triplet in triplets:
        base = text_id("judge", *(str(triplet[field]) for field in JUDGED_FIELDS))
        seen[base] += 1
        yield base + (f"-{seen[base]}" if seen[base] > 1 else ""), triplet


def judging_prompt(prompt_id: str, triplet: Row) -> Row:
    """Word the prompt that has a triplet judged."""
    before, after, descriptive, lazy = (triplet[field] for field in JUDGED_FIELDS)
    diff = unified_diff(before, after, "program.py", "program.py")
    user = judge_rounds(
        fenced(before),
        fenced(descriptive, "text"),
        fenced(lazy, "text"),
        fenced(after),
        fenced(diff, "diff"),
    )
    # `prompt_id` names the judging prompt; the triplet's own is kept for whoever follows it up.
    trace = {"judged_prompt_id": triplet["prompt_id"]} if "prompt_id" in triplet else {}
    return {"prompt_id": prompt_id, "system": JUDGE_SYSTEM, "user": user, **trace}


def read_verdict(reply: Any) -> Verdict | None:
    """Read a judge's reply; None if it does not answer all three questions."""
    try:
        found = find_json_object(reply) if isinstance(reply, str) else None
    except BadReply:
        found = None
    if found is None:
        return None
    answers, reasons = {}, {}
    for question in JUDGE_QUESTIONS:
        entry = found.get(question)
        entry = entry if isinstance(entry, dict) else {"verdict": entry}
        answer = str(entry.get("verdict")).strip().upper()
        if answer not in JUDGE_VERDICTS:
            return None
        answers[question], reasons[question] = answer, str(entry.get("reason") or "")
    return Verdict(answers, reasons)


def decide(verdicts: list[Verdict | None], votes: int | None) -> tuple[str, ...]:
    """Say why a triplet is dropped: () if it passes; None among the verdicts is unreadable."""
    readable = [verdict for verdict in verdicts if verdict is not None]
    passing = sum(verdict.passes for verdict in readable)
    if votes is None and readable:
        votes = len(readable) // 2 + 1
    if votes is not None and passing >= votes:
        return ()
    if not verdicts:
        return ("not_judged",)
    if votes is None or passing + len(verdicts) - len(readable) >= votes:
        return ("unreadable_verdict",)
    if passing == len(readable):
        return ("too_few_votes",)
    return tuple(
        f"judged_{answer.lower()}_{question}"
        for question in JUDGE_QUESTIONS
        for answer in JUDGE_VERDICTS[1:]
        if any(verdict.answers[question] == answer for verdict in readable)
    )


def load_verdicts(paths: list[str]) -> tuple[dict[str, list[Verdict | None]], Row]:
    """Read the judges' replies; returns the verdicts by judging id, and counts by file."""
    verdicts: dict[str, list[Verdict | None]] = defaultdict(list)
    counts: Row = {}
    for path in paths:
        tally: Counter[str] = Counter()
        for row in read_rows(path, ["prompt_id", "response"]):
            words = unfinished_words([_last(row.get("finish_reason"))])
            verdict = None if words else read_verdict(_last(row["response"]))
            verdicts[row["prompt_id"]].append(verdict)
            tally.update(f"unfinished_{word}" for word in words)
            tally["unreadable" if verdict is None else "readable"] += 1
            tally.update(
                f"{q}_{a.lower()}" for q, a in (verdict.answers.items() if verdict else ())
            )
        counts[path] = dict(sorted(tally.items()))
    return verdicts, counts


def _last(rounds: Any) -> Any:
    return rounds[-1] if isinstance(rounds, list) and rounds else rounds


def write_judging_prompts(arguments: PromptFlags) -> None:
    """Write a judging prompt for each triplet whose texts are there; others are rejected."""
    with StageOutput(arguments.prompts_file, [arguments.input_file]) as output:
        triplets = read_rows(arguments.input_file, JUDGED_FIELDS)
        for prompt_id, triplet in with_judging_ids(tqdm(triplets, unit=" triplets", disable=None)):
            if empty := first_empty_field(triplet, JUDGED_FIELDS):
                output.reject(triplet, f"empty_{empty.removesuffix('_purify')}")
            else:
                output.keep(judging_prompt(prompt_id, triplet))


def collect(arguments: CollectFlags) -> None:
    """Keep the triplets that pass; write the prompts of undecided ones where asked for."""
    inputs = [arguments.input_file, *arguments.replies]
    if arguments.ask_again:
        refuse_overwriting_inputs(arguments.ask_again, inputs)
    verdicts, counts = load_verdicts(arguments.replies)
    undecided = 0
    with ExitStack() as stack:
        output = stack.enter_context(StageOutput(arguments.output_file, inputs, stage="triplets"))
        again = (
            stack.enter_context(atomic_file(arguments.ask_again)) if arguments.ask_again else None
        )
        triplets = read_rows(arguments.input_file, JUDGED_FIELDS)
        for prompt_id, triplet in with_judging_ids(tqdm(triplets, unit=" triplets", disable=None)):
            found = verdicts.get(prompt_id, [])
            reasons = decide(found, arguments.votes)
            if not reasons:
                output.keep(triplet)
                continue
            said = [verdict._asdict() for verdict in found if verdict is not None]
            output.reject({**triplet, "verdicts": said}, *reasons)
            if reasons[0] in ("not_judged", "unreadable_verdict"):
                undecided += 1
                if again:
                    again.write(dump_row(judging_prompt(prompt_id, triplet)))
        output.summary |= {"judges": counts, "undecided": undecided}
    if undecided and not arguments.ask_again:
        log.info("%d undecided; --ask_again FILE writes their prompts once more", undecided)


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
