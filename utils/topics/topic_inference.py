"""Which topic is strongest in a document: LDA's variational inference for many at once.

gensim infers one document at a time (`lda_e_step`: Blei, Ng and Jordan 2003). The same updates run
here over blocks of documents, without the topics that have died out in each, and each document
stops at the round in which gensim would stop. numpy and scipy are all a worker has to import.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from utils.topics.bags_of_words import BagsOfWords

# gensim's own constants.
MAX_ROUNDS = 100
MEAN_CHANGE = 1e-5
NO_MASS = 1e-100

BLOCK = 64
# The rounds after which dead topics are looked for: those that explain less than DEAD words of a
# document. Their share cannot come back, and is too small to matter for the strongest.
PRUNING_ROUNDS = frozenset({2, 4, 8, 16, 32})
DEAD = 1e-6


@dataclass(frozen=True)
class TopicWeights:
    """A fitted model: `alpha` has a weight per topic, `beta` a row per word of one per topic."""

    alpha: np.ndarray
    beta: np.ndarray


def dominant_topics(task: tuple[TopicWeights, BagsOfWords]) -> np.ndarray:
    """Infer the strongest topic of each document, none of them empty; of equals the lowest.

    One thread computes, whatever the machine: the order of a sum must not depend on it.
    """
    weights, bags = task
    lengths = bags.lengths()
    by_length = np.argsort(lengths, kind="stable")
    dominant = np.empty(len(bags), dtype=np.int32)
    with threadpool_limits(1, user_api="blas"):
        for start in range(0, len(bags), BLOCK):
            numbers = by_length[start : start + BLOCK]
            dominant[numbers] = infer(weights, *pad(bags.take(numbers))).argmax(axis=1)
    return dominant


def pad(bags: BagsOfWords) -> tuple[np.ndarray, np.ndarray]:
    """Lay documents out as tables of word ids and counts; a count of 0 is no word."""
    lengths = bags.lengths()
    filled = np.arange(lengths.max()) < lengths[:, None]
    ids = np.zeros(filled.shape, dtype=np.int32)
    counts = np.zeros(filled.shape)
    ids[filled], counts[filled] = bags.ids, bags.counts
    return ids, counts


def infer(weights: TopicWeights, ids: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Infer gamma, the topics' weights in each document: documents x topics."""
    block = _Block(weights, ids, counts)
    for number in range(MAX_ROUNDS):
        done = block.update()
        if done.any():
            block.finish(done)
        if not len(block.numbers):
            break
        if number in PRUNING_ROUNDS:
            block.prune()
    block.finish(np.ones(len(block.numbers), dtype=bool))
    return block.result


class _Block:
    """Documents under inference; arrays are documents x words x living topics."""

    def __init__(self, weights: TopicWeights, ids: np.ndarray, counts: np.ndarray) -> None:
        from scipy.special import psi

        self.psi = psi
        documents, topics = len(ids), len(weights.alpha)
        self.total_topics = topics
        self.result = np.tile(weights.alpha, (documents, 1))
        self.numbers = np.arange(documents)
        self.topics = np.tile(np.arange(topics), (documents, 1))
        self.alpha = self.result.copy()
        self.beta = weights.beta[ids]
        self.counts = counts
        # Each round shares out the words anew, so that gamma's sum stays what it is.
        self.psi_of_sum = psi(weights.alpha.sum() + counts.sum(axis=1))[:, None]
        self.gamma = np.ones((documents, topics))
        self.theta = np.exp(psi(self.gamma) - psi(float(topics)))

    def update(self) -> np.ndarray:
        """Do one round; say which documents have come to rest."""
        mass = (self.beta @ self.theta[:, :, None])[:, :, 0] + NO_MASS
        shares = ((self.counts / mass)[:, None, :] @ self.beta)[:, 0, :]
        last, self.gamma = self.gamma, self.alpha + self.theta * shares
        self.theta = np.exp(self.psi(self.gamma) - self.psi_of_sum)
        change = np.abs(self.gamma - last).sum(axis=1) / self.total_topics
        return np.asarray(change < MEAN_CHANGE)

    def finish(self, done: np.ndarray) -> None:
        """Note the results of documents that have come to rest and let go of them."""
        self.result[self.numbers[done, None], self.topics[done]] = self.gamma[done]
        self._select(~done)

    def _select(self, stays: np.ndarray) -> None:
        for name in (
            "numbers",
            "topics",
            "alpha",
            "beta",
            "counts",
            "psi_of_sum",
            "gamma",
            "theta",
        ):
            setattr(self, name, getattr(self, name)[stays])

    def prune(self) -> None:
        """Let go of dead topics; all documents keep as many as the one with the most."""
        explained = self.gamma - self.alpha
        width = int((explained > DEAD).sum(axis=1).max())
        strongest = np.sort(np.argsort(-explained, axis=1, kind="stable")[:, :width], axis=1)
        self.beta = np.take_along_axis(self.beta, strongest[:, None, :], axis=2)
        for name in ("topics", "alpha", "gamma", "theta"):
            setattr(self, name, np.take_along_axis(getattr(self, name), strongest, axis=1))
