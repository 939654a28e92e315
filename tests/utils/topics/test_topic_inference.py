import random

import numpy as np
import pytest
from gensim.models.hdpmodel import lda_e_step

from utils.topics.bags_of_words import BagsOfWords, count_words
from utils.topics.topic_inference import TopicWeights, dominant_topics, infer, pad


@pytest.fixture(scope="module")
def weights() -> TopicWeights:
    """Make a model of 40 topics of unequal weight over 300 words."""
    rng = np.random.default_rng(4)
    alpha = np.sort(rng.dirichlet(np.full(40, 0.3)))[::-1] + 1e-7
    return TopicWeights(alpha, np.ascontiguousarray(rng.dirichlet(np.full(300, 0.05), 40).T))


@pytest.fixture(scope="module")
def bags() -> BagsOfWords:
    """Make documents of 1 to 80 words, those before word 300 first so that ids are the words."""
    rng = random.Random(2)
    documents = [[str(n) for n in range(300)]]
    for _ in range(300):
        start = rng.randrange(300)
        length = rng.randint(1, 80)
        documents.append([str((start + int(rng.expovariate(0.1))) % 300) for _ in range(length)])
    return count_words(documents)


def gensim_gamma(weights: TopicWeights, bags: BagsOfWords) -> np.ndarray:
    documents = (tuple(map(list, zip(*bag, strict=True))) for bag in bags)
    inferred = (lda_e_step(*pair, weights.alpha, weights.beta.T) for pair in documents)
    return np.array([gamma for _, gamma in inferred])


def test_every_topic_of_every_document_weighs_what_gensim_finds(weights, bags):
    expected = gensim_gamma(weights, bags)
    numbers = np.arange(len(bags))
    for start in (0, 64, 200):
        block = numbers[start : start + 64]
        gamma = infer(weights, *pad(bags.take(block)))
        assert np.abs(gamma - expected[block]).max() < 1e-4


def test_the_dominant_topic_is_gensims(weights, bags):
    expected = gensim_gamma(weights, bags).argmax(axis=1)
    assert dominant_topics((weights, bags)).tolist() == expected.tolist()
    assert len(set(expected.tolist())) > 10


def test_a_document_alone_gets_the_topic_it_gets_among_others(weights, bags):
    together = dominant_topics((weights, bags))
    for number in (0, 5, 250):
        assert dominant_topics((weights, bags.take(np.array([number])))) == [together[number]]


def test_of_equal_topics_the_lowest_is_dominant():
    weights = TopicWeights(np.full(4, 0.25), np.full((3, 4), 1 / 3))
    bags = count_words([["a", "b"], ["c"]])
    assert dominant_topics((weights, bags)).tolist() == [0, 0]
