"""Programs in namespaces of their own, made by the program bubblewrap (`bwrap`).

A program sees a file system of the interpreter's files, read-only, and one small tmpfs, `/tmp`,
with its folder in it; no network device; no other process. All of it ends with the first process
of its process namespace.
"""

from __future__ import annotations

import json
import os
import resource
import select
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from math import ceil
from pathlib import Path
from threading import Event

from utils.sandbox.environment import Environment
from utils.sandbox.limits import RunLimits
from utils.sandbox.result import RunResult
from utils.sandbox.system_calls import filter_program
from utils.sandbox.watching import watch

FOLDER = "/tmp/program"  # the working folder of a program
_DEVICES = ("null", "zero", "full", "random", "urandom")
_LINKS = {
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
    "/dev/shm": "/tmp",
}
_MEGABYTE = 1 << 20
# Names the process that made a sandbox, in the environment of `bwrap`: no program sees it.
_OWNER = "EDITLOOM_SANDBOX_OF"


class Bubblewrap:
    """Runs programs with `bwrap`, each in namespaces of its own."""

    name = "bubblewrap"

    def __init__(self, environment: Environment, limits: RunLimits) -> None:
        self.environment = environment
        self.limits = limits
        self.stopped = Event()
        self._filter = filter_program()
        end_left_behind()

    def run(self, files: Mapping[str, str], command: Sequence[str]) -> RunResult:
        """Run a command over files in a fresh folder; `{python}` in it is the interpreter."""
        with ExitStack() as stack:
            program = _Program(self, files, command, stack)
            return watch(program, self.limits, self.stopped)

    def arguments(self) -> Iterator[str]:
        """Yield the options of `bwrap` that are the same for all programs."""
        yield from ("--unshare-user", "--unshare-all", "--die-with-parent", "--new-session")
        yield from ("--disable-userns", "--cap-drop", "ALL", "--uid", "65534", "--gid", "65534")
        yield from ("--hostname", "sandbox", "--clearenv")
        variables = {**self.environment.variables, "HOME": FOLDER, "TMPDIR": "/tmp"}
        for name, value in variables.items():
            yield from ("--setenv", name, value)
        # First: the environment may lie in the real /tmp, and is then mounted inside this one.
        yield from ("--size", str(self.limits.scratch_mb * _MEGABYTE), "--tmpfs", "/tmp")
        for path in self.environment.readable:
            if os.path.islink(path):
                yield from ("--symlink", os.readlink(path), path)
            else:
                yield from ("--ro-bind", path, path)
        # Read-only: for the kernel, root in a namespace is root where settings are written.
        yield from ("--proc", "/proc", "--remount-ro", "/proc")
        for device in _DEVICES:
            yield from ("--dev-bind", f"/dev/{device}", f"/dev/{device}")
        for name, target in _LINKS.items():
            yield from ("--symlink", target, name)
        yield from ("--dir", FOLDER, "--chdir", FOLDER, "--remount-ro", "/")


