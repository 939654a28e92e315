"""What the tests of generation share: prompts, a model map, and the stage as a process."""

import json
import logging
import subprocess
import sys
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.fault_server import FaultServer

ROOT = Path(__file__).resolve().parents[1]
PRICES = {"input": 1000.0, "output": 1000.0}  # dear enough to see


def write_prompts(path: Path, count: int, rounds: int = 2, mark: str = "", first: int = 1) -> Path:
    """Append prompts p1, p2, ...; the last round of each holds `mark`."""
    with open(path, "a", encoding="utf-8") as file:
        for number in range(first, first + count):
            user = [f"p{number}r{turn}" for turn in range(1, rounds + 1)]
            user[-1] += mark
            row = {"prompt_id": f"p{number}", "system": "be brief", "user": user}
            file.write(json.dumps(row | {"license": ["mit", "mit"]}) + "\n")
    return path


def write_map(folder: Path, *bases: str, **settings: Any) -> Path:
    path = folder / "models.yaml"
    entry = {"base": list(bases), "prices": PRICES, **settings}
    path.write_text(json.dumps({"m": entry}))
    return path


def set_up(folder: Path, server: FaultServer, count: int = 5, **more: Any) -> None:
    write_prompts(folder / "prompts.jsonl", count, **more)
    write_map(folder, server.url)


def outcome(folder: Path) -> dict[str, Any]:
    return dict(json.loads((folder / "out.summary.json").read_text()))


@contextmanager
def log_lines() -> Iterator[list[str]]:
    """Collect what is logged while the block lasts."""
    lines: list[str] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    log = logging.getLogger("editloom")
    level = log.level
    log.setLevel(logging.INFO)
    log.addHandler(handler)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def flags(folder: Path, *more: str) -> list[str]:
    """Spell the flags of a run over `prompts.jsonl` in a folder."""
    return [
        *("--input_file", str(folder / "prompts.jsonl")),
        *("--output_file", str(folder / "out.jsonl")),
        *("--model_map", str(folder / "models.yaml")),
        *("--model_name", "m", *more),
    ]


def command(folder: Path, *more: str) -> list[str]:
    return [sys.executable, str(ROOT / "code_generation_api.py"), *flags(folder, *more)]


def start_stage(folder: Path, *more: str, **options: Any) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        command(folder, *more), cwd=folder, stderr=subprocess.PIPE, text=True, **options
    )


def read_jsonl(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()] if path.exists() else []


def keys(rows: Sequence[dict[str, Any]]) -> list[tuple[str, int]]:
    return [(row["prompt_id"], row["sample_index"]) for row in rows]


@contextmanager
def fault_server_process(script: dict[str, Any], seed: int = 0) -> Iterator[str]:
    """Run the fault server as a process of its own; yields its base URL."""
    arguments = ["--script", json.dumps(script), "--seed", str(seed)]
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fault_server", *arguments],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as server:
        assert server.stdout is not None and server.stdin is not None
        try:
            yield server.stdout.readline().strip()
        finally:
            server.stdin.close()


def server_stats(base_url: str) -> dict[str, Any]:
    with urllib.request.urlopen(base_url.removesuffix("/v1") + "/stats") as response:
        return dict(json.load(response))
