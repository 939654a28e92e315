"""One server for all that is paid for: the stand-in model, embeddings and scores, counted."""

import asyncio
import hashlib
import threading
from collections import Counter
from typing import Any

from aiohttp import web

from offline_model.server import make_app
from tests.embedding_server import vector_of
from tests.fault_server import ThreadedServer

DELAY = 0.02
FAILING = 16  # of so many requests, one fails the first time


class CountingServer(ThreadedServer):
    """Answers in a thread, while a `with` block lasts, and counts each answer by what was asked."""

    def __init__(self) -> None:
        self.answered: Counter[str] = Counter()
        self._has_failed: set[str] = set()
        self._one_more = threading.Condition()
        app = make_app(misbehave_share=0.08, delay=DELAY)
        app.middlewares.append(self._counted)
        app.router.add_post("/v1/embeddings", _embeddings)
        app.router.add_post("/score", _score)
        super().__init__(app)

    @web.middleware
    async def _counted(self, request: web.Request, handler: Any) -> web.StreamResponse:
        asked = hashlib.sha256(request.path.encode() + await request.read()).hexdigest()
        if int(asked, 16) % FAILING == 0 and asked not in self._has_failed:
            self._has_failed.add(asked)
            return web.Response(status=503)
        response: web.StreamResponse = await handler(request)
        with self._one_more:
            self.answered[asked] += 1
            self._one_more.notify_all()
        return response

    def wait_for_more(self, count: int, seconds: float) -> bool:
        """Wait until so many more were answered; false if they were not, in that time."""
        wanted = self.answered.total() + count
        with self._one_more:
            return self._one_more.wait_for(lambda: self.answered.total() >= wanted, seconds)


async def _embeddings(request: web.Request) -> web.Response:
    texts = (await request.json())["input"]
    await asyncio.sleep(DELAY)
    data = [{"index": n, "embedding": vector_of(text)} for n, text in enumerate(texts)]
    return web.json_response({"data": data})


async def _score(request: web.Request) -> web.Response:
    body = await request.read()
    await asyncio.sleep(DELAY)
    return web.json_response({"score": int(hashlib.sha256(body).hexdigest()[:4], 16) / 65_536})
