"""Embeddings by a model of the model map; what was answered is never asked, or paid, again."""

import base64
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tqdm import tqdm

from utils.cache import ArrayBlocks, fingerprint
from utils.errors import PipelineError
from utils.files.paid_log import PaidLog
from utils.generation.model_map import load_model
from utils.jsonl import Row
from utils.similarity.cosine import Floats
from utils.similarity.embedding_requests import EmbeddingRequests, Vectors, fetch_embeddings
from utils.similarity.embedding_settings import EmbeddingSettings

BATCH_ROWS = 1024


class EmbeddingLog:
    """One model's embeddings as they came in, keyed by the hash of the text; used with `with`."""

    def __init__(self, path: Path) -> None:
        self._log = PaidLog(path, self._key_of, "their texts are asked again")
        self._dimensions: int | None = None

    def __enter__(self) -> "EmbeddingLog":
        self._log.__enter__()
        return self

    def __exit__(self, *exception: object) -> None:
        self._log.__exit__(*exception)

    def has_any(self) -> bool:
        """Ask whether anything is in the log."""
        return len(self._log) > 0

    def missing(self, texts: Iterable[str]) -> list[str]:
        """List the texts that are not in the log."""
        return [text for text in texts if _digest(text) not in self._log]

    def add(self, texts: Sequence[str], vectors: Floats) -> None:
        """Append the answer to one request; the vectors of a model have one length."""
        self._check_dimensions(vectors.shape[1])
        for text, vector in zip(texts, vectors, strict=True):
            self._log.add(_digest(text), _row(text, vector))

    def read(self, texts: Iterable[str]) -> Floats:
        """Read the vectors of texts that are in the log, (texts, d)."""
        return np.stack([_vector(self._log.read(_digest(text))) for text in texts])

    def _key_of(self, row: Row) -> bytes:
        dimensions, key = len(_vector(row)), bytes.fromhex(row["text"])
        self._check_dimensions(dimensions)
        return key

    def _check_dimensions(self, found: int) -> None:
        if self._dimensions not in (None, found):
            raise PipelineError(
                f"{self._log.path}: embeddings of {self._dimensions} numbers, but the server now "
                f"sends {found}; delete that file to ask for all again"
            )
        self._dimensions = found


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _row(text: str, vector: Floats) -> dict[str, Any]:
    payload = vector.astype("<f4").tobytes()
    return {
        "text": _digest(text).hex(),
        "check": zlib.crc32(payload),
        "embedding": base64.b64encode(payload).decode("ascii"),
    }


def _vector(row: dict[str, Any]) -> Floats:
    payload = base64.b64decode(row["embedding"], validate=True)
    if zlib.crc32(payload) != row["check"]:
        raise ValueError("damaged line")
    return np.frombuffer(payload, dtype="<f4").astype(np.float32)


class EndpointEmbedder:
    """Embeds texts over HTTP; checks the model, and that its key is there, when it is made.

    `cache_folder` is where answers are kept as they come in; without one they last for the run.
    """

    keeps_answers = True

    def __init__(self, settings: EmbeddingSettings, cache_folder: Path | None) -> None:
        assert settings.model is not None
        model = load_model(settings.model_map, settings.model)
        if model.is_embedded:
            raise PipelineError(
                f"{settings.model_map}, model '{settings.model}': the embedded model makes no "
                "embeddings; take the backend tfidf, or name another model"
            )
        model.key(settings.model)
        self._folder = cache_folder
        self._requests = EmbeddingRequests(
            model,
            settings.model,
            settings.dimensions,
            settings.batch_size,
            settings.concurrency,
            settings.max_retries,
            settings.timeout,
        )

    def identity(self) -> dict[str, Any]:
        """What an embedding depends on besides the texts; the cache is keyed by it."""
        return {"backend": "endpoint", "bases": self._requests.model.bases} | {
            name: value for name, value in self._requests.body([]).items() if name != "input"
        }

    def prepare(self, texts: Sequence[str], blocks: ArrayBlocks | None = None) -> None:
        """Do nothing: the server has the model."""

    def embed(self, texts: Sequence[str], done: int = 0) -> Iterator[Floats]:
        """Yield the embeddings after `done` texts batch by batch, not yet scaled to length 1."""
        with TemporaryDirectory() as temporary:
            folder = self._folder or Path(temporary)
            with EmbeddingLog(
                folder / f"answers_{fingerprint(**self.identity())}.jsonl"
            ) as answers:
                self._fetch(answers, texts)
                for start in range(done, len(texts), BATCH_ROWS):
                    yield answers.read(texts[start : start + BATCH_ROWS])

    def _fetch(self, answers: EmbeddingLog, texts: Sequence[str]) -> None:
        missing = answers.missing(texts)
        if not missing:
            return
        with tqdm(
            total=len(texts), initial=len(texts) - len(missing), desc="embeddings", unit="text"
        ) as bar:

            def save(batch: Sequence[str], vectors: Vectors) -> None:
                answers.add(batch, vectors)
                bar.update(len(batch))

            try:
                fetch_embeddings(missing, self._requests, save)
            except PipelineError as error:
                if self._folder is None or not answers.has_any():
                    raise
                raise PipelineError(f"{error} (what was answered is kept; run it again)") from None
