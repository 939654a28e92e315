import random
from collections import Counter
from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from utils.config import parse_config
from utils.errors import PipelineError
from utils.processes import WorkerPool
from utils.topics import topic_model
from utils.topics.bags_of_words import count_words
from utils.topics.topic_model import (
    NO_TOPIC,
    Topics,
    TopicSettings,
    assign,
    draw_fit_sample,
    find_topics,
    fit,
    topic_weights,
)

KITCHEN = "oven recipe flour sugar butter whisk bake dough yeast salt pan spoon"
SEA = "wave harbour anchor sail tide vessel reef coral captain deck gull storm"
SUBJECTS = {"kitchen": KITCHEN.split(), "sea": SEA.split()}
SMALL = TopicSettings(T=10, K=4, tau=4.0, chunksize=16, no_below=2)
ALONE = WorkerPool(1)


def find(documents: list[list[str]], settings: TopicSettings, seed: int = 1) -> Topics:
    return find_topics(count_words(documents), settings, seed, ALONE)


def make_documents(count: int, words: int = 20) -> list[list[str]]:
    """Make documents on the two subjects by turns."""
    rng = random.Random(5)
    subjects = list(SUBJECTS.values())
    return [rng.choices(subjects[number % 2], k=words) for number in range(count)]


def test_documents_on_two_subjects_never_share_a_topic_and_words_tell_which():
    topics = find(make_documents(120), SMALL)
    first, second = set(topics.assigned[::2].tolist()), set(topics.assigned[1::2].tolist())
    assert not first & second
    largest = Counter(topics.assigned.tolist()).most_common(2)
    for topic, _ in largest:
        subject = "kitchen" if topic in first else "sea"
        assert len(topics.words[topic]) == 10
        assert len(set(topics.words[topic]) & set(SUBJECTS[subject])) >= 8


def test_the_same_seed_gives_the_same_topics_and_another_seed_others():
    documents = make_documents(60)
    one, again, other = (find(documents, SMALL, seed) for seed in (7, 7, 8))
    assert one.assigned.tolist() == again.assigned.tolist()
    assert one.words == again.words
    assert (one.assigned.tolist(), one.words) != (other.assigned.tolist(), other.words)


def test_documents_without_words_form_topic_minus_one_and_do_not_shift_the_others():
    documents = make_documents(60)
    documents[10] = []
    documents[20] = []
    plain = find([document for document in documents if document], SMALL)
    topics = find(documents, SMALL)
    assert [i for i, topic in enumerate(topics.assigned) if topic == NO_TOPIC] == [10, 20]
    assert np.delete(topics.assigned, [10, 20]).tolist() == plain.assigned.tolist()
    assert NO_TOPIC not in topics.words


@pytest.mark.parametrize("documents", [[["a", "b"], ["c"], []], [[], []], []])
def test_when_no_word_is_frequent_enough_no_document_has_a_topic(documents):
    topics = find(documents, TopicSettings())
    assert topics.assigned.tolist() == [NO_TOPIC] * len(documents)
    assert topics.words == {}


def test_an_assigned_topic_is_the_strongest_that_gensim_names():
    bags = count_words(make_documents(50))
    model = fit(bags, SMALL, seed=3)
    named = [max(model[bag], key=lambda pair: pair[1])[0] for bag in bags]
    assert assign(topic_weights(model), bags, ALONE).tolist() == named


def test_a_fit_of_a_sample_knows_its_words_and_assigns_all_documents():
    documents = [*make_documents(120), ["only", "once"]]
    settings = replace(SMALL, max_fit_documents=40)
    topics = find(documents, settings)
    assert (topics.assigned[:120] >= 0).all() and topics.assigned[120] == NO_TOPIC
    assert topics.assigned.tolist() != find(documents, SMALL).assigned.tolist()


def test_a_sample_is_drawn_by_the_seed_from_the_documents_with_words():
    bags = count_words([["a"], [], ["b"], ["c"]])
    assert len(draw_fit_sample(bags, 10, seed=1)) == 3
    drawn = {tuple(draw_fit_sample(bags, 2, seed).ids.tolist()) for seed in range(40)}
    assert drawn == set(permutations(range(3), 2))
    assert draw_fit_sample(bags, 2, 5).ids.tolist() == draw_fit_sample(bags, 2, 5).ids.tolist()


def test_tasks_and_processes_change_no_assignment(monkeypatch):
    bags = count_words(make_documents(50))
    weights = topic_weights(fit(bags, SMALL, seed=3))
    whole = assign(weights, bags, ALONE)
    monkeypatch.setattr(topic_model, "ASSIGNED_AT_ONCE", 8)
    assert assign(weights, bags, ALONE).tolist() == whole.tolist()
    with WorkerPool(2) as pool:
        assert assign(weights, bags, pool).tolist() == whole.tolist()


@pytest.mark.parametrize(
    "values", [{"T": 1}, {"K": True}, {"tau": 0}, {"no_above": 1.5}, {"topics": 5}, {"keep_n": 0}]
)
def test_settings_that_make_no_sense_are_refused_by_their_key(values):
    with pytest.raises(PipelineError, match=rf"x\.yaml: .*'{next(iter(values))}'"):
        parse_config(values, TopicSettings, "x.yaml")
