"""Coding histories: which moment of a row's versions becomes a sample, and what is on the screen.

Pure planning, without a model: rows of versions in, planned samples out. Every draw depends on the
seed, the row's id and what is drawn alone, so that a row's samples are the same whatever rows stand
around it.
"""

import math
import random
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Literal, NamedTuple, get_args

from pydantic import Field, PositiveInt

from programming_instruct.edit_blocks import (
    EditBlock,
    block_diffs,
    block_series,
    edit_blocks,
)
from utils.cli import Flag, Share
from utils.jsonl import Row
from utils.records import is_unicode
from utils.sampling import derive_seed

DataType = Literal["aiprogrammer", "commit", "submit"]
# What tells where a row comes from; it travels on to the samples.
ORIGIN_FIELDS = ("commit", "license", "repos", "problem_id")
# The versions that single blocks make of one row, together: a rewrite of thousands of scattered
# lines would make a history too large for memory and of no use to a model.
MAX_SERIES_CHARACTERS = 20_000_000


@dataclass(frozen=True, kw_only=True)
class PlanSettings:
    """How samples are drawn; the fields are flags of data collection."""

    data_type: Annotated[
        DataType,
        Flag(choices=None),
        Field(description=f"what the rows are: {', '.join(get_args(DataType))}"),
    ]
    limit_one_block_prob: Annotated[
        Share,
        Field(description="chance, per pair of versions, to take it apart into single blocks"),
    ] = 0.5
    use_history_prob: Annotated[
        Share,
        Field(description="chance that a sample shows the versions before the current one"),
    ] = 0.6
    use_user_prob: Annotated[Share, Field(description="chance that a sample has user words")] = 0.5
    alpha: Annotated[
        float,
        Field(
            ge=0,
            allow_inf_nan=False,
            description="version i is drawn as the current one with weight alpha**i",
        ),
    ] = 1.0
    max_per_sample: Annotated[PositiveInt, Field(description="samples a row, at most")] = 1
    random_seed: Annotated[int, Field(description="of all that is drawn")] = 42


class NotPlannable(Exception):
    """Nothing can be planned from a row; the message is its reject reason."""


class PlanSource(NamedTuple):
    """What a row tells: its versions, and what the programmer was asked to do, blank if unknown."""

    versions: list[str]
    language: str
    words: str
    context: dict[str, str]


def plan_samples(row: Row, row_id: str, settings: PlanSettings) -> list[Row]:
    """Plan up to `max_per_sample` samples from a row; else give one row with a reject_reason.

    The samples are in the order drawn; their `prompt_id` is the row's id and their number from 1.
    """
    try:
        source = READERS[settings.data_type](row)
        if not all(map(is_unicode, (*source.versions, *source.context.values()))):
            raise NotPlannable("not_unicode")
        versions = drawable_versions(source.versions, row_id, settings)
        samples = _draw_samples(source, versions, row_id, settings)
    except NotPlannable as problem:
        return [{**row, "prompt_id": row_id, "reject_reason": str(problem)}]
    origin = {field: row[field] for field in ORIGIN_FIELDS if field in row}
    return [
        {"prompt_id": f"{row_id}-{number}", "data_type": settings.data_type, **sample, **origin}
        for number, sample in enumerate(samples, 1)
    ]


def read_aiprogrammer(row: Row) -> PlanSource:
    """Read the stages that a model wrote for a snippet; nobody has said what they are for."""
    return PlanSource(_texts(row, "output"), _language(row, "lang"), "", {})


def read_commit(row: Row) -> PlanSource:
    """Read a commit's two versions; its message says what to do."""
    versions = [_text(row, "code1"), _text(row, "code2")]
    message = _text(row, "git")
    return PlanSource(versions, _language(row, "lang"), message.strip(), {"git": message})


def read_submit(row: Row) -> PlanSource:
    """Read the attempts at a problem, whose statement is worded as a request."""
    versions = _texts(row, "submissions")
    problem = _text(row, "problems_contexts")
    named = _language(row, "language").strip()
    program = f"a correct program in {named}" if named else "a correct program"
    request = f"Write {program} for this problem:\n\n{problem.strip()}" if problem.strip() else ""
    return PlanSource(versions, named.lower(), request, {"problem": problem})


READERS: dict[DataType, Callable[[Row], PlanSource]] = {
    "aiprogrammer": read_aiprogrammer,
    "commit": read_commit,
    "submit": read_submit,
}


def _text(row: Row, field: str) -> str:
    value = row.get(field)
    if not isinstance(value, str):
        raise NotPlannable(f"{field}_not_text")
    return value


