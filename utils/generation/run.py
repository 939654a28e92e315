"""A whole run of a stage that asks a model: flags, files, servers, signals, summary."""

import argparse
import asyncio
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from utils.cli import EXIT_INTERRUPTED, log
from utils.errors import PipelineError
from utils.generation.batch import Batch, BatchSettings, Conversation, Job, Sampling
from utils.generation.client import ChatClient
from utils.generation.embedded import embedded_server
from utils.generation.endpoints import Endpoints
from utils.generation.journal import Journal, SampleKey
from utils.generation.model_map import ModelSettings, load_model
from utils.generation.progress import Progress
from utils.generation.prompt_file import PromptFile
from utils.generation.statistics import RunStatistics
from utils.jsonl import Row, write_json
from utils.stage_output import refuse_overwriting_inputs, sibling

Converse = Callable[[Job, Conversation], Awaitable[Row]]


@dataclass(frozen=True)
class RunSettings:
    """One run: which model, which files, how many answers, and how they are asked for."""

    model_name: str
    model_map: str
    output_file: str
    recovery_file: str
    completions: int
    timeout: float
    sampling: Sampling
    batch: BatchSettings
    continue_from_error: bool = False
    overwrite: bool = False
    retry_failed: bool = False


def add_generation_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that every script that asks a model has."""
    sampling, batch = Sampling(), BatchSettings()
    add = parser.add_argument
    add("--model_map", default="model_map.yaml", help="YAML or JSON file of models")
    add("--model_name", default="offline", help="a name of the model map")
    add("--temperature", type=float, default=sampling.temperature)
    add("--top_p", type=float, default=sampling.top_p)
    add("--max_tokens", type=int, default=sampling.max_tokens, help="longest reply of a round")
    add("--num_completion", type=int, default=1, help="samples per prompt")
    add("--random_seed", type=int, default=batch.random_seed)
    add("--concurrency", type=int, default=batch.concurrency, help="most requests in flight")
    add("--timeout", type=float, default=300.0, help="seconds a request may take")
    add("--max_retries", type=int, default=batch.max_retries)
    add("--length_retry_factor", type=float, help="ask once more, with so many times the tokens")
    add("--max_consecutive_failures", type=int, default=batch.max_consecutive_failures)
    add("--max_cost", type=float, help="stop before the output has cost more than this")
    add("--save_every", type=int, default=batch.save_every, help="rows between syncs to disk")
    add("--recovery_file", help="journal of unfinished samples (default: beside the output)")
    add("--continue_from_error", action="store_true", help="go on with what was saved")
    add("--retry_failed", action="store_true", help="ask again what the server refused")
    add("--overwrite", action="store_true", help="throw away what was saved")


def run_settings(args: argparse.Namespace) -> RunSettings:
    """Check the flags and turn them into settings."""
    for flag in ("max_tokens", "num_completion", "concurrency", "save_every", "timeout"):
        if getattr(args, flag) <= 0:
            raise PipelineError(f"--{flag} must be above 0")
    for flag in ("temperature", "top_p", "max_retries", "max_consecutive_failures"):
        if getattr(args, flag) < 0:
            raise PipelineError(f"--{flag} must not be negative")
    recovery_file = args.recovery_file or str(sibling(args.output_file, "_recovery.jsonl"))
    if Path(recovery_file).resolve() == Path(args.output_file).resolve():
        raise PipelineError("--recovery_file and --output_file are the same; name two files")
    return RunSettings(
        model_name=args.model_name,
        model_map=args.model_map,
        output_file=args.output_file,
        recovery_file=recovery_file,
        completions=args.num_completion,
        timeout=args.timeout,
        sampling=Sampling(args.temperature, args.top_p, args.max_tokens),
        batch=BatchSettings(
            concurrency=args.concurrency,
            max_retries=args.max_retries,
            length_retry_factor=args.length_retry_factor,
            max_consecutive_failures=args.max_consecutive_failures,
            max_cost=args.max_cost,
            save_every=args.save_every,
            random_seed=args.random_seed,
        ),
        continue_from_error=args.continue_from_error,
        overwrite=args.overwrite,
        retry_failed=args.retry_failed,
    )


def generate(prompts: PromptFile, settings: RunSettings, converse: Converse) -> int:
    """Ask for all samples that are not there yet; returns the exit code."""
    model = load_model(settings.model_map, settings.model_name)
    key = model.key(settings.model_name)
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
    for usage in journal.usages:
        statistics.add_paid_before(usage)
    try:
        journal.check_prompts(prompts.hashes)
        outcome = _run_missing(prompts, settings, converse, model, key, journal, statistics)
        if outcome.exit_code == 0:
            journal.put_in_order(prompts.keys(settings.completions))
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
        return _Outcome()
    log.info("%s", _start_line(len(wanted), done_before, settings))
    with ExitStack() as stack:
        bases = [stack.enter_context(embedded_server())] if model.is_embedded else model.bases

        async def work() -> _Outcome:
            connections = settings.batch.concurrency
            clients = [ChatClient(base, key, connections, settings.timeout) for base in bases]
            batch = Batch(
                model,
                settings.model_name,
                Endpoints(clients),
                journal,
                settings.sampling,
                settings.batch,
                statistics,
            )
            jobs = prompts.jobs(settings.completions, skip)
            progress = Progress(batch, len(wanted), done_before)
            return await _run_with_signals(batch, jobs, converse, progress)

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
    batch: Batch, jobs: Iterable[Job], converse: Converse, progress: Progress
) -> _Outcome:
    loop = asyncio.get_running_loop()
    working = loop.create_task(batch.run(jobs, converse))
    showing = loop.create_task(progress.show())

    def interrupt() -> None:
        if batch.stop.event.is_set():
            working.cancel()
            return
        in_flight = batch.limiter.in_flight
        log.warning("stopping: waiting for %d in flight; once more to stop at once", in_flight)
        batch.stop.request("interrupted", EXIT_INTERRUPTED)

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
    return _Outcome(batch.stop.exit_code, batch.stop.reason)


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
    """Write the summary file, say how it ended and how to go on; returns the exit code."""
    keys: set[SampleKey] = set(prompts.keys(settings.completions))
    kept, failed = len(keys & journal.done.keys()), len(keys & journal.failed.keys())
    causes: dict[str, int] = {}
    for row in journal.failed.values():
        causes[row["reject_reason"]] = causes.get(row["reject_reason"], 0) + 1
    write_json(
        sibling(settings.output_file, ".summary.json"),
        {
            "inputs": [str(prompts.path)],
            "rows_in": len(keys),
            "kept": kept,
            "rejected": failed,
            "reject_reasons": causes,
            "model": settings.model_name,
            **({"stopped": outcome.reason} if outcome.reason else {}),
            **statistics.summary(),
        },
    )
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
    return outcome.exit_code or int(failed > 0)


def resume_command(*flags: str) -> str:
    """Spell the command that continues this run."""
    dropped = ("--overwrite", "--continue_from_error", *flags)
    words = [word for word in sys.orig_argv[1:] if word not in dropped]
    return shlex.join(["python", *words, "--continue_from_error", *flags])
