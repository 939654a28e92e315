"""Embeddings asked of an OpenAI-compatible endpoint: several batches in flight, with retries."""

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from utils.errors import PipelineError
from utils.generation.client import CHARACTERS_PER_TOKEN, ChatClient
from utils.generation.model_map import ModelSettings
from utils.generation.replies import PassingError, RequestRefused, RunRefused
from utils.generation.servers import Endpoint, Endpoints, RateBucket, SlotLimiter
from utils.sampling import derive_seed

Vectors = NDArray[np.float32]
# Takes the texts of a request and their vectors, as soon as they are there.
Save = Callable[[Sequence[str], Vectors], None]

FIRST_BACKOFF, LONGEST_BACKOFF = 1.0, 60.0  # seconds
SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class EmbeddingRequests:
    """The model asked, and how; `dimensions` is sent where it is given."""

    model: ModelSettings
    model_name: str
    dimensions: int | None = None
    batch_size: int = 64
    concurrency: int = 8
    max_retries: int = 8
    timeout: float = 120.0

    def body(self, texts: Sequence[str]) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model.model or self.model_name,
            "input": list(texts),
            "encoding_format": "float",
        }
        if self.dimensions is not None:
            body["dimensions"] = self.dimensions
        return body | self.model.extra_body


def fetch_embeddings(texts: Sequence[str], requests: EmbeddingRequests, save: Save) -> None:
    """Ask for the embedding of each text, and hand over what each request brings.

    A batch that the server refuses is asked again in halves, since one text may be the reason, or
    the number of them. Raises PipelineError when a text is refused, when the server refuses all, or
    when the retries are used up; what is in flight then still comes in and is saved.
    """
    key = requests.model.key(requests.model_name)

    async def work() -> None:
        clients = [
            ChatClient(base, key, requests.concurrency, requests.timeout)
            for base in requests.model.bases
        ]
        endpoints = Endpoints(clients)
        try:
            await _Fetch(texts, requests, endpoints, save).run()
        finally:
            await endpoints.close()

    asyncio.run(work())


class _Stopped(Exception):
    """Another request has failed for good."""


class _Fetch:
    def __init__(
        self, texts: Sequence[str], requests: EmbeddingRequests, endpoints: Endpoints, save: Save
    ) -> None:
        size = requests.batch_size
        self._waiting = deque(texts[start : start + size] for start in range(0, len(texts), size))
        self._requests = requests
        self._endpoints = endpoints
        self._save = save
        self._limiter = SlotLimiter(requests.concurrency)
        model = requests.model
        self._request_bucket = RateBucket(model.rpm) if model.rpm else None
        self._token_bucket = RateBucket(model.tpm) if model.tpm else None
        # Moments of retries only; nothing that is written depends on it.
        self._jitter = random.Random(derive_seed("embedding requests"))
        self._failure: PipelineError | None = None

    async def run(self) -> None:
        await asyncio.gather(*(self._work() for _ in range(self._requests.concurrency)))
        if self._failure is not None:
            raise self._failure

    async def _work(self) -> None:
        while self._waiting:
            batch = self._waiting.popleft()
            try:
                vectors = await self._ask_until_answered(batch)
            except RequestRefused as error:
                self._split(batch, error)
            except (RunRefused, PassingError) as error:
                self._fail(str(error))
            except _Stopped:
                return
            else:
                self._save(batch, vectors)

    def _split(self, batch: Sequence[str], error: RequestRefused) -> None:
        if len(batch) > 1:
            middle = len(batch) // 2
            self._waiting.extendleft((batch[middle:], batch[:middle]))
            return
        shown = batch[0][:SHOWN_CHARACTERS]
        self._fail(f"text {shown!r} is refused: {error}; shorten it or leave it out")

    def _fail(self, message: str) -> None:
        if self._failure is None:
            self._failure = PipelineError(f"model '{self._requests.model_name}': {message}")

    async def _ask_until_answered(self, batch: Sequence[str]) -> Vectors:
        failed: Endpoint | None = None
        for attempt in range(self._requests.max_retries + 1):
            endpoint = await self._ready_endpoint(batch, failed)
            try:
                return await self._send(endpoint, batch)
            except PassingError as error:
                if attempt == self._requests.max_retries:
                    raise
                failed = endpoint
                await self._rest(self._backoff(attempt, error.retry_after, failed))
        raise AssertionError("the loop returns or raises")

    def _backoff(self, attempt: int, retry_after: float | None, failed: Endpoint) -> float:
        longest = min(LONGEST_BACKOFF, FIRST_BACKOFF * 2.0**attempt)
        if retry_after is None:
            return self._jitter.uniform(0, longest)
        if self._endpoints.has_other(failed):
            return 0.0
        return retry_after + self._jitter.uniform(0, 0.1 * longest)

    async def _rest(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
        if self._failure is not None:
            raise _Stopped

    async def _ready_endpoint(self, batch: Sequence[str], failed: Endpoint | None) -> Endpoint:
        """Wait until the account's rates and a server allow one more request."""
        wait = self._request_bucket.reserve(1) if self._request_bucket else 0.0
        if self._token_bucket:
            tokens = sum(map(len, batch)) // CHARACTERS_PER_TOKEN + 1
            wait = max(wait, self._token_bucket.reserve(tokens))
        await self._rest(wait)
        while (endpoint := self._endpoints.pick(avoided=failed)) is None:
            await self._rest(self._endpoints.wait() + self._jitter.uniform(0, 0.1))
        return endpoint

    async def _send(self, endpoint: Endpoint, batch: Sequence[str]) -> Vectors:
        await self._limiter.acquire()
        ticket = self._limiter.note_sent()
        endpoint.in_flight += 1
        try:
            content = await endpoint.client.post("/embeddings", self._requests.body(batch))
            vectors = parse_embeddings(content, len(batch))
        except PassingError as error:
            self._endpoints.note_failure(endpoint, error.retry_after)
            if error.throttled:
                self._limiter.note_throttled(ticket)
            raise
        finally:
            endpoint.in_flight -= 1
            self._limiter.release()
        self._endpoints.note_success(endpoint)
        self._limiter.note_success(ticket)
        return vectors


def parse_embeddings(content: bytes, count: int) -> Vectors:
    """Turn a response body into (count, d) vectors in the order asked, or raise PassingError."""
    try:
        items = orjson.loads(content)["data"]
        by_index = {item.get("index", place): item["embedding"] for place, item in enumerate(items)}
        with np.errstate(over="ignore"):  # an infinity is told below
            vectors = np.array([by_index[place] for place in range(count)], dtype=np.float32)
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError, ValueError):
        vectors = np.empty((0, 0), dtype=np.float32)
    if vectors.ndim != 2 or vectors.shape[0] != count or not vectors.size or len(items) != count:
        raise PassingError("unparseable", f"the response body holds no {count} embeddings")
    if not np.isfinite(vectors).all():
        raise PassingError("unparseable", "an embedding holds a number that is not finite")
    return vectors
