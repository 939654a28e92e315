"""Topics of documents: gensim's hierarchical Dirichlet process, fitted and assigned.

The fit sees a sample of the documents, so that its time and memory are bounded; the assignment of
all of them is shared out over processes, with the same result as in one.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from utils.cli import log
from utils.processes import WorkerPool
from utils.sampling import derive_seed
from utils.topics.bags_of_words import BagsOfWords, keep_words, usual_words
from utils.topics.topic_inference import TopicWeights, dominant_topics

if TYPE_CHECKING:
    from utils.topics.hdp import ChunkedHdp

# Raise it when the same documents and settings give other topics, so that cached ones aren't used.
TOPIC_RULES = 1
NO_TOPIC = -1
TOP_WORDS = 10
# Documents per task: enough to make up for sending the words' weights along.
ASSIGNED_AT_ONCE = 1024
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
AtLeastOne = Annotated[int, Field(strict=True, ge=1)]


@dataclass(frozen=True)
class TopicSettings:
    """gensim's `HdpModel` options by their own names, then the vocabulary and the sample.

    `tau` and `chunksize` are gensim's 64 and 256 no longer: one pass of so few and so small
    updates hardly leaves the random start. bench/bench_topic_model.py measures them, and
    `max_fit_documents`, by the coherence of the top words in documents that the fit never saw.
    """

    T: Annotated[int, Field(strict=True, ge=2)] = 150
    K: Annotated[int, Field(strict=True, ge=2)] = 15
    kappa: Positive = 1.0
    tau: Positive = 8.0
    alpha: Positive = 1.0
    gamma: Positive = 1.0
    eta: Positive = 0.01
    chunksize: AtLeastOne = 128
    no_below: AtLeastOne = 5
    no_above: Annotated[float, Field(gt=0, le=1)] = 0.5
    keep_n: AtLeastOne = 100_000
    max_fit_documents: Annotated[int, Field(strict=True, ge=1, le=20_000)] = 20_000


@dataclass(frozen=True)
class Topics:
    """The topic of each document, -1 where it has no words, and each topic's top words."""

    assigned: np.ndarray
    words: dict[int, list[str]]


def find_topics(bags: BagsOfWords, settings: TopicSettings, seed: int, pool: WorkerPool) -> Topics:
    """Fit an HDP to a sample of the documents and give each document its dominant topic.

    Words are pruned by the sample's counts; a document of which no word is left has topic -1.
    """
    assigned = np.full(len(bags), NO_TOPIC, dtype=np.int32)
    sample = draw_fit_sample(bags, settings.max_fit_documents, seed)
    kept = usual_words(sample, settings.no_below, settings.no_above, settings.keep_n)
    if not len(kept):
        log.warning(
            "topics: no word stands in at least %d documents and at most a share %g of them; "
            "all rows form topic %d",
            *(settings.no_below, settings.no_above, NO_TOPIC),
        )
        return Topics(assigned, {})
    log.info(f"topics: fitting {len(sample):,} documents of {len(kept):,} different words")
    model = fit(keep_words(sample, kept), settings, seed)
    pruned = keep_words(bags, kept)
    filled = np.flatnonzero(pruned.lengths())
    assigned[filled] = assign(topic_weights(model), pruned.take(filled), pool)
    return Topics(assigned, top_words(model, pruned.words, np.unique(assigned)))


def draw_fit_sample(bags: BagsOfWords, size: int, seed: int) -> BagsOfWords:
    """Draw documents that have words, in random order: the file may be sorted by its source."""
    filled = np.flatnonzero(bags.lengths()).tolist()
    rng = random.Random(derive_seed(seed, "fit documents"))
    return bags.take(np.array(rng.sample(filled, min(size, len(filled))), dtype=np.int64))


def fit(bags: BagsOfWords, settings: TopicSettings, seed: int) -> ChunkedHdp:
    """Fit an HDP in one online pass (Wang, Paisley and Blei 2011).

    The bags must hold at least one word; the same bags, settings and seed give the same model.
    """
    from utils.topics.hdp import ChunkedHdp

    filled = bags.take(np.flatnonzero(bags.lengths()))
    with threadpool_limits(1, user_api="blas"):
        return ChunkedHdp(
            filled,
            dict(enumerate(bags.words)),
            T=settings.T,
            K=settings.K,
            kappa=settings.kappa,
            tau=settings.tau,
            alpha=settings.alpha,
            gamma=settings.gamma,
            eta=settings.eta,
            chunksize=settings.chunksize,
            random_state=derive_seed(seed, "hdp") % 2**32,
        )


def topic_weights(model: ChunkedHdp) -> TopicWeights:
    """Take out of a fitted model what inference goes by."""
    return TopicWeights(model.lda_alpha, np.ascontiguousarray(model.lda_beta.T))


def assign(weights: TopicWeights, bags: BagsOfWords, pool: WorkerPool) -> np.ndarray:
    """Infer the dominant topic of each document, none of them empty."""
    parts = [np.empty(0, dtype=np.int32)]
    with tqdm(desc="topics", total=len(bags), unit="row", disable=None) as bar:
        for part in pool.map(dominant_topics, assignment_tasks(weights, bags)):
            parts.append(part)
            bar.update(len(part))
    return np.concatenate(parts)


def assignment_tasks(
    weights: TopicWeights, bags: BagsOfWords
) -> Iterator[tuple[TopicWeights, BagsOfWords]]:
    """Cut the documents into tasks, each with the weights of its own words and no others."""
    for start in range(0, len(bags), ASSIGNED_AT_ONCE):
        part = bags.take(np.arange(start, min(start + ASSIGNED_AT_ONCE, len(bags))))
        used, ids = np.unique(part.ids, return_inverse=True)
        own = BagsOfWords([], part.starts, ids.astype(np.int32), part.counts)
        yield TopicWeights(weights.alpha, weights.beta[used]), own


def top_words(model: ChunkedHdp, words: list[str], topics: Iterable[Any]) -> dict[int, list[str]]:
    """List the ten likeliest words of each topic, of equals the earlier seen."""
    return {
        int(topic): [
            words[i] for i in np.argsort(-model.lda_beta[topic], kind="stable")[:TOP_WORDS]
        ]
        for topic in topics
        if topic != NO_TOPIC
    }
