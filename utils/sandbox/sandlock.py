"""Programs shut in by the package sandlock: Landlock and seccomp, without namespaces.

A program sees the machine's own file system and may open the interpreter's files and its own
folder, which lies on the disk; it can make no socket; other processes are out of its reach.
"""

from __future__ import annotations

import json
import os
import platform
import resource
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import weakref
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from math import ceil
from pathlib import Path
from threading import Event

from utils.errors import PipelineError
from utils.sandbox.environment import Environment
from utils.sandbox.limits import RunLimits
from utils.sandbox.result import RunResult
from utils.sandbox.system_calls import names_of_denied
from utils.sandbox.watching import processes_of, watch

_PROJECT = Path(__file__).parents[2]
_DEVICES = [f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom")]
_WRITTEN_DEVICES = _DEVICES[:3]  # what is written to them is nowhere
_MEGABYTE = 1 << 20
_NOBODY = 65534
_ROUNDING = 1 << 20  # what folders take, and files beyond their length: one full file is no excess
# What reaches files and processes that Landlock leaves open: other owners' modes and times, and
# limits, priorities and processors of any process of the same user. `prlimit64` sets our limits.
_UNGUARDED = [
    *("fchmod", "fchmodat", "fchmodat2", "fchown", "fchownat", "utimensat", "mknodat"),
    *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
    *("prlimit64", "setrlimit", "setpriority", "ioprio_set", "migrate_pages", "move_pages"),
    *("sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr"),
    *("process_madvise", "clock_settime", "settimeofday", "clock_adjtime", "adjtimex", "listen"),
]
_UNGUARDED_X86 = ["chmod", "chown", "lchown", "mknod", "utime", "utimes", "futimesat"]
# sandlock asks itself about `socket`, and clone3 it answers itself: it takes neither in its list.
_ITS_OWN = {"socket", "clone3"}


class Sandlock:
    """Runs programs with `sandlock`, each by a keeper of its own in another process."""

    name = "sandlock"

    def __init__(self, environment: Environment, limits: RunLimits) -> None:
        self.environment = environment
        self.limits = limits
        self.stopped = Event()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.channel = ours
        with theirs:
            server = subprocess.Popen(
                [
                    sys.executable,
                    "-m",
                    "utils.sandbox.keeper",
                    str(theirs.fileno()),
                    self._policy(),
                ],
                cwd=_PROJECT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,
            )
        weakref.finalize(self, _end, ours, server)

    def run(self, files: Mapping[str, str], command: Sequence[str]) -> RunResult:
        """Run a command over files in a fresh folder; `{python}` in it is the interpreter."""
        with ExitStack() as stack:
            program = _KeptProgram(self, files, command, stack)
            return watch(program, self.limits, self.stopped)

    def _policy(self) -> str:
        denied = [*(name for name in names_of_denied() if name not in _ITS_OWN), *_UNGUARDED]
        if platform.machine() == "x86_64":
            denied += _UNGUARDED_X86
        options: dict[str, object] = {
            "name": "sandbox",
            "fs_readable": [*self.environment.readable, *_DEVICES],
            "clean_env": True,
            "max_processes": self.limits.processes,
            "extra_deny_syscalls": denied,
        }
        if os.getuid() == 0:  # in a user namespace, it has none of root's capabilities
            options |= {"uid": _NOBODY, "gid": _NOBODY}
        policy = {
            "options": options,
            "written_devices": _WRITTEN_DEVICES,
            "variables": self.environment.variables,
            "filtered": ["socket"],
            "resources": _soft_resources(self.limits),
        }
        return json.dumps(policy)


class _KeptProgram:
    """One program with its keeper, and what of it `watch` needs."""

    def __init__(
        self,
        sandbox: Sandlock,
        files: Mapping[str, str],
        command: Sequence[str],
        stack: ExitStack,
    ) -> None:
        self._most = sandbox.limits.scratch_mb * _MEGABYTE
        self._folder = tempfile.mkdtemp(prefix="sandbox-")
        stack.callback(shutil.rmtree, self._folder, ignore_errors=True)  # the keeper does it first
        working = Path(self._folder, "program")
        working.mkdir()
        for name, text in files.items():
            path = working / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control = stack.enter_context(control)
        self.ended = control.fileno()
        words = [word.replace("{python}", sandbox.environment.python) for word in command]
        request = {"command": words, "folder": self._folder, "working_folder": str(working)}
        with theirs:
            socket.send_fds(sandbox.channel, [json.dumps(request).encode()], [theirs.fileno()])
        self._keeper = int(control.recv(100) or 0) or None
        _, outputs, _, _ = socket.recv_fds(control, 100, 2)
        for output in outputs:
            stack.callback(os.close, output)
        if len(outputs) != 2:
            raise PipelineError("sandlock: the process that keeps a program has ended; try again")
        self.stdout, self.stderr = outputs

    def root(self) -> int | None:
        return self._keeper

    def kill(self) -> None:
        with suppress(OSError):
            self._control.shutdown(socket.SHUT_WR)  # the keeper sees that there is no more to hear

    def finish(self) -> int | None:
        said = b""
        with suppress(ConnectionError):
            while part := self._control.recv(100):
                said = part
        code: int | None = json.loads(said or b"null")
        return code

    def overfull(self) -> bool:
        """Say whether its files, and those it holds open without a name, are too large."""
        total = sum(_sizes_in(self._folder))
        if self._keeper is not None:
            total += sum(_nameless_sizes(self._keeper))
        return total > self._most + _ROUNDING


def _end(channel: socket.socket, server: subprocess.Popen[bytes]) -> None:
    channel.close()
    server.wait()


def _soft_resources(limits: RunLimits) -> dict[int, int]:
    return {
        resource.RLIMIT_CPU: ceil(limits.cpu_seconds) + 1,
        resource.RLIMIT_DATA: limits.memory_mb * _MEGABYTE,
        resource.RLIMIT_FSIZE: limits.scratch_mb * _MEGABYTE,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 256,
    }


def _sizes_in(folder: str) -> Iterator[int]:
    for path, folders, names in os.walk(folder):
        for name in (*folders, *names):
            with suppress(OSError):
                yield os.lstat(os.path.join(path, name)).st_blocks * 512


def _nameless_sizes(root: int) -> Iterator[int]:
    files = {}
    for pid in list(processes_of(root))[1:]:
        with suppress(OSError):
            for name in os.listdir(f"/proc/{pid}/fd"):
                with suppress(OSError):
                    found = os.stat(f"/proc/{pid}/fd/{name}")
                    if stat.S_ISREG(found.st_mode) and found.st_nlink == 0:
                        files[found.st_dev, found.st_ino] = found.st_blocks * 512
    yield from files.values()
