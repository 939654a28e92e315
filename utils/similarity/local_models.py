"""Embeddings made on this machine: TF-IDF reduced by an SVD, or a sentence-transformers model.

The first needs no model: latent semantic analysis (Deerwester et al. 1990) over hashed features of
words and characters (Weinberger et al. 2009), so that no vocabulary is kept. What is fitted,
document frequencies and the SVD, is fitted to a sample. The second takes a model that is on this
machine; nothing is downloaded. scikit-learn is imported when the first text is embedded: it takes
pandas along, and both more than a second.
"""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from threadpoolctl import threadpool_limits

from utils.cache import ArrayBlocks
from utils.errors import PipelineError
from utils.hub import cached_model_folder
from utils.sampling import derive_seed
from utils.similarity.cosine import Floats
from utils.similarity.embedding_settings import TFIDF_DIMENSIONS, EmbeddingSettings

if TYPE_CHECKING:
    from sklearn.pipeline import FeatureUnion, Pipeline

# Chinese and Japanese go without spaces: each of their characters counts as a word.
_UNSPACED = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff"
WORD = rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[^\w\s]"
FEATURES = 1 << 16  # of words, and as many of characters
FITTED_ROWS = 20_000
BATCH_ROWS = 4096
POWER_ITERATIONS = 4
# Of the largest singular value: what is below it is rounding, and its axis is arbitrary.
SMALLEST_SHARE = 1e-5
TEXTS_AT_ONCE = 512  # a block, which is some ten seconds on two cores
_BLOCK = 1 << 20


class TfidfEmbedder:
    """Embeds texts in `dimensions` numbers, or as many as there are texts where these are fewer."""

    keeps_answers = False

    def __init__(self, settings: EmbeddingSettings) -> None:
        self._dimensions = settings.dimensions or TFIDF_DIMENSIONS
        self._seed = settings.random_seed

    def identity(self) -> dict[str, Any]:
        """What an embedding depends on besides the texts; the cache is keyed by it."""
        return {
            "backend": "tfidf",
            "dimensions": self._dimensions,
            "random_seed": self._seed,
            "scikit-learn": version("scikit-learn"),
        }

    def prepare(self, texts: Sequence[str], blocks: ArrayBlocks | None = None) -> None:
        """Fit to a sample of the texts, or take the fit that is kept with the blocks."""

        def fit() -> Floats:
            with threadpool_limits(1), np.errstate(divide="ignore", invalid="ignore"):
                return self._fit(texts)

        self._fitted = blocks.shared(fit) if blocks else fit()

    def embed(self, texts: Sequence[str], done: int = 0) -> Iterator[Floats]:
        """Yield the embeddings after `done` texts batch by batch, not yet scaled to length 1."""
        weights, axes = self._fitted[0], self._fitted[1:].T
        # One thread, since the last digits of a product depend on how many share it.
        with threadpool_limits(1):
            counted = _features(weights)
            for start in range(done, len(texts), BATCH_ROWS):
                rows = counted.transform(texts[start : start + BATCH_ROWS]) @ axes
                yield rows.astype(np.float32, copy=False)

    def _fit(self, texts: Sequence[str]) -> Floats:
        """Give the weights of the features, and below them the axes that these are reduced to."""
        from sklearn.decomposition import TruncatedSVD

        size = min(len(texts), FITTED_ROWS)
        chosen = random.Random(derive_seed(self._seed, "embeddings")).sample(
            range(len(texts)), size
        )
        sample = [texts[row] for row in chosen]
        reduction = TruncatedSVD(
            min(self._dimensions, size),
            n_iter=POWER_ITERATIONS,
            random_state=derive_seed(self._seed, "svd") >> 32,
        )
        counted = _features()
        reduction.fit(counted.fit_transform(sample))
        strengths = reduction.singular_values_
        reduction.components_[strengths < SMALLEST_SHARE * strengths.max()] = 0.0
        weights = np.concatenate([part[-1].idf_ for _, part in counted.transformer_list])
        return np.vstack([weights, reduction.components_], dtype=np.float32)


def _features(weights: Floats | None = None) -> FeatureUnion:
    """Make what counts the features of words and characters, with their weights if it has them."""
    from sklearn.pipeline import make_union

    words = _weighted(analyzer="word", token_pattern=WORD, ngram_range=(1, 2))
    characters = _weighted(analyzer="char_wb", ngram_range=(3, 4))
    if weights is not None:
        words[-1].idf_, characters[-1].idf_ = np.split(weights, 2)
    return make_union(words, characters)


def _weighted(**features: Any) -> Pipeline:
    from sklearn.feature_extraction.text import HashingVectorizer, TfidfTransformer
    from sklearn.pipeline import make_pipeline

    counting = HashingVectorizer(
        n_features=FEATURES, norm=None, alternate_sign=False, dtype=np.float32, **features
    )
    return make_pipeline(counting, TfidfTransformer(sublinear_tf=True))


class SentenceModelEmbedder:
    """Embeds texts with the model in a folder; raises PipelineError where it can't be loaded."""

    keeps_answers = False

    def __init__(self, settings: EmbeddingSettings) -> None:
        assert settings.model is not None
        self._settings = settings
        self._folder = _model_folder(settings.model)
        self._package = _import_package()

    def identity(self) -> dict[str, Any]:
        """Name the model by the contents of its files, wherever they are."""
        return {
            "backend": "sentence-transformers",
            "version": self._package.__version__,
            "files": _digest_of_files(self._folder),
            "dimensions": self._settings.dimensions,
        }

    def prepare(self, texts: Sequence[str], blocks: ArrayBlocks | None = None) -> None:
        """Load the model."""
        self._model = self._load()

    def embed(self, texts: Sequence[str], done: int = 0) -> Iterator[Floats]:
        """Yield the embeddings after `done` texts batch by batch, not yet scaled to length 1."""
        for start in range(done, len(texts), TEXTS_AT_ONCE):
            rows = self._model.encode(
                list(texts[start : start + TEXTS_AT_ONCE]),
                batch_size=self._settings.batch_size,
                show_progress_bar=False,
                convert_to_numpy=True,
            )
            yield np.asarray(rows, dtype=np.float32)

    def _load(self) -> Any:
        try:
            return self._package.SentenceTransformer(
                str(self._folder),
                local_files_only=True,
                trust_remote_code=False,
                truncate_dim=self._settings.dimensions,
            )
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            reason = " ".join(str(error).split())[:300]
            raise PipelineError(
                f"{self._folder}: no sentence-transformers model ({reason}); name the folder that "
                "holds its config.json and modules.json"
            ) from None


def _model_folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise PipelineError(
            f"embedding model {name}: no such folder; name one that holds a sentence-transformers "
            "model"
        )
    return cached_model_folder(name)


def _import_package() -> Any:
    try:
        import sentence_transformers
    except ImportError:
        raise PipelineError(
            "embedding backend 'sentence-transformers' needs the package; "
            "pip install sentence-transformers"
        ) from None
    return sentence_transformers


def _digest_of_files(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if not path.is_file() or any(part.startswith(".") for part in name.split("/")):
            continue
        digest.update(f"{len(name)}:{name}:{path.stat().st_size}:".encode())
        with open(path, "rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()
