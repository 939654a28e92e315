"""What an environment has installed: the modules that its programs can import."""

from __future__ import annotations

import hashlib
import json
import subprocess

from utils.errors import PipelineError
from utils.sandbox.environment import Environment

_ASK = """
import importlib.metadata, json, pkgutil, sys
names = {module.name for module in pkgutil.iter_modules()}
packages = [f"{d.name} {d.version}" for d in importlib.metadata.distributions()]
print(json.dumps([sorted(names | sys.stdlib_module_names), sorted(packages)]))
"""


def installed_modules(environment: Environment) -> tuple[frozenset[str], str]:
    """List the modules there are, and name the state that all packages are in."""
    try:
        done = subprocess.run(
            [environment.python, "-I", "-c", _ASK], capture_output=True, text=True, timeout=60
        )
        names, packages = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise PipelineError(
            f"{environment.python}: can't say what it has installed ({error}); name another one"
        ) from None
    state = hashlib.sha256("\n".join([environment.version, *packages]).encode()).hexdigest()
    return frozenset(names), state[:16]
