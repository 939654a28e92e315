"""Where seeds come from: a git history, a folder, the standard library, a dataset on the Hub."""

import os
import sysconfig
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from utils.errors import PipelineError
from utils.hub import DatasetFiles
from utils.jsonl import Row
from utils.records import text_id
from utils.seeds.choice import FileChoice
from utils.seeds.cleaning import VENDORED_FOLDERS
from utils.seeds.git_history import (
    LARGEST_SOURCE,
    check_repository,
    mine_edits,
    project_name,
    repository_name,
)
from utils.seeds.licences import (
    UNKNOWN_LICENSE,
    is_licence_file,
    licence_in_header,
    licence_of_project,
)

# CommitPackFT's fields, in its order; every seed row has them all.
SEED_FIELDS = (
    "commit",
    "old_file",
    "new_file",
    "old_contents",
    "new_contents",
    "subject",
    "message",
    "lang",
    "license",
    "repos",
)
REQUIRED_HUB_FIELDS = ("commit", "old_contents", "new_contents", "message")
SOURCE_KINDS = "git:PATH, dir:PATH, stdlib or hf:OWNER/NAME"
# What the standard library holds beside itself: tests, installed packages, bundled wheels, and
# files that its build makes.
_NOT_STDLIB = frozenset(
    {"test", "tests", "idle_test", "site-packages", "dist-packages", "pydoc_data", "_bundled"}
)

SeedReader = Callable[[], Iterator[Row]]


def open_source(source: str, lang: str, choice: FileChoice | None = None) -> SeedReader:
    """Check a source (`git:PATH`, `stdlib`, ...) and return what reads its rows.

    All that can be checked is checked here, before a row is read; raises PipelineError. `choice`
    says which commits and files to take of `git:` and `dir:`.
    """
    choice = choice or FileChoice()
    kind, colon, place = source.partition(":")
    if source == "stdlib":
        return open_stdlib()
    if not colon or not place or kind not in _OPENERS:
        raise PipelineError(f"--source {source}: not a source; write {SOURCE_KINDS}")
    return _OPENERS[kind](place, lang, choice)


def open_git(path: str, lang: str, choice: FileChoice) -> SeedReader:
    """Check that a path is a git repository; its commits are read when the reader is called."""
    check_repository(path)
    return partial(read_git, path, choice)


def open_folder(path: str, lang: str, choice: FileChoice | None = None) -> SeedReader:
    """Check that a folder holds a Python file before anything is written."""
    if not Path(path).is_dir():
        raise PipelineError(f"dir:{path}: no such folder; name one with Python files in it")
    choice = choice or FileChoice()
    licence = choice.license or licence_of_folder(Path(path))
    reader = partial(
        read_files, Path(path), project_name(Path(path)), licence, VENDORED_FOLDERS, choice
    )
    return _with_a_row(reader, f"dir:{path}: holds no Python files; name another folder")


def open_stdlib() -> SeedReader:
    """Find the running Python's own library; some distributions ship it compiled alone."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    choice = FileChoice(license="psf-2.0")
    reader = partial(read_files, folder, "python/cpython", "psf-2.0", _NOT_STDLIB, choice)
    return _with_a_row(
        reader,
        f"stdlib: {folder} holds no Python source files; use an interpreter that has them, "
        "or name a folder with dir:PATH",
    )


def open_hub(name: str, lang: str, choice: FileChoice) -> SeedReader:
    return partial(read_hub, DatasetFiles(name, lang), lang, choice.license or UNKNOWN_LICENSE)


def licence_of_folder(folder: Path) -> str:
    """Name the licence by the files at the top of a folder."""
    files = sorted(path for path in folder.iterdir() if is_licence_file(path.name))
    return licence_of_project((path.name, _read_text(path) or "") for path in files)


_OPENERS: dict[str, Callable[[str, str, FileChoice], SeedReader]] = {
    "git": open_git,
    "dir": open_folder,
    "hf": open_hub,
}


def _with_a_row(reader: SeedReader, complaint: str) -> SeedReader:
    if next(reader(), None) is None:
        raise PipelineError(complaint)
    return reader


def read_git(path: str, choice: FileChoice) -> Iterator[Row]:
    """Yield one row for each chosen Python file of a commit with few files.

    Rows that share a commit name its files in `commit_files`, so that nothing parts them.
    """
    repository = repository_name(path)
    edits = mine_edits(path, choice.takes_change, choice.max_files, choice.since, choice.until)
    for edit in edits:
        header = licence_in_header(edit.old_contents or "")
        shared = {"commit_files": list(edit.commit_files)} if len(edit.commit_files) > 1 else {}
        yield {
            "commit": edit.commit,
            "old_file": edit.old_path,
            "new_file": edit.path,
            "old_contents": edit.old_contents,
            "new_contents": edit.new_contents,
            "subject": edit.message.partition("\n")[0],
            "message": edit.message,
            "lang": "Python",
            "license": choice.license or header or edit.license,
            "repos": repository,
        } | shared


def read_files(
    folder: Path, repository: str, licence: str, skipped: frozenset[str], choice: FileChoice
) -> Iterator[Row]:
    """Yield one row per Python file below a folder: code with no edit to it."""
    for path in find_python_files(folder, skipped):
        relative = path.relative_to(folder).as_posix()
        if not choice.takes_path(relative):
            continue
        contents = _read_text(path)
        yield {
            "commit": text_id(relative, contents or ""),
            "old_file": relative,
            "new_file": relative,
            "old_contents": contents,
            "new_contents": "",
            "subject": "",
            "message": "",
            "lang": "Python",
            "license": choice.license or licence_in_header(contents or "") or licence,
            "repos": repository,
        }


def read_hub(files: DatasetFiles, lang: str, licence: str = UNKNOWN_LICENSE) -> Iterator[Row]:
    """Yield the rows of a dataset that has CommitPackFT's fields."""
    for row in files.rows(SEED_FIELDS, REQUIRED_HUB_FIELDS):
        message = row["message"]
        known = {
            "old_file": "",
            "new_file": "",
            "subject": message.partition("\n")[0] if isinstance(message, str) else message,
            "lang": lang,
            "license": licence,
            "repos": "",
        } | {field: value for field, value in row.items() if value is not None}
        yield {field: known.get(field) for field in SEED_FIELDS}


def find_python_files(folder: Path, skipped: frozenset[str]) -> Iterator[Path]:
    """Yield the Python files below a folder in sorted order.

    Hidden folders, virtual environments, links and the `skipped` names are left out.
    """
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".")
            and name.lower() not in skipped
            and not Path(place, name, "pyvenv.cfg").exists()
        )
        for name in sorted(names):
            path = Path(place, name)
            if name.endswith(".py") and path.is_file() and not path.is_symlink():
                yield path


def _read_text(path: Path) -> str | None:
    """Read a file; None where it can't be read, or has more bytes than any source has."""
    try:
        with open(path, "rb") as file:
            contents = file.read(LARGEST_SOURCE + 1)
    except OSError:
        return None
    # Newlines are left as they are, so that a file's id doesn't hang on the platform.
    return None if len(contents) > LARGEST_SOURCE else contents.decode("utf-8", "surrogateescape")
