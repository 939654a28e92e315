"""What the conversations of one run share: its models, its journal, its settings."""

import asyncio
import time
from collections.abc import Sequence
from math import inf
from typing import Any

from utils.cli import log
from utils.generation.journal import Journal
from utils.generation.servers import LONGEST_REST, Channel
from utils.generation.settings import BatchSettings, Sampling
from utils.generation.traffic import RunStatistics, Traffic
from utils.providers.openai_form import asked_messages
from utils.providers.replies import USELESS, PassingError, RunRefused, Usage
from utils.sampling import derive_seed

TEMPLATE_TOKENS = 16  # that a server's chat template may add to each message
# A context was cut where a server counts less than a half of a guess at a prompt's tokens.
LEAST_SENT, CUT_FACTOR = 64, 2


class RunState(Traffic):
    """What the conversations of one run share, which asks one or more models.

    Among the channels are those of fallbacks, too; `names` are the models asked first.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        journal: Journal,
        sampling: Sampling,
        settings: BatchSettings,
        statistics: RunStatistics,
        names: Sequence[str] = (),
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
        self.names = list(names or self.channels)  # of those that are drawn from
        self.journal = journal
        self.sampling = sampling
        self.settings = settings
        self.work_to_sync = asyncio.Event()
        self._cut_contexts: set[str] = set()

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

    def fallback_of(self, channel: Channel) -> Channel | None:
        return self.channels[channel.model.fallback] if channel.model.fallback else None

    def line_of(self, name: str) -> list[str]:
        """Name a model and those that stand in for it, in order."""
        line = [name]
        while standin := self.channels[line[-1]].model.fallback:
            line.append(standin)
        return line

    def note_out(self, channel: Channel, error: Exception) -> None:
        """Note that a model's fallback is asked instead, and for how long it is at once.

        A refused account is told of the first time.
        """
        self.statistics.count("fallbacks", f"{channel.name} -> {channel.model.fallback}")
        if isinstance(error, RunRefused):
            if channel.out_until != inf:
                channel.out_until = inf
                log.warning("%s; going on with its fallback '%s'", error, channel.model.fallback)
        elif isinstance(error, PassingError) and error.cause not in USELESS:
            channel.out_until = max(channel.out_until, time.monotonic() + LONGEST_REST)

    def note_context(self, channel: Channel, sent: int, usage: Usage) -> None:
        """Warn, once a model, where a server has counted far fewer tokens than were sent."""
        is_cut = sent > LEAST_SENT and usage.prompt_tokens * CUT_FACTOR < sent
        if is_cut and not usage.estimated and channel.name not in self._cut_contexts:
            self._cut_contexts.add(channel.name)
            log.warning(
                "model '%s': the server read %s tokens of a prompt of about %s: it cuts the "
                "context; set a longer one (Ollama: OLLAMA_CONTEXT_LENGTH=16384 ollama serve)",
                *(channel.name, f"{usage.prompt_tokens:,}", f"{sent:,}"),
            )

    def note_no_schemas(self, channel: Channel, error: Exception) -> None:
        """Note that a server takes no schemas; it is told of the first time."""
        if channel.takes_schemas:
            channel.takes_schemas = False
            log.warning("model '%s' takes no schema, and is asked without: %s", channel.name, error)

    def note_write(self) -> None:
        """Note the figures, and have the files synced where enough rows have come together."""
        self.journal.add_figures(self.statistics.take_new())
        if self.journal.unsynced_rows >= self.settings.save_every:
            self.work_to_sync.set()
