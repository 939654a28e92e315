"""What the conversations of one run share: its models, its journal, its settings."""

import asyncio
from collections.abc import Sequence
from typing import Any

from utils.generation.client import asked_messages
from utils.generation.journal import Journal
from utils.generation.servers import Channel
from utils.generation.settings import BatchSettings, Sampling
from utils.generation.traffic import RunStatistics, Traffic
from utils.sampling import derive_seed

TEMPLATE_TOKENS = 16  # that a server's chat template may add to each message


class RunState(Traffic):
    """What the conversations of one run share, which asks one or more models."""

    def __init__(
        self,
        channels: Sequence[Channel],
        journal: Journal,
        sampling: Sampling,
        settings: BatchSettings,
        statistics: RunStatistics,
    ) -> None:
        super().__init__(
            settings.concurrency,
            settings.max_retries,
            statistics,
            settings.max_cost,
            settings.random_seed,
            settings.max_wait,
        )
        self.channels = {channel.name: channel for channel in channels}
        self.names = list(self.channels)
        self.journal = journal
        self.sampling = sampling
        self.settings = settings
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
