"""Starts the embedded stand-in model as a server on loopback, and stops it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.errors import PipelineError

_PROJECT = Path(__file__).resolve().parents[2]


@contextmanager
def embedded_server() -> Iterator[str]:
    """Run `python -m offline_model` while the block lasts; yields its base URL.

    It has a session of its own, so that Ctrl-C at the terminal reaches the stage alone, which still
    waits for answers; its standard input is a pipe, so that it ends with the stage, come what may.
    """
    command = [sys.executable, "-m", "offline_model", "--port", "0", "--exit_with_stdin"]
    with subprocess.Popen(
        command,
        cwd=_PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            if not url:
                raise PipelineError("the embedded model did not start; see its message above")
            yield url
        finally:
            server.terminate()
