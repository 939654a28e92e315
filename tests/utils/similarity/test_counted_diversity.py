import math
import random
from collections import Counter
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import entropy

from utils.similarity.counted_diversity import (
    count_ngrams,
    effective_labels,
    normalised_entropy,
    rarefied_share,
    shannon_entropy,
    simpson_index,
    text_characters,
    text_tokens,
    unbiased_simpson_index,
)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("The cat, the DOG!", "the cat the dog"),
        ("What is 3 + 4*x?", "what is 3 + 4 * x"),
        ("3-4 and 3 - 4, a well-known sum", "3 - 4 and 3 - 4 a well known sum"),
        ("C, C++ or C#", "c c + + or c #"),
        ("皮肤上的痤疮", "皮 肤 上 的 痤 疮"),
        ("用Python3写カレー", "用 python3 写 カ レ ー"),
        ("계란을 삶다", "계란을 삶다"),
        ("où est l'été", "où est l été"),
        ("?! ...", "?! ..."),
        (" \n", ""),
        ("", ""),
    ],
)
def test_words_numbers_and_operators_are_tokens(text, tokens):
    assert text_tokens(text) == tokens.split()


def test_characters_are_those_of_the_text_with_its_blanks_squeezed():
    assert text_characters(" A\t\n b.") == ["a", " ", "b", "."]
    assert text_characters(" \n") == []


@given(st.text())
def test_any_text_has_tokens_unless_it_is_blank(text):
    assert bool(text_tokens(text)) == bool(text.lower().split())


TEXTS = ["The cat saw the dog.", "the cat saw", "Dog", ""]


@pytest.mark.parametrize(
    ("size", "total", "distinct"), [(1, 9, 4), (2, 6, 4), (3, 4, 3), (4, 2, 2), (9, 0, 0)]
)
def test_ngrams_are_counted_within_each_text(size, total, distinct):
    counts = count_ngrams(TEXTS, size)
    assert (counts.total, counts.distinct) == (total, distinct)
    assert counts.distinct_share == (distinct / total if total else 0)


def test_texts_are_read_as_a_stream_and_their_order_does_not_count():
    there, back = count_ngrams(iter(TEXTS), 2), count_ngrams(reversed(TEXTS), 2)
    assert there.times.tolist() == back.times.tolist()
    assert there.numbers.tolist() == back.numbers.tolist()


def test_the_rarefied_share_is_the_mean_over_all_draws():
    words = list("aaabbcd")
    counts = count_ngrams(words, 1)
    for drawn in range(1, 8):
        draws = [len(set(draw)) / drawn for draw in combinations(words, drawn)]
        expected = sum(draws) / len(draws)
        assert rarefied_share(counts, drawn) == pytest.approx(expected, abs=1e-9)


def test_the_plain_share_falls_with_the_amount_of_text_and_the_rarefied_one_does_not():
    rng = random.Random(0)
    texts = [" ".join(str(int(rng.paretovariate(0.7))) for _ in range(30)) for _ in range(2000)]
    small, large = count_ngrams(texts[:200], 1), count_ngrams(texts, 1)
    assert large.distinct_share < 0.8 * small.distinct_share
    assert rarefied_share(large, 5000) == pytest.approx(rarefied_share(small, 5000), rel=0.03)


def test_more_than_there_are_cannot_be_drawn():
    counts = count_ngrams(TEXTS, 1)
    assert rarefied_share(counts, 9) == counts.distinct_share
    assert rarefied_share(counts, 10) is None and rarefied_share(counts, 0) is None
    assert rarefied_share(count_ngrams([], 1), 1) is None
    assert count_ngrams([], 1).distinct_share == 0


COUNTED = st.dictionaries(st.text(max_size=3), st.integers(0, 10_000), max_size=20).map(Counter)


def test_the_measures_of_a_small_count():
    counts = Counter(a=2, b=1, c=1)
    assert shannon_entropy(counts) == pytest.approx(1.5 * math.log(2))
    assert normalised_entropy(counts) == pytest.approx(1.5 * math.log(2) / math.log(3))
    assert effective_labels(counts) == pytest.approx(2**1.5)
    assert simpson_index(counts) == pytest.approx(1 - (4 + 1 + 1) / 16)
    assert unbiased_simpson_index(counts) == pytest.approx(1 - 2 / 12)


@given(COUNTED)
def test_the_entropy_is_that_of_scipy(counts):
    expected = float(entropy(list(counts.values()))) if counts.total() else 0.0
    assert shannon_entropy(counts) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize("values", [[3, 1, 1], [7], [1, 1], [1000, 1, 250, 3, 3]])
def test_the_measures_are_those_of_scikit_bio(values):
    alpha = pytest.importorskip("skbio.diversity.alpha")
    counts = Counter(dict(enumerate(values)))
    assert simpson_index(counts) == pytest.approx(alpha.simpson(values), abs=1e-9)
    unbiased = alpha.simpson(values, finite=True)
    assert unbiased_simpson_index(counts) == pytest.approx(unbiased, abs=1e-9)
    assert shannon_entropy(counts) == pytest.approx(alpha.shannon(values), abs=1e-9)


@given(COUNTED)
def test_the_index_is_the_chance_that_two_draws_differ(counts):
    drawn = list((counts - Counter()).items())
    total = counts.total()
    differ = sum(
        m * n for i, (_, m) in enumerate(drawn) for j, (_, n) in enumerate(drawn) if i != j
    )
    assert simpson_index(counts) == pytest.approx(differ / total**2 if total else 0, abs=1e-9)
    pairs = total * (total - 1)
    assert unbiased_simpson_index(counts) == pytest.approx(differ / pairs if pairs else 0, abs=1e-9)


@pytest.mark.parametrize("counts", [Counter(), Counter(a=0), Counter(a=1), Counter(a=9, b=0)])
def test_no_label_and_one_label_have_no_diversity(counts):
    measures = (shannon_entropy, normalised_entropy, simpson_index, unbiased_simpson_index)
    assert [measure(counts) for measure in measures] == [0, 0, 0, 0]
    assert effective_labels(counts) == (1 if counts.total() else 0)


def test_equally_frequent_labels_are_as_diverse_as_can_be():
    counts = Counter({label: 5 for label in range(8)})
    assert normalised_entropy(counts) == pytest.approx(1)
    assert effective_labels(counts) == pytest.approx(8)


@given(st.lists(st.integers(1, 10**6), min_size=1))
def test_the_order_of_labels_does_not_show(numbers):
    there = Counter(dict(enumerate(numbers)))
    back = Counter(dict(reversed(list(enumerate(numbers)))))
    assert shannon_entropy(there) == shannon_entropy(back)


def test_a_negative_count_is_refused():
    with pytest.raises(ValueError, match="less than 0 times"):
        simpson_index(Counter(a=-1))
