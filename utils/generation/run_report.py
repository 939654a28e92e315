"""What a person sees of a run, while it goes on and when it has ended.

A bar at a terminal, a line a minute elsewhere; then what there is, what failed, what it took, and
the command to go on.
"""

import asyncio
import shlex
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tqdm import tqdm

from utils.cli import log
from utils.files.wholeness import summary_in
from utils.generation.journal import Journal
from utils.generation.recovery import SampleKey
from utils.generation.run_state import RunState
from utils.generation.settings import RunSettings
from utils.generation.traffic import RUN_FIGURES, RunStatistics

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


@dataclass(frozen=True)
class Outcome:
    """Why a run ended."""

    exit_code: int = 0
    reason: str = ""
    limit: str = ""  # the flag whose value ended it
    went_on: bool = False  # there were answers of earlier runs


class RunEnd:
    """How a run ended: what there is now, what failed, what it took, and how to go on."""

    def __init__(
        self,
        inputs: Iterable[Path],
        keys: set[SampleKey],
        settings: RunSettings,
        journal: Journal,
        statistics: RunStatistics,
        outcome: Outcome,
    ) -> None:
        self.wanted = len(keys)
        self.kept = len(keys & journal.done.keys())
        self.failed = len(keys & journal.failed.keys())
        self.failures = list(journal.failed.values())
        # A sample that was answered and found wanting is no failure of the run.
        self._unanswered = [row for row in self.failures if not row.get("rejected")]
        self.stopped = outcome.reason
        self.exit_code = outcome.exit_code or int(bool(self._unanswered))
        self._inputs = [str(path) for path in inputs]
        self._settings, self._statistics, self._outcome = settings, statistics, outcome

    def causes(self) -> dict[str, int]:
        return dict(Counter(row["reject_reason"] for row in self.failures))

    def failure_counts(self) -> str:
        causes = self.causes().items()
        return "".join(f"; {cause.replace('_', ' ')} {count:,}" for cause, count in causes)

    def spent(self) -> str:
        figures = self._statistics
        tokens = f"{figures.prompt_tokens:,} tokens in, {figures.completion_tokens:,} out"
        return f"{tokens}, cost {figures.cost:.4f}"

    def say_why_it_stopped(self) -> None:
        if self.stopped:
            log.error("stopped: %s", self.stopped)

    def say_how_to_go_on(self) -> None:
        if self.stopped:
            limit = self._outcome.limit
            raised = f", with a higher {limit} or none" if limit else ""
            log.info("to go on%s: %s", raised, resume_command(without=limit))
        elif self._unanswered:
            log.warning("one failure: %s", self._unanswered[0].get("error", "unknown"))
            log.info("to ask for the failed ones again: %s", resume_command("--retry_failed"))

    def figures(self, summary_path: Path) -> dict[str, Any]:
        """Give what the output took: this run, and those before it that left a summary."""
        before = _figures_before(summary_path) if self._outcome.went_on else {}
        return {
            "model": ", ".join(self._settings.model_names),
            **({"stopped": self.stopped} if self.stopped else {}),
            **joined_figures(before, self._statistics.summary()),
        }

    def summary(self, summary_path: Path) -> dict[str, Any]:
        return {
            "stage": "replies",
            "inputs": self._inputs,
            "rows_in": self.wanted,
            "kept": self.kept,
            "rejected": self.failed,
            "reject_reasons": self.causes(),
            **self.figures(summary_path),
        }


def _figures_before(summary_path: Path) -> dict[str, Any]:
    """Read the figures of earlier runs that the answers on disk do not tell."""
    before = summary_in(summary_path) or {}
    return {name: before[name] for name in RUN_FIGURES if name in before}


def joined_figures(before: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
    """Add the figures of earlier runs to this one's.

    Percentiles can't be added: they are of the last run that asked, and say of how many requests.
    """
    joined = dict(now)
    for name, value in before.items():
        if name == "latency_seconds":
            joined.setdefault(name, value)
        elif isinstance(value, dict) and isinstance(now.get(name, {}), dict):
            joined[name] = dict((Counter(value) + Counter(now.get(name, {}))).most_common())
        elif isinstance(value, int | float):
            joined[name] = round(value + now.get(name, 0), 1)
    return joined


def resume_command(*flags: str, without: str = "") -> str:
    """Spell the command that continues this run, without a flag and its value if one is named."""
    dropped = ("--overwrite", "--continue_from_error", *flags)
    given, words = iter(sys.orig_argv), list[str]()
    for word in given:
        name, equals, _ = word.partition("=")
        if without and _abbreviates(name, (without,)):
            if not equals:
                next(given, None)
        elif not _abbreviates(word, dropped):
            words.append(word)
    return shlex.join([*words, "--continue_from_error", *flags])


def _abbreviates(word: str, flags: Iterable[str]) -> bool:
    # argparse takes `--over` for `--overwrite`; left in, it would throw away what was paid for.
    return len(word) > 2 and any(flag.startswith(word) for flag in flags)
