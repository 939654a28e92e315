"""Work spread over processes with the same results, in the same order, as in one."""

import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


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


def map_in_order(
    function: Callable[[T], R], items: Iterable[T], num_workers: int, *, isolate: bool = False
) -> Iterator[R]:
    """Apply a module-level function to each item in `num_workers` processes, in order.

    Items are taken a few ahead of the results, so that a stream is never held whole. Workers are
    spawned: a fork would copy locks that other threads hold. A single worker is this process,
    unless the work must be kept apart from it: `isolate`.
    """
    if num_workers == 1 and not isolate:
        yield from map(function, items)
        return
    pending: deque[Future[R]] = deque()
    with ProcessPoolExecutor(
        num_workers, get_context("spawn"), signal.signal, (signal.SIGINT, signal.SIG_IGN)
    ) as pool:
        for item in items:
            pending.append(pool.submit(function, item))
            if len(pending) > 2 * num_workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
