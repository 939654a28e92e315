"""Stage 0: collect seed code from local or public sources and clean it.

Writes a seed file in CommitPackFT's format. Edits with messages come from `git:` and `hf:`; the
files of `dir:` and `stdlib` have no edit (`new_contents` empty) and serve as snippets only.
    python collect_seeds.py --source stdlib
    python collect_seeds.py --source git:../project --source dir:../scripts --max_seeds 5000
    python collect_seeds.py --source hf:bigcode/commitpackft
"""

import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Annotated

from pydantic import Field, NonNegativeInt, PositiveInt
from tqdm import tqdm

from utils.cli import Flag, log, parse_flags, part_of, run
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.processes import batched, map_in_order, worker_count
from utils.sampling import derive_seed
from utils.seeds.choice import FileChoice
from utils.seeds.cleaning import SeedLimits, clean_seed, without_texts
from utils.seeds.licences import UNKNOWN_LICENSE
from utils.seeds.sources import SOURCE_KINDS, open_source
from utils.stage_output import StageOutput

CHUNK_ROWS = 64
# A cleaned row and the reason to drop it, or None.
SeedVerdict = tuple[Row, str | None]


@dataclass(frozen=True, kw_only=True)
class Flags(SeedLimits, FileChoice):
    """Collect seed code and clean it."""

    source: Annotated[
        list[str],
        Flag(action="append", nargs=None, metavar="SOURCE"),
        Field(description=f"{SOURCE_KINDS}; repeatable"),
    ]
    output_file: Annotated[str, Field(description="the seed file")] = (
        "data/commitpackft_python_cleaned.jsonl"
    )
    max_seeds: Annotated[
        PositiveInt | None, Field(description="keep a random sample of this many; None: all")
    ] = None
    random_seed: Annotated[int, Field(description="seed of the sample")] = 42
    num_workers: Annotated[
        NonNegativeInt, Field(description="processes that clean; 0: one per core")
    ] = 1

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.min_lines > self.max_lines:
            raise ValueError(
                f"--min_lines {self.min_lines}: above --max_lines {self.max_lines}; "
                "lower the one or raise the other"
            )


def clean_seeds(
    rows: Iterable[Row], limits: SeedLimits, num_workers: int = 1
) -> Iterator[SeedVerdict]:
    """Yield a verdict per row, in the order the rows came; exact duplicates are dropped too."""
    clean = partial(clean_chunk, limits=limits)
    chunks = map_in_order(clean, batched(rows, CHUNK_ROWS), num_workers)
    return drop_duplicates(chain.from_iterable(chunks))


def clean_chunk(chunk: list[Row], limits: SeedLimits) -> list[SeedVerdict]:
    """Clean a few rows; what a worker process runs."""
    return [clean_seed(row, limits) for row in chunk]


def drop_duplicates(verdicts: Iterable[SeedVerdict]) -> Iterator[SeedVerdict]:
    """Give all but the first of equal seeds the reason `duplicate`; dropped rows don't count."""
    seen: set[bytes] = set()
    for row, reason in verdicts:
        if reason is None:
            digest = contents_digest(row)
            reason = "duplicate" if digest in seen else None
            seen.add(digest)
        yield row, reason


def contents_digest(row: Row) -> bytes:
    """Hash the code before and after."""
    code = f"{row['old_contents']}\0{row['new_contents']}"
    return hashlib.sha256(code.encode()).digest()[:16]


def sample_seeds(
    verdicts: Iterable[SeedVerdict], max_seeds: int, random_seed: int
) -> Iterator[SeedVerdict]:
    """Keep a uniform sample of `max_seeds` of the good rows, in their order; drop the rest.

    A row's place in the draw hangs on the seed and the row alone, so that a larger sample holds
    the smaller ones. `max_seeds` rows are held in memory; dropped ones come without their texts.
    """
    drawn: list[tuple[int, int, Row]] = []
    for index, (row, reason) in enumerate(verdicts):
        if reason is not None:
            yield row, reason
            continue
        draw = derive_seed(random_seed, row["commit"], contents_digest(row).hex())
        # heapq keeps the smallest on top, and the largest draw is the one to lose.
        entry = (-draw, -index, row)
        if len(drawn) < max_seeds:
            heapq.heappush(drawn, entry)
        else:
            yield without_texts(heapq.heappushpop(drawn, entry)[2]), "not_sampled"
    for _, _, row in sorted(drawn, key=lambda entry: -entry[1]):
        yield row, None


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    choice = part_of(arguments, FileChoice)
    readers = [open_source(source, arguments.lang, choice) for source in arguments.source]
    licences: Counter[str] = Counter()
    with StageOutput(arguments.output_file, inputs=arguments.source, stage="seeds") as output:
        rows = tqdm(
            chain.from_iterable(read() for read in readers), "seeds", unit=" rows", disable=None
        )
        verdicts = clean_seeds(rows, arguments, worker_count(arguments.num_workers))
        if arguments.max_seeds:
            verdicts = sample_seeds(verdicts, arguments.max_seeds, arguments.random_seed)
        for row, reason in verdicts:
            if reason:
                output.reject(row, reason)
            else:
                output.keep(row)
                licences[row["license"]] += 1
        check_seeds_found(output)
        output.summary["licenses"] = dict(licences.most_common())
    if unknown := licences[UNKNOWN_LICENSE]:
        log.warning("%s seeds carry no known licence; state it with --license", f"{unknown:,}")


def check_seeds_found(output: StageOutput) -> None:
    """Refuse an output without seeds: the next stage could do nothing with it."""
    if not output.kept + output.rejected:
        raise PipelineError(
            "no seed found; git: takes commits that modify one Python file, or one of "
            "few (--max_files); dir: takes plain Python files"
        )
    if not output.kept:
        raise PipelineError(f"no seed is left ({output.summary_line()}); name other sources")


if __name__ == "__main__":
    run(main)
