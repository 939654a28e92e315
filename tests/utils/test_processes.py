import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from utils import processes
from utils.processes import (
    TimeLimit,
    TimeLimitReached,
    WorkerPool,
    batched,
    guarded_map,
    map_in_order,
    worker_count,
)


def map_in_pool(function, items, workers):
    with WorkerPool(workers) as pool:
        yield from pool.map(function, items)


both_maps = pytest.mark.parametrize("mapped", [map_in_order, map_in_pool])


@both_maps
def test_results_come_in_the_order_of_the_items_in_one_process_or_several(mapped):
    words = [letter * count for count in range(20, 0, -1) for letter in "ab"]
    expected = [len(word) for word in words]
    assert list(mapped(len, words, 1)) == expected
    assert list(mapped(len, iter(words), 2)) == expected


@both_maps
def test_items_are_taken_only_a_few_ahead_of_the_results(mapped):
    taken = 0

    def stream():
        nonlocal taken
        for taken in range(1, 101):  # noqa: B007
            yield "x"

    results = mapped(len, stream(), 2)
    next(results)
    assert taken < 10
    assert len(list(results)) == 99


@both_maps
@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_in_a_worker_reaches_the_caller(mapped, workers):
    with pytest.raises(ValueError, match="invalid literal"):
        list(mapped(int, ["1", "two"], workers))


def test_batches_hold_every_item_once():
    assert list(batched(range(7), 3)) == [[0, 1, 2], [3, 4, 5], [6]]
    assert list(batched([], 3)) == []


def test_zero_workers_stand_for_one_per_core():
    assert worker_count(3) == 3
    assert worker_count(0) >= 1


def process_id(_: object) -> int:
    return os.getpid()


def test_the_same_processes_serve_one_map_after_the_other():
    with WorkerPool(2) as pool:
        first = set(pool.map(process_id, range(20)))
        second = set(pool.map(process_id, range(20)))
    assert len(first | second) <= 2
    assert os.getpid() not in first | second


def test_one_worker_is_this_process():
    with WorkerPool(1) as pool:
        assert set(pool.map(process_id, range(3))) == {os.getpid()}


def test_a_pool_that_is_to_be_kept_apart_works_in_another_process():
    with WorkerPool(1, isolate=True) as pool:
        assert os.getpid() not in pool.map(process_id, range(3))


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


WORKING = """
import os, sys, time
from utils.processes import WorkerPool
def work(_):
    print(os.getpid(), flush=True)
    time.sleep(600)
if __name__ == "__main__":
    with WorkerPool(2) as pool:
        list(pool.map(work, range(2)))
"""


def test_workers_end_with_the_process_that_is_killed(tmp_path):
    program = tmp_path / "program.py"
    program.write_text(WORKING)
    env = os.environ | {"PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, str(program)], stdout=pipe, stderr=subprocess.DEVNULL, env=env
    ) as parent:
        assert parent.stdout is not None
        workers = [int(parent.stdout.readline()) for _ in range(2)]
        parent.kill()
        # The pipe ends when the last of those that hold it is gone.
        assert parent.stdout.read() == b"" and len(set(workers)) == 2


def test_work_beyond_a_time_limit_is_ended_and_the_next_has_its_own():
    for _ in range(2):
        with pytest.raises(TimeLimitReached), TimeLimit(0.05):
            while True:
                pass


def test_a_late_signal_of_a_time_limit_does_nothing():
    with TimeLimit(60):
        pass
    os.kill(os.getpid(), signal.SIGPROF)
    with pytest.raises(TimeLimitReached), TimeLimit(60):
        os.kill(os.getpid(), signal.SIGPROF)
        time.sleep(60)


@pytest.mark.parametrize("method", [TimeLimit.__enter__, TimeLimit.__exit__])
def test_a_signal_within_the_methods_of_a_time_limit_leaves_no_timer_running(method):
    """Each of their lines is a moment at which the signal may come; none may leak the timer."""
    with TimeLimit(60):
        handler = signal.getsignal(signal.SIGPROF)
    struck = set()
    for chosen in {line for _, _, line in method.__code__.co_lines() if line}:

        def strike(frame, event, argument, chosen=chosen):
            if frame.f_code is not method.__code__:
                return None
            if frame.f_lineno == chosen and chosen not in struck:
                struck.add(chosen)
                handler(signal.SIGPROF, frame)
            return strike

        before = sys.gettrace()
        sys.settrace(strike)
        try:
            with TimeLimit(60):
                pass
        finally:
            sys.settrace(before)
        assert signal.getitimer(signal.ITIMER_PROF) == (0, 0)
        assert not processes._is_limited
    assert len(struck) >= 4
