"""What the conversations of one run share: settings, limits, statistics, the wish to stop.

The statistics are requests, tokens, cost, latency, and retries by cause.
"""

import asyncio
import random
import time
from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from utils.generation.client import asked_messages
from utils.generation.journal import Journal
from utils.generation.model_map import Prices
from utils.generation.recovery import Spending
from utils.generation.replies import Usage
from utils.generation.servers import Budget, Channel, SlotLimiter
from utils.sampling import derive_seed

PERCENTILES = (50, 90, 99)
# The parts of a summary that tell of one run alone, not of all that made the output.
RUN_FIGURES = ("requests", "retries", "seconds", "latency_seconds")
TEMPLATE_TOKENS = 16  # that a server's chat template may add to each message


class RunStatistics:
    """Counts what happens. Tokens and cost include what earlier runs of the same output paid."""

    def __init__(self, prices: Prices) -> None:
        self.prices = prices  # of the only model; among several, each usage says its cost
        self.started = time.monotonic()
        self.requests = 0
        self.finished = 0
        self.failed = 0
        self.retries: Counter[str] = Counter()
        self.prompt_tokens = self.completion_tokens = self.cached_tokens = 0
        self.new_completion_tokens = 0
        self.estimated_usages = 0
        self.cost = 0.0
        self.latencies = array("d")

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
        self.requests += 1
        self.latencies.append(seconds)
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

    def summary(self) -> dict[str, Any]:
        figures: dict[str, Any] = {
            "requests": self.requests,
            "retries": dict(self.retries.most_common()),
            "prompt_tokens": self.prompt_tokens,
            "completion_tokens": self.completion_tokens,
            "cached_tokens": self.cached_tokens,
            "cost": round(self.cost, 6),
            "seconds": round(self.seconds, 1),
        }
        if self.estimated_usages:
            figures["usages_estimated"] = self.estimated_usages
        if self.latencies:
            values = np.percentile(np.frombuffer(self.latencies), PERCENTILES)
            figures["latency_seconds"] = {
                f"p{percent}": round(float(value), 3)
                for percent, value in zip(PERCENTILES, values, strict=True)
            }
        return figures


@dataclass(frozen=True)
class Sampling:
    """What is asked of the model for each answer."""

    temperature: float = 0.8
    top_p: float = 0.95
    max_tokens: int = 2048


@dataclass(frozen=True)
class BatchSettings:
    """How a batch is run; of all this, the seed and the asking for longer replies shape answers."""

    concurrency: int = 64
    max_retries: int = 8
    length_retry_factor: float | None = None
    max_consecutive_failures: int = 50
    max_cost: float | None = None
    save_every: int = 20
    random_seed: int = 42


@dataclass
class Stop:
    """Why and how a run ends before its work is done; the first reason stays."""

    reason: str = ""
    exit_code: int = 0
    event: asyncio.Event = field(default_factory=asyncio.Event)

    def request(self, reason: str, exit_code: int) -> None:
        if not self.event.is_set():
            self.reason, self.exit_code = reason, exit_code
            self.event.set()


class RunState:
    """The shared state of one run over one or more models."""

    def __init__(
        self,
        channels: Sequence[Channel],
        journal: Journal,
        sampling: Sampling,
        settings: BatchSettings,
        statistics: RunStatistics,
    ) -> None:
        self.channels = {channel.name: channel for channel in channels}
        self.names = list(self.channels)
        self.journal = journal
        self.sampling = sampling
        self.settings = settings
        self.statistics = statistics
        self.stop = Stop()
        self.limiter = SlotLimiter(settings.concurrency)
        self.budget = Budget(settings.max_cost, statistics.cost)
        self.jitter = random.Random(derive_seed(settings.random_seed, "jitter"))
        self.work_to_sync = asyncio.Event()

    def draw_channel(self, *of: object) -> Channel:
        """Draw the model of one request; which one depends on nothing but the seed and `of`."""
        if len(self.names) == 1:
            return self.channels[self.names[0]]
        drawn = derive_seed(self.settings.random_seed, "model", *of) % len(self.names)
        return self.channels[self.names[drawn]]

    def highest_cost(self, channel: Channel, body: dict[str, Any]) -> float:
        """Bound what a request can cost: no tokenizer makes more tokens than there are bytes."""
        if self.settings.max_cost is None:
            return 0.0
        contents = (message["content"] for message in asked_messages(body))
        prompt_bytes = sum(
            len(content.encode("utf-8", "surrogatepass")) + TEMPLATE_TOKENS for content in contents
        )
        return channel.model.prices.cost(prompt_bytes, body["max_tokens"])

    def note_write(self) -> None:
        """Have the files synced where enough rows have come together."""
        if self.journal.unsynced_rows >= self.settings.save_every:
            self.work_to_sync.set()
