"""How texts are embedded: the keys of a YAML mapping, and the flags that stand for them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from utils.cli import Flag
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
    dimensions: PositiveInt | None = None
    random_seed: int = 42
    batch_size: PositiveInt = 64
    concurrency: PositiveInt = 8
    max_retries: NonNegativeInt = 8
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 120.0

    def __post_init__(self) -> None:
        if self.backend == "tfidf" and self.model is not None:
            raise ValueError("backend 'tfidf' takes no model; leave it out, or name the backend")
        if self.backend != "tfidf" and not self.model:
            raise ValueError(f"backend '{self.backend}' needs a model; name it")


@dataclass(frozen=True, kw_only=True)
class EmbeddingFlags:
    """The flags that every script that embeds texts has."""

    embed_backend: Annotated[
        Backend | None,
        Field(
            description="tfidf needs no model; sentence-transformers where a model is named and "
            "this is not"
        ),
    ] = None
    embed_model_name: Annotated[
        str | None,
        Flag("-m", "--embed_model_name"),
        Field(
            description="a folder of a sentence-transformers model, or for endpoint a name of the "
            "model map"
        ),
    ] = None
    embed_model_map: Annotated[str, Field(description="YAML or JSON file of models")] = (
        EmbeddingSettings.model_map
    )
    embed_dimensions: Annotated[
        PositiveInt | None,
        Field(
            description=f"numbers an embedding has ({TFIDF_DIMENSIONS} for tfidf, else the "
            "model's own)"
        ),
    ] = None
    embed_batch_size: Annotated[PositiveInt, Field(description="texts asked at once")] = (
        EmbeddingSettings.batch_size
    )
    embed_concurrency: Annotated[
        PositiveInt, Field(description="most requests in flight to an endpoint")
    ] = EmbeddingSettings.concurrency


def embedding_settings(flags: EmbeddingFlags, random_seed: int) -> EmbeddingSettings:
    """Turn the flags into settings; PipelineError if they don't fit together."""
    backend = flags.embed_backend
    if backend is None:
        backend = "sentence-transformers" if flags.embed_model_name else "tfidf"
    try:
        return EmbeddingSettings(
            backend=backend,
            model=flags.embed_model_name,
            model_map=flags.embed_model_map,
            dimensions=flags.embed_dimensions,
            random_seed=random_seed,
            batch_size=flags.embed_batch_size,
            concurrency=flags.embed_concurrency,
        )
    except ValueError as error:
        raise PipelineError(f"--embed_*: {error}") from None
