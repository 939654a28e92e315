"""Work spread over processes, with the same results, in the same order, as in one.

Items may hang or kill the process they are worked on in: `guarded_map` gives those up alone. An
item over its time is stopped by a timer where Python code runs, and by a watchdog, which ends the
process, where compiled code does. A process that is ended, or crashes, takes only its item along:
what else it had in hand is done again.
"""

from __future__ import annotations

import faulthandler
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from itertools import islice
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread, current_thread, main_thread
from types import FrameType
from typing import IO, TypeVar

T = TypeVar("T")
R = TypeVar("R")
BATCH = 64
# The watchdog waits this much longer than the timer: a busy machine must not change results.
WATCHDOG_FACTOR = 4
_is_limited = False  # whether a limit runs in this process: a late signal is nobody's
_HAS_TIMER = hasattr(signal, "setitimer")


def batched(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Cut a stream into lists of `size` items, the last one shorter."""
    stream = iter(items)
    while batch := list(islice(stream, size)):
        yield batch


def worker_count(num_workers: int) -> int:
    """Read a `num_workers` setting: 0 stands for one process per core that we may use."""
    # Not at the top: joblib imports numpy, which most workers have no use for.
    from joblib import cpu_count

    return num_workers or cpu_count()


class WorkerPool:
    """Maps functions over items in processes that start at the first use and are used again.

        with WorkerPool(2) as pool:
            sizes = list(pool.map(measure, edits))
            words = list(pool.map(tokenise, edits))

    Workers are spawned: a fork would copy locks that other threads hold. A single worker is this
    process itself, unless the work must be kept apart from it: `isolate`.
    """

    def __init__(self, num_workers: int, *, isolate: bool = False) -> None:
        self.num_workers = num_workers
        self._is_local = num_workers == 1 and not isolate
        self._processes: ProcessPoolExecutor | None = None

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(self, *exception: object) -> None:
        if self._processes is not None:
            self._processes.shutdown(cancel_futures=True)
            self._processes = None

    def map(self, function: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
        """Apply a module-level function to each item, in order.

        Items are taken a few ahead of the results, so that a stream is never held whole.
        """
        if self._is_local:
            yield from map(function, items)
            return
        if self._processes is None:
            self._processes = _spawn(self.num_workers)
        pending: deque[Future[R]] = deque()
        for item in items:
            pending.append(self._processes.submit(function, item))
            if len(pending) > 2 * self.num_workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def map_in_order(function: Callable[[T], R], items: Iterable[T], num_workers: int) -> Iterator[R]:
    """Apply a module-level function to each item, in order, in a pool for this one map."""
    with WorkerPool(num_workers) as pool:
        yield from pool.map(function, items)


def _spawn(num_workers: int) -> ProcessPoolExecutor:
    """Prepare processes that leave an interrupt from the keyboard to this one, and end with it."""
    return ProcessPoolExecutor(num_workers, get_context("spawn"), _begin_work)


def _begin_work() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """Wait for the end of the process that gives the work, which may be killed."""
    parent = parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os._exit(1)


class TimeLimitReached(BaseException):
    """An item took too long; no `except Exception` on the way may keep it."""


def guarded_map(
    function: Callable[[T], R],
    items: Iterable[T],
    lost: R,
    num_workers: int,
    seconds: float,
) -> Iterator[R]:
    """Apply a module-level function to each item in other processes, in order.

    An item that takes more than `seconds` of a processor, or whose process dies, results in `lost`.
    """
    in_hand: deque[list[T]] = deque()

    def noted() -> Iterator[list[T]]:
        for batch in batched(items, BATCH):
            in_hand.append(batch)
            yield batch

    stream = noted()
    work = partial(_work_on_batch, function, lost, seconds)
    while True:
        try:
            with WorkerPool(num_workers, isolate=True) as pool:
                for results in pool.map(work, stream):
                    in_hand.popleft()
                    yield from results
            return
        except BrokenProcessPool:
            while in_hand:
                yield from _one_by_one(work, in_hand.popleft(), lost)


def _work_on_batch(function: Callable[[T], R], lost: R, seconds: float, batch: list[T]) -> list[R]:
    return [_work_on_item(function, lost, seconds, item) for item in batch]


def _work_on_item(function: Callable[[T], R], lost: R, seconds: float, item: T) -> R:
    faulthandler.dump_traceback_later(seconds * WATCHDOG_FACTOR, exit=True, file=_null())
    try:
        with TimeLimit(seconds):
            return function(item)
    except TimeLimitReached:
        return lost
    finally:
        faulthandler.cancel_dump_traceback_later()


class TimeLimit:
    """Raises TimeLimitReached in a block of Python code that takes more of a processor's time.

        with TimeLimit(2):
            template.render()

    Signals reach the main thread alone; in another, or where a limit runs already, there is none.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self._is_set = False

    def __enter__(self) -> None:
        global _is_limited
        if not _HAS_TIMER or _is_limited or current_thread() is not main_thread():
            return
        signal.signal(signal.SIGPROF, _raise)
        self._is_set = _is_limited = True
        # Again every tenth of a second: the first one may be lost in a destructor.
        signal.setitimer(signal.ITIMER_PROF, self.seconds, 0.1)

    def __exit__(self, *exception: object) -> None:
        global _is_limited
        if self._is_set:
            _is_limited = False
            # The handler stays: without one, a signal on its way would end the process.
            signal.setitimer(signal.ITIMER_PROF, 0)


def _raise(number: int, frame: FrameType | None) -> None:
    """End the block; in the two methods around it, an error would leave the timer running."""
    around = (TimeLimit.__enter__.__code__, TimeLimit.__exit__.__code__)
    if _is_limited and frame is not None and frame.f_code not in around:
        raise TimeLimitReached


def _one_by_one(work: Callable[[list[T]], list[R]], batch: list[T], lost: R) -> Iterator[R]:
    """Work on single items, with a new process after each one that was lost."""
    left = deque(batch)
    while left:
        with _spawn(1) as pool:
            try:
                while left:
                    yield pool.submit(work, [left[0]]).result()[0]
                    left.popleft()
            except BrokenProcessPool:
                left.popleft()
                yield lost


@cache
def _null() -> IO[str]:
    # The watchdog writes a traceback before it ends the process; nobody would read it.
    return open(os.devnull, "w")
