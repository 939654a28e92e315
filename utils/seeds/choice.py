"""Which commits and files of a repository or folder are taken."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt, StringConstraints

from utils.cli import Flag
from utils.seeds.git_history import FileChange, is_python_edit

_TEST_FOLDERS = {"test", "tests", "testing", "unittests", "conftest"}
_TEST_FILE = re.compile(r"test_.*|.*_tests?|tests?|conftest")


def day_begins(said: str) -> str:
    """Give the first moment of a bare date; a moment stays as it is."""
    return _as_moment(said, "00:00:00")


def day_ends(said: str) -> str:
    """Give the last moment of a bare date; a moment stays as it is."""
    return _as_moment(said, "23:59:59")


def _as_moment(said: str, time: str) -> str:
    # Git takes a bare date for this time of that day, and any other word for today.
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", said):
            return f"{date.fromisoformat(said)}T{time}Z"
        datetime.fromisoformat(said)
    except ValueError:
        raise ValueError(f"{said} is no date; write it as 2024-12-31") from None
    return said


@dataclass(frozen=True)
class FileChoice:
    """What to take; `paths` are folders, files or patterns, and none of them takes all."""

    max_files: Annotated[PositiveInt, Field(description="take commits of up to so many files")] = 3
    since: Annotated[
        Annotated[str, AfterValidator(day_begins)] | None,
        Flag(metavar="DATE"),
        Field(description="take no earlier commits"),
    ] = None
    until: Annotated[
        Annotated[str, AfterValidator(day_ends)] | None,
        Flag(metavar="DATE"),
        Field(description="take no later commits"),
    ] = None
    paths: Annotated[
        tuple[str, ...], Field(description="folders, files or patterns to take; none: all")
    ] = ()
    exclude_tests: Annotated[bool, Field(description="leave the files of tests out")] = False
    # Stated by the user: no file is asked.
    license: Annotated[
        Annotated[str, StringConstraints(to_lower=True)] | None,
        Flag(metavar="NAME"),
        Field(description="the licence of git: and dir: sources; None: read it"),
    ] = None

    def __post_init__(self) -> None:
        if self.since and self.until and self.since > self.until:
            raise ValueError(
                f"--since {self.since}: after --until {self.until}; set an earlier --since"
            )

    def takes_change(self, change: FileChange) -> bool:
        """Tell whether a change is an edit of a Python file that is taken."""
        return is_python_edit(change) and self.takes_path(change.path)

    def takes_path(self, path: str) -> bool:
        """Tell whether a path is taken."""
        if self.exclude_tests and is_test(path):
            return False
        return not self.paths or any(_is_below(path, pattern) for pattern in self.paths)


def is_test(path: str) -> bool:
    """Tell whether a path is a test's, by its folders or its name."""
    *folders, name = path.lower().split("/")
    is_in_tests = not _TEST_FOLDERS.isdisjoint(folders)
    return is_in_tests or _TEST_FILE.fullmatch(name.removesuffix(".py")) is not None


def _is_below(path: str, pattern: str) -> bool:
    pattern = pattern.removeprefix("./").rstrip("/")
    is_inside = pattern == "." or path == pattern or path.startswith(pattern + "/")
    return is_inside or fnmatchcase(path, pattern)
