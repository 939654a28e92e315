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
from utils.seeds.cleaning import UNKNOWN_LICENSE, VENDORED_FOLDERS
from utils.seeds.git_history import check_repository, mine_edits, repository_name

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


def open_source(source: str, lang: str) -> SeedReader:
    """Check a source (`git:PATH`, `stdlib`, ...) and return what reads its rows.

    All that can be checked is checked here, before a row is read; raises PipelineError.
    """
    kind, colon, place = source.partition(":")
    if source == "stdlib":
        return open_stdlib()
    if not colon or not place or kind not in _OPENERS:
        raise PipelineError(f"--source {source}: not a source; write {SOURCE_KINDS}")
    return _OPENERS[kind](place, lang)


def open_git(path: str, lang: str) -> SeedReader:
    """Check that a path is a git repository; its commits are read when the reader is called."""
    check_repository(path)
    return partial(read_git, path)


def open_folder(path: str, lang: str) -> SeedReader:
    """Check that a folder holds a Python file before anything is written."""
    if not Path(path).is_dir():
        raise PipelineError(f"dir:{path}: no such folder; name one with Python files in it")
    name = Path(path).resolve().name
    reader = partial(read_files, Path(path), name, UNKNOWN_LICENSE, VENDORED_FOLDERS)
    return _with_a_row(reader, f"dir:{path}: holds no Python files; name another folder")


def open_stdlib() -> SeedReader:
    """Find the running Python's own library; some distributions ship it compiled alone."""
    folder = Path(sysconfig.get_paths()["stdlib"])
    reader = partial(read_files, folder, "python/cpython", "psf-2.0", _NOT_STDLIB)
    return _with_a_row(
        reader,
        f"stdlib: {folder} holds no Python source files; use an interpreter that has them, "
        "or name a folder with dir:PATH",
    )


def open_hub(name: str, lang: str) -> SeedReader:
    return partial(read_hub, DatasetFiles(name, lang), lang)


_OPENERS: dict[str, Callable[[str, str], SeedReader]] = {
    "git": open_git,
    "dir": open_folder,
    "hf": open_hub,
}


def _with_a_row(reader: SeedReader, complaint: str) -> SeedReader:
    if next(reader(), None) is None:
        raise PipelineError(complaint)
    return reader


def read_git(path: str) -> Iterator[Row]:
    """Yield one row per commit that modifies one Python file and no other."""
    repository = repository_name(path)
    for edit in mine_edits(path):
        yield {
            "commit": edit.commit,
            "old_file": edit.path,
            "new_file": edit.path,
            "old_contents": edit.old_contents,
            "new_contents": edit.new_contents,
            "subject": edit.message.partition("\n")[0],
            "message": edit.message,
            "lang": "Python",
            "license": UNKNOWN_LICENSE,
            "repos": repository,
        }


def read_files(
    folder: Path, repository: str, license_name: str, skipped: frozenset[str]
) -> Iterator[Row]:
    """Yield one row per Python file below a folder: code with no edit to it."""
    for path in find_python_files(folder, skipped):
        relative = path.relative_to(folder).as_posix()
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
            "license": license_name,
            "repos": repository,
        }


def read_hub(files: DatasetFiles, lang: str) -> Iterator[Row]:
    """Yield the rows of a dataset that has CommitPackFT's fields."""
    for row in files.rows(SEED_FIELDS, REQUIRED_HUB_FIELDS):
        message = row["message"]
        known = {
            "old_file": "",
            "new_file": "",
            "subject": message.partition("\n")[0] if isinstance(message, str) else message,
            "lang": lang,
            "license": UNKNOWN_LICENSE,
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
    try:
        # Newlines are left as they are, so that a file's id doesn't hang on the platform.
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return None
