"""Many programs at once, their results in the order of the programs."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from utils.processes import worker_count
from utils.sandbox.choose import Sandbox
from utils.sandbox.result import RunResult

_TRIES = 3  # of a program that the sandbox could not start, as happens on a busy machine
_AHEAD = 4  # programs a worker, in hand or done and not yet asked for


@dataclass(frozen=True)
class SandboxJob:
    """A program to run: its files, its command, and what its result is to be known by."""

    key: Any
    files: Mapping[str, str]
    command: Sequence[str]


def run_many(
    sandbox: Sandbox, jobs: Iterable[SandboxJob], workers: int = 0
) -> Iterator[tuple[SandboxJob, RunResult]]:
    """Run jobs, `workers` at a time (0: as many as there are processors), in order.

    Jobs are taken a few ahead of the results. Whoever stops asking for results, and an interrupt
    from the keyboard, end all programs at once.
    """
    count = worker_count(workers)
    pending: deque[tuple[SandboxJob, Future[RunResult]]] = deque()
    threads = ThreadPoolExecutor(count, "sandbox")
    try:
        for job in jobs:
            pending.append((job, threads.submit(_run_job, sandbox, job)))
            if len(pending) >= _AHEAD * count:
                first, result = pending.popleft()
                yield first, result.result()
        while pending:
            first, result = pending.popleft()
            yield first, result.result()
    except BaseException:
        sandbox.stopped.set()
        raise
    finally:
        threads.shutdown(cancel_futures=True)
        sandbox.stopped.clear()


def _run_job(sandbox: Sandbox, job: SandboxJob) -> RunResult:
    for _ in range(_TRIES - 1):
        result = sandbox.run(job.files, job.command)
        if result.status != "refused" or sandbox.stopped.is_set():
            return result
    return sandbox.run(job.files, job.command)
