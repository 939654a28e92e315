"""Serves the stand-in model on loopback until it is told to stop.

Prints its base URL on one line once it listens.
    python -m offline_model --port 0
"""

import argparse
import asyncio
import os
import signal
import sys
import threading

from aiohttp import web

from offline_model.compose import recipes
from offline_model.server import make_app
from utils.cli import run
from utils.errors import PipelineError

HOST = "127.0.0.1"


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m offline_model", description="Serve the embedded stand-in model."
    )
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one (default: 0)")
    parser.add_argument(
        "--misbehave_share",
        type=float,
        default=0.08,
        help="share of conversations that go wrong as models' do (default: 0.08)",
    )
    parser.add_argument(
        "--delay", type=float, default=0.0, help="seconds held before each answer (default: 0)"
    )
    parser.add_argument(
        "--exit_with_stdin",
        action="store_true",
        help="stop when standard input is closed, so that it never outlives its parent",
    )
    return parser.parse_args(argv)


async def serve(app: web.Application, port: int, exit_with_stdin: bool) -> None:
    """Serve until SIGTERM, SIGINT or, where asked for, the end of standard input."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        site = web.TCPSite(runner, HOST, port, backlog=2048, reuse_address=True)
        await site.start()
        sys.stdout.write(f"http://{HOST}:{runner.addresses[0][1]}/v1\n")
        sys.stdout.flush()
        if exit_with_stdin:
            threading.Thread(target=_wait_for_stdin, args=(loop, stop), daemon=True).start()
        await stop.wait()
    finally:
        await runner.cleanup()


def _wait_for_stdin(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    while os.read(sys.stdin.fileno(), 65_536):
        pass
    loop.call_soon_threadsafe(stop.set)


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    if not 0 <= arguments.misbehave_share <= 1:
        raise PipelineError("--misbehave_share must be from 0 to 1")
    if not arguments.delay >= 0:
        raise PipelineError("--delay must be 0 or more seconds")
    recipes()  # read before the port opens, so that the first answer is as fast as the others
    app = make_app(arguments.misbehave_share, arguments.delay)
    try:
        asyncio.run(serve(app, arguments.port, arguments.exit_with_stdin))
    except OSError as error:
        raise PipelineError(f"--port {arguments.port}: {error.strerror or error}") from None


if __name__ == "__main__":
    run(main)
