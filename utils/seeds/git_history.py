"""Edits of single files from the history of a local git repository, and its files of today.

Two git processes serve a whole repository: `git log` names the commits and their files, and
`git cat-file --batch` hands out the contents.
"""

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

from utils.errors import PipelineError

_REGULAR_FILE_MODES = {b"100644", b"100755"}
_NO_FILE_MODE = b"000000"
_CHUNK = 1 << 16
# User settings must not change what git prints, nor may reading fetch anything over a network.
_SETTINGS = ("-c", "log.showSignature=false", "-c", "log.follow=false", "-c", "core.pager=cat")
_VARIABLES = {
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C",
}
# Git sets these for its hooks; they would point it at another repository than the one named.
_UNWANTED_VARIABLES = {"GIT_DIR", "GIT_WORK_TREE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE"}


@dataclass(frozen=True)
class FileChange:
    """One file of a commit: its status (`M`, `A`, ...), path, and blob ids before and after."""

    status: str
    path: str
    old_blob: bytes
    new_blob: bytes
    is_regular: bool


@dataclass(frozen=True)
class FileEdit:
    """What a commit does to one file; texts that aren't UTF-8 hold lone surrogates.

    A version whose blob the repository doesn't have (a partial clone) is None; before the commit
    that adds a file, its contents are empty.
    """

    commit: str
    path: str
    message: str
    old_contents: str | None
    new_contents: str | None


def check_repository(path: str) -> None:
    """Raise PipelineError unless a path is a git repository with a commit."""
    if not Path(path).is_dir():
        raise PipelineError(f"git:{path}: no such folder; name a local git repository")
    answer = _run_git(path, "rev-parse", "--git-dir")
    if answer.returncode:
        raise PipelineError(
            f"git:{path}: not a git repository ({_first_line(answer.stderr)}); "
            f"clone one, or take plain files with dir:{path}"
        )
    if _run_git(path, "rev-parse", "--quiet", "--verify", "HEAD^{commit}").returncode:
        raise PipelineError(f"git:{path}: has no commits on HEAD; check out a branch that has")


def repository_name(path: str) -> str:
    """Name a repository after its remote `origin` (`owner/name`), else after its folder.

    Credentials in the remote's address are left out.
    """
    remote = _run_git(path, "config", "--get", "remote.origin.url").stdout.decode(errors="replace")
    # `git@host:owner/name.git` is git's short form of `ssh://git@host/owner/name.git`.
    short = re.fullmatch(r"[^/:]+:(?!//)(.+)", remote.strip())
    location = short[1] if short else urlsplit(remote.strip()).path
    parts = [part for part in location.removesuffix(".git").split("/") if part]
    is_local = not short and "://" not in remote
    if parts:
        return "/".join(parts[-1:] if is_local else parts[-2:])
    top = _run_git(path, "rev-parse", "--show-toplevel").stdout.decode(errors="replace").strip()
    return Path(top or path).resolve().name.removesuffix(".git")


def mine_edits(
    path: str, wanted: Callable[[FileChange], bool] | None = None, max_files: int = 1
) -> Iterator[FileEdit]:
    """Yield what the commits of HEAD's history did to single files, newest first.

    By default: commits that modify one Python file and no other. `wanted` chooses other changes;
    with `max_files`, a commit of up to so many files gives an edit for each wanted one. Merges,
    renames, mode changes alone, links and submodules are left out.
    """
    wanted = wanted or is_python_edit
    with _git_process(path, "cat-file", "--batch", stdin=subprocess.PIPE) as blobs:
        for commit, message, changes in read_log(path):
            if len(changes) > max_files:
                continue
            for change in filter(wanted, changes):
                is_new = change.status == "A"
                yield FileEdit(
                    commit=commit,
                    path=change.path,
                    message=message,
                    old_contents="" if is_new else _read_blob(blobs, change.old_blob),
                    new_contents=_read_blob(blobs, change.new_blob),
                )


def head_commit(path: str) -> str:
    """Name the commit that is checked out."""
    return _run_git(path, "rev-parse", "HEAD").stdout.decode().strip()