class _Program:
    """One program in a `bwrap`, and what of it `watch` needs."""

    def __init__(
        self,
        sandbox: Bubblewrap,
        files: Mapping[str, str],
        command: Sequence[str],
        stack: ExitStack,
    ) -> None:
        self._limits = sandbox.limits
        self._pid: int | None = None  # the first process of the namespace, as seen from outside
        self._pidfd: int | None = None
        self._stack = stack
        said_by, said_to = os.pipe()
        # It has both ends: were we killed now, it would take an end of file for the word to go.
        go_by, go_to = os.pipe()
        self._keep(go_to)
        given = {name: self._memory_file(text.encode()) for name, text in files.items()}
        rules = self._memory_file(sandbox._filter)
        arguments = ["bwrap", *sandbox.arguments()]
        for name, descriptor in given.items():
            arguments += ["--file", str(descriptor), f"{FOLDER}/{name}"]
        arguments += ["--json-status-fd", str(said_to), "--block-fd", str(go_by)]
        arguments += ["--seccomp", str(rules), "--"]
        arguments += [word.replace("{python}", sandbox.environment.python) for word in command]
        self._process = stack.enter_context(
            subprocess.Popen(
                arguments,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                pass_fds=[said_to, go_by, go_to, rules, *given.values()],
                start_new_session=True,
                env={
                    "PATH": os.environ.get("PATH", os.defpath),
                    _OWNER: owner_mark(os.getpid()),
                },
            )
        )
        stack.callback(self._process.kill)  # before what waits for it, whatever goes wrong here
        assert self._process.stdout is not None and self._process.stderr is not None
        self.stdout = self._process.stdout.fileno()
        self.stderr = self._process.stderr.fileno()
        self.ended = self._keep(os.pidfd_open(self._process.pid))
        os.close(said_to)
        os.close(go_by)
        self._said = stack.enter_context(os.fdopen(said_by, "rb"))
        self._begin(go_to)

    def _begin(self, go_to: int) -> None:
        """Limit the first process, which waits for it: what it starts inherits the limits."""
        said = self._said.readline()  # nothing if `bwrap` gave up
        if not said:
            return
        self._pid = int(json.loads(said)["child-pid"])
        with suppress(ProcessLookupError, BrokenPipeError):
            self._pidfd = self._keep(os.pidfd_open(self._pid))
            for kind, most in _resources(self._limits).items():
                hard = resource.getrlimit(kind)[1]
                resource.prlimit(self._pid, kind, _within(most, hard))
            os.write(go_to, b"1")

    def root(self) -> int | None:
        return self._pid

    def overfull(self) -> bool:
        return False  # its tmpfs has a size

    def kill(self) -> None:
        if self._pidfd is not None:
            with suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)
        self._process.kill()

    def finish(self) -> int | None:
        self._process.wait()
        if self._pidfd is not None:
            # Readable when the last process of the namespace is gone: the first one waits for it.
            select.select([self._pidfd], [], [])
            # It is our own child where we are the first process of a container.
            with suppress(ChildProcessError):
                os.waitpid(self._pid or 0, os.WNOHANG)
        for line in self._said:
            if (code := json.loads(line).get("exit-code")) is not None:
                return 128 - code if code > 128 else code
        return None

    def _keep(self, descriptor: int) -> int:
        self._stack.callback(os.close, descriptor)
        return descriptor

    def _memory_file(self, content: bytes) -> int:
        descriptor = self._keep(os.memfd_create("file"))
        with open(descriptor, "wb", closefd=False) as file:
            file.write(content)
        os.lseek(descriptor, 0, os.SEEK_SET)
        return descriptor


def owner_mark(pid: int) -> str:
    """Name a process for good: its number is given again, its start and namespace are not."""
    fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
    return f"{os.stat('/proc/self/ns/pid').st_ino}:{pid}:{int(fields[19])}"


def end_left_behind() -> None:
    """End sandboxes whose owner was killed in the moment in which it made them."""
    namespace = owner_mark(os.getpid()).partition(":")[0]
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            variables = path.read_bytes().decode("utf-8", "replace").split("\0")
            mark = next((each for each in variables if each.startswith(f"{_OWNER}=")), "")
            owner = mark.partition("=")[2]
            if owner.startswith(f"{namespace}:") and not _is_alive(owner):
                os.kill(int(path.parent.name), signal.SIGKILL)


def _is_alive(owner: str) -> bool:
    try:
        return owner_mark(int(owner.split(":")[1])) == owner
    except (OSError, ValueError, IndexError):
        return False


def _within(most: tuple[int, int], hard: int) -> tuple[int, int]:
    """Keep a limit within the one that we have ourselves, which nobody may raise."""
    return most if hard == resource.RLIM_INFINITY else (min(most[0], hard), min(most[1], hard))


def _resources(limits: RunLimits) -> dict[int, tuple[int, int]]:
    """The kernel's own limits, each for one process: they hold between two looks at all of them."""
    seconds = ceil(limits.cpu_seconds) + 1
    memory = limits.memory_mb * _MEGABYTE
    return {
        resource.RLIMIT_CPU: (seconds, seconds + 1),
        resource.RLIMIT_DATA: (memory, memory),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_NOFILE: (256, 256),
        resource.RLIMIT_NPROC: (limits.processes + 2, limits.processes + 2),
    }
