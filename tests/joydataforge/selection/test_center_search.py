from itertools import combinations

import numpy as np
import pytest

from joydataforge.selection import center_search as module
from joydataforge.selection.center_search import k_center


def random_rows(count, width=3, seed=0):
    return np.random.default_rng(seed).standard_normal((count, width)).astype(np.float32)


def distance_table(rows):
    return np.linalg.norm(rows[:, None].astype(np.float64) - rows[None], axis=2)


def best_radius(table, size):
    chosen = combinations(range(len(table)), size)
    return min(table[:, centers].min(axis=1).max() for centers in map(list, chosen))


def plain_greedy(rows, size, first):
    table, chosen = distance_table(rows), [first]
    while len(chosen) < size:
        chosen.append(int(table[:, chosen].min(axis=1).argmax()))
    return chosen


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_radius_is_at_most_twice_the_best_one(seed, size):
    rows = random_rows(11, seed=seed)
    table = distance_table(rows)
    chosen, radius, distances = k_center(rows, size, random_seed=seed)
    assert len(set(chosen)) == size
    assert distances == pytest.approx(table[:, chosen].min(axis=1), abs=1e-6)
    assert radius == distances.max()
    assert best_radius(table, size) - 1e-6 <= radius <= 2 * best_radius(table, size) + 1e-6


def test_the_choice_is_that_of_the_plain_algorithm(monkeypatch):
    rows = random_rows(400, 20)
    chosen = plain_greedy(rows, 60, 7)
    assert k_center(rows, 60, first=7).chosen == chosen
    monkeypatch.setattr(module, "BLOCK_NUMBERS", 90)
    monkeypatch.setattr(module, "CANDIDATES", 3)
    assert k_center(rows, 60, first=7).chosen == chosen


def test_the_first_row_is_drawn_by_the_seed():
    rows = random_rows(200)
    firsts = [k_center(rows, 1, random_seed=seed).chosen[0] for seed in range(20)]
    again = [k_center(rows, 1, random_seed=seed).chosen[0] for seed in range(20)]
    assert firsts == again and len(set(firsts)) > 10


def test_a_smaller_choice_is_the_beginning_of_a_larger_one():
    rows = random_rows(100)
    assert k_center(rows, 5, first=3).chosen == k_center(rows, 30, first=3).chosen[:5]


def test_copies_are_chosen_only_when_nothing_else_is_left():
    rows = np.repeat(random_rows(5, 300), 4, axis=0)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    chosen, radius, distances = k_center(rows, 5, first=8)
    assert sorted(row // 4 for row in chosen) == [0, 1, 2, 3, 4]
    assert all(row % 4 == 0 for row in chosen)
    assert radius == 0 and not distances.any()
    assert len(set(k_center(rows, 11, first=8).chosen)) == 11


def test_of_equally_far_rows_the_first_is_taken():
    rows = np.eye(9, dtype=np.float32)
    assert k_center(rows, 6, first=4).chosen == [4, 0, 1, 2, 3, 5]


def test_all_rows_are_chosen_where_there_are_no_more_than_asked_for():
    rows = random_rows(6)
    for size in (6, 7, 1000):
        chosen, radius, distances = k_center(rows, size)
        assert sorted(chosen) == list(range(6)) and radius == 0 and not distances.any()


def test_covered_rows_count_as_centers_and_are_not_chosen():
    rows = np.array([[0.0], [1.0], [10.0], [11.0], [30.0]], dtype=np.float32)
    chosen, radius, distances = k_center(rows, 1, covered=[2, 4])
    assert chosen == [0]
    assert radius == 1 and distances.tolist() == [0, 1, 0, 1, 0]
    assert sorted(k_center(rows, 99, covered=[2, 4]).chosen) == [0, 1, 3]
    assert k_center(rows, 2, first=3, covered=[2, 4]).chosen == [3, 0]
    assert k_center(rows, 2, covered=range(5)).chosen == []


def test_a_memory_map_gives_what_the_array_gives(tmp_path):
    rows = random_rows(300, 16)
    np.save(tmp_path / "rows.npy", rows)
    mapped = np.load(tmp_path / "rows.npy", mmap_mode="r")
    assert k_center(mapped, 40).chosen == k_center(rows, 40).chosen


def test_zero_vectors_and_no_rows_are_no_trouble():
    rows = np.zeros((3, 4), dtype=np.float32)
    assert k_center(rows, 2, first=1).chosen == [1, 0]
    chosen, radius, distances = k_center(np.empty((0, 4), dtype=np.float32), 5)
    assert chosen == [] and radius == 0 and len(distances) == 0


def test_what_cannot_be_done_is_said():
    rows = random_rows(5)
    with pytest.raises(ValueError, match="can't choose 0 rows"):
        k_center(rows, 0)
    with pytest.raises(ValueError, match="no row 5 among 5"):
        k_center(rows, 1, first=5)
    with pytest.raises(ValueError, match="no row -1 among 5"):
        k_center(rows, 1, covered=[-1])
    with pytest.raises(ValueError, match="row 2 is covered already"):
        k_center(rows, 1, first=2, covered=[2])
    rows[3, 1] = np.nan
    with pytest.raises(ValueError, match="row 3 of the embeddings"):
        k_center(rows, 1)
