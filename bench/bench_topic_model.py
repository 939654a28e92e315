"""What `max_fit_documents`, `tau` and `chunksize` are set by: coherence against time, run by hand.

Fits models to a part of the edits and scores the top words of the topics that 1,500 other edits
have, weighted by how many have them and not, by NPMI in 10,000 edits that no fit saw; a line gives
the mean of several seeds. gensim's own model and settings come first of each size.
    python -m bench.bench_topic_model [--seeds 3]
"""

import argparse
import logging
import time
from collections import Counter
from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

import numpy as np
from gensim.models import HdpModel
from tqdm import tqdm

from bench.coherence import WordIndex, coherence, word_index
from bench.edit_rows import make_edits
from utils.code.topic_words import document_tokens, english_stop_words
from utils.processes import WorkerPool
from utils.topics.bags_of_words import BagsOfWords, count_words, keep_words, usual_words
from utils.topics.topic_model import (
    TopicSettings,
    assign,
    draw_fit_sample,
    fit,
    top_words,
    topic_weights,
)

ASSIGNED, HELD_OUT = 1_500, 10_000
SIZES = (300, 1_000, 3_000, 10_000, 20_000)
GENSIMS = TopicSettings(tau=64.0, chunksize=256)
VARIANTS = [(4.0, 64), (4.0, 128), (8.0, 128), (16.0, 64), (16.0, 128), (64.0, 256)]


class Score(NamedTuple):
    seconds: float
    topics: float
    npmi: float
    weighted_npmi: float


def prune(bags: BagsOfWords, settings: TopicSettings) -> BagsOfWords:
    kept = usual_words(bags, settings.no_below, settings.no_above, settings.keep_n)
    return keep_words(bags, kept)


def fit_with_gensim(bags: BagsOfWords, settings: TopicSettings, seed: int) -> HdpModel:
    options = {"tau": settings.tau, "chunksize": settings.chunksize, "random_state": seed}
    return HdpModel(list(bags), dict(enumerate(bags.words)), **options)


def measure(
    documents: Sequence[list[str]], size: int, settings: TopicSettings, seed: int, method, index
) -> Score:
    """Fit to the first `size` documents and score the topics of the last ones."""
    sample = draw_fit_sample(count_words(documents[:size]), size, seed)
    bags = prune(sample, settings)
    started = time.perf_counter()
    model = method(bags, settings, seed)
    seconds = time.perf_counter() - started
    return Score(seconds, *rate(model, bags.words, documents[-ASSIGNED:], index))


def rate(
    model: HdpModel, words: list[str], documents: Sequence[list[str]], index: WordIndex
) -> tuple[int, float, float]:
    """Count the topics that documents have, and score their words by topic and by document."""
    ids = {word: number for number, word in enumerate(words)}
    counted = count_words([[word for word in tokens if word in ids] for tokens in documents])
    bags = BagsOfWords(
        words,
        counted.starts,
        np.array([ids[word] for word in counted.words], dtype=np.int32)[counted.ids],
        counted.counts,
    )
    filled = bags.take(np.flatnonzero(bags.lengths()))
    sizes = Counter(assign(topic_weights(model), filled, WorkerPool(1)).tolist())
    scores = {
        topic: coherence([top], index) for topic, top in top_words(model, words, sizes).items()
    }
    weighted = sum(scores[topic] * size for topic, size in sizes.items()) / sizes.total()
    return len(sizes), mean(scores.values()), weighted


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=3)
    seeds = range(parser.parse_args().seeds)
    logging.getLogger("gensim.models.hdpmodel").setLevel(logging.ERROR)
    stop_words = english_stop_words()
    documents = [
        document_tokens(row["code_before_purify"], row["instruct_purify"], stop_words)
        for row in make_edits(SIZES[-1] + HELD_OUT)
    ]
    index = word_index(documents[-HELD_OUT:])
    for size in SIZES:
        runs = [("gensim", fit_with_gensim, GENSIMS)]
        runs += [("stage", fit, TopicSettings(tau=tau, chunksize=n)) for tau, n in VARIANTS]
        for name, method, settings in runs:
            found = [measure(documents, size, settings, seed, method, index) for seed in seeds]
            score = Score(*map(mean, zip(*found, strict=True)))
            tqdm.write(
                f"{size:6} documents, {name}, tau {settings.tau:2.0f}, chunksize "
                f"{settings.chunksize:3}: {score.seconds:5.1f} s, {score.topics:3.0f} topics, "
                f"NPMI {score.npmi:6.3f}, weighted {score.weighted_npmi:6.3f}"
            )


if __name__ == "__main__":
    main()
