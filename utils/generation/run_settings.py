"""The flags that every script that asks a model has, checked and turned into settings."""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

from utils.errors import PipelineError
from utils.generation.run_state import BatchSettings, Sampling
from utils.stage_output import sibling, written_files


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
    add("--temperature", type=float, default=sampling.temperature, help="of the sampling")
    add("--top_p", type=float, default=sampling.top_p, help="of the sampling")
    add("--max_tokens", type=int, default=sampling.max_tokens, help="longest reply of a round")
    add("--num_completion", type=int, default=1, help="samples per prompt")
    add("--random_seed", type=int, default=batch.random_seed, help="of the requests' seeds")
    add("--concurrency", type=int, default=batch.concurrency, help="most requests in flight")
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
    add("--retry_failed", action="store_true", help="ask again what the server refused")
    add("--overwrite", action="store_true", help="throw away what was saved")


def run_settings(args: argparse.Namespace) -> RunSettings:
    """Check the flags and turn them into settings."""
    for flag in ("temperature", "top_p", "timeout", "length_retry_factor", "max_cost"):
        if getattr(args, flag) is not None and not math.isfinite(getattr(args, flag)):
            raise PipelineError(f"--{flag} must be a finite number")
    for flag in ("max_tokens", "num_completion", "concurrency", "save_every", "timeout"):
        if getattr(args, flag) <= 0:
            raise PipelineError(f"--{flag} must be above 0")
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
