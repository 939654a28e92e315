import numpy as np
import pytest

from utils.code.lexing import jaccard
from utils.similarity.near_duplicates import (
    SignatureStore,
    chance_to_meet,
    choose_bands,
    fewest_shared_bands,
    find_near_duplicates,
    signature,
    signatures,
)


def random_sets(count, size=300, seed=0):
    rng = np.random.default_rng(seed)
    return [np.unique(rng.integers(0, 2**63, size, dtype=np.uint64)) for _ in range(count)]


def with_similarity(base, similarity, seed=1):
    """Give a set of the same size with about that Jaccard similarity to the first."""
    shared = round(2 * len(base) * similarity / (1 + similarity))
    fresh = random_sets(1, 2 * len(base), seed)[0][: len(base) - shared]
    return np.unique(np.concatenate([base[:shared], fresh]))


def duplicates(sets, threshold=0.7, may_stand=lambda number: True, loaded=None, permutations=256):
    store = SignatureStore(permutations)
    for number, members in enumerate(sets):
        store.add(number, signature(members, permutations, 42))

    def load(number):
        if loaded is not None:
            loaded.append(number)
        return sets[number]

    found = find_near_duplicates(store, load, threshold, may_stand)
    return {number: match.number for number, match in found}


def test_signatures_agree_in_the_share_that_sets_have_in_common():
    (base,) = random_sets(1, 1000)
    for similarity in (0.2, 0.5, 0.8):
        other = with_similarity(base, similarity)
        same = signature(base, 256, 42) == signature(other, 256, 42)
        assert same.mean() == pytest.approx(jaccard(base, other), abs=0.12)


def test_a_signature_depends_on_the_set_and_the_seed_alone():
    (base,) = random_sets(1)
    assert (signature(base, 64, 7) == signature(base.copy(), 64, 7)).all()
    assert (signature(base, 64, 7) != signature(base, 64, 8)).any()
    # A change of the library's algorithm would show here.
    assert signature(np.arange(1, 9, dtype=np.uint64), 16, 42)[:3].tolist() == [
        3373429996,
        1660528701,
        3266120372,
    ]


def test_bands_miss_hardly_any_pair_at_the_threshold():
    bands, rows = choose_bands(0.7, 256)
    assert bands * rows <= 256
    assert (1 - 0.7**rows) ** bands <= 0.01 < (1 - 0.7 ** (rows + 1)) ** (256 // (rows + 1))


def test_the_chance_to_meet_is_that_of_the_bands():
    assert chance_to_meet(0.7, 0.7, 256) >= 0.99
    assert chance_to_meet(1.0, 0.7, 256) == 1 and chance_to_meet(0.0, 0.7, 256) == 0
    assert chance_to_meet(0.1, 0.1, 16) == pytest.approx(1 - 0.9**16)


def test_more_bands_than_one_must_agree_where_they_are_short():
    assert fewest_shared_bands(0.7, 256) == 1
    assert fewest_shared_bands(0.5, 256) > 2
    for threshold in (0.3, 0.5, 0.6, 0.8, 0.95):
        assert chance_to_meet(threshold, threshold, 256) >= 0.99
    unlike = chance_to_meet(0.1, 0.5, 256, 1), chance_to_meet(0.1, 0.5, 256)
    assert unlike[1] < unlike[0] / 100


def test_signatures_of_several_sets_are_those_of_each():
    sets = [*random_sets(3), np.empty(0, dtype=np.uint64), *random_sets(1, 5, 9)]
    together = signatures(sets, 64, 42)
    assert together.shape == (5, 64) and signatures([], 64, 42).shape == (0, 64)
    assert all((row == signature(s, 64, 42)).all() for row, s in zip(together, sets, strict=True))


def test_pairs_at_the_threshold_are_found_with_few_permutations_too():
    pairs = []
    for number, base in enumerate(random_sets(150)):
        pairs += [base, with_similarity(base, 0.72, seed=100 + number)]
    for permutations in (32, 64, 128):
        assert len(duplicates(pairs, permutations=permutations)) >= 0.98 * 150


def test_near_duplicates_name_the_first_and_others_stay():
    first, second, third = random_sets(3)
    sets = [first, second, with_similarity(first, 0.9), third, with_similarity(first, 0.85, 2)]
    assert duplicates(sets) == {2: 0, 4: 0}


def test_a_pair_is_compared_exactly_and_not_by_its_estimate():
    pairs = []
    for number, base in enumerate(random_sets(60)):
        pairs += [base, with_similarity(base, 0.66 + 0.08 * (number % 2), seed=100 + number)]
    found = duplicates(pairs)
    for number in range(0, 120, 2):
        is_near = jaccard(pairs[number], pairs[number + 1]) >= 0.7
        assert (number + 1 in found) == is_near


def test_a_row_that_may_not_stand_shadows_no_other():
    (base,) = random_sets(1)
    sets = [base, with_similarity(base, 0.9), with_similarity(base, 0.9, 2)]
    assert duplicates(sets, may_stand=lambda number: number != 0) == {2: 1}


def test_a_row_that_is_a_duplicate_itself_is_no_ones_first():
    (base,) = random_sets(1)
    middle = with_similarity(base, 0.75)
    last = np.unique(np.concatenate([middle[60:], random_sets(1, 60, 9)[0]]))
    assert jaccard(middle, last) > 0.65 and jaccard(base, last) < 0.7
    assert duplicates([base, middle, last], threshold=0.65) == {1: 0}


def test_sets_are_loaded_for_likely_pairs_only():
    sets = random_sets(300)
    sets.append(with_similarity(sets[7], 0.95))
    loaded = []
    assert duplicates(sets, loaded=loaded) == {300: 7}
    assert sorted(loaded) == [7, 300]


def test_a_store_grows_and_keeps_what_it_holds():
    store = SignatureStore(16)
    for number in range(3000):
        store.add(number * 2, np.full(16, number, dtype=np.uint32))
    assert len(store) == 3000 and store.numbers[5] == 10
    assert (store.array[:, 0] == np.arange(3000)).all()


def test_no_rows_have_no_duplicates():
    assert duplicates([]) == {}
