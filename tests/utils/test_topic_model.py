import logging
import random
from collections import Counter

import numpy as np
import pytest
from gensim.corpora import Dictionary
from gensim.models import HdpModel
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.config import parse_config
from utils.errors import PipelineError
from utils.topic_model import (
    NO_TOPIC,
    TopicSettings,
    count_words,
    dominant_topics,
    find_topics,
    fit,
    prune,
)

KITCHEN = "oven recipe flour sugar butter whisk bake dough yeast salt pan spoon"
SEA = "wave harbour anchor sail tide vessel reef coral captain deck gull storm"
SUBJECTS = {"kitchen": KITCHEN.split(), "sea": SEA.split()}
SMALL = TopicSettings(T=10, K=4, chunksize=16, no_below=2)
DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), min_size=1, max_size=20)


def make_documents(count: int, words: int = 20) -> list[list[str]]:
    """Make documents on the two subjects by turns."""
    rng = random.Random(5)
    subjects = list(SUBJECTS.values())
    return [rng.choices(subjects[number % 2], k=words) for number in range(count)]


def test_documents_on_two_subjects_never_share_a_topic_and_words_tell_which():
    topics = find_topics(make_documents(120), SMALL, seed=1)
    first, second = set(topics.assigned[::2].tolist()), set(topics.assigned[1::2].tolist())
    assert not first & second
    largest = Counter(topics.assigned.tolist()).most_common(2)
    for topic, _ in largest:
        subject = "kitchen" if topic in first else "sea"
        assert len(topics.words[topic]) == 10
        assert len(set(topics.words[topic]) & set(SUBJECTS[subject])) >= 8


def test_the_same_seed_gives_the_same_topics_and_another_seed_others():
    documents = make_documents(60)
    one, again, other = (find_topics(documents, SMALL, seed) for seed in (7, 7, 8))
    assert one.assigned.tolist() == again.assigned.tolist()
    assert one.words == again.words
    assert (one.assigned.tolist(), one.words) != (other.assigned.tolist(), other.words)


def test_documents_without_words_form_topic_minus_one_and_do_not_shift_the_others():
    documents = make_documents(60)
    documents[10] = []
    documents[20] = ["unique"]
    plain = find_topics([d for d in documents if len(d) > 1], SMALL, seed=1)
    topics = find_topics(documents, SMALL, seed=1)
    assert [i for i, topic in enumerate(topics.assigned) if topic == NO_TOPIC] == [10, 20]
    assert np.delete(topics.assigned, [10, 20]).tolist() == plain.assigned.tolist()
    assert NO_TOPIC not in topics.words


@pytest.mark.parametrize("documents", [[["a", "b"], ["c"], []], [[], []], []])
def test_when_no_word_is_frequent_enough_no_document_has_a_topic(documents):
    topics = find_topics(documents, TopicSettings(), seed=1)
    assert topics.assigned.tolist() == [NO_TOPIC] * len(documents)
    assert topics.words == {}


def test_a_dominant_topic_is_the_strongest_that_gensim_names():
    bags = prune(count_words(make_documents(50)), SMALL)
    model = fit(bags, SMALL, seed=3)
    named = [max(model[bag], key=lambda pair: pair[1])[0] for bag in bags]
    assert dominant_topics(model, bags, chunksize=7).tolist() == named


def test_words_are_counted_document_by_document():
    bags = count_words([["b", "a", "b"], [], ["a"]])
    assert bags.words == ["b", "a"]
    assert list(bags) == [[(0, 2), (1, 1)], [], [(1, 1)]]
    assert [list(bag) for bag in bags.without_empty()] == [[(0, 2), (1, 1)], [(1, 1)]]


@settings(max_examples=80)
@given(DOCUMENTS, st.integers(1, 4), st.sampled_from([0.2, 0.5, 0.8, 1.0]))
def test_pruning_keeps_the_words_that_gensim_keeps(documents, no_below, no_above):
    pruned = prune(count_words(documents), TopicSettings(no_below=no_below, no_above=no_above))
    dictionary = Dictionary(documents)
    dictionary.filter_extremes(no_below, no_above, keep_n=None)
    assert set(pruned.words) == set(dictionary.token2id)
    assert len(pruned) == len(documents)
    for bag, document in zip(pruned, documents, strict=True):
        expected = Counter(word for word in document if word in dictionary.token2id)
        assert {pruned.words[word_id]: count for word_id, count in bag} == expected


def test_keep_n_keeps_the_words_of_most_documents():
    documents = [["rare", "often"], ["often", "some"], ["some", "often"], []]
    pruned = prune(count_words(documents), TopicSettings(no_below=1, no_above=1.0, keep_n=2))
    assert pruned.words == ["often", "some"]


def test_the_likelihood_noise_of_gensim_is_held_back_and_nothing_after_it(caplog):
    rng = random.Random(0)
    documents = [[f"w{int(rng.expovariate(0.2))}" for _ in range(20)] for _ in range(100)]
    noisy = TopicSettings(T=10, K=4, tau=1.0, chunksize=256, no_below=2, no_above=1.0)
    bags = prune(count_words(documents), noisy)
    HdpModel(bags, dict(enumerate(bags.words)), T=10, K=4, tau=1.0, random_state=1)
    assert "likelihood is decreasing" in caplog.text
    caplog.clear()
    fit(bags, noisy, seed=1)
    assert caplog.text == ""
    logging.getLogger("gensim.models.hdpmodel").warning("something else")
    assert "something else" in caplog.text


@pytest.mark.parametrize(
    "values", [{"T": 1}, {"K": True}, {"tau": 0}, {"no_above": 1.5}, {"topics": 5}, {"keep_n": 0}]
)
def test_settings_that_make_no_sense_are_refused_by_their_key(values):
    with pytest.raises(PipelineError, match=rf"x\.yaml: .*'{next(iter(values))}'"):
        parse_config(values, TopicSettings, "x.yaml")
