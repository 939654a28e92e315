"""What a person sees of a run: a bar at a terminal, a line a minute elsewhere."""

import asyncio
import sys
from typing import Any

from tqdm import tqdm

from utils.cli import log
from utils.generation.batch import Batch

BAR_SECONDS = 0.5
LINE_SECONDS = 60.0


class Progress:
    """Shows how a batch is doing until it is cancelled."""

    def __init__(self, batch: Batch, total: int, done_before: int) -> None:
        self.batch = batch
        self.total = total
        self.done_before = done_before

    async def show(self) -> None:
        if sys.stderr.isatty():
            await self._show_bar()
        while True:
            await asyncio.sleep(LINE_SECONDS)
            log.info("%s", self.line())

    async def _show_bar(self) -> None:
        with tqdm(total=self.total, initial=self.done_before, unit="sample") as bar:
            try:
                while True:
                    await asyncio.sleep(BAR_SECONDS)
                    self._update(bar)
            finally:
                self._update(bar)

    def _update(self, bar: "tqdm[Any]") -> None:
        bar.n = self.done
        bar.set_postfix_str(self.figures(), refresh=False)
        bar.refresh()

    @property
    def done(self) -> int:
        return self.done_before + self.batch.statistics.finished

    def figures(self) -> str:
        """Say the rates, what is in flight, what went wrong and what it has cost."""
        run = self.batch.statistics
        seconds = max(run.seconds, 1e-9)
        parts = [
            f"{run.requests / seconds:.1f} req/s",
            f"{run.new_completion_tokens / seconds:,.0f} tok/s",
            f"{self.batch.limiter.in_flight} in flight",
            f"{run.retries.total():,} retries",
            f"{run.failed:,} failed",
            f"cost {run.cost:.2f}",
        ]
        return ", ".join(parts)

    def line(self) -> str:
        """Say the same in one log line, with the time left."""
        run = self.batch.statistics
        left = self.total - self.done - run.failed
        time_left = tqdm.format_interval(left * run.seconds / run.finished) if run.finished else "?"
        return f"{self.done:,}/{self.total:,} samples, {self.figures()}, {time_left} left"
