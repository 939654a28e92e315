"""Embeddings asked of an OpenAI-compatible endpoint: what a request says, how it is read."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import orjson
from numpy.typing import NDArray

from utils.errors import PipelineError
from utils.generation.model_map import ModelSettings
from utils.generation.sender import Request, send_in_batches
from utils.generation.servers import open_channel
from utils.generation.traffic import RunStatistics, Traffic
from utils.providers.openai_form import CHARACTERS_PER_TOKEN
from utils.providers.replies import PassingError, RequestRefused, RunRefused

Vectors = NDArray[np.float32]
# Takes the texts of a request and their vectors, as soon as they are there.
Save = Callable[[Sequence[str], Vectors], None]

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
        """The JSON of a request for these texts; without texts it shows the settings alone."""
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

    Raises PipelineError when a text is refused, when the server refuses all, or when the retries
    are used up; what is in flight then still comes in and is saved.
    """
    name, model, connections = requests.model_name, requests.model, requests.concurrency
    channel = open_channel(name, model, model.bases, model.key(name), connections, requests.timeout)
    traffic = Traffic(connections, requests.max_retries, RunStatistics(model.prices))
    work = _EmbeddingWork(requests, save)
    try:
        asyncio.run(send_in_batches(work, texts, requests.batch_size, traffic, channel))
    except (PassingError, RunRefused) as error:
        raise PipelineError(f"model '{name}': {error}") from None


class _EmbeddingWork:
    """What is asked about texts, and what comes of it."""

    def __init__(self, requests: EmbeddingRequests, save: Save) -> None:
        self._requests = requests
        self.save = save

    def request(self, batch: Sequence[str]) -> Request[Vectors]:
        return Request(
            path="/embeddings",
            body=self._requests.body(batch),
            tokens=sum(map(len, batch)) // CHARACTERS_PER_TOKEN + 1,
            parse=lambda content: (parse_embeddings(content, len(batch)), None),
        )

    def refuse(self, item: str, error: RequestRefused) -> None:
        raise PipelineError(
            f"model '{self._requests.model_name}': text {item[:SHOWN_CHARACTERS]!r} is refused: "
            f"{error}; shorten it or leave it out"
        )


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
