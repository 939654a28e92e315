"""The Python that programs run with: its interpreter, and the paths it must be able to read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from utils.errors import PipelineError

# What a program sees of the environment it was started in, but for PATH and its own folder.
# One thread for each numeric library: its limits are for the program, not for idle threads.
VARIABLES = {
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    "USER": "nobody",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONIOENCODING": "utf-8",
    "MPLBACKEND": "Agg",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "2",
}
_ASK = """
import json, sys, sysconfig
paths = sysconfig.get_paths()
print(json.dumps({
    "prefix": sys.prefix,
    "folders": [paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")],
    "libraries": sysconfig.get_config_var("LIBDIR") or "",
    "version": sys.version,
}))
"""
# Where the loader finds the libraries that an interpreter and its packages are linked with.
_SYSTEM = ("/lib", "/lib64", "/lib32", "/usr/lib", "/usr/lib64", "/usr/lib32", "/etc/ld.so.cache")
_PATIENCE = 60.0  # seconds for an interpreter to say where it lives


@dataclass(frozen=True)
class Environment:
    """An interpreter, and all that a program run by it may read: files and folders."""

    python: str
    version: str
    readable: tuple[str, ...]

    @property
    def variables(self) -> dict[str, str]:
        """The environment variables of a program; its own folder's are added by who runs it."""
        return {"PATH": str(Path(self.python).parent), **VARIABLES}


def find_environment(folder: Path | None) -> Environment:
    """Ask a virtual environment's interpreter where it lives; None is the one that runs us."""
    python = Path(sys.executable) if folder is None else folder.absolute() / "bin" / "python"
    if not python.exists():
        raise PipelineError(f"{folder}: has no bin/python; name a virtual environment")
    try:
        done = subprocess.run(
            [python, "-I", "-c", _ASK], capture_output=True, text=True, timeout=_PATIENCE
        )
        said = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise PipelineError(f"{python}: does not run ({error}); name another one") from None
    folders = [said["prefix"], *said["folders"], *_system_folders()]
    found = [*_links(python), *_shared_library(said["libraries"]), *folders]
    return Environment(str(python), said["version"], tuple(_outermost(found)))


def _system_folders() -> list[str]:
    return [path for path in _SYSTEM if Path(path).exists()]


def _links(path: Path) -> Iterator[str]:
    """Name the interpreter as it is called and what it stands for, link by link."""
    yield str(path)
    while path.is_symlink():
        path = Path(path.parent, path.readlink())
        path = path.parent.resolve() / path.name
        yield str(path)


def _shared_library(folder: str) -> list[str]:
    return [str(path) for path in Path(folder).glob("libpython*.so*")] if folder else []


def _outermost(paths: list[str]) -> list[str]:
    """Leave out what lies in another one; a prefix that holds the whole system is not taken."""
    whole = {"/", "/usr", "/usr/local"}
    paths = [path for path in dict.fromkeys(paths) if path not in whole]
    return [path for path in paths if not any(_lies_in(path, other) for other in paths)]


def _lies_in(path: str, other: str) -> bool:
    return other != path and Path(other) in Path(path).parents
