import random
from collections import Counter

import pytest

from joydataforge.selection.text_dedup import Shingling, clusters, find_duplicate_texts, sign_texts
from utils.code.lexing import jaccard
from utils.similarity.near_duplicates import Match

TEXTS = [
    "Write a function that sorts a list of numbers in ascending order and returns the list.",
    "What should I do about the acne on my skin?",
    "Write a function which sorts a list of numbers in ascending order and returns the list.",
    "",
    "WRITE a function that sorts a list of numbers, in ascending order, and returns the list!",
    "皮肤上的痤疮没有好转，我应该怎么办？",
    "皮肤上的痤疮一直没有好转，我应该怎么办？",
    "",
]


def found(texts, shingling=None, threshold=0.6, **settings):
    shingling = shingling or Shingling()
    store = sign_texts(texts, shingling, **settings)
    return dict(find_duplicate_texts(store, texts.__getitem__, shingling, threshold))


def varied_texts(count=400):
    """Texts of a small vocabulary, many of which repeat an earlier one with some words changed."""
    rng = random.Random(0)
    words = [f"w{number}" for number in range(3000)]
    texts = []
    for _ in range(count):
        kept = (
            rng.choice(texts).split() if texts and rng.random() < 0.5 else rng.choices(words, k=40)
        )
        share = rng.uniform(0, 0.2)
        texts.append(" ".join(rng.choice(words) if rng.random() < share else w for w in kept))
    return texts


def by_brute_force(texts, shingling, threshold):
    sets, removed = list(map(shingling.of, texts)), set()
    for number, own in enumerate(sets):
        earlier = (other for other in range(number) if other not in removed)
        if any(jaccard(own, sets[other]) >= threshold for other in earlier):
            removed.add(number)
    return removed


def test_the_first_of_each_cluster_stands_for_it():
    assert {number: match.number for number, match in found(TEXTS).items()} == {2: 0, 4: 0, 6: 5}
    groups = clusters(found(TEXTS).items())
    assert list(groups) == [0, 5]
    assert [member.number for member in groups[0]] == [2, 4]
    assert groups[0][1] == Match(4, 1.0) and 0.6 <= groups[0][0].similarity < 1


def test_a_blank_text_is_nobodys_duplicate():
    assert found(["", " ", ""]) == {}
    assert list(found(["?!", "?!"])) == [1]


@pytest.mark.parametrize("permutations", [64, 128, 256])
@pytest.mark.parametrize("threshold", [0.5, 0.75])
def test_the_duplicates_are_those_of_a_comparison_of_all_pairs(threshold, permutations):
    texts, shingling = varied_texts(), Shingling(ngram=2)
    expected = by_brute_force(texts, shingling, threshold)
    duplicates = found(texts, shingling, threshold, permutations=permutations)
    assert len(expected) > 30
    assert len(expected & set(duplicates)) >= 0.98 * len(expected)
    for number, match in duplicates.items():
        exact = jaccard(shingling.of(texts[number]), shingling.of(texts[match.number]))
        assert match.number < number and match.similarity == exact >= threshold


def test_runs_of_characters_forgive_misspelt_words():
    texts = ["metronidazole against inflammation", "metronidazol against inflamation"]
    assert found(texts, Shingling("word", 2)) == {}
    assert list(found(texts, Shingling("character", 4))) == [1]


def test_code_is_compared_without_comments_and_layout():
    texts = ["x = load( path )  # all of it\n", "x = load(path)\n"]
    assert list(found(texts, Shingling("code", 3), 1.0)) == [1]


def test_operators_tell_sums_apart():
    assert found(["What is 3 + 4?", "What is 3 * 4?"], Shingling(ngram=2)) == {}


def test_several_processes_give_what_one_gives():
    texts = varied_texts(1500)
    alone, shared = (sign_texts(texts, Shingling(), num_workers=number) for number in (1, 2))
    assert alone.numbers == shared.numbers and (alone.array == shared.array).all()


def test_the_shingles_of_a_short_text_are_one():
    assert len(Shingling(ngram=5).of("two words")) == 1 and len(Shingling().of(" ")) == 0
    counted = Counter(Shingling(ngram=1).of("a b a").tolist())
    assert len(counted) == 2
