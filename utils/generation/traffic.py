"""What all requests of a run share: slots, a budget, the counts, and the wish to stop."""

import asyncio
import random
import re
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from utils.cli import EXIT_INTERRUPTED, log
from utils.files.append_log import has_room
from utils.generation.model_map import Prices
from utils.generation.recovery import Figures, Spending
from utils.generation.servers import Budget, SlotLimiter
from utils.providers.replies import RequestRefused, RunRefused, Usage
from utils.sampling import derive_seed

LONGEST_WAIT = 600.0  # seconds, unless another is set
GRACE_SECONDS = 30.0  # for what is in flight when a run stops
ROOM_SECONDS = 1.0
ALIKE_BEFORE_STOP = 10
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
# What differs between messages that say the same: numbers, and names with numbers in them.
_NUMBERED = re.compile(r"[\w-]*\d[\w-]*")
PERCENTILES = (50, 90, 99)
# Latencies are kept as numbers of so many digits, with how often each was: few, and exact enough.
LATENCY_DIGITS = 3


class RunStatistics:
    """Counts what happens.

    Tokens and cost include what earlier runs of the same output paid, and the summary what they
    counted: `before`. `requests` of this run were answered.
    """

    def __init__(self, prices: Prices) -> None:
        self.prices = prices  # of the only model; among several, each usage says its cost
        self.started = self._told = time.monotonic()
        self.before: Figures = Counter()
        self._now: Figures = Counter()
        self._new: Figures = Counter()  # since the last `take_new`
        self.finished = 0
        self.failed = 0
        self.prompt_tokens = self.completion_tokens = self.cached_tokens = 0
        self.new_completion_tokens = 0
        self.estimated_usages = 0
        self.cost = 0.0

    def cost_of(self, usage: Usage) -> float:
        if usage.cost is not None:
            return usage.cost
        return self.prices.cost(usage.prompt_tokens, usage.completion_tokens, usage.cached_tokens)

    def add_paid_before(self, paid: Spending) -> None:
        """Add the sums of what earlier runs paid; `estimated` counts the usages that were."""
        tokens = paid["prompt_tokens"], paid["completion_tokens"], paid["cached_tokens"]
        self._add_usage(Usage(*tokens, cost=paid.get("cost")))
        self.estimated_usages += paid["estimated"]

    def add_reply(self, usage: Usage, seconds: float) -> None:
        self.count("requests")
        self.count("latency", f"{seconds:.{LATENCY_DIGITS}g}")
        self.new_completion_tokens += usage.completion_tokens
        self._add_usage(usage)

    def add_waste(self, usage: Usage) -> None:
        """Count an answer that was paid for and holds nothing."""
        self._add_usage(usage)

    def _add_usage(self, usage: Usage) -> None:
        self.prompt_tokens += usage.prompt_tokens
        self.completion_tokens += usage.completion_tokens
        self.cached_tokens += usage.cached_tokens
        self.estimated_usages += usage.estimated
        self.cost += self.cost_of(usage)

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def requests(self) -> int:
        return self._now["requests"]

    @property
    def retries(self) -> Counter[str]:
        return words_of(self._now, "retries")

    def count(self, name: str, word: str = "") -> None:
        """Count one more of what no answer on disk tells, of one `word` of several."""
        key = f"{name} {word}" if word else name
        self._now[key] += 1
        self._new[key] += 1

    def take_new(self) -> Figures:
        """Give what was counted since the last call, and the time it took, for the log."""
        new, self._new = self._new, Counter()
        milliseconds = round((time.monotonic() - self._told) * 1000)
        self._told += milliseconds / 1000
        for counts in (new, self._now):
            counts["milliseconds"] += milliseconds
        return new

    def summary(self) -> dict[str, Any]:
        """Word the figures of this run, up to the last `take_new`, and of those before it."""
        counts = self.before + self._now
        optional = {
            # Half answers, by the server's word; who answered where several models do; requests
            # of a model that another answered.
            name: dict(words.most_common())
            for name in ("unfinished", "answered_by", "fallbacks")
            if (words := words_of(counts, name))
        }
        figures: dict[str, Any] = {
            "requests": counts["requests"],
            "retries": dict(words_of(counts, "retries").most_common()),
            **optional,
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cached_tokens": self.cached_tokens,
            "cost": round(self.cost, 6),
            "seconds": round(counts["milliseconds"] / 1000, 1),
        }
        if self.estimated_usages:
            figures["usages_estimated"] = self.estimated_usages
        if latencies := words_of(counts, "latency"):
            figures["latency_seconds"] = _percentiles(latencies)
        return figures


