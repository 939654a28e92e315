from collections import Counter

import numpy as np
from gensim.corpora import Dictionary
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.topics.bags_of_words import BagsOfWords, count_words, join_bags, keep_words, usual_words

DOCUMENTS = st.lists(st.lists(st.sampled_from("abcdefgh"), max_size=6), min_size=1, max_size=20)


def prune(bags: BagsOfWords, no_below: int, no_above: float, keep_n: int = 100) -> BagsOfWords:
    return keep_words(bags, usual_words(bags, no_below, no_above, keep_n))


def test_words_are_counted_document_by_document():
    bags = count_words([["b", "a", "b"], [], ["a"]])
    assert bags.words == ["b", "a"]
    assert list(bags) == [[(0, 2), (1, 1)], [], [(1, 1)]]
    assert bags.lengths().tolist() == [2, 0, 1]


def test_documents_are_taken_in_the_order_asked_for():
    bags = count_words([["b", "a", "b"], [], ["a"]])
    assert list(bags.take(np.array([2, 0, 1, 2]))) == [[(1, 1)], [(0, 2), (1, 1)], [], [(1, 1)]]
    assert list(bags.take(np.array([], dtype=int))) == []


@settings(max_examples=60)
@given(DOCUMENTS, st.integers(1, 5))
def test_documents_counted_in_parts_join_to_the_same_bags(documents, size):
    parts = [count_words(documents[i : i + size]) for i in range(0, len(documents), size)]
    joined, whole = join_bags(parts), count_words(documents)
    assert joined.words == whole.words
    assert list(joined) == list(whole)
    assert list(join_bags([])) == []


@settings(max_examples=80)
@given(DOCUMENTS, st.integers(1, 4), st.sampled_from([0.2, 0.5, 0.8, 1.0]))
def test_pruning_keeps_the_words_that_gensim_keeps(documents, no_below, no_above):
    pruned = prune(count_words(documents), no_below, no_above)
    dictionary = Dictionary(documents)
    dictionary.filter_extremes(no_below, no_above, keep_n=None)
    assert set(pruned.words) == set(dictionary.token2id)
    assert len(pruned) == len(documents)
    for bag, document in zip(pruned, documents, strict=True):
        expected = Counter(word for word in document if word in dictionary.token2id)
        assert {pruned.words[word_id]: count for word_id, count in bag} == expected


def test_keep_n_keeps_the_words_of_most_documents():
    documents = [["rare", "often"], ["often", "some"], ["some", "often"], []]
    assert prune(count_words(documents), 1, 1.0, keep_n=2).words == ["often", "some"]