def _texts(row: Row, field: str) -> list[str]:
    value = row.get(field)
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise NotPlannable(f"{field}_not_a_list_of_texts")
    return value


def _language(row: Row, field: str) -> str:
    """Read the name of a language; rows may lack it, as the ones without a language do."""
    return _text(row, field) if field in row else ""


def drawable_versions(versions: list[str], row_id: str, settings: PlanSettings) -> list[str]:
    """Make the versions to draw from: some pairs become series of single blocks.

    Each pair is drawn for itself. The last version is the final code, which has code in it; no
    two neighbours are equal.
    """
    versions = without_repeated_neighbours(versions)
    if not versions or not versions[-1].strip():
        raise NotPlannable("empty_final_code")
    if len(versions) < 2:
        raise NotPlannable("no_change")
    history, characters = versions[:1], 0
    for number, (before, after) in enumerate(pairwise(versions)):
        rng = random.Random(derive_seed(settings.random_seed, row_id, "pair", number))
        if rng.random() >= settings.limit_one_block_prob:
            history.append(after)
            continue
        blocks = edit_blocks(before, after)
        characters += len(blocks) * max(len(before), len(after))
        if characters > MAX_SERIES_CHARACTERS:
            raise NotPlannable("history_too_large")
        history += block_series(before, blocks, rng)[1:]
    return history


def without_repeated_neighbours(versions: list[str]) -> list[str]:
    """Leave out each version that the next one repeats, so that the final code stays as it is."""
    last = versions[-1:]
    return [one for one, following in pairwise(versions) if not same_code(one, following)] + last


def same_code(one: str, other: str) -> bool:
    """Tell whether codes are equal but for a final newline, which nobody sees on the screen."""
    return one.removesuffix("\n") == other.removesuffix("\n")


def _draw_samples(
    source: PlanSource, versions: list[str], row_id: str, settings: PlanSettings
) -> list[Row]:
    samples: list[Row] = []
    for position in drawn_positions(len(versions) - 1, row_id, settings):
        sample = _sample_at(position, source, versions, row_id, settings)
        if sample:
            samples.append(sample)
        if len(samples) == settings.max_per_sample:
            break
    if not samples:
        raise NotPlannable("no_usable_current")
    return samples


def drawn_positions(count: int, row_id: str, settings: PlanSettings) -> Iterator[int]:
    """Yield positions below `count` in the order of a weighted draw without replacement.

    Position i weighs alpha**i; what weighs nothing is never drawn. The order is that in which
    exponential clocks with these rates ring first (Efraimidis and Spirakis 2006), compared by
    logarithm: no weight overflows or vanishes, however long the history.
    """
    if settings.alpha == 0:
        yield from range(min(count, 1))
        return
    rng = random.Random(derive_seed(settings.random_seed, row_id, "current"))
    step = math.log(settings.alpha)
    # A clock may ring at 0, which has no logarithm.
    times = (max(rng.expovariate(1.0), sys.float_info.min) for _ in range(count))
    rings = [math.log(time) - step * i for i, time in enumerate(times)]
    yield from sorted(range(count), key=rings.__getitem__)


def _sample_at(
    position: int, source: PlanSource, versions: list[str], row_id: str, settings: PlanSettings
) -> Row | None:
    """Plan the sample whose current code is at a position; None if it would show nothing.

    A history drawn for the very first version is an empty one: skipping that version, as
    Programming-Instruct does, would lose most commits of a single block and bend the weights.
    """
    rng = random.Random(derive_seed(settings.random_seed, row_id, "sample", position))
    # Both are always drawn, so that the one chance doesn't change the other's draws.
    use_history = rng.random() < settings.use_history_prob
    use_user = rng.random() < settings.use_user_prob
    current, final = versions[position], versions[-1]
    history = versions[:position] if use_history else []
    is_blank_screen = not (current.strip() or use_user or any(map(str.strip, history)))
    if same_code(current, final) or is_blank_screen:
        return None
    is_first_edit = position == 0 and use_user
    return {
        "history": [_code(version, source) for version in history],
        "current": _code(current, source),
        "final": final,
        "use_user": use_user,
        "user": source.words if is_first_edit and source.words else None,
        "context": source.context,
    }


def _code(code: str, source: PlanSource) -> Row:
    return {"type": "code", "lang": source.language, "code": code}


def remaining_changes(plan_row: Row) -> tuple[list[EditBlock], list[str]]:
    """Cut what is left to do in a planned sample into blocks, each also as a unified diff."""
    current = plan_row["current"]["code"]
    blocks = edit_blocks(current, plan_row["final"])
    return blocks, block_diffs(current, blocks)
