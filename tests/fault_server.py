"""A model server that misbehaves to a script, the same way each time, and counts its requests.

    python -m tests.fault_server --script '{"faults": {"500": 0.1}, "delay": 0.02}' --seed 7

prints its base URL and serves until its standard input closes. In a test:

    with FaultServer({"faults": {"hang": 0.05}}) as server: ...

A script may hold `faults` (kind -> share of requests), `delay` and `hang` (seconds), `retry_after`
(seconds, of the kinds 429_*), `only_after` ({kind: n}: every request after the n-th gets it),
`completion_tokens`, `no_schemas`, `echo_key` (errors quote the
Authorization header). The kinds are those below
and in `odd_answers`. A prompt that holds `<<kind>>` always gets that fault; `<<kind*2>>` gets it at
its first two requests. GET /stats tells what was asked: per request (a hash of messages and seed)
how often it came and how often it was answered well, the order, the most in flight.
"""

import argparse
import asyncio
import hashlib
import json
import random
import re
import sys
import threading
from collections import Counter
from email.utils import formatdate
from pathlib import Path
from time import monotonic, time
from typing import Any, Self

from aiohttp import web

from tests.odd_answers import ODD_ANSWERS

MARK = re.compile(r"<<([\w]+)(?:\*(\d+))?>>")


class Script:
    """Decides what each request gets, and remembers all of them."""

    def __init__(self, script: dict[str, Any], seed: int = 0) -> None:
        self.script = script
        self.seed = seed
        self.asked: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()
        self.given: Counter[str] = Counter()
        self.order: list[str] = []
        self.bodies: list[dict[str, Any]] = []
        self.arrivals: list[float] = []
        self.headers: list[dict[str, str]] = []
        self.in_flight = self.most_in_flight = 0

    def stats(self) -> dict[str, Any]:
        return {
            "requests": self.asked.total(),
            "asked": dict(self.asked),
            "answered": dict(self.answered),
            "answered_again": sum(count - 1 for count in self.answered.values()),
            "given": dict(self.given),
            "order": self.order,
            "most_in_flight": self.most_in_flight,
        }

    def note(self, body: dict[str, Any], headers: dict[str, str]) -> str:
        """Count a request; returns its hash."""
        words = json.dumps([turns(body), body.get("seed")])
        name = hashlib.sha256(words.encode()).hexdigest()[:16]
        self.asked[name] += 1
        self.order.append(turns(body)[-1]["content"])
        self.bodies.append(body)
        self.headers.append(headers)
        self.arrivals.append(monotonic())
        return name

    def fault(self, name: str, text: str) -> str | None:
        """Choose the fault of this request, or None; equal for equal requests of equal count."""
        mark = MARK.search(text)
        if mark:
            kind, times = mark.groups()
            return kind if not times or self.asked[name] <= int(times) else None
        for kind, number in self.script.get("only_after", {}).items():
            if self.asked.total() > number:
                return kind
        draw = random.Random(f"{self.seed} {name} {self.asked[name]}").random()
        for kind, share in self.script.get("faults", {}).items():
            draw -= share
            if draw < 0:
                return kind
        return None


def turns(body: dict[str, Any]) -> list[dict[str, str]]:
    """List a request's messages; the text of a plain completion counts as one."""
    return body["messages"] if "messages" in body else [{"content": body["prompt"]}]


def completion(name: str, body: dict[str, Any], script: dict[str, Any]) -> dict[str, Any]:
    """Build the good answer to a request: its text depends on the messages and the seed alone."""
    asked = sum(len(message["content"]) for message in turns(body))
    made: dict[str, Any] = {
        "id": f"chatcmpl-{name}",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": f"answer {name} " + "x" * 40},
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": asked // 4 + 1,
            "completion_tokens": script.get("completion_tokens", 20),
        },
    }
    if "prompt" in body:
        [choice] = made["choices"]
        choice["text"] = choice.pop("message")["content"]
    return made


ERRORS = {
    "401": (401, "invalid_api_key", "Incorrect API key provided"),
    "402": (402, "insufficient_balance", "Insufficient Balance"),
    "403": (403, "forbidden", "Not allowed"),
    "404_model": (404, "model_not_found", "The model does not exist"),
    "400_model": (400, "invalid_request_error", "Model Not Exist"),
    "400_too_long": (400, "context_length_exceeded", "This model's maximum context length is 10"),
    "400_filter": (400, "content_filter", "The prompt was filtered"),
    "408": (408, "timeout", "slow"),
    "409": (409, "conflict", "again"),
    "425": (425, "too_early", "again"),
    "500": (500, "server_error", "oops"),
    "502": (502, "bad_gateway", "oops"),
    "503": (503, "overloaded", "busy"),
    "429": (429, "rate_limit_exceeded", "slow down"),
    "429_seconds": (429, "rate_limit_exceeded", "slow down"),
    "429_date": (429, "rate_limit_exceeded", "slow down"),
    "429_ms": (429, "rate_limit_exceeded", "slow down"),
    "429_quota": (429, "insufficient_quota", "You exceeded your current quota"),
}


def error_response(kind: str, request: web.Request, script: dict[str, Any]) -> web.Response:
    status, code, message = ERRORS[kind]
    if script.get("echo_key"):
        message = "x" * 480 + f" {message}: {request.headers['Authorization']}"
    wait, headers = script.get("retry_after", 0.05), {}
    if kind == "429_seconds":
        headers["Retry-After"] = str(wait)
    elif kind == "429_date":
        headers["Retry-After"] = formatdate(time() + wait, usegmt=True)
    elif kind == "429_ms":
        headers["retry-after-ms"] = str(wait * 1000)
    return web.json_response(
        {"error": {"code": code, "message": message}}, status=status, headers=headers
    )


