"""Give samples a synthetic target area: the cursor or the selection a programmer would have set.

Reads samples of data_collection, several files as one; writes them with `area` and `loc`, which
are the same: a character offset into the current code, a range `[left, right]`, or null.
    python -m programming_instruct.post_collection --input_path data/tmp.json \\
        --output_path data/tmp_area.json
Offsets count code points, as Python's strings do. An area that a sample has already is replaced.
"""

import argparse
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, fields

from tqdm import tqdm

from programming_instruct.sample_fields import (
    code_of,
    find_code_fault,
    identity_of,
    refuse_doubled_inputs,
)
from programming_instruct.target_area import Area, AreaSettings, draw_area
from utils.cli import run
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.row_files import read_joined
from utils.sampling import derive_seed
from utils.stage_output import StageOutput

REQUIRED = ("current", "next")
EXPLAINED = {
    "use_loc_prob": "chance that a sample gets an area",
    "loc_cursor_prob": "chance that an area is a cursor, not a range",
    "loc_noisy_prob": "chance of a cursor inside the change, or of a range wider than it",
    "loc_noisy_length": "characters by which such a range is wider, at most, at each end",
    "loc_all_noisy_prob": "chance that an area lies anywhere, whatever changes",
    "random_seed": "of the draws; each sample has its own",
}


def area_of(row: Row, position: int, settings: AreaSettings) -> Area:
    """Draw the area of a sound sample; the draw hangs on its id, or its texts and position."""
    before, after = row["current"]["code"], row["next"]["code"]
    seed = derive_seed(settings.random_seed, identity_of(row, position), "area")
    history = row.get("history")
    earlier = code_of(history[-1]) if isinstance(history, list) and history else None
    return draw_area(before, after, settings, random.Random(seed), earlier)


def add_areas(paths: Sequence[str], settings: AreaSettings, output: StageOutput) -> Counter[str]:
    """Write every sample with its area, and count the kinds of areas."""
    kinds: Counter[str] = Counter(cursor=0, range=0, none=0)
    names = {int: "cursor", list: "range", type(None): "none"}
    samples = tqdm(read_joined(paths, REQUIRED), desc="drawing", unit="sample", disable=None)
    for position, row in enumerate(samples):
        if fault := find_code_fault(row):
            output.reject(row, fault)
            continue
        area = area_of(row, position, settings)
        kinds[names[type(area)]] += 1
        output.keep({**row, "area": area, "loc": area})
    return kinds


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m programming_instruct.post_collection",
        description="Give samples a synthetic target area.",
    )
    parser.add_argument("--input_path", nargs="+", required=True, help="samples; files are joined")
    parser.add_argument("--output_path", required=True, help="an array (.json) or lines (.jsonl)")
    for field in fields(AreaSettings):
        parser.add_argument(
            f"--{field.name}",
            type=type(field.default),
            default=field.default,
            help=f"{EXPLAINED[field.name]} (default: {field.default})",
        )
    return parser.parse_args(argv)


def area_settings(arguments: argparse.Namespace) -> AreaSettings:
    """Read the flags about areas; PipelineError names the one that makes no sense."""
    given = {field.name: getattr(arguments, field.name) for field in fields(AreaSettings)}
    try:
        return AreaSettings(**given)
    except ValueError as error:
        raise PipelineError(f"--{error}") from None


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    settings = area_settings(arguments)
    refuse_doubled_inputs(arguments.input_path)
    with StageOutput(arguments.output_path, arguments.input_path, stage="samples") as output:
        kinds = add_areas(arguments.input_path, settings, output)
        output.summary |= {"settings": asdict(settings), "areas": dict(kinds)}


if __name__ == "__main__":
    run(main)
