import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from time import time
from typing import Any

import pytest

from tests.fault_server import FaultServer
from utils.generation.client import (
    Client,
    retry_after_seconds,
)
from utils.providers.openai_form import completion_path, guess_prompt_tokens, parse_reply
from utils.providers.replies import PassingError, Reply, RequestRefused, RunRefused, Usage

KEY = "sk-planted-0123456789"


def body(text: str = "hello", **more: Any) -> dict[str, Any]:
    return {
        "model": "m",
        "messages": [{"role": "user", "content": text}],
        "max_tokens": 2048,
        "seed": 1,
        **more,
    }


def ask(base_url: str, text: str = "hello", timeout: float = 5.0, request: Any = None) -> Reply:
    async def once() -> Reply:
        client = Client(base_url, KEY, 4, timeout)
        try:
            sent = request or body(text)
            content = await client.post(completion_path(sent), sent)
            return client.read(content, lambda each: parse_reply(each, sent))
        finally:
            await client.close()

    return asyncio.run(once())


@contextmanager
def raw_server(answer: bytes) -> Iterator[str]:
    """Answer each connection with the same bytes, then close it."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(65536)
                    connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


@pytest.fixture(scope="module")
def server() -> Iterator[FaultServer]:
    with FaultServer({"retry_after": 3, "hang": 30}) as running:
        yield running


def test_a_reply_holds_text_finish_reason_and_usage(server: FaultServer) -> None:
    reply = ask(server.url, "x" * 400)
    assert reply.text.startswith("answer ") and reply.finish_reason == "stop"
    assert reply.usage == Usage(prompt_tokens=101, completion_tokens=20)


@pytest.mark.parametrize(("mark", "finish"), [("", "stop"), ("<<length>>", "length")])
def test_a_plain_prompt_goes_to_the_completion_endpoint(
    server: FaultServer, mark: str, finish: str
) -> None:
    request = {"model": "m", "prompt": "x" * 400 + mark, "max_tokens": 9, "stop": ["<|end|>"]}
    reply = ask(server.url, request=request)
    assert reply.text.startswith("answer ") and reply.finish_reason == finish
    assert server.state.bodies[-1] == request and reply.usage.prompt_tokens > 100
    with pytest.raises(PassingError) as caught:
        ask(server.url, request={"model": "m", "prompt": "<<429>>", "max_tokens": 9})
    assert caught.value.throttled


def test_a_text_that_needs_no_completion_is_answered_by_none() -> None:
    def answer(finish: str) -> bytes:
        return json.dumps({"choices": [{"text": "", "finish_reason": finish}]}).encode()

    request = {"model": "m", "prompt": "x", "max_tokens": 9}
    assert parse_reply(answer("stop"), request).text == ""
    assert parse_reply(answer("length"), request).text == ""
    with pytest.raises(PassingError):
        parse_reply(answer("load"), request)


def test_the_request_carries_body_and_key(server: FaultServer) -> None:
    ask(server.url, "grüß \ud800 dich")
    assert server.state.bodies[-1] == body("grüß \ud800 dich")
    assert server.state.headers[-1]["Authorization"] == f"Bearer {KEY}"
    assert server.state.headers[-1]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    ("fault", "cause"),
    [
        ("408", "408"),
        ("409", "409"),
        ("425", "425"),
        ("429", "429"),
        ("500", "500"),
        ("502", "502"),
        ("503", "503"),
        ("reset", "connection"),
        ("close", "connection"),
        ("broken_json", "unparseable"),
        ("empty_body", "unparseable"),
        ("no_choices", "unparseable"),
        ("empty_content", "empty"),
        ("null_content", "empty"),
        ("hang", "timeout"),
        ("trickle", "timeout"),
    ],
)
def test_a_failure_that_may_pass_is_told_by_its_cause(
    server: FaultServer, fault: str, cause: str
) -> None:
    with pytest.raises(PassingError) as caught:
        ask(server.url, f"<<{fault}>>", timeout=0.3)
    assert caught.value.cause == cause
    assert caught.value.throttled == (cause in ("429", "503"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("fault", ["400_too_long", "400_filter", "withheld"])
def test_a_request_refused_for_good_is_told_apart(server: FaultServer, fault: str) -> None:
    with pytest.raises(RequestRefused):
        ask(server.url, f"<<{fault}>>")


@pytest.mark.parametrize("fault", ["401", "402", "403", "404_model", "400_model", "429_quota"])
def test_what_meets_every_request_alike_ends_the_run(server: FaultServer, fault: str) -> None:
    with pytest.raises(RunRefused, match=f"{server.url}: HTTP {fault[:3]}"):
        ask(server.url, f"<<{fault}>>")


def test_a_wrong_path_says_what_to_check(server: FaultServer) -> None:
    with pytest.raises(RunRefused, match="HTTP 404.*check 'base' and 'model'"):
        ask(server.url + "/wrong")


@pytest.mark.parametrize("kind", ["429_seconds", "429_ms", "429_date"])
def test_the_wait_that_a_server_asks_for_is_read(server: FaultServer, kind: str) -> None:
    with pytest.raises(PassingError) as caught:
        ask(server.url, f"<<{kind}>>")
    assert caught.value.retry_after == pytest.approx(3, abs=1.1)


@pytest.mark.parametrize(
    ("fault", "kind", "cause"),
    [
        ("429_seconds", PassingError, "429"),
        ("503", PassingError, "503"),
        ("close", PassingError, "connection"),
        ("reset", PassingError, "connection"),
        ("hang", PassingError, "timeout"),
        ("trickle", PassingError, "timeout"),
        ("401", RunRefused, None),
        ("400_filter", RequestRefused, None),
    ],
)
def test_later_requests_of_a_client_are_like_its_first(
    server: FaultServer, fault: str, kind: type[Exception], cause: str | None
) -> None:
    async def two() -> None:
        client = Client(server.url, KEY, 4, 1.0)
        try:
            await client.post("/chat/completions", body("first"))
            await client.post("/chat/completions", body("second " * 9))
            with pytest.raises(kind) as caught:
                await client.post("/chat/completions", body(f"<<{fault}>>"))
        finally:
            await client.close()
        assert getattr(caught.value, "cause", None) == cause

    asyncio.run(two())
    first, second = server.state.headers[-3:-1]
    assert server.state.bodies[-2] == body("second " * 9)
    assert {**first, "Content-Length": ""} == {**second, "Content-Length": ""}


def test_nobody_listening_is_a_broken_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(PassingError, match=f"127.0.0.1:{port}") as caught:
        ask(f"http://127.0.0.1:{port}/v1")
    assert caught.value.cause == "connection"


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}",
        b"HTTP/1.1 302 Found\r\nLocation: /v1/chat/completions\r\nContent-Length: 0\r\n\r\n",
    ],
)
def test_broken_http_may_pass(answer: bytes) -> None:
    with raw_server(answer) as url, pytest.raises(PassingError) as caught:
        ask(url)
    assert caught.value.cause in ("connection", "unparseable")


@pytest.mark.parametrize(("fault", "word"), [("reasoning", "stop"), ("reasoning_cut", "length")])
def test_a_thought_beside_no_answer_is_none(server: FaultServer, fault: str, word: str) -> None:
    reply = ask(server.url, f"<<{fault}>>")
    assert reply.text == "" and reply.finish_reason == word and reply.reasoning


def test_a_lone_surrogate_arrives(server: FaultServer) -> None:
    assert ask(server.url, "<<surrogate>>").text.endswith("\ud800")


def test_an_empty_answer_still_tells_what_it_cost(server: FaultServer) -> None:
    with pytest.raises(PassingError) as caught:
        ask(server.url, "<<empty_content>>")
    assert caught.value.usage == Usage(prompt_tokens=5, completion_tokens=20)


def test_missing_usage_is_estimated_and_says_so() -> None:
    answer = {"choices": [{"message": {"content": "abcdefgh"}, "finish_reason": "stop"}]}
    reply = parse_reply(json.dumps(answer).encode(), body("x" * 40))
    assert reply.usage == Usage(prompt_tokens=11, completion_tokens=3, estimated=True)
    assert reply.usage.as_row()["estimated"] is True


@pytest.mark.parametrize(
    "usage",
    [
        {"prompt_tokens": 9, "completion_tokens": 2, "prompt_tokens_details": {"cached_tokens": 4}},
        {"prompt_tokens": 9, "completion_tokens": 2, "prompt_cache_hit_tokens": 4},
    ],
)
def test_cached_tokens_are_read_in_both_spellings(usage: dict[str, Any]) -> None:
    answer = {"choices": [{"message": {"content": "a"}, "finish_reason": "stop"}], "usage": usage}
    assert parse_reply(json.dumps(answer).encode(), body()).usage == Usage(9, 2, 4)


@pytest.mark.parametrize("answer", ["null", "[]", "3", '{"choices": null}', '{"choices": []}'])
def test_json_that_is_no_completion_may_pass(answer: str) -> None:
    with pytest.raises(PassingError, match="no choices"):
        parse_reply(answer.encode(), body())


def test_an_answer_without_choices_counts_what_it_says_it_took() -> None:
    answer = b'{"choices": [], "usage": {"prompt_tokens": 9, "completion_tokens": 2}}'
    with pytest.raises(PassingError) as caught:
        parse_reply(answer, body())
    assert caught.value.usage == Usage(9, 2)


@pytest.mark.parametrize("fault", ["401", "400_filter", "500", "429_seconds"])
def test_the_key_that_a_server_quotes_is_taken_out_even_where_the_text_is_cut(fault: str) -> None:
    with (
        FaultServer({"echo_key": True}) as server,
        pytest.raises((PassingError, RequestRefused, RunRefused)) as caught,
    ):
        ask(server.url, f"<<{fault}>>")
    assert KEY[:6] not in str(caught.value)
    assert caught.value.__cause__ is None


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after": "-3"}, 0.0),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1s"}, 1.0),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9.0),
        ({"retry-after": formatdate(time() - 100, usegmt=True)}, 0.0),
    ],
)
def test_retry_after_is_read_in_all_its_forms(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after_seconds(headers) == seconds


def test_more_connections_than_a_hundred_are_open_at_once() -> None:
    async def many(url: str) -> None:
        client = Client(url, KEY, 150, 10)
        await asyncio.gather(
            *(client.post("/chat/completions", body(str(number))) for number in range(150))
        )
        await client.close()

    with FaultServer({"delay": 0.7}) as server:
        asyncio.run(many(server.url))
        assert server.state.most_in_flight == 150


def test_tokens_are_estimated_from_the_length() -> None:
    assert guess_prompt_tokens([{"role": "user", "content": "x" * 400}]) == 101
