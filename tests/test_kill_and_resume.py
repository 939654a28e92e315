"""kill -9 at random instants, resume each time: nothing lost, next to nothing paid twice."""

import random
import subprocess
import time
from pathlib import Path

from tests.stage2 import (
    command,
    fault_server_process,
    keys,
    read_jsonl,
    server_stats,
    start_stage,
    write_map,
    write_prompts,
)
from utils.jsonl import load_row

KILLS = 20
PROMPTS = 200
CONCURRENCY = 6
SCRIPT = {
    "delay": 0.06,
    "faults": {"500": 0.03, "429_ms": 0.03, "empty_content": 0.03, "reset": 0.03},
}


def requests_so_far(url: str) -> int:
    return int(server_stats(url)["requests"])


def kill_once(folder: Path, url: str, rng: random.Random) -> bool:
    """Start or resume a run and kill it, mostly while it asks; False: it had ended."""
    before = requests_so_far(url)
    with start_stage(folder, "--continue_from_error", "--concurrency", str(CONCURRENCY)) as stage:
        if rng.random() < 0.2:
            time.sleep(rng.uniform(0, 0.6))  # while it starts and reads what is there
        else:
            while requests_so_far(url) == before and stage.poll() is None:
                time.sleep(0.01)
            time.sleep(rng.uniform(0, 0.25))
        stage.kill()
        stage.communicate()
    return stage.returncode == -9


def test_twenty_kills_lose_nothing_and_repeat_at_most_what_was_in_flight(tmp_path: Path) -> None:
    rng = random.Random(42)
    write_prompts(tmp_path / "prompts.jsonl", PROMPTS)
    with fault_server_process(SCRIPT) as url:
        write_map(tmp_path, url)
        kills = sum(kill_once(tmp_path, url, rng) for _ in range(KILLS))
        rows_before = (tmp_path / "out.jsonl").read_bytes().count(b"\n")
        resume = command(tmp_path, "--continue_from_error", "--concurrency", str(CONCURRENCY))
        done = subprocess.run(resume, cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        stats = server_stats(url)
    assert kills == KILLS and 0 < rows_before < PROMPTS
    rows = read_jsonl(tmp_path / "out.jsonl")
    assert keys(rows) == [(f"p{number}", 1) for number in range(1, PROMPTS + 1)]
    # Each request that the server meant to answer counts, whether or not a kill came first.
    repeated = stats["given"]["good"] - 2 * PROMPTS
    assert repeated <= KILLS * CONCURRENCY
    assert len(stats["answered"]) == 2 * PROMPTS
    compare_with_an_undisturbed_run(tmp_path)
    figures = load_row((tmp_path / "out.summary.json").read_bytes())
    assert 2 * PROMPTS - KILLS <= figures["requests"] <= stats["given"]["good"]
    assert figures["requests"] == figures["latency_seconds"]["of_requests"]


def compare_with_an_undisturbed_run(folder: Path) -> None:
    whole = folder / "whole"
    whole.mkdir()
    write_prompts(whole / "prompts.jsonl", PROMPTS)
    with fault_server_process({}) as url:
        write_map(whole, url)
        subprocess.run(command(whole), cwd=whole, check=True, capture_output=True)
    assert (folder / "out.jsonl").read_bytes() == (whole / "out.jsonl").read_bytes()
