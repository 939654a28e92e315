"""What backends have in common: a program's output is read, its use of the machine looked at."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from signal import SIGXCPU
from threading import Event
from typing import NamedTuple, Protocol

from utils.sandbox.limits import RunLimits
from utils.sandbox.result import RunResult, Status

TICK = 0.05  # seconds between two looks at what a program uses
_CHUNK = 1 << 16
_PAGE = os.sysconf("SC_PAGE_SIZE")
_CLOCK = os.sysconf("SC_CLK_TCK")
_MEGABYTE = 1 << 20


class Confined(Protocol):
    """A program that was started in a sandbox."""

    stdout: int
    stderr: int
    ended: int  # a file descriptor that can be read from when the program has ended

    def root(self) -> int | None:
        """The process that all its processes descend from, itself none of them, once known."""

    def overfull(self) -> bool:
        """Say whether it wrote more than it may, where nothing else holds it to that."""

    def kill(self) -> None:
        """End it, with all its processes."""

    def finish(self) -> int | None:
        """Wait until all its processes are gone; its exit code, None if it left none."""


class Consumption(NamedTuple):
    """What a program's processes use together: processors' seconds, bytes, and their number."""

    seconds: float
    memory: int
    processes: int


class Output:
    """The first bytes of what is written to a pipe; the rest is read and thrown away."""

    def __init__(self, pipe: int, most: int) -> None:
        self.pipe = pipe
        self._left = most
        self._chunks: list[bytes] = []

    def read(self) -> bool:
        """Take what is there; False at the end."""
        chunk = os.read(self.pipe, _CHUNK)
        if kept := chunk[: self._left]:
            self._chunks.append(kept)
            self._left -= len(kept)
        return bool(chunk)

    def text(self) -> str:
        return b"".join(self._chunks).decode("utf-8", "replace")


def watch(program: Confined, limits: RunLimits, stopped: Event) -> RunResult:
    """Read a program's output until it ends, and end it where it passes a limit."""
    start = time.monotonic()
    outputs = [Output(pipe, limits.output_bytes) for pipe in (program.stdout, program.stderr)]
    try:
        ended_for, peak = _until_its_end(program, outputs, limits, stopped, start)
        code = program.finish()
    except BaseException:
        program.kill()
        program.finish()
        raise
    for output in outputs:  # nobody is left to write
        while output.read():
            pass
    stdout, stderr = (output.text() for output in outputs)
    status = ended_for or _status(code, stderr)
    return RunResult(status, code, stdout, stderr, time.monotonic() - start, peak)


def _until_its_end(
    program: Confined, outputs: list[Output], limits: RunLimits, stopped: Event, start: float
) -> tuple[Status | None, int | None]:
    """Return for which limit the program was ended, if for one, and its highest use of memory."""
    peak: int | None = None
    next_look = start + TICK
    with selectors.DefaultSelector() as selector:
        selector.register(program.ended, selectors.EVENT_READ)
        for output in outputs:
            selector.register(output.pipe, selectors.EVENT_READ, output)
        while True:
            for key, _ in selector.select(max(0.0, next_look - time.monotonic())):
                if key.data is None:
                    return None, peak
                if not key.data.read():
                    selector.unregister(key.fd)
            now = time.monotonic()
            if now < next_look:
                continue
            next_look = now + TICK
            root = program.root()
            usage = usage_of(root) if root is not None else None
            peak = max(peak or 0, usage.memory) if usage else peak
            passed = _passed(usage, limits, root)
            if passed is None and now - start > limits.clock_seconds:
                passed = "timed_out"
            if passed is None and program.overfull():
                passed = "killed"
            if stopped.is_set():
                passed = "killed"
            if passed:
                program.kill()
                return passed, peak


def _passed(usage: Consumption | None, limits: RunLimits, root: int | None) -> Status | None:
    if usage is None or root is None:
        return None
    if usage.processes > limits.processes:
        return "killed"
    if usage.seconds > limits.cpu_seconds:
        return "timed_out"
    most = limits.memory_mb * _MEGABYTE
    if usage.memory > most and _proportional_memory(root) > most:
        return "out_of_memory"
    return None


def _status(code: int | None, stderr: str) -> Status:
    if code is None:
        return "refused"
    if code < 0:
        return "timed_out" if code == -SIGXCPU else "killed"
    last = stderr.rstrip().rpartition("\n")[2]
    return "out_of_memory" if code and last.startswith("MemoryError") else "finished"


def usage_of(root: int) -> Consumption:
    """Add up what descends from a process; what is gone meanwhile uses nothing.

    Of the process itself only time counts: that of children which it waited for is in it.
    """
    seconds, memory, threads = 0.0, 0, 0
    for pid in processes_of(root):
        with suppress(OSError, ValueError, IndexError):
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            # proc(5): utime, stime, cutime, cstime; num_threads; rss
            seconds += sum(map(int, fields[11:15])) / _CLOCK
            if pid != root:
                threads += int(fields[17])
                memory += int(fields[21]) * _PAGE
    return Consumption(seconds, memory, threads)


def processes_of(root: int) -> Iterator[int]:
    """Yield a process and all that descend from it."""
    left = [root]
    while left:
        pid = left.pop()
        yield pid
        with suppress(OSError):
            for task in os.listdir(f"/proc/{pid}/task"):
                children = Path(f"/proc/{pid}/task/{task}/children").read_text()
                left += [int(child) for child in children.split()]


def _proportional_memory(root: int) -> int:
    """Add up memory with what processes share, as after a fork, counted once; dearer to look at."""
    total = 0
    for pid in list(processes_of(root))[1:]:
        with suppress(OSError):
            for line in Path(f"/proc/{pid}/smaps_rollup").read_bytes().splitlines():
                if line.startswith(b"Pss:"):
                    total += int(line.split()[1]) * 1024
    return total
