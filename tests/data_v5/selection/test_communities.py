import time
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_v5.selection import communities
from data_v5.selection.communities import find_communities


def reference(embeddings, threshold, min_community_size):
    """The definition, written out over the full matrix."""
    rows = np.asarray(embeddings, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    cosines = np.rint(unit @ unit.T * 2**24) / 2**24
    neighbours = [np.flatnonzero(row >= np.rint(threshold * 2**24) / 2**24) for row in cosines]
    centres = [i for i, found in enumerate(neighbours) if len(found) >= min_community_size]
    taken, made = set(), []
    for centre in sorted(centres, key=lambda i: (-len(neighbours[i]), i)):
        members = [int(j) for j in neighbours[centre] if int(j) not in taken]
        if centre not in taken and len(members) >= min_community_size:
            others = [j for j in members if j != centre]
            made.append([centre, *sorted(others, key=lambda j: (-cosines[centre, j], j))])
            taken.update(members)
    return sorted(made, key=len, reverse=True)


def found(embeddings, threshold=0.75, min_community_size=10):
    return find_communities(embeddings, threshold, min_community_size, progress=False)


def mixture(rows, clusters, dimensions=32, seed=0):
    rng = np.random.default_rng(seed)
    label = rng.integers(0, clusters, rows)
    centres = rng.standard_normal((clusters, dimensions))
    spread = rng.uniform(0.1, 1.5, (rows, 1))
    return (centres[label] + spread * rng.standard_normal((rows, dimensions))).astype(np.float32)


# Few small whole numbers: duplicates, zeros, opposite rows, and cosines that equal the threshold.
lattice = st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=1, max_size=40)


@given(lattice, st.sampled_from([-0.5, 0.0, 0.5, 0.6, 0.75, 0.8, 1.0]), st.integers(1, 6))
@settings(max_examples=150, deadline=None)
def test_the_communities_are_those_of_the_definition(rows, threshold, smallest):
    vectors = np.array(rows, dtype=np.float32)
    assert found(vectors, threshold, smallest) == reference(vectors, threshold, smallest)


@given(
    st.integers(0, 2**32 - 1),
    st.integers(2, 120),
    st.integers(1, 8),
    st.floats(0.2, 0.95),
    st.integers(1, 12),
)
@settings(max_examples=100, deadline=None)
def test_random_rows_in_small_tiles_and_batches_give_the_same(
    seed, rows, clusters, threshold, smallest
):
    vectors = mixture(rows, clusters, 8, seed)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(communities, "TILE_ROWS", 7)
        patch.setattr(communities, "BATCH_CENTRES", 3)
        assert found(vectors, threshold, smallest) == reference(vectors, threshold, smallest)


def test_many_rows_over_several_tiles_give_the_same():
    vectors = mixture(3000, 40)
    expected = reference(vectors, 0.75, 10)
    assert len(expected) > 10
    assert found(vectors) == expected


def test_a_cosine_equal_to_the_threshold_counts():
    # 3, 4, 5: the cosine of the two is 0.6, which no binary fraction is.
    vectors = [[5, 0], [3, 4]]
    assert found(vectors, 0.6, 2) == [[0, 1]]
    assert found(vectors, 0.600001, 2) == []


def test_copies_of_a_row_reach_the_threshold_1_and_keep_their_order():
    rng = np.random.default_rng(3)
    vectors = np.repeat(rng.standard_normal((4, 384)), 300, axis=0).astype(np.float32)
    expected = [list(range(start, start + 300)) for start in range(0, 1200, 300)]
    assert found(vectors, 1.0, 300) == expected


def test_the_length_of_a_row_does_not_matter():
    vectors = mixture(400, 5)
    scales = np.geomspace(1e-30, 1e30, 400, dtype=np.float64)[:, None]
    assert found(vectors * scales) == found(vectors)


def test_a_centre_that_another_community_has_makes_none():
    # 1 is near all; 0 and 2 are near 1 alone, and are left without a community.
    angles = np.radians([0, 30, 60])
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    assert found(vectors, 0.8, 2) == [[1, 0, 2]]


def test_communities_of_one_size_stand_in_the_order_of_their_first_counts():
    vectors = np.repeat(np.eye(4), [3, 5, 3, 5], axis=0)
    assert [members[0] for members in found(vectors, 0.9, 2)] == [3, 11, 0, 8]


def test_a_community_shrinks_by_the_rows_that_a_larger_one_took_and_is_sorted_again():
    # By degrees: 30 has nine neighbours; 61 has six, two of which are taken by then.
    angles = np.radians(
        [0, 10, 20, 30, 30, 30, 40, 50, 60, 61, 61, 90, 91, 200, 200, 200, 200, 200]
    )
    vectors = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    made = found(vectors, np.cos(np.radians(31.5)), 2)
    assert made == reference(vectors, np.cos(np.radians(31.5)), 2)
    assert [len(members) for members in made] == sorted(map(len, made), reverse=True)
    assert sum(map(len, made)) == len({row for members in made for row in members})


@pytest.mark.parametrize("rows", [0, 1, 9])
def test_fewer_rows_than_a_community_needs_make_none(rows):
    assert found(np.ones((rows, 4))) == []


def test_rows_of_zeros_belong_to_no_community():
    vectors = np.vstack([np.zeros((20, 3)), np.ones((12, 3))])
    assert found(vectors) == [list(range(20, 32))]


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(bad):
    with pytest.raises(ValueError, match="not finite"):
        found([[1.0, bad], [1.0, 1.0]])


@pytest.mark.parametrize(
    ("threshold", "smallest"), [(1.5, 2), (-2, 2), (float("nan"), 2), (0.5, 0)]
)
def test_settings_out_of_range_are_refused(threshold, smallest):
    with pytest.raises(ValueError, match="threshold must be"):
        found(np.ones((4, 2)), threshold, smallest)


def test_one_dense_cluster_takes_far_less_memory_than_its_pairs():
    rng = np.random.default_rng(0)
    vectors = np.ones((12_000, 8), dtype=np.float32)
    vectors += 0.05 * rng.standard_normal(vectors.shape, dtype=np.float32)
    tracemalloc.start()
    made = found(vectors, 0.9)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [len(members) for members in made] == [12_000]
    assert peak < 60e6  # one byte a pair would be 144 MB


def test_an_error_ends_the_work_at_once(monkeypatch):
    started = []

    def fail(vectors, threshold, start):
        started.append(start)
        time.sleep(0.01)
        raise KeyboardInterrupt

    monkeypatch.setattr(communities, "TILE_ROWS", 4)
    monkeypatch.setattr(communities, "_count_in_strip", fail)
    with pytest.raises(KeyboardInterrupt):
        found(np.ones((4000, 2)))
    assert len(started) < 500


@pytest.mark.parametrize(("threshold", "smallest"), [(0.75, 10), (0.6, 3), (0.9, 1)])
def test_sentence_transformers_finds_the_same(threshold, smallest):
    util = pytest.importorskip("sentence_transformers.util")
    vectors = mixture(4000, 50, 64, seed=5)
    theirs = util.community_detection(vectors, threshold, smallest, batch_size=512)
    ours = found(vectors, threshold, smallest)
    assert len(ours) > 20
    assert [set(members) for members in ours] == [set(members) for members in theirs]
    assert [members[0] for members in ours] == [members[0] for members in theirs]
