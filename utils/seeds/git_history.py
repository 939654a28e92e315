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

from utils.errors import PipelineError
from utils.files.redactor import looks_like_key, note_address, without_user
from utils.seeds.licences import is_licence_file, licence_of_project

_REGULAR_FILE_MODES = {b"100644", b"100755"}
_NO_FILE_MODE = b"000000"
_CHUNK = 1 << 16
LARGEST_SOURCE = 1 << 24  # bytes; what is larger is not read
_PART_OF_NAME = re.compile(r"[^@:?#&=%\\]+")
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
    """One file of a commit: its status (`M`, `A`, `R`, ...), path, and blob ids before and after.

    Of a renamed file `path` is the new one.
    """

    status: str
    path: str
    old_blob: bytes
    new_blob: bytes
    is_regular: bool
    old_path: str


@dataclass(frozen=True)
class FileEdit:
    """What a commit does to one file; texts that aren't UTF-8 hold lone surrogates.

    A version whose blob the repository doesn't have (a partial clone), or that is too large, is
    None; before the commit that adds a file, its contents are empty. `commit_files` lists
    the files of its commit that are mined with it, itself among them; `license` is the project's
    at that commit.
    """

    commit: str
    path: str
    message: str
    old_contents: str | None
    new_contents: str | None
    old_path: str
    commit_files: tuple[str, ...]
    license: str


# Folders that are called so because something stands in them, not after what it is.
_SAYS_NOTHING = {"repo", "repos", "repository", "git", ".git", "src", "source", "clone", "checkout"}


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

    Credentials in the remote's address are left out, however malformed it is.
    """
    remote = _run_git(path, "config", "--get", "remote.origin.url").stdout.decode(errors="replace")
    remote = remote.strip()
    note_address(remote)
    if name := _name_in_remote(remote):
        return name
    top = _run_git(path, "rev-parse", "--show-toplevel").stdout.decode(errors="replace").strip()
    return folder_name(Path(top or path))


def _name_in_remote(remote: str) -> str:
    """Read `owner/name` out of a remote's address, '' where something else stands there."""
    # `git@host:owner/name.git` is git's short form of `ssh://git@host/owner/name.git`.
    short = re.fullmatch(r"[^/:@]+@[^/:@]+:(?!//)(.+)|[^/:@]+:(?!//)([^@]+)", remote)
    location = (short[1] or short[2]) if short else remote
    if not short and "://" in remote:
        location = without_user(remote).partition("/")[2]
    parts = [part for part in location.rstrip("/").removesuffix(".git").split("/") if part]
    is_local = not short and "://" not in remote
    telling = [part for part in parts if part.lower() not in _SAYS_NOTHING] or parts
    named = telling[-1:] if is_local else parts[-2:]
    is_plain = all(_PART_OF_NAME.fullmatch(part) and not looks_like_key(part) for part in named)
    return "/".join(named) if is_plain else ""


def folder_name(folder: Path) -> str:
    """Name a project after its folder, or after the nearest above it whose name says something."""
    parts = [part.removesuffix(".git") for part in folder.resolve().parts]
    telling = [part for part in parts if part.lower() not in _SAYS_NOTHING and part.strip("/.")]
    return (telling or parts)[-1]


def project_name(folder: Path) -> str:
    """Name what a folder belongs to: its repository, if it is the top of one, or itself."""
    return repository_name(str(folder)) if (folder / ".git").exists() else folder_name(folder)


def mine_edits(
    path: str,
    wanted: Callable[[FileChange], bool] | None = None,
    max_files: int = 1,
    since: str | None = None,
    until: str | None = None,
) -> Iterator[FileEdit]:
    """Yield what the commits of HEAD's history did to single files, newest first.

    By default: commits that modify one Python file and no other. `wanted` chooses other changes;
    with `max_files`, a commit of up to so many files gives an edit for each wanted one. A file
    that is renamed and edited counts as edited; merges, mere renames, mode changes alone, links
    and submodules are left out. `since` and `until` are dates that git reads.
    """
    wanted = wanted or is_python_edit
    with _git_process(path, "cat-file", "--batch", stdin=subprocess.PIPE) as blobs:
        licences = LicenceReader(blobs)
        for commit, message, changes in read_log(path, since, until):
            chosen = [] if len(changes) > max_files else [*filter(wanted, changes)]
            for change in chosen:
                is_new = change.status == "A"
                yield FileEdit(
                    commit=commit,
                    path=change.path,
                    message=message,
                    old_contents="" if is_new else _read_blob(blobs, change.old_blob),
                    new_contents=_read_blob(blobs, change.new_blob),
                    old_path=change.old_path,
                    commit_files=tuple(each.old_path for each in chosen),
                    license=licences.at(commit),
                )


