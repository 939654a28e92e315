import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_v5.selection.sampling_plan import (
    draw_questions,
    proportional_quotas,
    sample_quotas,
)


@pytest.mark.parametrize(
    ("total", "sizes", "quotas"),
    [
        (10, [60, 30, 10], [6, 3, 1]),
        (10, [50, 30, 10, 1, 1], [4, 3, 1, 1, 1]),
        (3, [50, 30, 10, 1, 1], [1, 1, 1, 0, 0]),
        (5, [50, 30, 10, 1, 1], [1, 1, 1, 1, 1]),
        (0, [2, 1], [0, 0]),
        (9, [3, 3, 3], [3, 3, 3]),
        (99, [3, 1], [3, 1]),
        (4, [], []),
    ],
)
def test_quotas_are_proportional_with_one_at_least(total, sizes, quotas):
    assert sample_quotas(total, sizes) == quotas


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(0, 400))
def test_quotas_come_out_exactly_and_no_cluster_gives_more_than_it_has(sizes, total):
    sizes.sort(reverse=True)
    quotas = sample_quotas(total, sizes)
    assert sum(quotas) == min(total, sum(sizes))
    assert all(quota <= size for quota, size in zip(quotas, sizes, strict=True))
    if total >= len(sizes):
        assert min(quotas) >= 1
    else:
        assert max(quotas) <= 1
    assert quotas == sorted(quotas, reverse=True), "a larger cluster never gives less"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=20), st.integers(0, 400))
def test_a_cluster_gives_its_share_rounded_up_at_most(sizes, total):
    sizes.sort(reverse=True)
    for quota, size in zip(sample_quotas(total, sizes), sizes, strict=True):
        assert quota <= max(1, -(-total * size // sum(sizes)))


def test_sizes_that_rise_are_refused():
    with pytest.raises(ValueError, match="must fall"):
        sample_quotas(2, [1, 2])


CLUSTERS = [[4, 0, 2, 6, 8, 9], [1, 3, 5], [7], [10]]
DIGESTS = [bytes([number]) * 16 for number in range(11)]


def test_a_sample_is_in_rising_order_and_says_what_each_cluster_gave():
    sample = draw_questions(CLUSTERS, 7, 42, DIGESTS, "one_each")
    assert sample.given == [3, 2, 1, 1]
    assert sample.chosen == sorted(sample.chosen) and {7, 10} <= set(sample.chosen)
    for members, given_by in zip(CLUSTERS, sample.given, strict=True):
        assert len(set(members) & set(sample.chosen)) == given_by


def test_a_larger_sample_holds_the_smaller_ones():
    samples = [
        set(draw_questions(CLUSTERS, total, 1, DIGESTS, "one_each").chosen)
        for total in range(4, 12)
    ]
    assert [len(sample) for sample in samples] == list(range(4, 12))
    assert all(small < large for small, large in zip(samples, samples[1:], strict=False))


def test_another_seed_draws_another_sample():
    drawn = {
        tuple(draw_questions(CLUSTERS, 6, seed, DIGESTS, "one_each").chosen) for seed in range(20)
    }
    assert len(drawn) > 5


def test_each_member_of_a_cluster_is_drawn_about_as_often_as_the_others():
    counts = [0] * 11
    for seed in range(2000):
        for number in draw_questions(CLUSTERS, 4, seed, DIGESTS, "one_each").chosen:
            counts[number] += 1
    assert all(250 < counts[number] < 420 for number in CLUSTERS[0])
    assert all(560 < counts[number] < 770 for number in CLUSTERS[1])


def test_fewer_samples_than_clusters_take_the_large_ones_and_draw_among_equals():
    firsts = [draw_questions(CLUSTERS, 3, seed, DIGESTS, "one_each") for seed in range(40)]
    assert all(sample.given[:2] == [1, 1] for sample in firsts)
    assert {tuple(sample.given[2:]) for sample in firsts} == {(1, 0), (0, 1)}


def test_the_draw_hangs_on_the_questions_and_not_on_where_they_stand():
    moved = [10, 3, 7, 0, 9, 1, 8, 2, 6, 4, 5]
    digests = [b""] * 11
    for old, new in enumerate(moved):
        digests[new] = DIGESTS[old]
    clusters = [[moved[number] for number in members] for members in reversed(CLUSTERS)]
    before = draw_questions(CLUSTERS, 6, 42, DIGESTS, "one_each").chosen
    after = draw_questions(clusters, 6, 42, digests, "one_each").chosen
    assert sorted(moved[number] for number in before) == after


def test_further_clusters_leave_the_draw_within_a_cluster_as_it_was():
    alone = draw_questions([CLUSTERS[0]], 2, 42, DIGESTS, "one_each").chosen
    beside = draw_questions([CLUSTERS[0], CLUSTERS[1]], 3, 42, DIGESTS, "one_each")
    assert beside.given == [2, 1]
    assert alone == [number for number in beside.chosen if number in CLUSTERS[0]]


@pytest.mark.parametrize(
    ("total", "sizes", "quotas"),
    [
        (10, [60, 30, 10], [6, 3, 1]),
        (10, [45, 45, 10], [5, 4, 1]),
        (10, [70, 27, 3], [7, 2, 1]),
        (4, [97, 1, 1, 1], [3, 1, 0, 0]),
        (0, [2, 1], [0, 0]),
        (99, [3, 1], [3, 1]),
        (4, [], []),
    ],
)
def test_shares_are_rounded_and_small_clusters_come_before_large_ones(total, sizes, quotas):
    assert proportional_quotas(total, sizes) == quotas


@given(st.lists(st.integers(1, 500), min_size=1, max_size=30), st.integers(0, 3000))
def test_each_quota_is_its_share_rounded_up_or_down_and_one_where_that_can_be(sizes, total):
    quotas = proportional_quotas(total, sizes)
    rows = sum(sizes)
    total = min(total, rows)
    assert sum(quotas) == total
    floors = [total * size // rows for size in sizes]
    for quota, size, floor in zip(quotas, sizes, floors, strict=True):
        assert floor <= quota <= -(-total * size // rows) <= size
    if total - sum(floors) >= floors.count(0):
        assert min(quotas) >= 1


def test_singletons_are_one_stratum_by_their_number_unless_they_are_left_out():
    clusters = [list(range(30)), list(range(30, 40)), *([number] for number in range(40, 100))]
    digests = [bytes([number]) * 16 for number in range(100)]
    given = {
        wish: draw_questions(clusters, 10, 42, digests, wish).given
        for wish in ("share", "leave_out", "one_each")
    }
    assert {wish: (*one[:2], sum(one[2:])) for wish, one in given.items()} == {
        "share": (3, 1, 6),
        "leave_out": (8, 2, 0),
        "one_each": (1, 1, 8),
    }


def test_the_singletons_drawn_hang_on_the_questions_and_not_on_where_they_stand():
    digests = [bytes([number]) * 16 for number in range(11)]
    before = draw_questions([[0, 1], *([n] for n in range(2, 11))], 5, 7, digests, "share")
    turned = draw_questions([*([n] for n in range(9)), [10, 9]], 5, 7, digests[::-1], "share")
    assert sorted(10 - number for number in turned.chosen) == before.chosen
