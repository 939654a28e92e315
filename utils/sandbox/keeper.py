"""A process that starts programs with sandlock, and ends all that each of them started.

It runs apart from us, so that it outlives us by as long as it takes to end the programs: each has a
keeper of its own, which everything the program leaves behind falls to, and which ends it all when
the program ends, when we say so, and when we are gone.

    python -m utils.sandbox.keeper CHANNEL POLICY
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import select
import shutil
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from utils.sandbox.system_calls import filter_program
from utils.sandbox.watching import processes_of

_SUBREAPER, _NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 36, 38, 22, 2  # linux/prctl.h
_LARGEST = 1 << 16  # bytes of a request
_PAUSES = (0.01, 0.02, 0.05, 0.1, 0.2)  # seconds before a program is tried to be started again


class _Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("lines", ctypes.c_char_p)]


def serve(channel: socket.socket, policy: Mapping[str, Any]) -> None:
    """Fork a keeper for each request, until nobody is left to ask."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # ended keepers are no zombies
    while True:
        request, descriptors, _, _ = socket.recv_fds(channel, _LARGEST, 1)
        if not request:
            return
        if os.fork() == 0:
            channel.close()
            try:
                _keep(policy, json.loads(request), socket.socket(fileno=descriptors[0]))
            finally:
                os._exit(0)
        os.close(descriptors[0])


def _keep(policy: Mapping[str, Any], request: Mapping[str, Any], control: socket.socket) -> None:
    """Run one program; say our number first, and how it ended when all of it is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    _control(_SUBREAPER, 1)
    control.send(str(os.getpid()).encode())
    code = None
    try:
        code = _run(policy, request, control)
    finally:
        _end_all()
        shutil.rmtree(request["folder"], ignore_errors=True)
        control.send(json.dumps(code).encode())


def _run(
    policy: Mapping[str, Any], request: Mapping[str, Any], control: socket.socket
) -> int | None:
    """Return the exit code of the program, None if it was not started or was ended.

    Sends the pipes that it writes to, and as its errors the reason if it was not started.
    """
    from sandlock import Sandbox

    folder = request["folder"]
    sandbox = Sandbox(
        **policy["options"],
        fs_writable=[folder, *policy["written_devices"]],
        cwd=request["working_folder"],
        env={**policy["variables"], "HOME": request["working_folder"], "TMPDIR": folder},
    )
    said = os.memfd_create("said")
    os.dup2(said, 2)  # what sandlock says: of no interest where it works
    _install(filter_program(policy["filtered"]))
    try:
        with _soft_limits({int(kind): most for kind, most in policy["resources"].items()}):
            program = _started(sandbox, request["command"])
    except RuntimeError as error:
        _send_reason(control, os.pread(said, _LARGEST, 0) + f"{error}\n".encode())
        return None
    socket.send_fds(control, [b"started"], [program.stdout.fileno(), program.stderr.fileno()])
    program.stdout.close()
    program.stderr.close()
    ended = os.pidfd_open(program.pid)
    ready, _, _ = select.select([ended, control.fileno()], [], [])
    how = os.waitid(os.P_PIDFD, ended, os.WEXITED | os.WNOWAIT) if ended in ready else None
    if how is None:
        return None
    return how.si_status if how.si_code == os.CLD_EXITED else -how.si_status


def _started(sandbox: Any, command: list[str]) -> Any:
    """Start a program, which fails now and then; raises RuntimeError if it does for good."""
    from sandlock.sandbox import StdioMode

    for pause in _PAUSES:
        with suppress(RuntimeError):
            return sandbox.popen(command, StdioMode.NULL, StdioMode.PIPED, StdioMode.PIPED)
        time.sleep(pause)
    return sandbox.popen(command, StdioMode.NULL, StdioMode.PIPED, StdioMode.PIPED)


@contextmanager
def _soft_limits(most: Mapping[int, int]) -> Iterator[None]:
    """Lower our own limits for what starts meanwhile, which has no call to raise them again."""
    before = {kind: resource.getrlimit(kind) for kind in most}
    for kind, (_, hard) in before.items():
        soft = most[kind] if hard == resource.RLIM_INFINITY else min(most[kind], hard)
        resource.setrlimit(kind, (soft, hard))
    try:
        yield
    finally:
        for kind, limit in before.items():
            resource.setrlimit(kind, limit)


def _send_reason(control: socket.socket, reason: bytes) -> None:
    pipes = [os.pipe(), os.pipe()]
    os.write(pipes[1][1], reason[:4096])
    socket.send_fds(control, [b"refused"], [read for read, _ in pipes])
    for pipe in pipes:
        for end in pipe:
            os.close(end)


def _end_all() -> None:
    """Kill whatever descends from us until nothing does: what lost its parent fell to us."""
    with suppress(ChildProcessError):
        while True:
            for pid in list(processes_of(os.getpid()))[1:]:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _install(program: bytes) -> None:
    """Filter our own system calls, and those of the program, which inherits the filter."""
    lines = _Filter(len(program) // 8, program)
    _control(_NO_NEW_PRIVILEGES, 1)
    _control(_SECCOMP, _FILTER, ctypes.byref(lines))


def _control(*arguments: Any) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(*arguments, *[0] * (5 - len(arguments))) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


if __name__ == "__main__":
    import sandlock  # noqa: F401  (once, and not by each keeper)

    serve(socket.socket(fileno=int(sys.argv[1])), json.loads(sys.argv[2]))