class LicenceReader:
    """Names the project's licence at a commit; most commits share their files with the last."""

    def __init__(self, blobs: subprocess.Popen[bytes]) -> None:
        self._blobs = blobs
        self._known: dict[tuple[tuple[str, bytes], ...], str] = {}

    def at(self, commit: str) -> str:
        """Read the licence files at the top of a commit's tree."""
        tree = _read_object(self._blobs, f"{commit}^{{tree}}".encode()) or b""
        files = tuple(_licence_files(tree, len(commit) // 2))
        if files not in self._known:
            texts = [(name, _read_blob(self._blobs, blob) or "") for name, blob in files]
            self._known[files] = licence_of_project(texts)
        return self._known[files]


def _licence_files(tree: bytes, id_length: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and blob id of the licence files in a tree, as git stores trees."""
    position = 0
    while position < len(tree):
        end = tree.index(b"\0", position)
        mode, _, name = tree[position:end].partition(b" ")
        position = end + 1 + id_length
        if mode in _REGULAR_FILE_MODES and is_licence_file(_decode(name)):
            yield _decode(name), tree[end + 1 : position].hex().encode()


def head_commit(path: str) -> str:
    """Name the commit that is checked out."""
    return _run_git(path, "rev-parse", "HEAD").stdout.decode().strip()


def head_licence(path: str) -> str:
    """Name the project's licence at the commit that is checked out."""
    with _git_process(path, "cat-file", "--batch", stdin=subprocess.PIPE) as blobs:
        return LicenceReader(blobs).at(head_commit(path))


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
    """Tell whether a change modifies the contents of a regular file, renamed or not."""
    return change.status in ("M", "R") and change.is_regular and change.old_blob != change.new_blob


def read_log(
    path: str, since: str | None = None, until: str | None = None
) -> Iterator[tuple[str, str, list[FileChange]]]:
    """Yield (commit, message, changes) for every commit that is not a merge."""
    # What a partial clone lacks can't be compared, and git would stop there.
    packs = (Path(path, folder, "objects/pack") for folder in (".git", "."))
    is_partial = any(True for pack in packs for _ in pack.glob("*.promisor"))
    renames = "--no-renames" if is_partial else "--find-renames"
    command = ["log", "-z", "--raw", "--no-abbrev", renames, "--no-merges"]
    command += [f"--since={since}"] if since else []
    command += [f"--until={until}"] if until else []
    # Messages declared in another encoding are converted by git.
    with _git_process(path, *command, "--encoding=UTF-8", "--format=tformat:%H%n%B") as log:
        assert log.stdout
        tokens = _split_at_nul(log.stdout)
        commit, message, changes = "", "", list[FileChange]()
        for token in tokens:
            token = token.removeprefix(b"\n")
            if token.startswith(b":"):
                is_moved = token.rpartition(b" ")[2][:1] in (b"R", b"C")
                paths = [next(tokens) for _ in range(1 + is_moved)]
                changes.append(_parse_change(token, paths))
            elif token:
                if commit:
                    yield commit, message, changes
                commit, _, message = _decode(token).partition("\n")
                message, changes = message.strip(), []
        if commit:
            yield commit, message, changes


def _parse_change(entry: bytes, paths: list[bytes]) -> FileChange:
    old_mode, new_mode, old_blob, new_blob, status = entry[1:].split(b" ")
    return FileChange(
        # Of `R087` the number is how alike the files are.
        status=status[:1].decode(),
        path=_decode(paths[-1]),
        old_path=_decode(paths[0]),
        old_blob=old_blob,
        new_blob=new_blob,
        is_regular={old_mode, new_mode} - {_NO_FILE_MODE} <= _REGULAR_FILE_MODES,
    )


def _split_at_nul(stream: IO[bytes]) -> Iterator[bytes]:
    """Yield what stands between zero bytes; of what is larger than any source, the beginning."""
    rest = bytearray()
    while chunk := stream.read(_CHUNK):
        # Joined once: a message of megabytes would else be copied with each piece of it.
        *whole, last = chunk.split(b"\0")
        for part in whole:
            yield bytes(rest + part)
            rest.clear()
        if len(rest) < LARGEST_SOURCE:
            rest += last
    if rest:
        yield bytes(rest)


def _read_blob(process: subprocess.Popen[bytes], blob: bytes) -> str | None:
    contents = _read_object(process, blob)
    return None if contents is None else _decode(contents)


def _read_object(process: subprocess.Popen[bytes], blob: bytes) -> bytes | None:
    assert process.stdin and process.stdout
    process.stdin.write(blob + b"\n")
    process.stdin.flush()
    header = process.stdout.readline().split()
    if len(header) != 3:
        return None
    left = int(header[2]) + 1
    if left > LARGEST_SOURCE:
        while left:  # git writes it, come what may
            piece = process.stdout.read(min(left, _CHUNK))
            left -= len(piece) or left
        return None
    return process.stdout.read(left)[:-1]


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