def words_of(figures: Figures, name: str) -> Counter[str]:
    """Give the counts of a figure by its words."""
    start = f"{name} "
    return Counter(
        {key.removeprefix(start): count for key, count in figures.items() if key.startswith(start)}
    )


def _percentiles(counts: Counter[str]) -> dict[str, float]:
    seconds = np.repeat([float(each) for each in counts], list(counts.values()))
    values = np.percentile(seconds, PERCENTILES)
    return {
        f"p{percent}": round(float(value), 3)
        for percent, value in zip(PERCENTILES, values, strict=True)
    } | {"of_requests": len(seconds)}


class Stopped(Exception):
    """The run is stopping; nothing further goes out."""


class Stop:
    """Why and how a run ends before its work is done; the first reason stays."""

    def __init__(self) -> None:
        self.reason = ""
        self.exit_code = 0
        self.limit = ""
        self.event = asyncio.Event()

    def request(self, reason: str, exit_code: int, limit: str = "") -> None:
        """Ask for the end; `limit` is the flag whose value was reached, if one was."""
        if not self.event.is_set():
            self.reason, self.exit_code, self.limit = reason, exit_code, limit
            self.event.set()


class Refusals:
    """Counts refusals that nobody understands: alike in a row, they are about all requests."""

    def __init__(self) -> None:
        self._likeness = ""
        self._in_a_row = 0

    def note_answer(self) -> None:
        self._in_a_row = 0

    def note(self, error: RequestRefused) -> None:
        """Note that a request was given up; raises RunRefused where it is one too many alike."""
        likeness = _NUMBERED.sub("#", str(error)) if error.is_unknown else ""
        self._in_a_row = self._in_a_row + 1 if likeness == self._likeness else 1
        self._likeness = likeness
        if error.is_unknown and self._in_a_row >= ALIKE_BEFORE_STOP:
            raise RunRefused(
                f"{ALIKE_BEFORE_STOP} requests in a row were refused alike: {error}; check the "
                "model's entry in the model map against the server's documentation"
            )


class Traffic:
    """What all requests of a run share: slots, a budget, the counts, and the wish to stop.

    `random_seed` moves the moments of retries only; nothing that is written depends on it.
    """

    def __init__(
        self,
        concurrency: int,
        max_retries: int,
        statistics: RunStatistics,
        max_cost: float | None = None,
        random_seed: int = 42,
        max_wait: float = LONGEST_WAIT,
    ) -> None:
        self.max_retries = max_retries
        self.max_wait = max_wait
        self._has_said_wait = False
        self.statistics = statistics
        self.limiter = SlotLimiter(concurrency)
        self.budget = Budget(max_cost, statistics.cost)
        self.stop = Stop()
        self.refusals = Refusals()
        self.jitter = random.Random(derive_seed(random_seed, "jitter"))

    async def until_room(self) -> None:
        """Wait until what was answered is in its files, where a disk is full."""
        while not has_room():
            await asyncio.sleep(ROOM_SECONDS)

    @contextmanager
    def heeded_signals(self) -> Iterator[None]:
        """Stop in order at the first signal, and at once, by a cancellation, at the second."""
        loop, running = asyncio.get_running_loop(), asyncio.current_task()
        assert running is not None

        def interrupt() -> None:
            if self.stop.event.is_set():
                running.cancel()
                return
            in_flight = self.limiter.in_flight
            log.warning("stopping: waiting for %d in flight; once more to stop at once", in_flight)
            self.stop.request("interrupted", EXIT_INTERRUPTED)

        before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            loop.add_signal_handler(number, interrupt)
        try:
            yield
        finally:
            for number in _SIGNALS:
                loop.remove_signal_handler(number)
                signal.signal(number, before[number])  # the loop leaves the default one

    def say_wait(self, asked: float) -> None:
        """Say once that a server would have requests wait for longer than they may."""
        if not self._has_said_wait:
            self._has_said_wait = True
            log.warning(
                "the server asks to wait %s s; waiting --max_wait %g, and once only",
                f"{asked:,.0f}",
                self.max_wait,
            )
