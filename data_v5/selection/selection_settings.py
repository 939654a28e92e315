"""The flags of step 1, checked, and what the domain says where a flag does not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from data_v5.reading.domain import ClusterSettings, Cosine, Domain, load_domain
from data_v5.selection.sampling_plan import Singletons
from utils.cli import Flag
from utils.errors import PipelineError
from utils.similarity.embedding_settings import (
    EmbeddingFlags,
    EmbeddingSettings,
    embedding_settings,
)

CLUSTER_FLAGS = ("threshold", "min_community_size")
# Where neither the flags nor the domain say: what a cosine means hangs on the embeddings.
TFIDF_THRESHOLD, MODEL_THRESHOLD = 0.5, 0.75


@dataclass(frozen=True)
class Settings:
    """What the flags and the domain say; `asked` are the settings of clusters that they name."""

    domain: Domain
    total: int
    singletons: Singletons
    random_seed: int
    cluster: ClusterSettings
    asked: dict[str, float]
    embedding: EmbeddingSettings
    cluster_path: Path
    sample_question_path: Path
    uses_cluster_file: bool
    cache_folder: Path
    rebuilt: frozenset[str]
    max_rows: int | None
    keeps_other_answers: bool


@dataclass(frozen=True, kw_only=True)
class Flags(EmbeddingFlags):
    """Choose a diverse sample of a domain's questions."""

    domain: Annotated[str, Field(description="a name in data_v5/domains, or the path of a YAML")]
    num_samples: Annotated[
        PositiveInt, Flag("-n", "--num_samples"), Field(description="questions to draw")
    ] = 20_000
    singletons: Annotated[
        Singletons,
        Field(
            description="questions in no cluster: a share by their number, none, or each one as a "
            "cluster of one"
        ),
    ] = "share"
    cluster_path: Annotated[
        Path | None,
        Flag(metavar="PATH"),
        Field(description="where clusters are kept (default: data/<domain>_cluster.json)"),
    ] = None
    sample_question_path: Annotated[
        Path | None,
        Flag(metavar="PATH"),
        Field(description="where the sample goes (default: data/<domain>_question.jsonl)"),
    ] = None
    seed: Annotated[int, Flag("--seed", "--random_seed"), Field(description="of the draws")] = 42
    min_community_size: Annotated[
        PositiveInt | None,
        Field(description="questions that make a cluster (default: the domain's, else 10)"),
    ] = None
    threshold: Annotated[
        Cosine | None,
        Field(description="least cosine to a centre (default: the domain's, else 0.75; tfidf 0.5)"),
    ] = None
    is_exist_cluster: Annotated[bool, Field(description="take the clusters of --cluster_path")] = (
        False
    )
    force_rebuild: Annotated[
        tuple[Literal["embeddings", "clusters"], ...],
        Flag(joined=True, metavar="NAMES"),
        Field(description="compute anew what the cache may hold: embeddings,clusters"),
    ] = ()
    cache_dir: Annotated[Path, Field(description="folder of what is kept")] = Path("cache")
    max_rows: Annotated[
        PositiveInt | None,
        Field(description="read at most this many rows of each source (default: all)"),
    ] = None

    other_answers: Annotated[
        Literal["drop", "keep"],
        Field(description="a question that is there already with another answer: drop or keep it"),
    ] = "drop"

    def __post_init__(self) -> None:
        if self.is_exist_cluster and self.force_rebuild:
            raise ValueError("--is_exist_cluster: computes nothing; leave out --force_rebuild")


def read_settings(arguments: Flags) -> Settings:
    """Fill in what the flags leave out; raises PipelineError where they don't fit the domain."""
    domain = load_domain(arguments.domain)
    flags = {
        name: value for name in CLUSTER_FLAGS if (value := getattr(arguments, name)) is not None
    }
    embedding = embedding_settings(arguments, arguments.seed)
    if arguments.is_exist_cluster and embedding != EmbeddingSettings(random_seed=arguments.seed):
        raise PipelineError("--is_exist_cluster: embeds nothing; leave out --embed_...")
    asked = domain.cluster.said() | flags
    default = {"threshold": TFIDF_THRESHOLD if embedding.backend == "tfidf" else MODEL_THRESHOLD}
    cluster = ClusterSettings(**default | asked)  # type: ignore[arg-type]
    return Settings(
        domain=domain,
        total=arguments.num_samples,
        singletons=arguments.singletons,
        random_seed=arguments.seed,
        cluster=cluster,
        asked=asked,
        embedding=embedding,
        cluster_path=arguments.cluster_path or Path("data") / f"{domain.name}_cluster.json",
        sample_question_path=arguments.sample_question_path
        or Path("data") / f"{domain.name}_question.jsonl",
        uses_cluster_file=arguments.is_exist_cluster,
        cache_folder=arguments.cache_dir / domain.name,
        rebuilt=frozenset(arguments.force_rebuild),
        max_rows=arguments.max_rows,
        keeps_other_answers=arguments.other_answers == "keep",
    )
