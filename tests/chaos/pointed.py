"""Start a script as a process that has its imports already, and its stand-in model running.

Who starts a script hundreds of times then waits for neither, and can count the model's answers.
"""

import os
import runpy
import sys
from contextlib import nullcontext
from itertools import count
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.chaos.methods import METHODS, Method
from utils.generation import run

_numbers = count(1)
_starting = get_context("forkserver")
_starting.set_forkserver_preload(
    ["tests.chaos.pointed", "uvloop", *sorted({method.module for method in METHODS.values()})]
)


class ScriptRun:
    """A script's run in a folder, as a process of its own; what it says is kept in a file."""

    def __init__(self, folder: Path, method: Method, url: str, *more: str) -> None:
        self._said = folder.parent / f"{folder.name}-{next(_numbers)}.said"
        words = [*method.words.split(), *more]
        self.process: ForkServerProcess = _starting.Process(
            target=_run_script, args=(folder, self._said, url, method.module, words)
        )
        self.process.start()

    @property
    def is_over(self) -> bool:
        return self.process.exitcode is not None

    def kill(self) -> None:
        self.process.kill()
        self.process.join()

    def end(self) -> tuple[int, str]:
        """Wait for its end; returns the exit code and what it said."""
        self.process.join()
        return self.process.exitcode or 0, self._said.read_text()


def _run_script(folder: Path, said: Path, url: str, module: str, words: list[str]) -> None:
    os.chdir(folder)
    os.dup2(os.open(said, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666), sys.stderr.fileno())
    run.embedded_server = lambda: nullcontext(url)
    sys.argv = [module, *words]
    del sys.modules[module]  # its imports stay
    runpy.run_module(module, run_name="__main__", alter_sys=True)
