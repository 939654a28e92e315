import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.similarity import vendi
from utils.similarity.vendi import (
    effective_number,
    mean_similarity,
    vendi_score,
    vendi_score_of_kernel,
)

ORDERS = (0.5, 1.0, 2.0, math.inf)


def random_rows(count, width, seed=0):
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


def cosines(rows):
    units = rows.astype(np.float64)
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    return units @ units.T


def vendi_by_definition(rows, order=1.0):
    """exp of the Rényi entropy of the eigenvalues of the n x n cosines over n."""
    values = np.linalg.eigvalsh(cosines(rows) / len(rows))
    values = values[values > 1e-12]
    if order == 1:
        return math.exp(-(values * np.log(values)).sum())
    if order == math.inf:
        return 1 / values.max()
    return (values**order).sum() ** (1 / (1 - order))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("shape", [(60, 7), (60, 60), (9, 50), (1, 5), (2, 1)])
def test_the_vendi_score_is_that_of_its_definition(shape, order):
    rows = random_rows(*shape)
    assert vendi_score(rows, order) == pytest.approx(vendi_by_definition(rows, order), abs=1e-6)
    kernel = cosines(rows)
    assert vendi_score_of_kernel(kernel, order) == pytest.approx(
        vendi_by_definition(rows, order), abs=1e-6
    )


def test_the_vendi_score_is_that_of_its_authors_package():
    vendi = pytest.importorskip("vendi_score.vendi")
    for shape in ((60, 10), (10, 60)):
        rows = random_rows(*shape).astype(np.float64)
        assert vendi_score(rows) == pytest.approx(vendi.score_X(rows), abs=1e-6)
        assert vendi_score(rows, 2.0) == pytest.approx(vendi.score_dual(rows, q=2), abs=1e-6)
        assert vendi_score(rows, math.inf) == pytest.approx(
            vendi.score_dual(rows, q="inf"), abs=1e-6
        )


def test_large_sets_are_read_in_blocks_with_the_same_result(monkeypatch):
    for shape in ((200, 12), (12, 200)):
        rows = random_rows(*shape)
        whole = vendi_score(rows), mean_similarity(rows)
        monkeypatch.setattr(vendi, "BLOCK_NUMBERS", 50)
        assert (vendi_score(rows), mean_similarity(rows)) == pytest.approx(whole, abs=1e-9)
        monkeypatch.undo()


@pytest.mark.parametrize("order", ORDERS)
def test_equal_rows_score_one_and_orthogonal_rows_their_number(order):
    assert vendi_score(np.tile([3.0, 4.0], (50, 1)), order) == pytest.approx(1, abs=1e-9)
    assert vendi_score(np.eye(8, dtype=np.float32), order) == pytest.approx(8, abs=1e-9)
    assert vendi_score(np.repeat(np.eye(8), 5, axis=0), order) == pytest.approx(8, abs=1e-9)


def test_the_length_of_a_row_does_not_count():
    rows = random_rows(30, 5)
    scaled = rows * np.random.default_rng(1).uniform(0.01, 100, (30, 1)).astype(np.float32)
    assert vendi_score(scaled) == pytest.approx(vendi_score(rows), abs=1e-4)
    assert mean_similarity(scaled) == pytest.approx(mean_similarity(rows), abs=1e-6)


@pytest.mark.parametrize("width", [3, 40])
def test_rows_of_zeros_are_copies_of_one_thing(width):
    rows = np.zeros((6, width), dtype=np.float32)
    rows[[0, 1], 0] = 1
    assert vendi_score(rows) == pytest.approx(
        math.exp(-sum(p * math.log(p) for p in (1 / 3, 2 / 3)))
    )
    assert mean_similarity(rows) == pytest.approx((2 * 1 + 4 * 3) / (6 * 5))
    assert vendi_score(np.zeros((4, width))) == pytest.approx(1)
    assert mean_similarity(np.zeros((4, width))) == pytest.approx(1)


def test_no_row_and_one_row():
    assert vendi_score(np.empty((0, 5))) == 0 and mean_similarity(np.empty((0, 5))) is None
    assert vendi_score(np.ones((1, 5))) == pytest.approx(1)
    assert mean_similarity(np.ones((1, 5))) is None
    assert vendi_score_of_kernel(np.empty((0, 0))) == 0


def test_the_mean_similarity_is_that_of_all_pairs():
    rows = random_rows(40, 6) + 0.5
    pairs = cosines(rows)[np.triu_indices(40, 1)]
    assert mean_similarity(rows) == pytest.approx(pairs.mean(), abs=1e-9)
    opposite = np.array([[1.0, 0.0], [-2.0, 0.0]])
    assert mean_similarity(opposite) == pytest.approx(-1)


def test_a_number_that_is_not_finite_is_named():
    for shape in ((6, 3), (3, 6)):
        rows = random_rows(*shape)
        rows[2, 1] = np.inf
        with pytest.raises(ValueError, match="row 2 of the embeddings"):
            vendi_score(rows)


@pytest.mark.parametrize(
    ("kernel", "what"),
    [
        (np.ones((2, 3)), "square"),
        (np.full((2, 2), 0.5), "diagonal"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), "symmetric"),
        (np.array([[1.0, 0.2], [0.4, 1.0]]), "symmetric"),
        (np.array([[1.0, 3.0], [3.0, 1.0]]), "negative eigenvalue"),
    ],
)
def test_a_matrix_that_is_no_kernel_is_refused(kernel, what):
    with pytest.raises(ValueError, match=what):
        vendi_score_of_kernel(kernel)


def test_a_kernel_is_left_as_it_is():
    kernel = cosines(random_rows(20, 4))
    before = kernel.copy()
    vendi_score_of_kernel(kernel)
    assert (kernel == before).all()


@given(st.lists(st.integers(1, 1000), min_size=1, max_size=30))
def test_the_effective_number_falls_with_the_order(counts):
    shares = np.array(counts) / sum(counts)
    numbers = [effective_number(shares, order) for order in (0, 0.5, 1, 1.5, 2, 9, math.inf)]
    assert numbers[0] == pytest.approx(len(counts))
    assert all(one >= other - 1e-9 for one, other in zip(numbers, numbers[1:], strict=False))
    assert numbers[4] == pytest.approx(1 / (shares**2).sum())
    assert effective_number(shares / 3, 0.5, 3.0) == pytest.approx(3 * numbers[1])


def test_an_order_below_zero_is_refused():
    for order in (-1.0, math.nan):
        with pytest.raises(ValueError, match="the order of an entropy"):
            effective_number(np.array([1.0]), order)
