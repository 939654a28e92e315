"""Make submission rows from a folder of numbered attempts.

Reads `FOLDER/<problem>/statement.md` (or .txt) and the attempts beside it, `1.py, 2.py, ...` or
`attempt_01.cpp, ...`, or those of several users in folders of their own, `<problem>/<user>/1.py`;
writes rows for `data_collection --data_type submit`.
    python -m programming_instruct.submit_source programming_instruct/submissions
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt
from rapidfuzz import fuzz
from tqdm import tqdm

from utils.cli import Flag, Share, parse_flags, run
from utils.code.languages import language_of_file
from utils.code.lines import count_code_lines
from utils.errors import PipelineError
from utils.jsonl import Row, read_document
from utils.seeds.cleaning import mask_code, normalise_text
from utils.seeds.emails import mask_emails
from utils.seeds.secrets import holds_secret
from utils.stage_output import StageOutput

STATEMENTS = ("statement.md", "statement.txt")
_NUMBER_AT_END = re.compile(r"[0-9]+$")


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Make submission rows from a folder of numbered attempts."""

    folder: Annotated[str, Flag("FOLDER"), Field(description="holds a folder for each problem")]
    output_path: Annotated[str, Field(description="the rows: .json or .jsonl")] = (
        "data/submit_process.json"
    )
    min_similarity: Annotated[
        Share,
        Field(description="least likeness, 0 to 1, of the last attempt to one before it"),
    ] = 0.3
    max_chars: Annotated[PositiveInt, Field(description="drop series with a longer text")] = 20_000


def find_series(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield (problem's folder, folder of attempts) in the order of their names.

    Hidden folders are left out, and folders that hold neither attempts nor a statement.
    """
    for problem in subfolders(folder):
        users = [user for user in subfolders(problem) if find_attempts(user)]
        if find_attempts(problem) or (find_statement(problem) and not users):
            yield problem, problem
        yield from ((problem, user) for user in users)


def subfolders(folder: Path) -> list[Path]:
    """List the folders inside a folder by name, hidden ones left out."""
    found = (path for path in folder.iterdir() if path.is_dir() and path.name[0] != ".")
    return sorted(found, key=lambda path: path.name)


def find_attempts(folder: Path) -> list[tuple[int, Path]]:
    """List the code files whose names end in a number, by that number: 9 before 10."""
    found = []
    for path in folder.iterdir():
        number = _NUMBER_AT_END.search(path.stem)
        if number and path.is_file() and language_of_file(path.name):
            found.append((int(number[0]), path))
    return sorted(found, key=lambda attempt: (attempt[0], attempt[1].name))


def find_statement(problem: Path) -> Path | None:
    return next((problem / name for name in STATEMENTS if (problem / name).is_file()), None)


def read_series(problem: Path, folder: Path, settings: Flags) -> tuple[Row, str]:
    """Read one user's attempts at one problem: the row, and the reason to drop it or "".

    A row that falls before it is known to hold no secret comes without its texts.
    """
    attempts = find_attempts(folder)
    origin: Row = {"problem_id": problem.name}
    if folder != problem:
        origin["user"] = folder.name
    statement = find_statement(problem)
    if reason := judge_files(attempts, statement):
        return origin, reason
    assert statement
    texts = [normalise_text(read_text(path)) for path in (statement, *(a[1] for a in attempts))]
    if reason := find_text_fault(texts, settings.max_chars):
        return origin, reason
    language = language_of_file(attempts[0][1].name) or ""
    versions = without_equal_neighbours([mask_code(code, language) for code in texts[1:]])
    row = {"submissions": versions, "language": language}
    row |= {"problems_contexts": mask_emails(texts[0]).strip(), **origin}
    return row, judge_versions(versions, settings.min_similarity)


def judge_files(attempts: list[tuple[int, Path]], statement: Path | None) -> str:
    """Say why a folder makes no row, "" if it may."""
    if statement is None:
        # The words of the first edits are made of it; a row without one would have to invent them.
        return "missing_statement"
    if len({language_of_file(path.name) for _, path in attempts}) > 1:
        return "mixed_languages"
    if len({number for number, _ in attempts}) < len(attempts):
        return "repeated_number"
    return "fewer_than_two_attempts" if len(attempts) < 2 else ""


def find_text_fault(texts: list[str], max_chars: int) -> str:
    """Say why a statement and its attempts may not be passed on, "" if they may."""
    try:
        for text in texts:
            text.encode()
    except UnicodeEncodeError:
        return "not_utf8"
    if max(map(len, texts)) > max_chars:
        return "too_many_chars"
    if holds_secret(texts):
        return "holds_secret"
    if not texts[0].strip():
        return "missing_statement"
    return "" if all(text.strip() for text in texts) else "empty_attempt"


def judge_versions(versions: list[str], min_similarity: float) -> str:
    """Say why a series shows no way to a solution, "" if it does."""
    if len(versions) < 2:
        return "fewer_than_two_attempts"
    if count_code_lines(versions[-1]) < 2:
        return "last_attempt_single_line"
    # A last attempt unlike all before it is another program, copied in or begun anew.
    nearest = max(fuzz.ratio(earlier, versions[-1]) for earlier in versions[:-1])
    return "last_attempt_unlike_others" if nearest < 100 * min_similarity else ""


def without_equal_neighbours(versions: list[str]) -> list[str]:
    """Keep one of neighbours that are equal."""
    return [version for version, _ in groupby(versions)]


def read_text(path: Path) -> str:
    """Read a file whatever its encoding; bytes that are no UTF-8 become lone surrogates."""
    return read_document(path).decode("utf-8", "surrogateescape")


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    folder = Path(arguments.folder)
    if not folder.is_dir():
        raise PipelineError(f"{folder}: no such folder; name one that holds a folder a problem")
    with StageOutput(arguments.output_path, inputs=[folder], stage="versions") as output:
        for problem, place in tqdm(find_series(folder), "series", unit=" rows", disable=None):
            row, reason = read_series(problem, place, arguments)
            if reason:
                output.reject(row, reason)
            else:
                output.keep(row)
        check_attempts_found(output, folder)


def check_attempts_found(output: StageOutput, folder: Path) -> None:
    if not output.kept + output.rejected:
        raise PipelineError(
            f"{folder}: holds no attempts; name them <problem>/1.py, <problem>/2.py, ..., "
            "with <problem>/statement.md beside them"
        )
    if not output.kept:
        raise PipelineError(f"{folder}: no series is left ({output.summary_line()}); add others")


if __name__ == "__main__":
    run(main)
