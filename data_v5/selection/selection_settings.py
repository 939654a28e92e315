"""The flags of step 1, checked, and what the domain says where a flag does not."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from data_v5.reading.domain import ClusterSettings, Domain, load_domain
from utils.errors import PipelineError
from utils.similarity.embedding_settings import (
    EmbeddingSettings,
    add_embedding_flags,
    embedding_settings,
)

REBUILDABLE = ("embeddings", "clusters")
CLUSTER_FLAGS = ("threshold", "min_community_size")
# Where neither the flags nor the domain say: what a cosine means hangs on the embeddings.
TFIDF_THRESHOLD, MODEL_THRESHOLD = 0.5, 0.75


@dataclass(frozen=True)
class Settings:
    """What the flags and the domain say; `asked` are the settings of clusters that they name."""

    domain: Domain
    total: int
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


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Choose a diverse sample of a domain's questions.")
    add = parser.add_argument
    add("--domain", required=True, help="a name in data_v5/domains, or the path of a YAML")
    add("-n", "--num_samples", type=int, default=20_000, help="questions to draw (default: 20000)")
    add("--cluster_path", type=Path, metavar="PATH",
        help="where clusters are kept (default: data/<domain>_cluster.json)")  # fmt: skip
    add("--sample_question_path", type=Path, metavar="PATH",
        help="where the sample goes (default: data/<domain>_question.jsonl)")  # fmt: skip
    add("--seed", "--random_seed", type=int, default=42, help="of the draws (default: 42)")
    add("--min_community_size", type=int,
        help="questions that make a cluster (default: the domain's, else 10)")  # fmt: skip
    add("--threshold", type=float,
        help="least cosine to a centre (default: the domain's, else 0.75; tfidf 0.5)")  # fmt: skip
    add("--is_exist_cluster", action="store_true", help="take the clusters of --cluster_path")
    add("--force_rebuild", default="", metavar="NAMES",
        help=f"compute anew what the cache may hold: {','.join(REBUILDABLE)}")  # fmt: skip
    add("--cache_dir", type=Path, default=Path("cache"), help="default: cache")
    add("--max_rows", type=int, help="read at most this many rows of each source (default: all)")
    add_embedding_flags(parser)
    return parser.parse_args(argv)


def read_settings(arguments: argparse.Namespace) -> Settings:
    """Check the flags and fill in what they leave out; raises PipelineError."""
    for name in ("num_samples", "max_rows"):
        value = getattr(arguments, name)
        if value is not None and value < 1:
            raise PipelineError(f"--{name} {value}: must be at least 1")
    rebuilt = rebuilt_names(arguments.force_rebuild, REBUILDABLE)
    if arguments.is_exist_cluster and rebuilt:
        raise PipelineError("--is_exist_cluster: computes nothing; leave out --force_rebuild")
    domain = load_domain(arguments.domain)
    flags = {
        name: value for name in CLUSTER_FLAGS if (value := getattr(arguments, name)) is not None
    }
    embedding = embedding_settings(arguments, arguments.seed)
    if arguments.is_exist_cluster and embedding != EmbeddingSettings(random_seed=arguments.seed):
        raise PipelineError("--is_exist_cluster: embeds nothing; leave out --embed_...")
    asked = domain.cluster.said() | flags
    default = {"threshold": TFIDF_THRESHOLD if embedding.backend == "tfidf" else MODEL_THRESHOLD}
    try:
        cluster = ClusterSettings(**default | asked)  # type: ignore[arg-type]
    except ValueError as error:
        raise PipelineError(f"--{error}") from None
    return Settings(
        domain=domain,
        total=arguments.num_samples,
        random_seed=arguments.seed,
        cluster=cluster,
        asked=asked,
        embedding=embedding,
        cluster_path=arguments.cluster_path or Path("data") / f"{domain.name}_cluster.json",
        sample_question_path=arguments.sample_question_path
        or Path("data") / f"{domain.name}_question.jsonl",
        uses_cluster_file=arguments.is_exist_cluster,
        cache_folder=arguments.cache_dir / domain.name,
        rebuilt=rebuilt,
        max_rows=arguments.max_rows,
    )


def rebuilt_names(names: str, known: Sequence[str]) -> frozenset[str]:
    """Read the names of --force_rebuild; PipelineError if one is not known."""
    found = frozenset(filter(None, (name.strip() for name in names.split(","))))
    if not found <= set(known):
        raise PipelineError(f"--force_rebuild {names}: takes {','.join(known)}; mend the name")
    return found
