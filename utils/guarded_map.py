"""Work on items that may hang or kill the process they are worked on in.

An item over its time is stopped by a timer where Python code runs, and by a watchdog, which ends
the process, where compiled code does. A process that is ended, or crashes, takes only its item
along: what else it had in hand is done again.
"""

import faulthandler
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache, partial
from multiprocessing import get_context
from types import FrameType
from typing import IO, TypeVar

from utils.parallel import batched, map_in_order

T = TypeVar("T")
R = TypeVar("R")

BATCH = 64
# The watchdog waits this much longer than the timer: a busy machine must not change results.
WATCHDOG_FACTOR = 4
_HAS_TIMER = hasattr(signal, "setitimer")


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
            for results in map_in_order(work, stream, num_workers, isolate=True):
                in_hand.popleft()
                yield from results
            return
        except BrokenProcessPool:
            while in_hand:
                yield from _one_by_one(work, in_hand.popleft(), lost)


def _work_on_batch(function: Callable[[T], R], lost: R, seconds: float, batch: list[T]) -> list[R]:
    return [_work_on_item(function, lost, seconds, item) for item in batch]


def _work_on_item(function: Callable[[T], R], lost: R, seconds: float, item: T) -> R:
    try:
        try:
            _arm(seconds)
            return function(item)
        finally:
            _disarm()
    except TimeLimitReached:
        # The timer may have struck inside the first call.
        _disarm()
        return lost


def _arm(seconds: float) -> None:
    """Start the timer, on the processor's time, and the watchdog, on the clock."""
    faulthandler.dump_traceback_later(seconds * WATCHDOG_FACTOR, exit=True, file=_null())
    if _HAS_TIMER:
        signal.signal(signal.SIGPROF, _raise)
        # Again every tenth of a second: the first one may be lost in a destructor.
        signal.setitimer(signal.ITIMER_PROF, seconds, 0.1)


def _disarm() -> None:
    if _HAS_TIMER:
        signal.setitimer(signal.ITIMER_PROF, 0)
    faulthandler.cancel_dump_traceback_later()


def _one_by_one(work: Callable[[list[T]], list[R]], batch: list[T], lost: R) -> Iterator[R]:
    """Work on single items, with a new process after each one that was lost."""
    left = deque(batch)
    while left:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            try:
                while left:
                    yield pool.submit(work, [left[0]]).result()[0]
                    left.popleft()
            except BrokenProcessPool:
                left.popleft()
                yield lost


def _raise(number: int, frame: FrameType | None) -> None:
    raise TimeLimitReached


@cache
def _null() -> IO[str]:
    # The watchdog writes a traceback before it ends the process; nobody would read it.
    return open(os.devnull, "w")
