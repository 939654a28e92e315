"""Time of cutting edits into blocks and of planning histories, run by hand.

Takes the edits of a JSONL file (`code1`, `code2`), or makes seeded ones of this machine's own
Python code: files of 50 to 500 lines in which functions are changed, renamed, added and removed.
Every edit is cut into its blocks and recombined in a random order, all versions on the way
included. The aim is 60 s for 10,000 edits on two cores; one is used.
    python -m bench.edit_histories [--input_file data/commit.jsonl] [--edits 10000]
"""

import argparse
import random
import re
import sysconfig
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

from tqdm import tqdm

from bench.edit_rows import TOP_LEVEL, definitions
from programming_instruct.edit_blocks import block_series, edit_blocks, history_diffs
from programming_instruct.histories import (
    PlanSettings,
    plan_samples,
    remaining_changes,
)
from utils.code.lines import lines_with_ends
from utils.jsonl import Row, read_rows
from utils.sampling import derive_seed

LINES = range(50, 501)
NAME = re.compile(r"\bdef (\w{3,})")


def find_files() -> list[list[str]]:
    """List the standard library's files, each as its definitions; long ones in several parts."""
    files = []
    for path in sorted(Path(sysconfig.get_path("stdlib")).rglob("*.py")):
        if "site-packages" not in path.parts:
            source = path.read_text("utf-8", errors="replace")
            files += list(parts_of(definitions(TOP_LEVEL, source)))
    return files


def parts_of(blocks: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    for block in blocks:
        if part and count_lines([*part, block]) >= LINES.stop:
            yield from [part] if count_lines(part) in LINES else []
            part = []
        part.append(block)
    yield from [part] if count_lines(part) in LINES else []


def count_lines(blocks: list[str]) -> int:
    return sum(block.count("\n") for block in blocks)


def make_edits(count: int) -> Iterator[Row]:
    """Yield that many edits; the files come again, changed otherwise, when there are too few."""
    files = find_files()
    random.Random(0).shuffle(files)
    for number, blocks in enumerate(islice(cycle(files), count)):
        rng = random.Random(derive_seed("edit", number))
        after = blocks.copy()
        for _ in range(rng.choice((1, 1, 2, 3, 4, 6, 8))):
            rng.choice(CHANGES)(after, files, rng)
        yield {"code1": "".join(blocks), "code2": "".join(after), "git": "Edit", "lang": "python"}


Change = Callable[[list[str], list[list[str]], random.Random], None]


def change_lines(blocks: list[str], files: list[list[str]], rng: random.Random) -> None:
    """Change a definition in one to three places."""
    place = rng.randrange(len(blocks))
    lines = lines_with_ends(blocks[place])
    for _ in range(rng.randint(1, 3)):
        code = [at for at, line in enumerate(lines) if line.strip()]
        if not code:
            return
        at = rng.choice(code)
        old = lines[at]
        indent = old[: len(old) - len(old.lstrip(" "))]
        new = [
            [f"{indent}if not self._checked:\n", f"{indent}    return None\n", old],
            [old.replace("=", "= 1 +", 1).rstrip() + "  # changed\n"],
            [],
        ]
        lines[at : at + 1] = rng.choice(new)
        blocks[place] = "".join(lines)


def rename(blocks: list[str], files: list[list[str]], rng: random.Random) -> None:
    """Rename a function wherever it stands."""
    if names := NAME.findall("".join(blocks)):
        name = rng.choice(names)
        blocks[:] = [re.sub(rf"\b{name}\b", f"{name}_all", block) for block in blocks]


def insert(blocks: list[str], files: list[list[str]], rng: random.Random) -> None:
    """Add a definition of another file."""
    blocks.insert(rng.randint(1, len(blocks)), rng.choice(rng.choice(files)))


def delete(blocks: list[str], files: list[list[str]], rng: random.Random) -> None:
    if len(blocks) > 2:
        del blocks[rng.randrange(1, len(blocks))]


CHANGES: tuple[Change, ...] = (change_lines, change_lines, change_lines, rename, insert, delete)


def recombine(edits: list[Row]) -> None:
    """Cut each edit into blocks and make all versions of a random order of them."""
    blocks = versions = characters = 0
    started = time.perf_counter()
    for number, edit in enumerate(edits):
        rng = random.Random(derive_seed(0, number))
        series = block_series(edit["code1"], edit_blocks(edit["code1"], edit["code2"]), rng)
        assert series[-1] == edit["code2"]
        blocks += len(series) - 1
        versions += len(series)
        characters += sum(map(len, series))
    seconds = time.perf_counter() - started
    tqdm.write(
        f"recombined in {seconds:.1f} s: {blocks:,} blocks, {versions:,} versions, "
        f"{characters / 1e6:,.0f} million characters"
    )


def plan(edits: list[Row]) -> None:
    """Plan a sample of each edit as for commits, and write the diffs that its prompts show."""
    settings = PlanSettings(data_type="commit", limit_one_block_prob=1.0)
    started = time.perf_counter()
    rows = [row for i, edit in enumerate(edits) for row in plan_samples(edit, f"{i}", settings)]
    planned = [row for row in rows if "reject_reason" not in row]
    middle = time.perf_counter()
    diffs = 0
    for row in planned:
        diffs += len(
            history_diffs([version["code"] for version in (*row["history"], row["current"])])
        )
        diffs += len(remaining_changes(row)[1])
    seconds = time.perf_counter() - middle
    tqdm.write(f"{len(planned):,} of {len(rows):,} samples planned in {middle - started:.1f} s")
    tqdm.write(f"{diffs:,} diffs of history and remaining blocks in {seconds:.1f} s")


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Time the edits' blocks and histories.")
    parser.add_argument("--input_file", help="JSONL with code1 and code2; default: made edits")
    parser.add_argument("--edits", type=int, default=10_000, help="how many, at most")
    arguments = parser.parse_args(argv)
    if arguments.input_file:
        found = islice(read_rows(arguments.input_file, ("code1", "code2")), arguments.edits)
        edits = [{"git": "", "lang": "", **row} for row in found]
    else:
        edits = list(make_edits(arguments.edits))
    lines = sorted(edit["code1"].count("\n") for edit in edits)
    sizes = sorted(len(edit_blocks(edit["code1"], edit["code2"])) for edit in edits)
    tqdm.write(
        f"{len(edits):,} edits; lines a file: median {lines[len(lines) // 2]}, "
        f"most {lines[-1]}; blocks an edit: median {sizes[len(sizes) // 2]}, most {sizes[-1]}"
    )
    recombine(edits)
    plan(edits)


if __name__ == "__main__":
    main()
