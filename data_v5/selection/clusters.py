"""Clusters of questions: found in their embeddings, cached, and kept in a file."""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from data_v5.reading.domain import ClusterSettings
from data_v5.selection.communities import find_communities
from utils.cache import fingerprint, load_or_build
from utils.config import parse_config
from utils.errors import PipelineError
from utils.jsonl import atomic_file, dump_row, read_json
from utils.similarity.cosine import Floats

# Part of every key: raised when the same settings come to mean other clusters.
FORMAT = 1
_ROWS_AT_ONCE = 8192

Clusters = list[list[int]]


@dataclass(frozen=True)
class ClusterFile:
    """Clusters of questions by their numbers, the largest first, each with its centre first.

    `questions_sha256` is the hash of the questions and their order, which the numbers hang on;
    `embeddings` says what the questions were embedded by.
    """

    domain: str
    questions: int
    questions_sha256: str
    threshold: float
    min_community_size: int
    embeddings: dict[str, Any]
    clusters: Clusters


def cached_clusters(
    embeddings: Floats, settings: ClusterSettings, cache_folder: Path, rebuild: bool = False
) -> Clusters:
    """Find the clusters of embeddings, (n, d), or load what was found in the same ones before."""
    key = fingerprint(format=FORMAT, embeddings=_digest(embeddings), **asdict(settings))
    found: Clusters = load_or_build(
        cache_folder / f"clusters_{key}.joblib",
        lambda: find_communities(embeddings, settings.threshold, settings.min_community_size),
        "clusters",
        rebuild,
    )
    return found


def _digest(embeddings: Floats) -> str:
    digest = hashlib.sha256(f"{embeddings.shape}".encode())
    for start in range(0, len(embeddings), _ROWS_AT_ONCE):
        digest.update(embeddings[start : start + _ROWS_AT_ONCE].tobytes())
    return digest.hexdigest()


def write_clusters(path: Path, content: ClusterFile) -> None:
    """Write a cluster file: one JSON object, a cluster a line."""
    values = asdict(content)
    clusters = values.pop("clusters")
    with atomic_file(path) as file:
        file.write(dump_row(values)[: -len(b"}\n")] + b',"clusters":[')
        for number, cluster in enumerate(clusters):
            file.write((b",\n" if number else b"\n") + dump_row(cluster).rstrip(b"\n"))
        file.write(b"\n]}\n")


def read_clusters(path: Path, questions: int, questions_sha256: str) -> ClusterFile:
    """Read the clusters of these questions; PipelineError if they are those of others."""
    values = read_json(path, "make it again")
    content = parse_config(values, ClusterFile, path)
    if (content.questions, content.questions_sha256) != (questions, questions_sha256):
        raise PipelineError(
            f"{path}: holds the clusters of other questions ({content.questions:,}, of domain "
            f"'{content.domain}'; these are {questions:,}); leave out --is_exist_cluster"
        )
    if not _are_numbers_of(content.clusters, questions):
        raise PipelineError(f"{path}: key 'clusters' is damaged; leave out --is_exist_cluster")
    return content


def _are_numbers_of(clusters: Clusters, questions: int) -> bool:
    """Tell whether clusters are not empty and name each question at most once."""
    numbers = [number for cluster in clusters for number in cluster]
    in_range = all(0 <= number < questions for number in numbers)
    return all(clusters) and in_range and len(set(numbers)) == len(numbers)


def with_singletons(clusters: Clusters, questions: int) -> Clusters:
    """Add a cluster of one for each question that is in none."""
    grouped = bytearray(questions)
    for cluster in clusters:
        for number in cluster:
            grouped[number] = 1
    return [*clusters, *([number] for number in range(questions) if not grouped[number])]
