"""Make commit rows from the history of local git repositories.

Reads the commits of HEAD, newest first; writes rows `code1, code2, git, lang` (before, after,
message, language) for `data_collection --data_type commit`.
    python -m programming_instruct.commit_source git:. --output_path data/commit.json
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field, PositiveInt
from tqdm import tqdm

from utils.cli import Flag, parse_flags, run
from utils.code.languages import language_of_file, read_languages
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.seeds.cleaning import (
    CleaningRule,
    SeedLimits,
    clean_seed,
    find_generated_code,
    find_minified_code,
    find_useless_edit,
    find_vendored_path,
)
from utils.seeds.git_history import (
    FileChange,
    FileEdit,
    check_repository,
    is_edit,
    mine_edits,
    repository_name,
)
from utils.stage_output import StageOutput

# Lines that tools and customs add to a message; nobody would say them to an assistant.
_TRAILER = re.compile(r"^(?:[A-Z][A-Za-z-]*-by|Change-Id|Cc): .*$", re.MULTILINE)
# As the seeds' rules, but for those that only Python or its pipeline needs.
RULES: tuple[CleaningRule, ...] = (
    find_vendored_path,
    find_useless_edit,
    find_generated_code,
    find_minified_code,
)


def known_languages(names: str | tuple[str, ...]) -> tuple[str, ...]:
    """Read the names of a flag; its default is read already."""
    return read_languages(names) if isinstance(names, str) else names


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Make commit rows from local git repositories."""

    sources: Annotated[list[str], Flag("git:PATH"), Field(description="local git repositories")]
    output_path: Annotated[str, Field(description="the rows: .json or .jsonl")] = "data/commit.json"
    languages: Annotated[
        tuple[str, ...],
        Flag(metavar="NAMES", nargs=None),
        BeforeValidator(known_languages),
        Field(description="such as python,javascript; None: all known"),
    ] = ()
    new_files: Annotated[
        bool, Field(description="take commits that add a file too (code1 empty)")
    ] = False
    max_files: Annotated[
        PositiveInt, Field(description="leave out commits that change more files")
    ] = 1
    max_samples: Annotated[
        PositiveInt | None, Field(description="keep the newest so many; None: all")
    ] = None
    max_chars: Annotated[PositiveInt, Field(description="drop longer versions of a file")] = 20_000

    def wants(self, change: FileChange) -> bool:
        """Tell whether a change is one of a code file that rows are made of."""
        if not is_edit(change) and not (self.new_files and change.status == "A"):
            return False
        language = language_of_file(change.path) if change.is_regular else None
        return language is not None and (not self.languages or language in self.languages)


def open_repositories(sources: Sequence[str]) -> list[str]:
    """Check sources such as `git:../project` and return their paths."""
    for source in sources:
        kind, _, path = source.partition(":")
        if kind != "git" or not path:
            raise PipelineError(f"{source}: not a source; write git:PATH")
        check_repository(path)
    return [source.removeprefix("git:") for source in sources]


def commit_rows(paths: Sequence[str], settings: Settings) -> Iterator[tuple[Row, str | None]]:
    """Yield each edit's row and the reason to drop it, or None; of equal edits the first stays."""
    seen: set[bytes] = set()
    for path in paths:
        repository = repository_name(path)
        for edit in mine_edits(path, settings.wants, settings.max_files):
            row, reason = clean_edit(edit, repository, settings)
            if reason is None:
                digest = hashlib.sha256(f"{row['code1']}\0{row['code2']}".encode()).digest()
                reason = "duplicate" if digest in seen else None
                seen.add(digest)
            yield row, reason


def clean_edit(edit: FileEdit, repository: str, settings: Settings) -> tuple[Row, str | None]:
    """Clean one edit; a row that falls before it is known to hold no secret has no texts."""
    seed, reason = clean_seed(as_seed(edit, repository), SeedLimits(), RULES)
    row = as_commit_row(seed)
    if reason is None and max(len(row["code1"]), len(row["code2"])) > settings.max_chars:
        reason = "too_many_chars"
    if reason is None and not row["git"]:
        reason = "no_message"
    return row, reason


def as_seed(edit: FileEdit, repository: str) -> Row:
    """Lay an edit out as a seed commit, which the seeds' own checks can judge."""
    return {
        "commit": edit.commit,
        "old_file": edit.path,
        "old_contents": edit.old_contents,
        "new_contents": edit.new_contents,
        "subject": "",
        "message": edit.message,
        "lang": language_of_file(edit.path),
        "license": edit.license,
        "repos": repository,
    }


def as_commit_row(seed: Row) -> Row:
    """Rename a seed's fields; texts that were taken out stay out."""
    texts = {}
    if "old_contents" in seed:
        message = without_trailers(seed["message"])
        texts = {"code1": seed["old_contents"], "code2": seed["new_contents"], "git": message}
    kept = {name: seed[name] for name in ("lang", "commit", "license", "repos")}
    return {**texts, **kept, "path": seed["old_file"]}


def without_trailers(message: str) -> str:
    """Take lines such as `Signed-off-by: ...` out of a commit message."""
    return _TRAILER.sub("", message).strip()


def main(argv: list[str] | None = None) -> None:
    settings = parse_flags(Settings, argv)
    paths = open_repositories(settings.sources)
    with StageOutput(settings.output_path, inputs=settings.sources, stage="commits") as output:
        rows = tqdm(commit_rows(paths, settings), "commits", unit=" rows", disable=None)
        for row, reason in rows:
            if reason:
                output.reject(row, reason)
                continue
            output.keep(row)
            if output.kept == settings.max_samples:
                break
        check_commits_found(output, settings)


def check_commits_found(output: StageOutput, settings: Settings) -> None:
    """Refuse an output without edits, and say what would bring some."""
    if not output.kept + output.rejected:
        raise PipelineError(
            f"no edit found; commits are taken that change at most {settings.max_files} file(s), "
            "one of them code: raise --max_files, or name another repository"
        )
    if not output.kept:
        raise PipelineError(f"no edit is left ({output.summary_line()}); name other repositories")


if __name__ == "__main__":
    run(main)
