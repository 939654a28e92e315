"""One function that embeds texts, by the backend that the settings name, and keeps the result."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from utils.cache import ArrayBlocks, fingerprint, load_array, save_array
from utils.cli import log
from utils.errors import PipelineError
from utils.files.atomic import sweep_folder
from utils.progress import progress
from utils.similarity.cosine import Floats, scaled_to_unit
from utils.similarity.embedding_settings import EmbeddingSettings
from utils.similarity.local_models import SentenceModelEmbedder, TfidfEmbedder
from utils.similarity.paid_embeddings import EndpointEmbedder

# Part of every key: raised when the same settings come to mean other embeddings.
FORMAT = 1


class Embedder(Protocol):
    """A backend; `keeps_answers` says whether it keeps what is done by itself."""

    keeps_answers: bool

    def identity(self) -> dict[str, Any]:
        """Return what shapes the embeddings, as JSON values."""
        ...

    def prepare(self, texts: Sequence[str], blocks: ArrayBlocks | None) -> None:
        """Make ready what all batches are made with, which `blocks` may hold."""
        ...

    def embed(self, texts: Sequence[str], done: int = 0) -> Iterator[Floats]:
        """Yield the embeddings of non-empty, distinct texts, batch by batch, after `done` texts."""
        ...


def open_embedder(settings: EmbeddingSettings, cache_folder: Path | None = None) -> Embedder:
    """Make the backend ready; PipelineError where its package, model or key is missing."""
    if settings.backend == "sentence-transformers":
        return SentenceModelEmbedder(settings)
    if settings.backend == "endpoint":
        return EndpointEmbedder(settings, cache_folder)
    return TfidfEmbedder(settings)


def embed_texts(
    texts: Sequence[str],
    settings: EmbeddingSettings,
    cache_folder: Path | None = None,
    rebuild: bool = False,
) -> Floats:
    """Embed texts: (n, d) in float32, each row of length 1, never NaN.

    A text of white space alone gets a row of zeros, and with TF-IDF also one of which no part
    occurs in what the model was fitted to. Equal texts get equal rows. With a `cache_folder` the
    array is kept there under the hash of texts and settings, and mapped from the file, read-only;
    `rebuild` computes it again, which for an endpoint asks only what it has not answered yet. What
    is done is kept there block by block, and a run after a kill goes on behind it.
    Raises PipelineError where the backend can't be had.
    """
    embedder = open_embedder(settings, cache_folder)
    if cache_folder is None:
        return _embed(texts, embedder)
    sweep_folder(cache_folder)
    key = fingerprint(format=FORMAT, texts=_digest(texts), **embedder.identity())
    path = cache_folder / f"embeddings_{key}.npy"
    blocks = ArrayBlocks(path.with_suffix(".blocks"))
    if rebuild:
        blocks.remove()
    found = _load_or_build(path, lambda: _embed(texts, embedder, blocks), len(texts), rebuild)
    blocks.remove()
    return found


def _load_or_build(path: Path, build: Callable[[], Floats], rows: int, rebuild: bool) -> Floats:
    if not rebuild and path.exists():
        try:
            found = load_array(path, rows)
            log.info("embeddings: reusing %s", path)
            return found
        except (OSError, ValueError) as error:
            log.warning("embeddings: %s can't be used (%s); computing them again", path, error)
    built = build()
    try:
        save_array(path, built)
    except OSError as error:
        log.warning("embeddings: computed, but not kept: %s: %s", path, error.strerror)
        return built
    log.info("embeddings: computed and kept in %s", path)
    return load_array(path, rows)


def _embed(texts: Sequence[str], embedder: Embedder, blocks: ArrayBlocks | None = None) -> Floats:
    # Lone surrogates have no UTF-8 form, which tokenizers and hashes work on.
    clean = [text.encode("utf-8", "replace").decode("utf-8") for text in texts]
    numbers: dict[str, int] = {}
    distinct = np.array(
        [numbers.setdefault(text, len(numbers)) if text.strip() else -1 for text in clean],
        dtype=np.intp,
    )
    if not numbers:
        return np.zeros((len(texts), 1), dtype=np.float32)
    kept = None if embedder.keeps_answers else blocks
    vectors = _join(_batches(list(numbers), embedder, kept), len(numbers))
    if len(numbers) == len(texts):
        return vectors
    found = vectors[distinct]
    found[distinct < 0] = 0.0
    return found


def _batches(
    texts: Sequence[str], embedder: Embedder, blocks: ArrayBlocks | None
) -> Iterator[Floats]:
    """Yield the batches that are kept, then the others, each kept before it is passed on."""
    embedder.prepare(texts, blocks)
    done = 0
    for batch in blocks.kept() if blocks else ():
        done += len(batch)
        yield batch
    if done:
        log.info("embeddings: %s of %s texts were kept; going on", f"{done:,}", f"{len(texts):,}")
    rest = embedder.embed(texts, done)
    for batch in progress(rest, "embeddings", "text", len, done, len(texts)):
        done += len(batch)
        # The last one goes into the whole array at once.
        if blocks and done < len(texts):
            blocks.add(batch)
        yield batch


def _join(batches: Iterable[Floats], rows: int) -> Floats:
    """Put batches into one array, each row scaled to length 1."""
    joined: Floats | None = None
    start = 0
    for batch in batches:
        if joined is None:
            joined = np.empty((rows, batch.shape[1]), dtype=np.float32)
        try:
            joined[start : start + len(batch)] = scaled_to_unit(batch.astype(np.float64))
        except ValueError:
            raise PipelineError(
                "the embedding model gave numbers that are not finite; check the model"
            ) from None
        start += len(batch)
    assert joined is not None and start == rows
    return joined


def _digest(texts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for text in texts:
        content = text.encode("utf-8", "surrogatepass")
        digest.update(b"%d:" % len(content))
        digest.update(content)
    return digest.hexdigest()
