"""The flags that every script that asks a model has, checked and turned into settings."""

import argparse
import math
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from utils.errors import PipelineError
from utils.generation.model_map import only_model
from utils.generation.run_state import BatchSettings, Sampling
from utils.records import text_id
from utils.stage_output import sibling, written_files


@dataclass(frozen=True)
class RunSettings:
    """One run: which models, which files, how many answers, and how they are asked for.

    `shaping` holds the script's own settings that shape the answers.
    """

    model_names: tuple[str, ...]
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
    shaping: dict[str, Any] = field(default_factory=dict)


def add_generation_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of stage 2."""
    parser.add_argument("--model_name", default="offline", help="a name of the model map")
    parser.add_argument("--num_completion", type=int, default=1, help="samples per prompt")
    _add_engine_flags(parser, Sampling())


def add_sample_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a room's script that asks a model, with Programming-Instruct's defaults."""
    parser.add_argument(
        "--model_name",
        nargs="+",
        help="names of the model map, of which one is drawn per request (default: its only one)",
    )
    parser.add_argument(
        "--max_try", type=int, default=5, help="times a question is asked until its reply is good"
    )
    _add_engine_flags(parser, Sampling(temperature=0.2, top_p=0.95, max_tokens=3072))


def _add_engine_flags(parser: argparse.ArgumentParser, sampling: Sampling) -> None:
    batch = BatchSettings()
    add = parser.add_argument
    add("--model_map", default="model_map.yaml", help="YAML or JSON file of models")
    add("--temperature", type=float, default=sampling.temperature, help="of the sampling")
    add("--top_p", type=float, default=sampling.top_p, help="of the sampling")
    add("--max_tokens", type=int, default=sampling.max_tokens, help="longest reply of a round")
    add("--random_seed", type=int, default=batch.random_seed, help="of all that is drawn")
    add(
        "--concurrency",
        "--num_proc",
        type=int,
        default=batch.concurrency,
        help="most requests in flight",
    )
    add_run_flags(parser)


def add_run_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags that say how a run is carried out, not what it asks."""
    batch = BatchSettings()
    add = parser.add_argument
    add("--timeout", type=float, default=300.0, help="seconds a request may take")
    add("--max_retries", type=int, default=batch.max_retries, help="of one request")
    add("--length_retry_factor", type=float, help="ask once more, with so many times the tokens")
    add(
        "--max_consecutive_failures",
        type=int,
        default=batch.max_consecutive_failures,
        help="stop when more samples than this fail in a row",
    )
    add("--max_cost", type=float, help="stop before the output has cost more than this")
    add("--save_every", type=int, default=batch.save_every, help="rows between syncs to disk")
    add("--recovery_file", help="journal of unfinished samples; beside the output if not named")
    add("--continue_from_error", action="store_true", help="go on with what was saved")
    add("--retry_failed", action="store_true", help="ask again what was refused or rejected")
    add("--overwrite", action="store_true", help="throw away what was saved")


def sample_settings(args: argparse.Namespace, prompts: object) -> RunSettings:
    """Check the flags of a room's script; the answers are kept in a file beside its output.

    `prompts` is an example of the messages it asks: a run goes on only with the same wording.
    """
    if args.max_try <= 0:
        raise PipelineError("--max_try must be above 0")
    names = args.model_name or [only_model(args.model_map)]
    own = {"model_name": names, "num_completion": 1, "output_file": answers_file(args.output_path)}
    settings = run_settings(argparse.Namespace(**vars(args) | own))
    return replace(settings, shaping={"prompts": text_id(repr(prompts))})


def answers_file(output_path: str | Path) -> str:
    """Name the append log of a script that writes its output when all answers are there."""
    return str(sibling(output_path, ".answers.jsonl"))


def run_settings(args: argparse.Namespace) -> RunSettings:
    """Check the flags and turn them into settings."""
    for flag in ("temperature", "top_p", "timeout", "length_retry_factor", "max_cost"):
        if getattr(args, flag) is not None and not math.isfinite(getattr(args, flag)):
            raise PipelineError(f"--{flag} must be a finite number")
    for flag in ("max_tokens", "num_completion", "concurrency", "save_every", "timeout"):
        if getattr(args, flag) <= 0:
            also = " (also --num_proc)" if flag == "concurrency" else ""
            raise PipelineError(f"--{flag}{also} must be above 0")
    for flag in ("temperature", "top_p", "max_retries", "max_consecutive_failures"):
        if getattr(args, flag) < 0:
            raise PipelineError(f"--{flag} must not be negative")
    if args.length_retry_factor is not None and args.length_retry_factor <= 1:
        raise PipelineError("--length_retry_factor must be above 1")
    if args.max_cost is not None and not args.max_cost > 0:
        raise PipelineError("--max_cost must be above 0")
    recovery_file = args.recovery_file or str(sibling(args.output_file, "_recovery.jsonl"))
    taken = [*written_files(args.output_file), sibling(args.output_file, ".failed.jsonl")]
    if Path(recovery_file).resolve() in [path.resolve() for path in taken]:
        raise PipelineError(
            f"--recovery_file {recovery_file}: --output_file and what is written beside it are "
            "other files; name one of its own"
        )
    return RunSettings(
        model_names=(args.model_name,)
        if isinstance(args.model_name, str)
        else tuple(dict.fromkeys(args.model_name)),
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
