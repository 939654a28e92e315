"""What a server sends, where it sends to, and how long it has requests wait is bounded."""

import asyncio
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.stage2 import log_lines
from utils.generation.client import Client
from utils.providers.bounds import bound_of
from utils.providers.replies import PassingError, RequestRefused, RunRefused

BODY = {"model": "m", "messages": [{"role": "user", "content": "Hi"}], "max_tokens": 10}


@contextmanager
def answering(status: int, headers: dict[str, str], content: bytes) -> Iterator[Any]:
    """Serve one answer to everything; the requests that came are its `seen`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            server.seen.append(self.path)  # type: ignore[attr-defined]
            self.send_response(status)
            for name, value in {**headers, "content-length": str(len(content))}.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(OSError):
                self.wfile.write(content)

        def log_message(self, *said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.seen = []  # type: ignore[attr-defined]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


def ask(server: Any, limit: int | None = None) -> bytes:
    async def send() -> bytes:
        base = f"http://127.0.0.1:{server.server_port}/v1"
        client = Client(base, "secretkey", 4, 20.0, max_response_bytes=limit)
        try:
            return await client.post("/chat/completions", BODY)
        finally:
            await client.close()

    return asyncio.run(send())


@pytest.mark.parametrize("is_packed", [True, False])
def test_an_answer_longer_than_any_can_be_is_refused_while_it_is_unpacked(is_packed: bool) -> None:
    content = b" " * 30_000_000
    headers = {"content-type": "application/json"}
    if is_packed:
        content, headers = gzip.compress(content), headers | {"content-encoding": "gzip"}
    with (
        answering(200, headers, content) as server,
        pytest.raises(RequestRefused, match="longer than .* bytes; raise --max_response_bytes"),
    ):
        ask(server)


def test_a_bound_that_is_set_goes_before() -> None:
    with answering(200, {"content-type": "application/json"}, b"{}" + b" " * 100) as server:
        assert ask(server, 102).startswith(b"{}")
        with pytest.raises(RequestRefused):
            ask(server, 101)
    assert bound_of({"max_tokens": 4096}) * 64 < 1 << 30, "64 in flight stay under 1 GB"
    assert bound_of({"max_tokens": 10, "logprobs": True}) > bound_of({"max_tokens": 10})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_another_host_is_not_followed(status: int) -> None:
    with answering(200, {}, b"{}") as other:
        where = {"location": f"http://localhost:{other.server_port}/v1/chat/completions"}
        with (
            answering(status, where, b"") as server,
            pytest.raises(RunRefused, match="redirects to another host, 'localhost'"),
        ):
            ask(server)
        assert other.seen == [], "the prompt stays with whom it was for"


def test_what_a_server_writes_does_not_reach_the_terminal_as_orders() -> None:
    content = b'{"error": {"message": "\\u001b[2J\\u0007\\u009bno secretkey"}}'
    headers = {"content-type": "application/json"}
    with answering(500, headers, content) as server, pytest.raises(PassingError) as raised:
        ask(server)
    assert str(raised.value) == "HTTP 500: [2J no ***"


@pytest.mark.parametrize("header", [{"retry-after": "1e9"}, {"retry-after-ms": "1e15"}])
def test_a_wait_without_end_is_cut_said_once_and_then_a_failure(header: dict[str, str]) -> None:
    from tests.utils.generation.test_sender import PRICES, RunStatistics
    from utils.generation.model_map import ModelSettings
    from utils.generation.sender import Request, Sender
    from utils.generation.servers import open_channel
    from utils.generation.traffic import Traffic
    from utils.providers.openai_form import parse_reply

    async def send(url: str) -> None:
        traffic = Traffic(1, 8, RunStatistics(PRICES), max_wait=0.01)
        channel = open_channel("m", ModelSettings(url), [url], "key", 1, 20.0)
        request = Request("/x", BODY, 10, lambda content: (parse_reply(content, BODY), None), 0.0)
        try:
            await Sender(traffic, channel).send(request)
        finally:
            await channel.endpoints.close()

    with answering(429, header, b"{}") as server, log_lines() as lines:
        with pytest.raises(PassingError):
            asyncio.run(send(f"http://127.0.0.1:{server.server_port}/v1"))
        assert len(server.seen) == 2
    assert len(lines) == 1 and "waiting --max_wait 0.01, and once only" in lines[0]
