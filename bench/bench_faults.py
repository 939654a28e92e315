"""Runs 5,000 samples against a server with 20% faults, by hand: all of them must come through.

python -m bench.bench_faults [--samples 5000] [--concurrency 256]
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.stage2 import (
    command,
    fault_server_process,
    outcome,
    read_jsonl,
    server_stats,
    write_map,
    write_prompts,
)

KINDS = (
    *("429_seconds", "429_ms", "429_date", "503", "500", "reset", "close", "hang", "trickle"),
    *("broken_json", "empty_body", "empty_content"),
)
SCRIPT = {
    "faults": {kind: 0.2 / len(KINDS) for kind in KINDS},
    "delay": 0.1,
    "retry_after": 0.5,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--samples", type=int, default=5000)
    parser.add_argument("--concurrency", default="256")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, fault_server_process(SCRIPT) as url:
        folder = Path(name)
        write_prompts(folder / "prompts.jsonl", args.samples)
        write_map(folder, url)
        started = time.monotonic()
        done = subprocess.run(
            command(folder, "--concurrency", args.concurrency, "--timeout", "5"), cwd=folder
        )
        rows, stats = read_jsonl(folder / "out.jsonl"), server_stats(url)
        useless = stats["given"]["empty_content"]
        sys.stdout.write(
            f"exit code {done.returncode}, {len(rows)} of {args.samples} samples "
            f"in {time.monotonic() - started:.0f} s\n"
            f"requests {stats['requests']}: {stats['given']}\n"
            f"answered twice: {stats['answered_again'] - useless} (besides empty answers)\n"
            f"retries by cause: {outcome(folder)['retries']}\n"
        )


if __name__ == "__main__":
    main()
