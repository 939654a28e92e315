import pytest

from utils.parallel import batched, map_in_order, worker_count


def test_results_come_in_the_order_of_the_items_in_one_process_or_several():
    words = [letter * count for count in range(20, 0, -1) for letter in "ab"]
    expected = [len(word) for word in words]
    assert list(map_in_order(len, words, 1)) == expected
    assert list(map_in_order(len, iter(words), 2)) == expected


def test_items_are_taken_only_a_few_ahead_of_the_results():
    taken = 0

    def stream():
        nonlocal taken
        for taken in range(1, 101):  # noqa: B007
            yield "x"

    results = map_in_order(len, stream(), 2)
    next(results)
    assert taken < 10
    assert len(list(results)) == 99


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller(workers):
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_in_order(int, ["1", "two"], workers))


def test_batches_hold_every_item_once():
    assert list(batched(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batched([], 3)) == []


def test_zero_workers_stand_for_one_per_core():
    assert worker_count(3) == 3
    assert worker_count(0) >= 1
