"""A whole run of a stage that asks a model: files, servers, signals, summary.

Starts the embedded stand-in model as a server on loopback, and stops it.
"""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Protocol

from utils.cli import EXIT_INTERRUPTED, log
from utils.errors import PipelineError
from utils.generation.batch import Batch, Converse
from utils.generation.client import ChatClient
from utils.generation.conversation import Job
from utils.generation.journal import Journal
from utils.generation.model_map import ModelSettings, load_models
from utils.generation.recovery import SampleKey
from utils.generation.run_report import Outcome, Progress, RunEnd
from utils.generation.run_state import RunState, RunStatistics
from utils.generation.servers import Channel, Endpoints
from utils.generation.settings import RunSettings
from utils.jsonl import Row, write_json
from utils.stage_output import refuse_overwriting_inputs, sibling

_PROJECT = Path(__file__).resolve().parents[2]


@contextmanager
def embedded_server() -> Iterator[str]:
    """Run `python -m offline_model` while the block lasts; yields its base URL.

    It has a session of its own, so that Ctrl-C at the terminal reaches the stage alone, which still
    waits for answers; its standard input is a pipe, so that it ends with the stage, come what may.
    """
    command = [sys.executable, "-m", "offline_model", "--port", "0", "--exit_with_stdin"]
    with subprocess.Popen(
        command,
        cwd=_PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as server:
        assert server.stdout is not None
        try:
            url = server.stdout.readline().strip()
            if not url:
                raise PipelineError("the embedded model did not start; see its message above")
            yield url
        finally:
            server.terminate()


class Jobs(Protocol):
    """What a run asks for: a file of prompts, or the samples that a script has planned."""

    inputs: Sequence[Path]
    hashes: dict[str, str]  # of the texts of every prompt, by its id, in order

    def keys(self, completions: int) -> Iterator[SampleKey]: ...

    def jobs(self, completions: int, skip: set[SampleKey]) -> Iterator[Job]: ...


def generate(jobs: Jobs, settings: RunSettings, converse: Converse) -> int:
    """Ask for all samples that are not there yet, and say how it went; returns the exit code."""
    end = run_jobs(jobs, settings, converse)
    end.say_why_it_stopped()
    log.info(
        "kept %s of %s%s; %s -> %s",
        *(f"{end.kept:,}", f"{end.wanted:,}", end.failure_counts(), end.spent()),
        settings.output_file,
    )
    end.say_how_to_go_on()
    summary_path = sibling(settings.output_file, ".summary.json")
    write_json(summary_path, end.summary(summary_path))
    return end.exit_code


def run_jobs(jobs: Jobs, settings: RunSettings, converse: Converse) -> RunEnd:
    """Ask for all samples that are not there yet; leaves the answers in the output file."""
    models = load_models(settings.model_map, settings.model_names)
    keys = {name: model.key(name) for name, model in models.items()}
    if settings.batch.max_cost is not None:
        _check_prices(models, settings)
    inputs: list[str | Path] = [*jobs.inputs, settings.model_map]
    refuse_overwriting_inputs(settings.output_file, inputs)
    refuse_overwriting_inputs(settings.recovery_file, inputs)
    journal = Journal(
        settings.output_file,
        settings.recovery_file,
        answer_settings(models, settings),
        settings.continue_from_error,
        settings.overwrite,
    )
    statistics = RunStatistics(next(iter(models.values())).prices)
    try:
        journal.check_prompts(jobs.hashes)
        statistics.add_paid_before(journal.paid)
        outcome = _run_missing(jobs, settings, converse, models, keys, journal, statistics)
        if outcome.exit_code == 0:
            journal.put_in_order(jobs.hashes)
    finally:
        journal.close()
    keys_wanted = set(jobs.keys(settings.completions))
    return RunEnd(jobs.inputs, keys_wanted, settings, journal, statistics, outcome)


def _check_prices(models: dict[str, ModelSettings], settings: RunSettings) -> None:
    for name, model in models.items():
        if not (model.prices.input or model.prices.output):
            raise PipelineError(
                f"{settings.model_map}, model '{name}': has no 'prices', so --max_cost can't be "
                "kept; add them or leave the flag out"
            )


def answer_settings(models: dict[str, ModelSettings], settings: RunSettings) -> dict[str, Any]:
    """List the settings that shape the answers; a run goes on only with the same."""

    def of_each(values: list[Any]) -> Any:
        return values[0] if len(values) == 1 else values

    return {
        "model_name": of_each(list(models)),
        "model": of_each([model.model or name for name, model in models.items()]),
        "temperature": settings.sampling.temperature,
        "top_p": settings.sampling.top_p,
        "max_tokens": settings.sampling.max_tokens,
        "extra_body": of_each([model.extra_body for model in models.values()]),
        "random_seed": settings.batch.random_seed,
        **settings.shaping,
    }


def _run_missing(
    jobs: Jobs,
    settings: RunSettings,
    converse: Converse,
    models: dict[str, ModelSettings],
    keys: dict[str, str],
    journal: Journal,
    statistics: RunStatistics,
) -> Outcome:
    skip = set(journal.done)
    skip.update(k for k, row in journal.failed.items() if not _is_asked_again(row, settings))
    wanted = set(jobs.keys(settings.completions))
    done_before = len(wanted & journal.done.keys())
    if wanted <= skip:
        return Outcome(was_idle=True)
    log.info("%s", _start_line(len(wanted), done_before, settings))
    with ExitStack() as stack:
        bases = _serve(models, stack)

        async def work() -> Outcome:
            channels = [
                Channel(name, model, _endpoints(bases[name], keys[name], settings))
                for name, model in models.items()
            ]
            state = RunState(channels, journal, settings.sampling, settings.batch, statistics)
            progress = Progress(state, len(wanted), done_before)
            missing = jobs.jobs(settings.completions, skip)
            return await _run_with_signals(state, missing, converse, progress)

        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            return runner.run(work())


def _serve(models: dict[str, ModelSettings], stack: ExitStack) -> dict[str, list[str]]:
    """List each model's addresses; all embedded ones share a server, which is started."""
    if any(model.is_embedded for model in models.values()):
        own = [stack.enter_context(embedded_server())]
    return {name: own if model.is_embedded else model.bases for name, model in models.items()}


def _endpoints(bases: list[str], key: str, settings: RunSettings) -> Endpoints:
    connections = settings.batch.concurrency
    return Endpoints([ChatClient(base, key, connections, settings.timeout) for base in bases])


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
) -> Outcome:
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
    return Outcome(state.stop.exit_code, state.stop.reason)


def _start_line(total: int, done_before: int, settings: RunSettings) -> str:
    done = f", {done_before:,} of them done before" if done_before else ""
    names = ", ".join(settings.model_names)
    return f"asking {names} for {total:,} samples{done} -> {settings.output_file}"
