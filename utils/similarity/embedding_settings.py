"""How texts are embedded: the keys of a YAML mapping, and the flags that stand for them."""

import argparse
from dataclasses import dataclass
from typing import Literal, get_args

from utils.errors import PipelineError

Backend = Literal["tfidf", "sentence-transformers", "endpoint"]
TFIDF_DIMENSIONS = 384


@dataclass(frozen=True)
class EmbeddingSettings:
    """The backend and what it needs; raises ValueError where they don't fit together.

    `model` is a folder (or a Hub name in the local cache) for sentence-transformers, a name of
    `model_map` for an endpoint. `dimensions` defaults to 384 for TF-IDF and to the model's own
    number otherwise. `batch_size`, `concurrency`, `max_retries` and `timeout` (seconds) shape how
    a model is asked, not what it answers.
    """

    backend: Backend = "tfidf"
    model: str | None = None
    model_map: str = "model_map.yaml"
    dimensions: int | None = None
    random_seed: int = 42
    batch_size: int = 64
    concurrency: int = 8
    max_retries: int = 8
    timeout: float = 120.0

    def __post_init__(self) -> None:
        if self.backend not in get_args(Backend):
            raise ValueError(
                f"backend '{self.backend}': take one of {', '.join(get_args(Backend))}"
            )
        if self.backend == "tfidf" and self.model is not None:
            raise ValueError("backend 'tfidf' takes no model; leave it out, or name the backend")
        if self.backend != "tfidf" and not self.model:
            raise ValueError(f"backend '{self.backend}' needs a model; name it")
        for name in ("dimensions", "batch_size", "concurrency"):
            if getattr(self, name) is not None and getattr(self, name) < 1:
                raise ValueError(f"{name} must be above 0")
        if self.max_retries < 0 or not 0 < self.timeout < float("inf"):
            raise ValueError("max_retries must not be negative, timeout a number above 0")


def add_embedding_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that every script that embeds texts has."""
    defaults = EmbeddingSettings()
    add = parser.add_argument
    add(
        "--embed_backend",
        choices=get_args(Backend),
        help="tfidf needs no model; sentence-transformers where a model is named and this is not",
    )
    add(
        "--embed_model_name",
        help="a folder of a sentence-transformers model, or for endpoint a name of the model map",
    )
    add("--embed_model_map", default=defaults.model_map, help="YAML or JSON file of models")
    add(
        "--embed_dimensions",
        type=int,
        help=f"numbers an embedding has ({TFIDF_DIMENSIONS} for tfidf, else the model's own)",
    )
    add("--embed_batch_size", type=int, default=defaults.batch_size, help="texts asked at once")
    add(
        "--embed_concurrency",
        type=int,
        default=defaults.concurrency,
        help="most requests in flight to an endpoint",
    )


def embedding_settings(args: argparse.Namespace, random_seed: int) -> EmbeddingSettings:
    """Check the flags and turn them into settings."""
    backend = args.embed_backend
    if backend is None:
        backend = "sentence-transformers" if args.embed_model_name else "tfidf"
    try:
        return EmbeddingSettings(
            backend=backend,
            model=args.embed_model_name,
            model_map=args.embed_model_map,
            dimensions=args.embed_dimensions,
            random_seed=random_seed,
            batch_size=args.embed_batch_size,
            concurrency=args.embed_concurrency,
        )
    except ValueError as error:
        raise PipelineError(f"--embed_*: {error}") from None
