"""A model server of the user's own, started for a run, and ended with it however the run ends.

Between the two stands this module as a process: its standard input closes when the run is gone, be
it by `kill -9`, and then it ends the server and all that the server has started.
"""

import os
import shlex
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from utils.cli import log
from utils.errors import PipelineError

PORT = "{port}"
POLL_SECONDS = 0.2
SAY_SECONDS = 60.0
GRACE_SECONDS = 10.0
SHOWN_LOG = 300  # characters
_PROJECT = Path(__file__).resolve().parents[2]


@contextmanager
def own_server(command: str, log_path: Path) -> Iterator[str]:
    """Run a server's command, with a free port for `{port}`; yields its base once it answers.

    What it prints goes to the log. Raises PipelineError if it ends before it answers.
    """
    port = _free_port()
    words = server_words(command, port)
    log.info("starting %s; its output -> %s", shlex.join(words), log_path)
    keeper = [sys.executable, "-m", "utils.generation.own_server", os.getcwd(), *words]
    with (
        open(log_path, "wb") as output,
        subprocess.Popen(
            keeper,
            cwd=_PROJECT,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is the run's, which still waits for answers
        ) as server,
    ):
        assert server.stdin is not None
        try:
            base = f"http://127.0.0.1:{port}/v1"
            _wait_until_it_answers(base, server, log_path)
            yield base
        finally:
            server.stdin.close()
            server.wait()


def server_words(command: str, port: int) -> list[str]:
    """Split a command into words without a shell, and fill in the port; PipelineError if none."""
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise PipelineError(f"--start_server {command!r}: {error}; mend the quotes") from None
    if not any(PORT in word for word in words):
        raise PipelineError(
            f"--start_server {command!r}: has no {PORT}; write it where the server takes its port"
        )
    return [word.replace(PORT, str(port)) for word in words]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _wait_until_it_answers(base: str, server: "subprocess.Popen[bytes]", log_path: Path) -> None:
    started = said = time.monotonic()
    while not _answers(f"{base}/models"):
        if server.poll() is not None:
            ending = log_path.read_bytes()[-SHOWN_LOG:].decode("utf-8", "replace")
            raise PipelineError(
                f"--start_server: the server ended before it answered; {log_path} ends with: "
                f"{' '.join(ending.split())}"
            )
        if time.monotonic() - said > SAY_SECONDS:
            said = time.monotonic()
            log.info("the server does not answer yet, after %.0f s", said - started)
        time.sleep(POLL_SECONDS)


def _answers(url: str) -> bool:
    """Ask whether a server is there, and not just loading its model."""
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(url, timeout=5):
            return True
    except urllib.error.HTTPError as error:
        return error.code < 500
    except (OSError, ValueError):
        return False


def keep(folder: str, command: Sequence[str]) -> int:
    """Run a command in a folder until it ends or the standard input closes; then end it all."""
    try:
        server = subprocess.Popen(
            command, cwd=folder, stdin=subprocess.DEVNULL, start_new_session=True
        )
    except OSError as error:
        sys.stderr.write(f"{command[0]}: {error.strerror}\n")
        return 127

    def end_with_input() -> None:
        while os.read(0, 4096):  # not by `sys.stdin`, whose lock a thread may hold at the end
            pass
        _signal_all(server.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            server.wait(GRACE_SECONDS)
        _signal_all(server.pid, signal.SIGKILL)

    threading.Thread(target=end_with_input, daemon=True).start()
    code = server.wait()
    _signal_all(server.pid, signal.SIGKILL)  # workers that outlive it
    return code


def _signal_all(group: int, number: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


if __name__ == "__main__":
    sys.exit(keep(sys.argv[1], sys.argv[2:]))
