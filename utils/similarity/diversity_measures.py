"""The diversity of files of instructions, measured so that the files can be compared.

All files are embedded together, since what TF-IDF makes of a text depends on the others. Measures
that grow or fall with a file's size are given for a size that all files have, too.
"""

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from tqdm import tqdm

from utils.errors import PipelineError
from utils.records import find_text_field, labels_of, text_of
from utils.row_files import read_records
from utils.sampling import BottomK
from utils.similarity.counted_diversity import (
    count_ngrams,
    effective_labels,
    normalised_entropy,
    rarefied_share,
    shannon_entropy,
    simpson_index,
    unbiased_simpson_index,
)
from utils.similarity.embed import embed_texts
from utils.similarity.embedding_settings import EmbeddingSettings
from utils.similarity.entities import entity_method, find_entities
from utils.similarity.vendi import Embeddings, mean_similarity, vendi_score
from utils.similarity.vendi_estimates import estimate_vendi_score, sampled_vendi_score

NGRAM_SIZES = (1, 2, 3)
# Rows of the samples that files of different sizes are compared by.
COMPARED_ROWS = 2000
TOP = 20


@dataclass(frozen=True)
class DiversitySettings:
    """What is measured of which rows; `field` is found by itself where it isn't named."""

    field: str | None = None
    label_field: str = "task_label"
    max_rows: int = 20_000
    random_seed: int = 42
    embeddings: EmbeddingSettings = EmbeddingSettings()
    cache_folder: Path | None = None


@dataclass(frozen=True)
class FileTexts:
    """The texts of a file that are measured, in its order, and the labels of their rows."""

    name: str
    field: str
    rows: int
    without_text: int
    texts: list[str]
    labels: list[list[str]]
    has_labels: bool

    @property
    def sample(self) -> str:
        """Say which rows are measured."""
        usable = self.rows - self.without_text
        if len(self.texts) == usable:
            return "all"
        return f"{len(self.texts):,} of {usable:,}, drawn by the seed"


def read_file_texts(path: str, name: str, settings: DiversitySettings) -> FileTexts:
    """Read the texts and labels of a file, at most `max_rows` of them, drawn by the seed."""
    text_field = settings.field or find_text_field(next(read_records(path, [])), path)
    drawn: BottomK[tuple[int, str, list[str]]] = BottomK(settings.max_rows, settings.random_seed)
    rows = without_text = 0
    has_labels = False
    for row in tqdm(read_records(path, [text_field]), desc=name, unit="row", disable=None):
        rows += 1
        text = text_of(row[text_field])
        if text is None:
            without_text += 1
            continue
        has_labels = has_labels or settings.label_field in row
        drawn.add(str(rows), (rows, text, labels_of(row.get(settings.label_field))))
    found = sorted(drawn.items())
    if not found:
        raise PipelineError(f"{path}: no row has a text in '{text_field}'; name another field")
    texts, labels = [text for _, text, _ in found], [own for *_, own in found]
    return FileTexts(name, text_field, rows, without_text, texts, labels, has_labels)


def measure_files(files: Sequence[FileTexts], settings: DiversitySettings) -> list[dict[str, Any]]:
    """Measure each file, all by the same means; returns JSON values."""
    texts = [text for file in files for text in file.texts]
    embeddings = embed_texts(texts, settings.embeddings, settings.cache_folder)
    ngrams = [{n: count_ngrams(file.texts, n) for n in NGRAM_SIZES} for file in files]
    fewest = {n: min(counts[n].total for counts in ngrams) for n in NGRAM_SIZES}
    common = min(COMPARED_ROWS, *(len(file.texts) for file in files))
    is_compared = len({len(file.texts) for file in files}) > 1
    measured = []
    start = 0
    for file, counts in zip(files, ngrams, strict=True):
        own = embeddings[start : start + len(file.texts)]
        start += len(file.texts)
        entities: Counter[Hashable] = Counter(
            name for found in find_entities(file.texts) for name in found
        )
        labels: Counter[Hashable] = Counter(label for found in file.labels for label in found)
        measured.append(
            {
                "file": file.name,
                "field": file.field,
                "rows": file.rows,
                "rows_without_text": file.without_text,
                "rows_measured": len(file.texts),
                "sample": file.sample,
                "embeddings": _said_of(settings.embeddings),
                "vendi": _vendi(own, settings.random_seed),
                "vendi_of_samples": _sampled(own, common, settings.random_seed)
                if is_compared
                else None,
                "mean_similarity": mean_similarity(own),
                "distinct": {
                    str(n): {
                        "ngrams": counts[n].total,
                        "distinct_share": counts[n].distinct_share,
                        "compared_ngrams": fewest[n],
                        "compared_share": rarefied_share(counts[n], fewest[n]),
                    }
                    for n in NGRAM_SIZES
                },
                "entities": {"method": entity_method(), **label_measures(entities)},
                "labels": {"field": settings.label_field, **label_measures(labels)}
                if file.has_labels
                else None,
            }
        )
    return measured


def label_measures(counts: Counter[Hashable]) -> dict[str, Any]:
    """Measure how evenly labels, or entities, are spread; entropies are in nats."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], str(item[0])))
    return {
        "total": counts.total(),
        "kinds": len(counts),
        "entropy": shannon_entropy(counts),
        "evenness": normalised_entropy(counts),
        "effective": effective_labels(counts),
        "simpson": simpson_index(counts),
        "simpson_unbiased": unbiased_simpson_index(counts),
        "top": [[name, count] for name, count in ordered[:TOP]],
    }


def _said_of(settings: EmbeddingSettings) -> str:
    return settings.backend + (f" {settings.model}" if settings.model else "")


def _vendi(embeddings: Embeddings, seed: int) -> dict[str, Any]:
    found = estimate_vendi_score(embeddings, random_seed=seed)
    share = found.score / len(embeddings)
    return {**vars(found), "share_of_rows": share}


def _sampled(embeddings: Embeddings, size: int, seed: int) -> dict[str, Any] | None:
    """Score samples of a size that all files have; a file of just that size is its own sample."""
    if size < 2:
        return None
    if size == len(embeddings):
        score = vendi_score(embeddings)
        return {"score": score, "low": score, "high": score, "size": size, "samples": 1}

    def score_of(numbers: NDArray[Any]) -> float:
        return vendi_score(embeddings[numbers])

    found = sampled_vendi_score(len(embeddings), score_of, size, random_seed=seed)
    return {name: getattr(found, name) for name in ("score", "low", "high", "size", "samples")}
