"""Stage 0: collect seed code from local or public sources and clean it.

Writes a seed file in CommitPackFT's format. Edits with messages come from `git:` and `hf:`; the
files of `dir:` and `stdlib` have no edit (`new_contents` empty) and serve as snippets only.
    python collect_seeds.py --source stdlib
    python collect_seeds.py --source git:../project --source dir:../scripts --max_seeds 5000
    python collect_seeds.py --source hf:bigcode/commitpackft
"""

import argparse
import hashlib
import heapq
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import chain

from tqdm import tqdm

from utils.cli import HelpFormatter, log, run
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.processes import batched, map_in_order, worker_count
from utils.sampling import derive_seed
from utils.seeds.choice import MAX_FILES, FileChoice
from utils.seeds.cleaning import PERMISSIVE_LICENSES, SeedLimits, clean_seed, without_texts
from utils.seeds.licences import UNKNOWN_LICENSE
from utils.seeds.secrets import read_allow_list
from utils.seeds.sources import KINDS, open_source
from utils.stage_output import StageOutput

CHUNK_ROWS = 64
# A cleaned row and the reason to drop it, or None.
Verdict = tuple[Row, str | None]


def clean_seeds(rows: Iterable[Row], limits: SeedLimits, num_workers: int = 1) -> Iterator[Verdict]:
    """Yield a verdict per row, in the order the rows came; exact duplicates are dropped too."""
    clean = partial(clean_chunk, limits=limits)
    chunks = map_in_order(clean, batched(rows, CHUNK_ROWS), num_workers)
    return drop_duplicates(chain.from_iterable(chunks))


def clean_chunk(chunk: list[Row], limits: SeedLimits) -> list[Verdict]:
    """Clean a few rows; what a worker process runs."""
    return [clean_seed(row, limits) for row in chunk]


def drop_duplicates(verdicts: Iterable[Verdict]) -> Iterator[Verdict]:
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
    verdicts: Iterable[Verdict], max_seeds: int, random_seed: int
) -> Iterator[Verdict]:
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


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Collect seed code and clean it.",
        formatter_class=HelpFormatter,
    )
    limits = SeedLimits()
    add = parser.add_argument
    add("--source", action="append", required=True, metavar="SOURCE", help=f"{KINDS}; repeatable")
    add("--output_file", default="data/commitpackft_python_cleaned.jsonl", help="the seed file")
    add("--max_seeds", type=int, help="keep a random sample of this many; None: all")
    add("--random_seed", type=int, default=42, help="seed of the sample")
    add("--min_lines", type=int, default=limits.min_lines, help="drop shorter files")
    add("--max_lines", type=int, default=limits.max_lines, help="drop longer files")
    add("--max_bytes", type=int, default=limits.max_bytes, help="drop larger files")
    add(
        "--allowed_licenses",
        default=",".join(PERMISSIVE_LICENSES),
        metavar="NAMES",
        help="comma-separated; rows of any source that carry another licence are dropped",
    )
    add("--license", metavar="NAME", help="the licence of git: and dir: sources; None: read it")
    add("--max_files", type=int, default=MAX_FILES, help="take commits of up to so many files")
    add("--since", metavar="DATE", help="take no earlier commits")
    add("--until", metavar="DATE", help="take no later commits")
    add("--paths", nargs="+", default=[], help="folders, files or patterns to take; None: all")
    add("--exclude_tests", action="store_true", help="leave the files of tests out")
    add(
        "--secrets_allow_list",
        metavar="FILE",
        help="values, or fingerprints out of secret_evidence, that are no secrets; one a line",
    )
    add("--lang", default=limits.lang, help="language to take from a dataset of hf:")
    add("--num_workers", type=int, default=1, help="processes that clean; 0: one per core")
    arguments = parser.parse_args(argv)
    check_arguments(arguments)
    return arguments


def check_arguments(arguments: argparse.Namespace) -> None:
    for name in ("max_seeds", "min_lines", "max_lines", "max_bytes"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise PipelineError(f"--{name} {value}: must be at least 1")
    if arguments.num_workers < 0:
        raise PipelineError(f"--num_workers {arguments.num_workers}: must be at least 0")
    if arguments.min_lines > arguments.max_lines:
        raise PipelineError(
            f"--min_lines {arguments.min_lines}: above --max_lines {arguments.max_lines}; "
            "lower the one or raise the other"
        )


def read_limits(arguments: argparse.Namespace) -> SeedLimits:
    names = [name.strip().lower() for name in arguments.allowed_licenses.split(",")]
    allow_list = arguments.secrets_allow_list
    return SeedLimits(
        min_lines=arguments.min_lines,
        max_lines=arguments.max_lines,
        max_bytes=arguments.max_bytes,
        allowed_licenses=tuple(name for name in names if name),
        lang=arguments.lang,
        allowed_secrets=read_allow_list(allow_list) if allow_list else frozenset(),
    )


def read_choice(arguments: argparse.Namespace) -> FileChoice:
    return FileChoice(
        max_files=arguments.max_files,
        since=arguments.since,
        until=arguments.until,
        paths=tuple(arguments.paths),
        exclude_tests=arguments.exclude_tests,
        license=arguments.license.lower() if arguments.license else None,
    )


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    limits, choice = read_limits(arguments), read_choice(arguments)
    readers = [open_source(source, arguments.lang, choice) for source in arguments.source]
    licences: Counter[str] = Counter()
    with StageOutput(arguments.output_file, inputs=arguments.source) as output:
        rows = tqdm(
            chain.from_iterable(read() for read in readers), "seeds", unit=" rows", disable=None
        )
        verdicts = clean_seeds(rows, limits, worker_count(arguments.num_workers))
        if arguments.max_seeds:
            verdicts = sample_seeds(verdicts, arguments.max_seeds, arguments.random_seed)
        for row, reason in verdicts:
            if reason:
                output.reject(row, reason)
            else:
                output.keep(row)
                licences[row["license"]] += 1
        check_result(output)
        output.summary["licenses"] = dict(licences.most_common())
    if unknown := licences[UNKNOWN_LICENSE]:
        log.warning("%s seeds carry no known licence; state it with --license", f"{unknown:,}")


def check_result(output: StageOutput) -> None:
    if not output.kept + output.rejected:
        raise PipelineError(
            "no seed found; git: takes commits that modify one Python file, or one of "
            "few (--max_files); dir: takes plain Python files"
        )
    if not output.kept:
        raise PipelineError(f"no seed is left ({output.summary_line()}); name other sources")


if __name__ == "__main__":
    run(main)
