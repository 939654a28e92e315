"""A whole run of a stage that asks a model: files, servers, summary.

Starts the embedded stand-in model as a server on loopback, and stops it.
"""

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol

from utils.cli import log
from utils.errors import PipelineError
from utils.files.atomic import describe_file
from utils.files.redactor import without_secrets
from utils.files.wholeness import WRITTEN, say_if_doubtful
from utils.generation.batch import Batch, Converse
from utils.generation.conversation import Job
from utils.generation.journal import Journal
from utils.generation.model_map import ModelSettings, load_fallbacks, load_models
from utils.generation.own_server import own_server, server_words
from utils.generation.recovery import SampleKey
from utils.generation.run_report import Outcome, Progress, RunEnd
from utils.generation.run_state import RunState
from utils.generation.servers import open_channel
from utils.generation.settings import RunSettings
from utils.generation.traffic import RunStatistics
from utils.jsonl import write_json
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
    with open(settings.output_file, "rb") as answers:
        written = {Path(settings.output_file).name: describe_file(answers)}
    write_json(summary_path, end.summary() | {WRITTEN: written})
    return end.exit_code


def run_jobs(jobs: Jobs, settings: RunSettings, converse: Converse) -> RunEnd:
    """Ask for all samples that are not there yet; leaves the answers in the output file."""
    drawn = load_models(settings.model_map, settings.model_names)
    models = drawn | load_fallbacks(settings.model_map, drawn)
    keys = {name: model.key(name) for name, model in models.items()}
    if settings.batch.max_cost is not None:
        _check_prices(models, settings)
    _check_own_server(models, settings)
    for source in jobs.inputs:
        say_if_doubtful(source)
    journal = _open_journal(jobs, drawn, settings)
    statistics = RunStatistics(next(iter(models.values())).prices)
    try:
        journal.check_prompts(jobs.hashes)
        statistics.add_paid_before(journal.paid)
        statistics.before.update(journal.figures)
        wanted = set(jobs.keys(settings.completions))
        skip = {*journal.done, *_not_asked_again(journal, settings)}
        outcome = Outcome()
        if not wanted <= skip:
            done_before = len(wanted & journal.done.keys())
            log.info("%s", _start_line(len(wanted), done_before, settings))
            with (
                _served(models, settings) as bases,
                asyncio.Runner(loop_factory=_loop_factory()) as runner,
            ):
                channels = [
                    open_channel(
                        *(name, model, bases[name], keys[name]),
                        *(settings.batch.concurrency, settings.timeout),
                        settings.batch.max_response_bytes,
                    )
                    for name, model in models.items()
                ]
                run = RunState(
                    *(channels, journal, settings.sampling, settings.batch, statistics),
                    names=settings.model_names,
                )
                batch = Batch(run, converse, Progress(run, len(wanted), done_before))
                with suppress(asyncio.CancelledError):  # interrupted a second time
                    runner.run(batch.run(jobs.jobs(settings.completions, skip)))
            with suppress(OSError):  # a full disk has stopped the run, and is told of
                journal.add_figures(statistics.take_new())
            outcome = Outcome(run.stop.exit_code, run.stop.reason, run.stop.limit)
        if outcome.exit_code == 0:
            journal.put_in_order(jobs.hashes)
    finally:
        journal.close()
    return RunEnd(jobs.inputs, wanted, settings, journal, statistics, outcome)


def _open_journal(jobs: Jobs, models: dict[str, ModelSettings], settings: RunSettings) -> Journal:
    inputs: list[str | Path] = [*jobs.inputs, settings.model_map]
    refuse_overwriting_inputs(settings.output_file, inputs)
    refuse_overwriting_inputs(settings.recovery_file, inputs)
    return Journal(
        settings.output_file,
        settings.recovery_file,
        answer_settings(models, settings),
        settings.continue_from_error,
        settings.overwrite,
    )


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
        "extra_body": of_each([without_secrets(model.extra_body) for model in models.values()]),
        "random_seed": settings.batch.random_seed,
        **_odd_forms(models),
        **settings.shaping,
    }


def _odd_forms(models: dict[str, ModelSettings]) -> dict[str, Any]:
    """List the forms of requests where they are not the usual ones."""
    usual = ModelSettings("")
    odd = {
        f"{field} of {name}": getattr(model, field)
        for name, model in models.items()
        for field in ("protocol", "system_role", "drop_params", "structured")
    }
    return {name: value for name, value in odd.items() if value != getattr(usual, name.split()[0])}


def _not_asked_again(journal: Journal, settings: RunSettings) -> Iterator[SampleKey]:
    """Name the samples that failed for good, or were rejected."""
    for key, row in journal.failed.items():
        if not settings.retry_failed and not row.get("passing", True):
            yield key


@contextmanager
def _served(
    models: dict[str, ModelSettings], settings: RunSettings
) -> Iterator[dict[str, list[str]]]:
    """List each model's addresses; servers that the run starts run meanwhile.

    All embedded models share one; a server of the user's own serves the first model.
    """
    bases = {name: model.bases for name, model in models.items()}
    embedded = [name for name, model in models.items() if model.is_embedded]
    with ExitStack() as stack:
        if embedded:
            bases |= dict.fromkeys(embedded, [stack.enter_context(embedded_server())])
        if settings.start_server:
            log_path = sibling(settings.output_file, ".server.log")
            served = stack.enter_context(own_server(settings.start_server, log_path))
            bases[settings.model_names[0]] = [served]
        yield bases


def _check_own_server(models: dict[str, ModelSettings], settings: RunSettings) -> None:
    if settings.start_server:
        server_words(settings.start_server, 1)
        name = settings.model_names[0]
        if models[name].is_embedded:
            raise PipelineError(
                f"--start_server: would serve model '{name}', which is embedded; name another "
                "with --model_name"
            )


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # not made for every platform
        return None
    return uvloop.new_event_loop


def _start_line(total: int, done_before: int, settings: RunSettings) -> str:
    done = f", {done_before:,} of them done before" if done_before else ""
    names = ", ".join(settings.model_names)
    return f"asking {names} for {total:,} samples{done} -> {settings.output_file}"
