import math

import numpy as np
import pytest

from utils.similarity.vendi import vendi_score, vendi_score_of_kernel
from utils.similarity.vendi_estimates import (
    estimate_vendi_score,
    low_rank_vendi_score,
    low_rank_vendi_score_of_kernel,
    sampled_vendi_score,
)

ORDERS = (0.5, 1.0, 2.0, math.inf)


def rows_of_falling_spectrum(count=300, width=200, power=1.0, seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal((count, width)) * np.arange(1, width + 1) ** -power


def kernel_of(rows):
    """A Gaussian kernel: not the cosine, and of full rank."""
    squares = (rows**2).sum(axis=1)
    distances = squares[:, None] + squares - 2 * rows @ rows.T
    return np.exp(-np.maximum(distances, 0) / distances.mean())


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("power", [0.0, 0.5, 1.5])
def test_the_score_lies_between_the_bounds(power, order):
    rows = rows_of_falling_spectrum(power=power)
    rows[:20] = 0
    exact = vendi_score(rows, order)
    found = low_rank_vendi_score(rows, order, rank=50)
    assert found.low - 1e-9 <= exact <= found.high + 1e-9
    assert found.low <= found.score <= found.high
    kernel = kernel_of(rows)
    exact = vendi_score_of_kernel(kernel, order)
    found = low_rank_vendi_score_of_kernel(kernel, order, rank=50)
    assert found.low - 1e-9 <= exact <= found.high + 1e-9
    assert found.low <= found.score <= found.high


def test_the_bounds_close_in_as_the_rank_grows():
    kernel = kernel_of(rows_of_falling_spectrum(power=1.0))
    exact = vendi_score_of_kernel(kernel)
    found = [low_rank_vendi_score_of_kernel(kernel, rank=rank) for rank in (10, 40, 160)]
    widths = [one.high - one.low for one in found]
    assert widths == sorted(widths, reverse=True) and widths[2] < 0.1 * exact
    assert found[2].score == pytest.approx(exact, rel=0.02)


def test_all_eigenvalues_give_the_exact_score():
    rows = rows_of_falling_spectrum(60, 20)
    found = low_rank_vendi_score(rows, rank=500)
    assert found.method == "exact"
    assert found.score == found.low == found.high == pytest.approx(vendi_score(rows), abs=1e-6)


def test_a_set_that_is_small_on_one_side_is_scored_exactly():
    rows = rows_of_falling_spectrum(60, 20)
    exact = estimate_vendi_score(rows)
    assert exact.method == "exact" and exact.score == vendi_score(rows)
    rough = estimate_vendi_score(rows, largest_exact=10, rank=5)
    assert rough.method.startswith("low rank: 5 eigenvalues hold ")
    assert rough.low < exact.score < rough.high


def test_the_same_seed_gives_the_same_estimate():
    rows = rows_of_falling_spectrum()
    assert low_rank_vendi_score(rows, rank=20) == low_rank_vendi_score(rows, rank=20)


def test_no_rows_score_zero():
    assert low_rank_vendi_score(np.empty((0, 5))).high == 0
    assert low_rank_vendi_score_of_kernel(np.empty((0, 0))).high == 0


def test_samples_score_below_the_whole_and_say_how_much_is_missing():
    rows = rows_of_falling_spectrum(400, 30, 0.3)

    def score_of(drawn):
        return vendi_score(rows[drawn])

    small = sampled_vendi_score(400, score_of, 40)
    large = sampled_vendi_score(400, score_of, 300)
    assert small.low < small.score < small.high < vendi_score(rows)
    assert small.score < large.score and 1 < large.growth < small.growth < 2
    assert small.high - small.low < 0.1 * small.score
    assert small == sampled_vendi_score(400, score_of, 40)
    assert small != sampled_vendi_score(400, score_of, 40, random_seed=7)


def test_a_sample_has_each_row_once_in_order():
    seen = []
    sampled_vendi_score(50, lambda drawn: seen.append(drawn.tolist()) or 1.0, 20, samples=2)
    assert [len(drawn) for drawn in seen] == [20, 10, 20, 10]
    assert all(drawn == sorted(set(drawn)) for drawn in seen) and seen[0] != seen[2]


def test_more_rows_than_there_are_cannot_be_drawn():
    with pytest.raises(ValueError, match="10 samples of 6 out of 5 rows"):
        sampled_vendi_score(5, lambda drawn: 1.0, 6)
