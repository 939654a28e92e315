"""Give samples a synthetic target area: the cursor or the selection a programmer would have set.

Reads samples of data_collection, several files as one; writes them with `area` and `loc`, which
are the same: a character offset into the current code, a range `[left, right]`, or null.
    python -m programming_instruct.post_collection --input_path data/tmp.json \\
        --output_path data/tmp_area.json
Offsets count code points, as Python's strings do. An area that a sample has already is replaced.
"""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated

from pydantic import Field
from tqdm import tqdm

from programming_instruct.sample_fields import (
    code_of,
    find_code_fault,
    identity_of,
    refuse_doubled_inputs,
)
from programming_instruct.target_area import Area, AreaSettings, draw_area
from utils.cli import parse_flags, part_of, run
from utils.jsonl import Row
from utils.row_files import read_joined
from utils.sampling import derive_seed
from utils.stage_output import StageOutput

REQUIRED = ("current", "next")


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


@dataclass(frozen=True, kw_only=True)
class Flags(AreaSettings):
    """Give samples a synthetic target area."""

    input_path: Annotated[list[str], Field(description="samples; files are joined")]
    output_path: Annotated[str, Field(description="an array (.json) or lines (.jsonl)")]


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    settings = part_of(arguments, AreaSettings)
    refuse_doubled_inputs(arguments.input_path)
    with StageOutput(arguments.output_path, arguments.input_path, stage="samples") as output:
        kinds = add_areas(arguments.input_path, settings, output)
        output.summary |= {"settings": asdict(settings), "areas": dict(kinds)}


if __name__ == "__main__":
    run(main)
