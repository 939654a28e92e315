"""What was run in a sandbox, on disk under what it was, so that nothing is run a second time.

A line is written as soon as a run is over. After a kill or a full disk the same command runs what
is missing and takes the rest from here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from tqdm import tqdm

from utils.cli import log
from utils.files.paid_log import PaidLog
from utils.jsonl import Row
from utils.sandbox.choose import Sandbox
from utils.sandbox.pool import SandboxJob, run_many
from utils.sandbox.result import RunResult
from utils.stage_output import sibling

Key = int


class Planned(NamedTuple):
    """A run that is wanted: its key, its files, the command over them."""

    key: Key
    files: dict[str, str]
    command: tuple[str, ...]


def run_key(scope: str, *texts: object) -> Key:
    """Name a run by all that it is made of: 63 bits, which no two runs of a log share."""
    joined = "\x1f".join([scope, *map(str, texts)]).encode("utf-8", "surrogatepass")
    return int.from_bytes(hashlib.sha256(joined).digest()[:8], "big") >> 1


def log_path(output_file: str | Path) -> Path:
    return sibling(output_file, ".runs.jsonl")


def open_run_log(output_file: str | Path) -> PaidLog[Key]:
    """Open the log beside an output; used in a `with` block."""
    return PaidLog(log_path(output_file), _key_of, about="those are run again")


def _key_of(row: Row) -> Key:
    if not {"key", "status", "seconds"} <= row.keys():
        raise KeyError("status")
    return int(row["key"])


def run_missing(
    planned: Iterable[Planned],
    runs: PaidLog[Key],
    sandbox: Sandbox,
    workers: int,
    record: Callable[[RunResult], Row],
) -> int:
    """Run what is planned and not in the log; returns how many were run.

    What the sandbox itself refused is not noted, so that it is tried again another time, and told.
    """
    under_way: set[Key] = set()

    def jobs() -> Iterator[SandboxJob]:
        for one in planned:
            if one.key not in runs and one.key not in under_way:
                under_way.add(one.key)
                yield SandboxJob(one.key, one.files, one.command)

    count, refused, reason = 0, 0, ""
    done = run_many(sandbox, jobs(), workers)
    for job, result in tqdm(done, desc="running", unit=" runs", disable=None):
        under_way.discard(job.key)
        if result.status == "refused":
            refused, reason = refused + 1, result.stderr.strip()[-200:] or "no reason given"
            continue
        runs.add(job.key, {"key": job.key, **record(result)})
        count += 1
    if refused:
        log.warning(
            "%s runs could not be started (%s); the same command tries them again",
            f"{refused:,}",
            reason,
        )
    return count
