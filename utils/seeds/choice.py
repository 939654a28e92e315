"""Which commits and files of a repository or folder are taken."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from fnmatch import fnmatchcase

from utils.errors import PipelineError
from utils.seeds.git_history import FileChange, is_python_edit

MAX_FILES = 3
_TEST_FOLDERS = {"test", "tests", "testing", "unittests", "conftest"}
_TEST_FILE = re.compile(r"test_.*|.*_tests?|tests?|conftest")


@dataclass(frozen=True)
class FileChoice:
    """What to take; `paths` are folders, files or patterns, and none of them takes all."""

    max_files: int = MAX_FILES
    since: str | None = None
    until: str | None = None
    paths: tuple[str, ...] = ()
    exclude_tests: bool = False
    # Stated by the user: no file is asked.
    license: str | None = None

    def __post_init__(self) -> None:
        if self.max_files < 1:
            raise PipelineError(f"--max_files {self.max_files}: must be at least 1")
        # Git takes a bare date for this time of that day, and any other word for today.
        object.__setattr__(self, "since", _as_moment("--since", self.since, "00:00:00"))
        object.__setattr__(self, "until", _as_moment("--until", self.until, "23:59:59"))
        if self.since and self.until and self.since > self.until:
            raise PipelineError(f"--since {self.since}: is after --until {self.until}")

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


def _as_moment(flag: str, said: str | None, time: str) -> str | None:
    if said is None:
        return None
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", said):
            return f"{date.fromisoformat(said)}T{time}Z"
        datetime.fromisoformat(said)
    except ValueError:
        raise PipelineError(f"{flag} {said}: no date; write it as 2024-12-31") from None
    return said
