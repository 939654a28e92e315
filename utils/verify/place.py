"""Where programs are run: a sandbox, what is installed in it, and the part of a key of both."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path

from utils.jsonl import Row
from utils.sandbox.choose import Kind, Sandbox, open_sandbox
from utils.sandbox.limits import RunLimits
from utils.verify.installed import installed_modules


@dataclass(frozen=True)
class Place:
    """The sandbox that a command runs things in, and what a run's key must tell of it."""

    sandbox: Sandbox
    known: frozenset[str]
    scope: str

    def summary(self) -> Row:
        return {
            "sandbox": self.sandbox.name,
            "environment": self.sandbox.environment.version,
            "limits": asdict(self.sandbox.limits),
        }


def open_place(kind: Kind, environment: str | None, limits: RunLimits) -> Place:
    """Open a sandbox for the programs of an environment; NoSandbox if none can be had."""
    sandbox = open_sandbox(kind, Path(environment) if environment else None, limits)
    known, state = installed_modules(sandbox.environment)
    return Place(sandbox, known, repr((sandbox.name, state, sorted(asdict(limits).items()))))
