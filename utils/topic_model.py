"""Topics of documents: gensim's hierarchical Dirichlet process, fitted and assigned."""

from __future__ import annotations

import logging
from array import array
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
from pydantic import Field

from utils.cli import log
from utils.parallel import batched
from utils.sampling import derive_seed

if TYPE_CHECKING:
    from gensim.models import HdpModel

NO_TOPIC = -1
TOP_WORDS = 10
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(strict=True, ge=1)]


@dataclass(frozen=True)
class TopicSettings:
    """gensim's `HdpModel` options by their own names, then how the vocabulary is pruned.

    `tau` and `chunksize` are gensim's 64 and 256 no longer: one pass of so few and so small updates
    hardly leaves the random start. The mean coherence of the topics' ten words (NPMI) goes from
    -0.50 to -0.08 on 358 edits and from 0.09 to 0.13 on 10,000 functions.
    """

    T: Annotated[int, Field(strict=True, ge=2)] = 150
    K: Annotated[int, Field(strict=True, ge=2)] = 15
    kappa: Positive = 1.0
    tau: Positive = 4.0
    alpha: Positive = 1.0
    gamma: Positive = 1.0
    eta: Positive = 0.01
    chunksize: Count = 64
    no_below: Count = 5
    no_above: Annotated[float, Field(gt=0, le=1)] = 0.5
    keep_n: Count = 100_000


@dataclass(frozen=True)
class Topics:
    """The topic of each document, -1 where it has no words, and each topic's top words."""

    assigned: np.ndarray
    words: dict[int, list[str]]


@dataclass(frozen=True)
class BagsOfWords:
    """Documents as word counts: document i is the slice starts[i]:starts[i + 1] of both arrays."""

    words: list[str]
    starts: np.ndarray
    ids: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Yield each document the way gensim takes it, as (word id, count) pairs."""
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            yield list(
                zip(self.ids[start:end].tolist(), self.counts[start:end].tolist(), strict=True)
            )

    def without_empty(self) -> BagsOfWords:
        """Drop the documents that hold no words."""
        filled = np.flatnonzero(np.diff(self.starts))
        starts = np.append(self.starts[:-1][filled], self.starts[-1])
        return BagsOfWords(self.words, starts, self.ids, self.counts)


def find_topics(documents: Iterable[list[str]], settings: TopicSettings, seed: int) -> Topics:
    """Fit topics to lists of tokens and give each document its dominant one."""
    bags = prune(count_words(documents), settings)
    filled = bags.without_empty()
    assigned = np.full(len(bags), NO_TOPIC, dtype=np.int32)
    if not len(filled):
        log.warning(
            "topics: no word stands in at least %d documents and at most a share %g of them; "
            "all rows form topic %d",
            *(settings.no_below, settings.no_above, NO_TOPIC),
        )
        return Topics(assigned, {})
    log.info(f"topics: fitting {len(filled):,} documents of {len(bags.words):,} different words")
    model = fit(filled, settings, seed)
    assigned[np.diff(bags.starts) > 0] = dominant_topics(model, filled, settings.chunksize)
    return Topics(assigned, top_words(model, bags.words, np.unique(assigned)))


def count_words(documents: Iterable[list[str]]) -> BagsOfWords:
    """Count the words of each document; ids go by first appearance."""
    vocabulary: dict[str, int] = {}
    starts, ids, counts = array("q", [0]), array("i"), array("i")
    for tokens in documents:
        bag: dict[int, int] = {}
        for token in tokens:
            word_id = vocabulary.setdefault(token, len(vocabulary))
            bag[word_id] = bag.get(word_id, 0) + 1
        ids.extend(bag.keys())
        counts.extend(bag.values())
        starts.append(len(ids))
    return BagsOfWords(
        list(vocabulary),
        np.frombuffer(starts, dtype=np.int64),
        np.array(ids, dtype=np.int32),
        np.array(counts, dtype=np.int32),
    )


def prune(bags: BagsOfWords, settings: TopicSettings) -> BagsOfWords:
    """Drop words that stand in under `no_below` documents or over a share `no_above` of them.

    Of the rest the `keep_n` that most documents hold stay, as in gensim's `filter_extremes`.
    """
    frequency = np.bincount(bags.ids, minlength=len(bags.words))
    usual = (frequency >= settings.no_below) & (frequency <= settings.no_above * len(bags))
    by_frequency = np.argsort(-frequency, kind="stable")
    kept = np.sort(by_frequency[usual[by_frequency]][: settings.keep_n])
    new_ids = np.full(len(bags.words), -1, dtype=np.int32)
    new_ids[kept] = np.arange(len(kept), dtype=np.int32)
    ids = new_ids[bags.ids]
    stays = ids >= 0
    kept_before = np.concatenate(([0], np.cumsum(stays)))
    return BagsOfWords(
        [bags.words[i] for i in kept], kept_before[bags.starts], ids[stays], bags.counts[stays]
    )


def fit(bags: BagsOfWords, settings: TopicSettings, seed: int) -> HdpModel:
    """Fit an HDP in one online pass (Wang, Paisley and Blei 2011).

    The bags must hold at least one word; the same bags, settings and seed give the same model.
    """
    from gensim.models import HdpModel

    with _without_likelihood_noise():
        return HdpModel(
            bags,
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


def dominant_topics(model: HdpModel, bags: BagsOfWords, chunksize: int) -> np.ndarray:
    """Infer each document's strongest topic; of equals, the lowest number."""
    inferred = [model.inference(chunk).argmax(axis=1) for chunk in batched(bags, chunksize)]
    return np.concatenate(inferred).astype(np.int32)


def top_words(model: HdpModel, words: list[str], topics: Iterable[Any]) -> dict[int, list[str]]:
    """List the ten likeliest words of each topic, of equals the earlier seen."""
    return {
        int(topic): [
            words[i] for i in np.argsort(-model.lda_beta[topic], kind="stable")[:TOP_WORDS]
        ]
        for topic in topics
        if topic != NO_TOPIC
    }


@contextmanager
def _without_likelihood_noise() -> Iterator[None]:
    """Hold back gensim's 'likelihood is decreasing!', which one online pass says all the time."""
    logger = logging.getLogger("gensim.models.hdpmodel")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)