def read_head_files(path: str, wanted: Callable[[str], bool]) -> Iterator[tuple[str, str | None]]:
    """Yield (path, contents) of the wanted regular files of HEAD, in the order of their paths."""
    with (
        _git_process(path, "cat-file", "--batch", stdin=subprocess.PIPE) as blobs,
        _git_process(path, "ls-tree", "-r", "-z", "--full-tree", "HEAD") as tree,
    ):
        assert tree.stdout
        for entry in _split_at_nul(tree.stdout):
            facts, _, name = entry.partition(b"\t")
            mode, _, blob = facts.split(b" ")
            if mode in _REGULAR_FILE_MODES and wanted(_decode(name)):
                yield _decode(name), _read_blob(blobs, blob)


def is_python_edit(change: FileChange) -> bool:
    """Tell whether a change modifies a regular Python file."""
    return is_edit(change) and change.path.endswith(".py")


def is_edit(change: FileChange) -> bool:
    """Tell whether a change modifies the contents of a regular file."""
    return change.status == "M" and change.is_regular and change.old_blob != change.new_blob


def read_log(path: str) -> Iterator[tuple[str, str, list[FileChange]]]:
    """Yield (commit, message, changes) for every commit that is not a merge."""
    command = ("log", "-z", "--raw", "--no-abbrev", "--no-renames", "--no-merges")
    # Messages declared in another encoding are converted by git.
    with _git_process(path, *command, "--encoding=UTF-8", "--format=tformat:%H%n%B") as log:
        assert log.stdout
        tokens = _split_at_nul(log.stdout)
        commit, message, changes = "", "", list[FileChange]()
        for token in tokens:
            token = token.removeprefix(b"\n")
            if token.startswith(b":"):
                changes.append(_parse_change(token, next(tokens)))
            elif token:
                if commit:
                    yield commit, message, changes
                commit, _, message = _decode(token).partition("\n")
                message, changes = message.strip(), []
        if commit:
            yield commit, message, changes


def _parse_change(entry: bytes, path: bytes) -> FileChange:
    old_mode, new_mode, old_blob, new_blob, status = entry[1:].split(b" ")
    return FileChange(
        status=status.decode(),
        path=_decode(path),
        old_blob=old_blob,
        new_blob=new_blob,
        is_regular={old_mode, new_mode} - {_NO_FILE_MODE} <= _REGULAR_FILE_MODES,
    )


def _split_at_nul(stream: IO[bytes]) -> Iterator[bytes]:
    rest = b""
    while chunk := stream.read(_CHUNK):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    if rest:
        yield rest


def _read_blob(process: subprocess.Popen[bytes], blob: bytes) -> str | None:
    assert process.stdin and process.stdout
    process.stdin.write(blob + b"\n")
    process.stdin.flush()
    header = process.stdout.readline().split()
    if len(header) != 3:
        return None
    contents = process.stdout.read(int(header[2]) + 1)
    return _decode(contents[:-1])


def _decode(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


@contextmanager
def _git_process(
    path: str, *arguments: str, stdin: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a git command with a pipe from it for the length of a block; its failure is ours."""
    # Its messages go to a file, since nobody empties a second pipe while the first is read.
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            ["git", *_SETTINGS, "-C", path, *arguments],
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=errors,
            env=_environment(),
        )
        try:
            yield process
            _close_pipes(process)
            failed = process.wait() != 0
        except BrokenPipeError:
            failed = True
        finally:
            # Reached early when the reader of the commits stops before the last.
            process.kill()
            process.wait()
            with suppress(BrokenPipeError):
                _close_pipes(process)
        if failed:
            errors.seek(0)
            raise PipelineError(
                f"git:{path}: git {arguments[0]} failed ({_first_line(errors.read())}); "
                "try `git fsck` there"
            )


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe:
            pipe.close()


def _run_git(path: str, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            ["git", "-C", path, *arguments], capture_output=True, env=_environment()
        )
    except FileNotFoundError:
        raise PipelineError(f"git:{path}: the git command is missing; install git") from None


def _environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if name not in _UNWANTED_VARIABLES}
    return kept | _VARIABLES


def _first_line(output: bytes) -> str:
    lines = output.decode(errors="replace").strip().splitlines()
    return lines[0].removeprefix("fatal: ") if lines else "git says nothing"
