import copy
import logging
import math
import random

import numpy as np
import pytest
from gensim.models import HdpModel, hdpmodel
from gensim.models.hdpmodel import SuffStats, expect_log_sticks

from utils.topics.bags_of_words import count_words
from utils.topics.hdp import ChunkedHdp, count_table


def make_chunk(documents: int) -> tuple[list[list[tuple[int, int]]], dict[int, str]]:
    rng = random.Random(1)
    lists = [[f"w{int(rng.expovariate(0.1))}" for _ in range(30)] for _ in range(documents)]
    bags = count_words(lists)
    return list(bags), dict(enumerate(bags.words))


def estimate_by_gensim(model: HdpModel, chunk: list[list[tuple[int, int]]]) -> SuffStats:
    """Run gensim's E-step document by document."""
    _, word_ids = count_table(chunk)
    places = {int(word): place for place, word in enumerate(word_ids)}
    statistics = SuffStats(model.m_T, len(places), len(chunk))
    sticks = expect_log_sticks(model.m_var_sticks)
    for bag in chunk:
        ids, counts = zip(*bag, strict=True)
        model.doc_e_step(statistics, sticks, places, ids, counts, model.m_var_converge)
    return statistics


def test_a_chunk_gives_the_statistics_of_gensims_standstill(monkeypatch):
    # The relative change of the likelihood is 1 in the first round and, its rounding error taken
    # away, 0 in the second.
    without_rounding = {-1e200: 1e200}
    monkeypatch.setattr(
        hdpmodel, "abs", lambda value: without_rounding.get(value, math.inf), raising=False
    )
    chunk, words = make_chunk(40)
    model = ChunkedHdp(chunk, words, T=12, K=5, chunksize=20, random_state=1)
    expected = estimate_by_gensim(model, chunk)
    learned: list[SuffStats] = []
    model.update_lambda = lambda statistics, word_ids, order: learned.append(statistics)
    model.update_chunk(chunk)
    [found] = learned
    assert np.allclose(found.m_var_beta_ss, expected.m_var_beta_ss, rtol=1e-6, atol=1e-9)
    assert np.allclose(found.m_var_sticks_ss, expected.m_var_sticks_ss, rtol=1e-6, atol=1e-9)


def test_all_words_of_a_chunk_are_shared_out():
    chunk, words = make_chunk(30)
    model = ChunkedHdp(chunk, words, T=8, K=3, random_state=1)
    counts, word_ids = count_table(chunk)
    topics = model.chunk_topics(counts, model.m_Elogbeta[:, word_ids])
    assert np.allclose(topics.sum(axis=1), 1)
    assert counts.sum() == 30 * 30


def test_gensims_noise_is_not_heard(caplog):
    chunk, words = make_chunk(100)
    options = {"T": 10, "K": 4, "tau": 1.0, "random_state": 1}
    HdpModel(copy.deepcopy(chunk), words, **options)
    assert "likelihood is decreasing" in caplog.text
    caplog.clear()
    with caplog.at_level(logging.WARNING):
        ChunkedHdp(chunk, words, **options)
    assert caplog.text == ""


@pytest.mark.parametrize("chunksize", [7, 100])
def test_a_model_knows_every_word_after_one_pass(chunksize):
    chunk, words = make_chunk(50)
    model = ChunkedHdp(chunk, words, T=10, K=4, chunksize=chunksize, random_state=1)
    assert model.lda_beta.shape == (10, len(words))
    assert np.allclose(model.lda_beta.sum(axis=1), 1, rtol=1e-6)
    assert model.m_num_docs_processed == 50