def spoil(answer: dict[str, Any], kind: str) -> None:
    """Turn a good answer into one of the odd ones that models give."""
    choice = answer["choices"][0]
    match kind:
        case "empty_content":
            choice["message"]["content"] = ""
        case "null_content":
            choice["message"]["content"] = None
        case "no_choices":
            answer["choices"] = []
        case "length":
            choice["finish_reason"] = "length"
        case "withheld":
            choice["finish_reason"] = "content_filter"
            choice["message"]["content"] = ""
        case "reasoning":
            text = choice["message"]["content"]
            choice["message"] = {"role": "assistant", "content": None, "reasoning_content": text}
        case "reasoning_cut":
            choice["message"] = {"role": "assistant", "content": None, "reasoning_content": "hm"}
            choice["finish_reason"] = "length"
        case "refusal":
            choice["message"]["content"] = "I'm sorry, but I can't help with that."
        case "unreasonable":
            choice["message"]["content"] = "UNREASONABLE"
        case "surrogate":
            choice["message"]["content"] += "\ud800"
        case "no_usage":
            del answer["usage"]
        case _:
            raise ValueError(f"no fault of the name {kind}")


async def send_part(request: web.Request, payload: bytes, kind: str) -> web.StreamResponse:
    """Send half of a body and break off, or all of it byte by byte."""
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = len(payload)
    await response.prepare(request)
    if kind == "reset":
        await response.write(payload[: len(payload) // 2])
        assert request.transport is not None
        request.transport.abort()
        return response
    for position in range(len(payload)):
        await response.write(payload[position : position + 1])
        await asyncio.sleep(0.05)
    return response


def make_app(state: Script) -> web.Application:
    script = state.script

    async def answer(request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        name = state.note(body, dict(request.headers))
        state.in_flight += 1
        state.most_in_flight = max(state.most_in_flight, state.in_flight)
        try:
            kind = state.fault(name, turns(body)[-1]["content"])
            state.given[kind or "good"] += 1
            await asyncio.sleep(script.get("delay", 0.0))
            return await respond(request, name, body, kind)
        finally:
            state.in_flight -= 1

    async def respond(
        request: web.Request, name: str, body: dict[str, Any], kind: str | None
    ) -> web.StreamResponse:
        if kind in ERRORS:
            return error_response(kind, request, script)
        good = completion(name, body, script)
        if script.get("no_schemas") and "response_format" in body:
            error = {"message": "This response_format type is unavailable now"}
            return web.json_response({"error": error}, status=400)
        match kind:
            case None:
                pass
            case "hang":
                await asyncio.sleep(script.get("hang", 3600))
            case "broken_json":
                return web.Response(text=json.dumps(good)[:-20], content_type="application/json")
            case "empty_body":
                return web.Response(body=b"", content_type="application/json")
            case "close":
                assert request.transport is not None
                request.transport.close()
                return web.Response()
            case "reset" | "trickle":
                return await send_part(request, json.dumps(good).encode(), kind)
            case "length" if body["max_tokens"] > 2048:
                pass
            case _ if kind in ODD_ANSWERS:
                odd = ODD_ANSWERS[kind](good, body)
                state.answered[name] += odd.status == 200
                return web.Response(
                    body=odd.content, status=odd.status, headers=odd.headers, content_type=odd.kind
                )
            case _:
                spoil(good, kind)
        state.answered[name] += 1
        return web.Response(text=json.dumps(good), content_type="application/json")

    async def tell(request: web.Request) -> web.Response:
        return web.json_response(state.stats())

    app = web.Application(client_max_size=1 << 26)
    app.router.add_post("/v1/chat/completions", answer)
    app.router.add_post("/v1/completions", answer)
    app.router.add_get("/stats", tell)
    return app


async def start(app: web.Application, port: int = 0) -> tuple[web.AppRunner, str]:
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port, backlog=4096).start()
    return runner, f"http://127.0.0.1:{runner.addresses[0][1]}"


class ThreadedServer:
    """Serves an application on loopback in a thread, while a `with` block lasts."""

    path = "/v1"

    def __init__(self, app: web.Application, port: int = 0) -> None:
        self._app, self._port = app, port
        self._started = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)

    async def _serve(self) -> None:
        self._loop, self._ending = asyncio.get_running_loop(), asyncio.Event()
        runner, address = await start(self._app, self._port)
        self.url = address + self.path
        self._started.set()
        await self._ending.wait()
        await runner.cleanup()

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._started.wait(10)
        return self

    def __exit__(self, *exception: object) -> None:
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)


class FaultServer(ThreadedServer):
    """The misbehaving server in a thread; its `state` may be looked at."""

    def __init__(self, script: dict[str, Any] | None = None, seed: int = 0, port: int = 0) -> None:
        self.state = Script(script or {}, seed)
        super().__init__(make_app(self.state), port)


async def serve_until_stdin_closes(state: Script) -> None:
    runner, address = await start(make_app(state))
    sys.stdout.write(address + "/v1\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    await runner.cleanup()


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve chat completions with faults.")
    parser.add_argument("--script", default="{}", help="a JSON text, or a file that holds one")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    is_text = args.script.lstrip().startswith("{")
    script = json.loads(args.script if is_text else Path(args.script).read_text())
    asyncio.run(serve_until_stdin_closes(Script(script, args.seed)))


if __name__ == "__main__":
    main()
