"""A whole run of a stage that asks a model: files, servers, signals, summary."""

import asyncio
import shlex
import signal
import sys
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.cli import EXIT_INTERRUPTED, log
from utils.errors import PipelineError
from utils.generation.batch import Batch, Converse
from utils.generation.client import ChatClient
from utils.generation.conversation import Job
from utils.generation.embedded import embedded_server
from utils.generation.endpoints import Endpoints
from utils.generation.journal import Journal
from utils.generation.model_map import ModelSettings, load_model
from utils.generation.progress import Progress
from utils.generation.prompt_file import PromptFile
from utils.generation.recovery import SampleKey
from utils.generation.run_settings import RunSettings
from utils.generation.run_state import RunState
from utils.generation.statistics import RUN_FIGURES, RunStatistics
from utils.jsonl import Row, load_row, write_json
from utils.stage_output import refuse_overwriting_inputs, sibling


def generate(prompts: PromptFile, settings: RunSettings, converse: Converse) -> int:
    """Ask for all samples that are not there yet; returns the exit code."""
    model = load_model(settings.model_map, settings.model_name)
    key = model.key(settings.model_name)
    if settings.batch.max_cost is not None and not (model.prices.input or model.prices.output):
        raise PipelineError(
            f"{settings.model_map}, model '{settings.model_name}': has no 'prices', so --max_cost "
            "can't be kept; add them or leave the flag out"
        )
    refuse_overwriting_inputs(settings.output_file, [prompts.path, settings.model_map])
    refuse_overwriting_inputs(settings.recovery_file, [prompts.path, settings.model_map])
    journal = Journal(
        settings.output_file,
        settings.recovery_file,
        fingerprint(model, settings),
        settings.continue_from_error,
        settings.overwrite,
    )
    statistics = RunStatistics(model.prices)
    try:
        journal.check_prompts(prompts.hashes)
        statistics.add_paid_before(journal.paid)
        outcome = _run_missing(prompts, settings, converse, model, key, journal, statistics)
        if outcome.exit_code == 0:
            journal.put_in_order(prompts.hashes)
    finally:
        journal.close()
    return _report(prompts, settings, journal, statistics, outcome)


def fingerprint(model: ModelSettings, settings: RunSettings) -> dict[str, Any]:
    """List the settings that shape the answers; a run goes on only with the same."""
    return {
        "model_name": settings.model_name,
        "model": model.model or settings.model_name,
        "temperature": settings.sampling.temperature,
        "top_p": settings.sampling.top_p,
        "max_tokens": settings.sampling.max_tokens,
        "extra_body": model.extra_body,
        "random_seed": settings.batch.random_seed,
    }


@dataclass(frozen=True)
class _Outcome:
    exit_code: int = 0
    reason: str = ""
    was_idle: bool = False  # nothing was left to ask


def _run_missing(
    prompts: PromptFile,
    settings: RunSettings,
    converse: Converse,
    model: ModelSettings,
    key: str,
    journal: Journal,
    statistics: RunStatistics,
) -> _Outcome:
    skip = set(journal.done)
    skip.update(k for k, row in journal.failed.items() if not _is_asked_again(row, settings))
    wanted = set(prompts.keys(settings.completions))
    done_before = len(wanted & journal.done.keys())
    if wanted <= skip:
        return _Outcome(was_idle=True)
    log.info("%s", _start_line(len(wanted), done_before, settings))
    with ExitStack() as stack:
        bases = [stack.enter_context(embedded_server())] if model.is_embedded else model.bases

        async def work() -> _Outcome:
            connections = settings.batch.concurrency
            clients = [ChatClient(base, key, connections, settings.timeout) for base in bases]
            state = RunState(
                model,
                settings.model_name,
                Endpoints(clients),
                journal,
                settings.sampling,
                settings.batch,
                statistics,
            )
            jobs = prompts.jobs(settings.completions, skip)
            progress = Progress(state, len(wanted), done_before)
            return await _run_with_signals(state, jobs, converse, progress)

        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(work())


