from collections import Counter
from fractions import Fraction
from itertools import product

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from utils.sampling import (
    BottomK,
    check_shares,
    derive_seed,
    largest_remainder,
    level_quotas,
    share_by_margins,
)

SIZES = st.lists(st.integers(0, 30), max_size=12)
WEIGHTS = st.lists(st.integers(0, 20).map(lambda n: n / 10), min_size=1, max_size=4)


def quotas_by_pouring(total: int, sizes: list[int]) -> list[int]:
    """Give out one unit a round to every group that is not full, the first groups first."""
    quotas = [0] * len(sizes)
    while total and quotas != sizes:
        for i, size in enumerate(sizes):
            if quotas[i] < size and total:
                quotas[i] += 1
                total -= 1
    return quotas


@settings(max_examples=300)
@given(st.integers(0, 200), SIZES)
def test_level_quotas_are_those_of_pouring_unit_by_unit(total, sizes):
    assert level_quotas(total, sizes) == quotas_by_pouring(total, sizes)


def test_small_groups_are_kept_whole_and_what_they_leave_goes_to_the_larger_ones():
    assert level_quotas(10, [2, 100, 1, 100]) == [2, 4, 1, 3]


@settings(max_examples=100)
@given(st.integers(0, 7), WEIGHTS)
def test_largest_remainder_is_the_nearest_of_all_ways_to_split(total, weights):
    assume(any(weights))
    parts = largest_remainder(total, weights)
    exact = [Fraction(str(weight)) for weight in weights]
    shares = [total * weight / sum(exact) for weight in exact]

    def distance(split: tuple[int, ...]) -> Fraction:
        return sum((part - share) ** 2 for part, share in zip(split, shares, strict=True))

    splits = [
        split for split in product(range(total + 1), repeat=len(weights)) if sum(split) == total
    ]
    assert sum(parts) == total
    assert distance(tuple(parts)) == min(map(distance, splits))


def test_the_first_of_equal_remainders_takes_the_odd_one():
    assert largest_remainder(10, [0.25, 0.25, 0.25, 0.25]) == [3, 3, 2, 2]


def test_shares_that_do_not_quite_sum_to_one_are_scaled():
    assert largest_remainder(300_000, [0.333, 0.333, 0.333]) == [100_000] * 3


@pytest.mark.parametrize("weights", [[0.5, -0.1], [0.0, 0.0]])
def test_weights_that_split_nothing_are_an_error(weights):
    with pytest.raises(ValueError, match="negative"):
        largest_remainder(5, weights)


@settings(max_examples=200)
@given(
    st.lists(st.integers(0, 40), min_size=1, max_size=5),
    st.lists(st.integers(0, 20), min_size=1, max_size=5),
)
def test_a_table_by_margins_has_exact_margins_and_cells_near_their_share(rows, weights):
    assume(any(weights) or not any(rows))
    columns = largest_remainder(sum(rows), weights)
    table = share_by_margins(rows, columns)
    assert [sum(line) for line in table] == rows
    assert [sum(column) for column in zip(*table, strict=True)] == columns
    assert all(cell >= 0 for line in table for cell in line)
    for row, line in zip(rows, table, strict=True):
        for column, cell in zip(columns, line, strict=True):
            assert abs(cell - row * column / max(sum(rows), 1)) <= len(rows)


def test_margins_of_different_sums_are_an_error():
    with pytest.raises(ValueError, match="rows sum to 3, columns to 4"):
        share_by_margins([3], [4])


@pytest.mark.parametrize(
    "shares", [[1], [0.1] * 10, [0.333, 0.333, 0.333], [0.3, 0.3, 0.4], [1, 0], [0.999]]
)
def test_shares_within_a_thousandth_of_one_are_accepted(shares):
    check_shares("ratios", shares)


@pytest.mark.parametrize(
    ("shares", "problem"),
    [
        ([0.5, 0.4], "ratios: shares sum to 0.9; make them sum to 1"),
        ([0.998], "shares sum to 0.998"),
        ([], "shares sum to 0"),
        ([1.5, -0.5], "a share is negative"),
    ],
)
def test_other_shares_are_refused_with_their_sum(shares, problem):
    with pytest.raises(ValueError, match=problem):
        check_shares("ratios", shares)


def test_derived_seeds_are_fixed_and_tell_their_parts_apart():
    assert derive_seed(42, "draw", 0) == 3506290565312479115
    assert derive_seed("a", "bc") != derive_seed("ab", "c")
    assert len({derive_seed(42, "draw", number) for number in range(1000)}) == 1000
    assert 0 <= derive_seed("\ud800") < 2**63


def draw(names, size=10, seed=1):
    sample = BottomK(size, seed)
    for name in names:
        sample.add(name, name)
    return sample.items()


NAMES = [f"row{number}" for number in range(100)]


def test_the_sample_does_not_depend_on_the_order():
    assert draw(NAMES) == draw(reversed(NAMES))


def test_what_is_drawn_from_all_is_drawn_from_a_part_that_has_it():
    part = NAMES[::2]
    assert set(draw(NAMES)) & set(part) <= set(draw(part))


def test_the_beginning_of_a_sample_is_the_smaller_sample():
    assert draw(NAMES, 20)[:5] == draw(NAMES, 5)


def test_another_seed_draws_another_sample():
    assert draw(NAMES, seed=1) != draw(NAMES, seed=2)


def test_fewer_items_than_asked_for_are_all_kept():
    assert sorted(draw(["a", "b"])) == ["a", "b"]
    assert draw(["a"], size=0) == []


def test_every_item_has_about_the_same_chance():
    drawn = Counter(name for seed in range(400) for name in draw(NAMES, 10, seed))
    assert len(drawn) == 100 and max(drawn.values()) < 4 * min(drawn.values())
