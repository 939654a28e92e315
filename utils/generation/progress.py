"""What a person sees of a run: a bar at a terminal, a line a minute elsewhere."""

import asyncio
import sys
from typing import Any

from tqdm import tqdm

from utils.cli import log
from utils.generation.run_state import RunState

BAR_SECONDS = 0.5
LINE_SECONDS = 60.0


class Progress:
    """Shows how a batch is doing until it is cancelled."""

    def __init__(self, run: RunState, total: int, done_before: int) -> None:
        self.run = run
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
        return self.done_before + self.run.statistics.finished

    def figures(self) -> str:
        """Say the rates, what is in flight, what went wrong and what it has cost."""
        figures = self.run.statistics
        seconds = max(figures.seconds, 1e-9)
        parts = [
            f"{figures.requests / seconds:.1f} req/s",
            f"{figures.new_completion_tokens / seconds:,.0f} tok/s",
            f"{self.run.limiter.in_flight} in flight",
            f"{figures.retries.total():,} retries",
            f"{figures.failed:,} failed",
            f"cost {figures.cost:.2f}",
        ]
        return ", ".join(parts)

    def line(self) -> str:
        """Say the same in one log line, with the time left."""
        figures = self.run.statistics
        left = self.total - self.done - figures.failed
        time_left = (
            tqdm.format_interval(left * figures.seconds / figures.finished)
            if figures.finished
            else "?"
        )
        return f"{self.done:,}/{self.total:,} samples, {self.figures()}, {time_left} left"
