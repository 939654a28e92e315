"""Kill a paying run at random moments, resume it, and start two at once; counts what was paid."""

import argparse
import random
import subprocess
import sys
import tempfile
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

CONCURRENCY = 6
PROMPTS = 60
SCRIPT = {"delay": 0.04, "faults": {"500": 0.03, "empty_content": 0.03, "reset": 0.03}}


def kill_and_resume(folder: Path, kills: int, rounds: int, seed: int) -> int:
    """Kill one run so often, then let it end; returns the answers paid for a second time."""
    rng = random.Random(seed)
    write_prompts(folder / "prompts.jsonl", PROMPTS, rounds)
    flags = ("--continue_from_error", "--concurrency", str(CONCURRENCY))
    with fault_server_process(SCRIPT, seed) as url:
        write_map(folder, url)
        for _ in range(kills):
            with start_stage(folder, *flags) as stage:
                time.sleep(rng.uniform(0.2, 2.0))
                stage.kill()
                stage.communicate()
        done = subprocess.run(command(folder, *flags), cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        good = int(server_stats(url)["given"]["good"])
    wanted = [(f"p{number}", 1) for number in range(1, PROMPTS + 1)]
    assert keys(read_jsonl(folder / "out.jsonl")) == wanted, "a row is lost, or there twice"
    left = [path.name for path in folder.iterdir() if path.name.endswith(".unfinished")]
    assert left == [], f"left behind: {left}"
    again = good - rounds * PROMPTS
    assert again <= kills * CONCURRENCY, f"{again} paid for twice"
    return again


def two_at_once(folder: Path, seed: int) -> None:
    """Start two runs on one output, one through a link: one works, the other says who does."""
    write_prompts(folder / "prompts.jsonl", PROMPTS, 1)
    (folder / "link.jsonl").symlink_to(folder / "out.jsonl")
    with fault_server_process({"delay": 0.04}, seed) as url:
        write_map(folder, url)
        first = start_stage(folder)
        linked = [word.replace("out.jsonl", "link.jsonl") for word in command(folder)]
        second = subprocess.Popen(linked, cwd=folder, stderr=subprocess.PIPE, text=True)
        said = [run.communicate()[1] for run in (first, second)]
        good = int(server_stats(url)["given"]["good"])
    assert sorted((first.returncode, second.returncode)) == [0, 2], said
    [refused] = [text for text in said if text.startswith("error: ")]
    assert "another run is writing it (process " in refused or "exists" in refused, refused
    assert good == PROMPTS, f"{good - PROMPTS} paid for twice"


def main(argv: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=20, help="of two runs at once")
    parser.add_argument("--seed", type=int, default=42)
    flags = parser.parse_args(argv)
    again = 0
    for rounds in (1, 2):
        with tempfile.TemporaryDirectory() as folder:
            again += kill_and_resume(Path(folder), flags.kills // 2, rounds, flags.seed)
    for number in range(flags.rounds):
        with tempfile.TemporaryDirectory() as folder:
            two_at_once(Path(folder), flags.seed + number)
    sys.stdout.write(
        f"{flags.kills} kills: no row lost or there twice, {again} answers in flight paid for "
        f"again; {flags.rounds} rounds of two at once: none paid for twice\n"
    )


if __name__ == "__main__":
    main()
