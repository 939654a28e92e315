"""Make code snippets out of Python sources: their functions and classes.

Reads the standard library, a folder or the files that are checked out in a git repository; writes
the snippets that `aiprogrammer` reads.
    python -m programming_instruct.snippet_source stdlib --output_path data/code_snippets.json
"""

import ast
import heapq
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt
from tqdm import tqdm

from utils.cli import Flag, parse_flags, run
from utils.code.languages import language_of_file
from utils.code.lines import count_code_lines, split_lines
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.sampling import derive_seed
from utils.seeds.cleaning import SeedLimits, clean_seed
from utils.seeds.git_history import (
    check_repository,
    head_commit,
    head_licence,
    read_head_files,
    repository_name,
)
from utils.seeds.sources import SeedReader, open_folder, open_stdlib
from utils.stage_output import StageOutput

DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# Files are cut up, so that their own length hardly matters.
FILE_LIMITS = SeedLimits(min_lines=1, max_lines=20_000, max_bytes=1_000_000)


def open_snippet_source(source: str) -> SeedReader:
    """Check a source and return what reads its files as seed rows."""
    if source == "stdlib":
        return open_stdlib()
    if source.startswith("git:"):
        path = source.removeprefix("git:")
        check_repository(path)
        return partial(read_repository, path)
    if not Path(source).is_dir():
        raise PipelineError(f"{source}: not a source; write stdlib, a folder or git:PATH")
    return open_folder(source, "Python")


def read_repository(path: str) -> Iterator[Row]:
    """Yield a seed row for each Python file of HEAD."""
    repository, commit, licence = repository_name(path), head_commit(path), head_licence(path)
    for name, contents in read_head_files(path, lambda file: language_of_file(file) == "python"):
        yield {
            "commit": commit,
            "old_file": name,
            "old_contents": contents,
            "new_contents": "",
            "subject": "",
            "message": "",
            "lang": "Python",
            "license": licence,
            "repos": repository,
        }


def snippets_of(seed: Row, min_lines: int, max_lines: int) -> Iterator[Row]:
    """Yield the functions and classes at the top of a file, decorators included.

    Those with fewer or more lines are left out; blank lines don't count for the least.
    """
    lines = split_lines(seed["old_contents"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        body = ast.parse(seed["old_contents"]).body
    for node in body:
        if not isinstance(node, DEFINITIONS):
            continue
        start = min([node.lineno, *(one.lineno for one in node.decorator_list)])
        code = "\n".join(lines[start - 1 : node.end_lineno]) + "\n"
        if min_lines <= count_code_lines(code) and code.count("\n") <= max_lines:
            yield as_snippet(code, seed)


def as_snippet(code: str, seed: Row) -> Row:
    origin = {name: seed[name] for name in ("license", "repos")}
    return {"code": code, "lang": "python", **origin, "path": seed["old_file"]}


class SnippetDraw:
    """A sample of snippets without repeats: those whose seeded hashes are lowest, lowest first.

    So a larger sample begins with the smaller one; `size` snippets are held in memory.
    """

    def __init__(self, size: int, random_seed: int) -> None:
        self.size = size
        self.random_seed = random_seed
        self.seen = 0
        self.repeats = 0
        self._codes: set[int] = set()
        self._heap: list[tuple[int, int, Row]] = []

    def add(self, snippet: Row) -> None:
        """Offer a snippet."""
        self.seen += 1
        place = derive_seed(self.random_seed, "snippet", snippet["code"])
        if place in self._codes:
            self.repeats += 1
            return
        self._codes.add(place)
        entry = (-place, -self.seen, snippet)
        if len(self._heap) < self.size:
            heapq.heappush(self._heap, entry)
        else:
            heapq.heappushpop(self._heap, entry)

    def drawn(self) -> list[Row]:
        """List the snippets drawn so far, the lowest hash first."""
        return [snippet for _, _, snippet in sorted(self._heap, key=lambda entry: -entry[0])]


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Make code snippets out of Python sources."""

    source: Annotated[
        str,
        Flag("SOURCE"),
        Field(description="stdlib, a folder, or git:PATH for its checked-out files"),
    ]
    output_path: Annotated[str, Field(description="the snippets: .json or .jsonl")] = (
        "data/code_snippets.json"
    )
    max_samples: Annotated[PositiveInt, Field(description="draw so many")] = 200
    min_lines: Annotated[
        PositiveInt, Field(description="leave out shorter ones (blank lines not counted)")
    ] = 6
    max_lines: Annotated[PositiveInt, Field(description="leave out longer ones")] = 60
    random_seed: Annotated[int, Field(description="seed of the draw")] = 42
    plain: Annotated[bool, Field(description="write bare strings, without language and origin")] = (
        False
    )

    def __post_init__(self) -> None:
        if self.min_lines > self.max_lines:
            raise ValueError(
                f"--min_lines {self.min_lines}: above --max_lines {self.max_lines}; "
                "lower the one or raise the other"
            )


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    read = open_snippet_source(arguments.source)
    draw = SnippetDraw(arguments.max_samples, arguments.random_seed)
    with StageOutput(arguments.output_path, inputs=[arguments.source], stage="snippets") as output:
        for row in tqdm(read(), "files", unit=" files", disable=None):
            seed, reason = clean_seed(row, FILE_LIMITS)
            if reason:
                output.reject(without_file_contents(seed), reason)
                continue
            for snippet in snippets_of(seed, arguments.min_lines, arguments.max_lines):
                draw.add(snippet)
        for snippet in draw.drawn():
            output.keep(snippet["code"] if arguments.plain else snippet)
        output.pass_over("not_drawn", draw.seen - draw.repeats - output.kept)
        output.pass_over("repeated", draw.repeats)
        check_snippets_found(output, arguments)


def without_file_contents(seed: Row) -> Row:
    """Keep what tells which file was dropped; the files themselves are at hand."""
    return {name: seed[name] for name in ("old_file", "repos", "commit")}


def check_snippets_found(output: StageOutput, arguments: Flags) -> None:
    if not output.kept:
        raise PipelineError(
            f"{arguments.source}: no function or class of {arguments.min_lines} to "
            f"{arguments.max_lines} lines found; widen the limits or name another source"
        )


if __name__ == "__main__":
    run(main)
