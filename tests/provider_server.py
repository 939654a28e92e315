"""Anthropic's and Gemini's endpoints on loopback, for tests: they answer, or fail as they do."""

import json
from typing import Any

from aiohttp import web

from tests.fault_server import ThreadedServer


class ProviderServer(ThreadedServer):
    """Serves both while a `with` block lasts; `bodies` and `headers` hold what was asked.

    `status` and `error` are those of all answers, where they are given.
    """

    def __init__(self, status: int = 200, error: Any = None) -> None:
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.paths: list[str] = []
        self._status, self._error = status, error
        app = web.Application()
        app.router.add_post("/v1/messages", self._message)
        app.router.add_post("/v1/models/{name}", self._candidate)
        super().__init__(app)

    async def _noted(self, request: web.Request) -> None:
        self.bodies.append(json.loads(await request.read()))
        self.headers.append(dict(request.headers))
        self.paths.append(request.path)

    async def _message(self, request: web.Request) -> web.Response:
        await self._noted(request)
        if self._error:
            return web.json_response({"type": "error", "error": self._error}, status=self._status)
        return web.json_response(
            {
                "type": "message",
                "content": [
                    {"type": "thinking", "thinking": "a thought"},
                    {"type": "text", "text": "answer"},
                ],
                "stop_reason": "end_turn",
                "usage": {"input_tokens": 7, "cache_read_input_tokens": 3, "output_tokens": 5},
            }
        )

    async def _candidate(self, request: web.Request) -> web.Response:
        await self._noted(request)
        if self._error:
            return web.json_response({"error": self._error}, status=self._status)
        parts = [{"text": "a thought", "thought": True}, {"text": "answer"}]
        return web.json_response(
            {
                "candidates": [{"content": {"parts": parts}, "finishReason": "STOP"}],
                "usageMetadata": {
                    "promptTokenCount": 10,
                    "cachedContentTokenCount": 3,
                    "candidatesTokenCount": 2,
                    "thoughtsTokenCount": 3,
                },
            }
        )
