import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data_v5.selection import neighbours
from data_v5.selection.neighbours import nearest_neighbours


def reference(embeddings, query, k, groups):
    rows = np.asarray(embeddings, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    cosines = np.rint(unit @ unit[query] * 2**24) / 2**24
    others = [row for row in range(len(rows)) if groups[row] != groups[query]]
    nearest = sorted(others, key=lambda row: (-cosines[row], row))[:k]
    return nearest + [-1] * (k - len(nearest))


lattice = st.lists(st.tuples(st.integers(0, 6), *[st.integers(-1, 2)] * 3), min_size=1, max_size=30)


@given(lattice, st.integers(1, 8))
@settings(max_examples=100, deadline=None)
def test_the_neighbours_are_those_of_a_full_sort(rows, k):
    groups, vectors = [row[0] for row in rows], np.array([row[1:] for row in rows])
    found, _ = nearest_neighbours(vectors, range(len(rows)), k, groups)
    assert found.tolist() == [reference(vectors, query, k, groups) for query in range(len(rows))]


def test_many_rows_in_several_blocks_give_the_same(monkeypatch):
    monkeypatch.setattr(neighbours, "BLOCK_CELLS", 3 * 2000)
    vectors = np.random.default_rng(1).standard_normal((2000, 48)).astype(np.float32)
    queries = [1999, 5, 5, 0, 1000, 7, 8, 9]
    found, cosines = nearest_neighbours(vectors, queries, 5)
    groups = range(2000)
    assert found.tolist() == [reference(vectors, query, 5, groups) for query in queries]
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    np.testing.assert_allclose(cosines[0], unit[found[0]] @ unit[1999], atol=1e-6)
    assert (np.diff(cosines, axis=1) <= 0).all()


def test_a_row_is_not_its_own_neighbour_nor_one_of_its_group():
    vectors = [[1.0, 0.0], [1.0, 0.0], [1.0, 0.1], [0.0, 1.0]]
    assert nearest_neighbours(vectors, [0], 2)[0].tolist() == [[1, 2]]
    assert nearest_neighbours(vectors, [0], 2, groups=["a", "a", "b", "c"])[0].tolist() == [[2, 3]]


def test_equally_near_rows_come_by_number_whatever_rounding_does():
    vectors = np.random.default_rng(2).standard_normal((3, 384))
    vectors = np.vstack([vectors[:1], np.tile(vectors[1:], (150, 1))])
    found, cosines = nearest_neighbours(vectors, [0], 150)
    near = 1 if cosines[0, 0] == (vectors[0] @ vectors[1]) else int(found[0, 0])
    assert found[0].tolist() == list(range(near, 301, 2))
    assert len(set(cosines[0].tolist())) == 1


def test_where_too_few_rows_are_left_the_rest_is_marked():
    found, cosines = nearest_neighbours([[1.0, 0.0], [0.0, 1.0]], [1], 3)
    assert found.tolist() == [[0, -1, -1]]
    assert cosines.tolist() == [[0.0, -np.inf, -np.inf]]


def test_no_queries_have_no_neighbours():
    found, cosines = nearest_neighbours(np.ones((3, 2)), [], 5)
    assert found.shape == cosines.shape == (0, 5)


@pytest.mark.parametrize(
    ("queries", "k", "groups"),
    [([3], 1, None), ([-1], 1, None), ([0], 0, None), ([[0]], 1, None), ([0], 1, [1, 2])],
)
def test_what_can_not_be_meant_is_refused(queries, k, groups):
    with pytest.raises(ValueError, match="must|does not exist"):
        nearest_neighbours(np.ones((3, 2)), queries, k, groups)
