import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info

from utils.similarity.cosine import UnitRows, worker_threads


def drawn(rows, dimensions=384, seed=0):
    return np.random.default_rng(seed).standard_normal((rows, dimensions)).astype(np.float32)


def test_rows_have_length_1_and_rows_of_zeros_stay():
    vectors = UnitRows([[3.0, 4.0], [0.0, 0.0], [1e-30, 0.0], [1e30, 1e30]])
    assert vectors.rows.dtype == np.float32
    expected = [[0.6, 0.8], [0, 0], [1, 0], [0.5**0.5, 0.5**0.5]]
    np.testing.assert_allclose(vectors.rows, expected, rtol=1e-6)


def test_the_rows_given_are_not_changed():
    given_rows = drawn(10)
    before = given_rows.copy()
    UnitRows(given_rows)
    np.testing.assert_array_equal(given_rows, before)


@pytest.mark.parametrize("shape", [(3,), (2, 2, 2)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="rows, dimensions"):
        UnitRows(np.ones(shape))


def test_cosines_of_equal_rows_are_exactly_1():
    vectors = UnitRows(drawn(200))
    every = np.arange(200)
    assert (vectors.cosines(every, every) == 1).all()


def test_single_precision_is_off_by_no_more_than_the_slack():
    vectors = UnitRows(drawn(300))
    block = vectors.rows @ vectors.rows.T
    exact = vectors.rows.astype(np.float64) @ vectors.rows.T.astype(np.float64)
    assert np.abs(block - exact).max() < vectors.slack


@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.5, 1.0]))
@settings(max_examples=30, deadline=None)
def test_a_threshold_that_a_pair_has_exactly_is_reached_by_it(seed, share):
    """Whatever the block; where most pairs are doubtful, and where one is."""
    vectors = drawn(40, 64, seed)
    vectors[: int(40 * share)] = vectors[0]
    unit = UnitRows(vectors)
    rows, columns = np.arange(0, 30), np.arange(5, 40)
    exact = unit.cosines(np.repeat(rows, 35), np.tile(columns, 30)).reshape(30, 35)
    threshold = float(exact[0, 20])
    np.testing.assert_array_equal(unit.reach(rows, columns, threshold), exact >= threshold)
    np.testing.assert_array_equal(
        unit.reach(columns, rows, threshold), unit.reach(rows, columns, threshold).T
    )


def test_products_run_in_one_thread_within_the_pool_and_as_before_after_it():
    def blas_threads():
        return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]

    before = blas_threads()
    with worker_threads() as pool:
        assert set(pool.submit(blas_threads).result()) == {1}
    assert blas_threads() == before