def _is_asked_again(failed_row: Row, settings: RunSettings) -> bool:
    return settings.retry_failed or failed_row.get("passing", True)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for every platform
        return None
    return uvloop.new_event_loop


async def _run_with_signals(
    state: RunState, jobs: Iterable[Job], converse: Converse, progress: Progress
) -> _Outcome:
    loop = asyncio.get_running_loop()
    working = loop.create_task(Batch(state).run(jobs, converse))
    showing = loop.create_task(progress.show())

    def interrupt() -> None:
        if state.stop.event.is_set():
            working.cancel()
            return
        in_flight = state.limiter.in_flight
        log.warning("stopping: waiting for %d in flight; once more to stop at once", in_flight)
        state.stop.request("interrupted", EXIT_INTERRUPTED)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        await asyncio.wait({working})
        if not working.cancelled():
            working.result()
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        showing.cancel()
        await asyncio.wait({showing})
    return _Outcome(state.stop.exit_code, state.stop.reason)


def _start_line(total: int, done_before: int, settings: RunSettings) -> str:
    done = f", {done_before:,} of them done before" if done_before else ""
    return f"asking {settings.model_name} for {total:,} samples{done} -> {settings.output_file}"


def _report(
    prompts: PromptFile,
    settings: RunSettings,
    journal: Journal,
    statistics: RunStatistics,
    outcome: _Outcome,
) -> int:
    """Say how it ended and how to go on, write the summary file; returns the exit code."""
    keys: set[SampleKey] = set(prompts.keys(settings.completions))
    kept, failed = len(keys & journal.done.keys()), len(keys & journal.failed.keys())
    causes: dict[str, int] = {}
    for row in journal.failed.values():
        causes[row["reject_reason"]] = causes.get(row["reject_reason"], 0) + 1
    if outcome.reason:
        log.error("stopped: %s", outcome.reason)
    reasons = "".join(f"; {cause.replace('_', ' ')} {count:,}" for cause, count in causes.items())
    log.info(
        "kept %s of %s%s; %s tokens in, %s out, cost %.4f -> %s",
        *(f"{kept:,}", f"{len(keys):,}", reasons),
        *(f"{statistics.prompt_tokens:,}", f"{statistics.completion_tokens:,}", statistics.cost),
        settings.output_file,
    )
    if outcome.reason:
        log.info("to go on: %s", resume_command())
    elif failed:
        log.info("to ask for the failed ones again: %s", resume_command("--retry_failed"))
    summary_path = sibling(settings.output_file, ".summary.json")
    write_json(
        summary_path,
        {
            "inputs": [str(prompts.path)],
            "rows_in": len(keys),
            "kept": kept,
            "rejected": failed,
            "reject_reasons": causes,
            "model": settings.model_name,
            **({"stopped": outcome.reason} if outcome.reason else {}),
            **statistics.summary(),
            **(_figures_of_last_run(summary_path) if outcome.was_idle else {}),
        },
    )
    return outcome.exit_code or int(failed > 0)


def _figures_of_last_run(summary_path: Path) -> dict[str, Any]:
    """Read what a run that asked nothing has no figures for from the summary of the one before."""
    try:
        before = load_row(summary_path.read_bytes())
        return {name: before[name] for name in RUN_FIGURES if name in before}
    except (FileNotFoundError, ValueError, TypeError):
        return {}


def resume_command(*flags: str) -> str:
    """Spell the command that continues this run."""
    dropped = ("--overwrite", "--continue_from_error", *flags)
    words = [word for word in sys.orig_argv if not _abbreviates(word, dropped)]
    return shlex.join([*words, "--continue_from_error", *flags])


def _abbreviates(word: str, flags: Iterable[str]) -> bool:
    # argparse takes `--over` for `--overwrite`; left in, it would throw away what was paid for.
    return len(word) > 2 and any(flag.startswith(word) for flag in flags)
