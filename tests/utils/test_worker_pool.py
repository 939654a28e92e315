import os

import pytest

from utils.worker_pool import WorkerPool


def process_id(_: object) -> int:
    return os.getpid()


def test_results_come_in_the_order_of_the_items_in_one_process_or_several():
    words = [letter * count for count in range(20, 0, -1) for letter in "ab"]
    for workers in (1, 2):
        with WorkerPool(workers) as pool:
            assert list(pool.map(len, iter(words))) == [len(word) for word in words]


def test_the_same_processes_serve_one_map_after_the_other():
    with WorkerPool(2) as pool:
        first = set(pool.map(process_id, range(20)))
        second = set(pool.map(process_id, range(20)))
    assert len(first | second) <= 2
    assert os.getpid() not in first | second


def test_one_worker_is_this_process():
    with WorkerPool(1) as pool:
        assert set(pool.map(process_id, range(3))) == {os.getpid()}


def test_items_are_taken_only_a_few_ahead_of_the_results():
    taken = []
    with WorkerPool(2) as pool:
        results = pool.map(len, (taken.append(n) or "x" for n in range(100)))
        next(results)
        assert len(taken) < 10
        assert len(list(results)) == 99


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller(workers):
    with WorkerPool(workers) as pool, pytest.raises(ValueError, match="invalid literal"):
        list(pool.map(int, ["1", "two"]))
