import os
import time

import pytest

from utils.guarded_map import guarded_map


def work(item):
    """Double a number, or do what a word says to the process."""
    if item == "spin":
        while True:
            pass
    if item == "spin and catch":
        while True:
            try:
                time.process_time()
            except Exception:  # noqa: BLE001
                continue
    if item == "sleep":
        # No processor time passes: only the watchdog ends this.
        time.sleep(60)
    if item == "crash":
        os.abort()
    if item == "fail":
        raise ValueError("our own bug")
    return item * 2


def doubled(items, workers=1, seconds=0.3):
    return list(guarded_map(work, items, "lost", workers, seconds))


def test_results_come_in_order():
    assert doubled(range(200), 2, 10) == [number * 2 for number in range(200)]


def test_no_items_have_no_results():
    assert doubled([]) == []


def test_an_item_that_takes_too_long_is_lost_and_the_others_are_not():
    assert doubled([1, "spin", 2, "spin and catch", 3]) == [2, "lost", 4, "lost", 6]


@pytest.mark.parametrize("end", ["sleep", "crash"])
def test_an_item_that_ends_its_process_is_lost_and_the_others_are_not(end):
    items = [*range(70), end, *range(140)]
    expected = [item * 2 if item != end else "lost" for item in items]
    assert doubled(items, 2) == expected


def test_an_error_of_our_own_is_not_hidden():
    with pytest.raises(ValueError, match="our own bug"):
        doubled([1, "fail"])
