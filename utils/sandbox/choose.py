"""Which sandbox there is on this machine, found out by running a program in it."""

from __future__ import annotations

import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from threading import Event
from typing import Literal, Protocol

from utils.errors import PipelineError
from utils.sandbox.environment import Environment, find_environment
from utils.sandbox.limits import RunLimits
from utils.sandbox.result import RunResult
from utils.sandbox.system_calls import knows_this_machine

Kind = Literal["auto", "sandlock", "bubblewrap"]


class Sandbox(Protocol):
    """Runs programs, each shut in by itself."""

    name: str
    environment: Environment
    limits: RunLimits
    stopped: Event  # while it is set, programs are ended as soon as they are looked at

    def run(self, files: Mapping[str, str], command: Sequence[str]) -> RunResult:
        """Run a command over files in a fresh folder; `{python}` in it is the interpreter."""


class NotHere(Exception):
    """This machine does not have what a sandbox needs; the message says what."""


class NoSandbox(PipelineError):
    """There is no sandbox here; the message says what each of them lacks."""


def open_sandbox(kind: Kind, environment: Path | None, limits: RunLimits) -> Sandbox:
    """Open the first sandbox, or the one that is named, in which a probe is held.

    `environment` is the virtual environment that programs run with, None the one that runs us.
    Raises NoSandbox where none is held.
    """
    found = find_environment(environment)
    missing = []
    for name, make in _BACKENDS.items():
        if kind in ("auto", name):
            try:
                sandbox = make(found, limits)
                _probe(sandbox)
                return sandbox
            except NotHere as error:
                missing.append(f"{name}: {error}")
    raise NoSandbox(f"no sandbox to run programs in ({'; '.join(missing)})")


def _bubblewrap(environment: Environment, limits: RunLimits) -> Sandbox:
    from utils.sandbox.bubblewrap import Bubblewrap

    if not sys.platform.startswith("linux") or not knows_this_machine():
        raise NotHere("is for Linux on x86_64 and aarch64")
    if shutil.which("bwrap") is None:
        raise NotHere("install the program bwrap, as by `apt install bubblewrap`")
    return Bubblewrap(environment, limits)


def _sandlock(environment: Environment, limits: RunLimits) -> Sandbox:
    if not sys.platform.startswith("linux") or not knows_this_machine():
        raise NotHere("is for Linux on x86_64 and aarch64")
    try:
        import sandlock
    except ImportError:
        raise NotHere("install the package sandlock") from None
    from utils.sandbox.sandlock import Sandlock

    if sandlock.landlock_abi_version() < sandlock.min_landlock_abi():
        raise NotHere(f"needs a kernel with Landlock ABI {sandlock.min_landlock_abi()}")
    return Sandlock(environment, limits)


# The one that holds more first: it counts files in full, and shows nothing of the machine.
_BACKENDS: dict[str, Callable[[Environment, RunLimits], Sandbox]] = {
    "bubblewrap": _bubblewrap,
    "sandlock": _sandlock,
}

# What must fail fails, what must work works: each word is printed by what went as it should.
_PROBE = """
import os, pathlib, socket, sys
def fails(act):
    try:
        act()
    except OSError:
        return True
    return False
def connect():
    with socket.socket() as plug:
        plug.settimeout(5)
        plug.connect(("127.0.0.1", int(sys.argv[1])))
pathlib.Path("written").write_text("here")
print(pathlib.Path("written").read_text())
print("no network" if fails(connect) else "a network")
print("no files" if fails(lambda: open(sys.argv[2]).read()) else "files")
print("no writing" if fails(lambda: open(os.path.join(sys.prefix, "probe"), "w")) else "writing")
print("no keys" if "SANDBOX_PROBE" not in os.environ else "keys")
"""
_HELD = ["here", "no network", "no files", "no writing", "no keys"]


def _probe(sandbox: Sandbox) -> None:
    """Run a program that tries what it must not do; NotHere if it could, or did not run."""
    with tempfile.NamedTemporaryFile("w") as secret, socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        secret.write("secret")
        secret.flush()
        port = str(server.getsockname()[1])
        os.environ["SANDBOX_PROBE"] = "secret"
        try:
            result = sandbox.run(
                {"probe.py": _PROBE}, ["{python}", "-I", "probe.py", port, secret.name]
            )
        finally:
            del os.environ["SANDBOX_PROBE"]
    if result.stdout.splitlines() != _HELD:
        said = (result.stderr.strip() or result.stdout.strip() or result.status).splitlines()[-1]
        raise NotHere(f"a probe failed ({said:.200})")
