"""Measures stage 2 against a server with a delay of 1 s and replies of 3 KB; run it by hand.

    python -m bench.bench_generation [--seconds 20] [--runs 3] [--concurrency 512 1024]

Prints requests a second, CPU and memory of (a) the ideal, (b) a bare aiohttp loop, (c) the stage
as a process with its journal on and (d) a room's data collection over it, and how soon a resume
over a large output sends. The rate is counted by the server between the 3rd second after the first
request and the end, so that start-up counts for none; CPU a request is the whole process's over all
its requests, less that of an empty run of the stage.
"""

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import aiohttp

from tests.stage2 import ROOT, command, write_map

WARM_UP = 3.0
PROMPTS = 100_000
PROMPT = "Write a program that needs a change. " * 80  # 3 KB, as the shipped prompts


class Measured(NamedTuple):
    """One run: requests a second, CPU milliseconds a request, peak megabytes."""

    rate: float
    cpu: float
    memory: float


@contextmanager
def slow_server() -> Iterator[str]:
    program = Path(__file__).with_name("slow_server.py")
    with subprocess.Popen(
        [sys.executable, str(program), "--delay", "1.0"], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
        server.terminate()


def answered(url: str) -> int:
    with urllib.request.urlopen(url.removesuffix("/v1") + "/count") as response:
        return int(response.read())


def write_many_prompts(folder: Path) -> None:
    with open(folder / "prompts.jsonl", "w") as file:
        for number in range(PROMPTS):
            row = {"prompt_id": f"{number:08x}", "system": "s", "user": [f"{number} {PROMPT}"]}
            file.write(json.dumps(row) + "\n")


def measure(arguments: list[str], url: str, seconds: float, idle_cpu: float) -> Measured:
    """Run a client until it has sent for so many seconds; then stop it and look at its figures."""
    before = answered(url)
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, cwd=ROOT)
    while answered(url) == before:
        time.sleep(0.02)
    time.sleep(WARM_UP)
    first, started = answered(url), time.monotonic()
    time.sleep(seconds - WARM_UP)
    last, ended = answered(url), time.monotonic()
    process.terminate()  # not SIGINT, which a background shell has its jobs ignore
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    total = answered(url) - before
    cpu = usage.ru_utime + usage.ru_stime - idle_cpu
    return Measured((last - first) / (ended - started), 1000 * cpu / total, usage.ru_maxrss / 1024)


def idle_cpu_of(arguments: list[str]) -> float:
    process = subprocess.Popen(
        arguments, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd=ROOT
    )
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return usage.ru_utime + usage.ru_stime


async def bare_loop(url: str, concurrency: int) -> None:
    """Post the same requests over aiohttp and do nothing else with the replies than parse them."""
    body = {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": PROMPT}],
        "temperature": 0.8,
        "max_tokens": 2048,
    }

    async def ask_on(session: aiohttp.ClientSession) -> None:
        while True:
            async with session.post(url + "/chat/completions", json=body) as response:
                json.loads(await response.read())["choices"][0]["message"]["content"]

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        await asyncio.gather(*(ask_on(session) for _ in range(concurrency)))


def median(runs: list[Measured]) -> Measured:
    return Measured(*(statistics.median(column) for column in zip(*runs, strict=True)))


def stage(folder: Path, concurrency: int, *more: str) -> list[str]:
    return command(folder, "--concurrency", str(concurrency), *more)


def write_many_commits(folder: Path) -> None:
    with open(folder / "commits.jsonl", "w") as file:
        for number in range(PROMPTS):
            lines = [f"value_{line} = {number} + {line}\n" for line in range(60)]
            code1 = "".join(lines)
            code2 = "".join([*lines[:30], f"value_30 = {number}\n", *lines[31:]])
            row = {"code1": code1, "code2": code2, "git": f"Set {number}", "lang": "python"}
            file.write(json.dumps(row) + "\n")


def room(folder: Path, concurrency: int, *more: str) -> list[str]:
    flags = {
        "data_type": "commit",
        "use_user_prob": 1,
        "use_history_prob": 0,
        "num_proc": concurrency,
        "input_path": folder / "commits.jsonl",
        "output_path": folder / "r.json",
        "model_map": folder / "models.yaml",
    }
    words = [word for name, value in flags.items() for word in (f"--{name}", str(value))]
    return [sys.executable, "-m", "programming_instruct.data_collection", *words, *more]


def bench(concurrency: int, folder: Path, url: str, seconds: float, runs: int) -> None:
    bare = [sys.executable, "-m", "bench.bench_generation", "--bare", url]
    bare_idle = idle_cpu_of([*bare, "--concurrency", "0"])
    stage_idle = idle_cpu_of(stage(folder, concurrency, "--continue_from_error", "--max_cost", "1"))
    bare_runs, stage_runs, room_runs = [], [], []
    for _ in range(runs):
        arguments = [*bare, "--concurrency", str(concurrency)]
        bare_runs.append(measure(arguments, url, seconds, bare_idle))
        arguments = stage(folder, concurrency, "--overwrite")
        stage_runs.append(measure(arguments, url, seconds, stage_idle))
        arguments = room(folder, concurrency, "--overwrite")
        # Planning the samples is not taken out of its CPU.
        room_runs.append(measure(arguments, url, seconds, stage_idle))
    theirs, ours, rooms = median(bare_runs), median(stage_runs), median(room_runs)
    sys.stdout.write(
        f"{concurrency:>6} in flight   req/s  of ideal  of bare  CPU ms/req  peak MB\n"
        f"  ideal        {concurrency:>9.0f}\n"
        f"  bare aiohttp {theirs.rate:>9.0f} {theirs.rate / concurrency:>8.0%} {'':>8} "
        f"{theirs.cpu:>11.2f} {theirs.memory:>8.0f}\n"
        f"  stage        {ours.rate:>9.0f} {ours.rate / concurrency:>8.0%} "
        f"{ours.rate / theirs.rate:>8.0%} {ours.cpu:>11.2f} {ours.memory:>8.0f}\n"
        f"  room         {rooms.rate:>9.0f} {rooms.rate / concurrency:>8.0%} "
        f"{rooms.rate / theirs.rate:>8.0%} {rooms.cpu:>11.2f} {rooms.memory:>8.0f}\n"
    )
    sys.stdout.flush()


def bench_resume(folder: Path, url: str) -> None:
    """Time a resume over 100,000 finished rows, with as many prompts again to ask."""
    head = '{{"prompt_id":"{0:08x}","sample_index":1,"prompt_hash":"{1}","model":"m",'
    tail = '"finish_reason":["stop"],"usage":[{"prompt_tokens":900,"completion_tokens":770}],'
    from utils.generation.jobs import PromptFile

    hashes = PromptFile(folder / "prompts.jsonl").hashes
    with open(folder / "out.jsonl", "w") as file:
        for number, digest in enumerate(hashes.values()):
            file.write(head.format(number, digest) + tail)
            file.write(f'"response":["{"x" * 3000}"],"response_1":"{"x" * 3000}"}}\n')
    size = (folder / "out.jsonl").stat().st_size
    before, started = answered(url), time.monotonic()
    arguments = stage(folder, 64, "--continue_from_error", "--num_completion", "2")
    process = subprocess.Popen(arguments, stderr=subprocess.DEVNULL, cwd=ROOT)
    while answered(url) == before:
        time.sleep(0.02)
    seconds = time.monotonic() - started - 1.0  # the server's delay
    process.kill()
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    sys.stdout.write(
        f"resume over {PROMPTS:,} rows ({size / 1e6:,.0f} MB): first request after "
        f"{seconds:.1f} s, peak {usage.ru_maxrss / 1024:.0f} MB\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=20.0)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--concurrency", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--bare", metavar="URL", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.bare:
        import uvloop

        with suppress(KeyboardInterrupt):
            uvloop.run(bare_loop(args.bare, args.concurrency[0]))
        return
    with tempfile.TemporaryDirectory() as name, slow_server() as url:
        folder = Path(name)
        write_many_prompts(folder)
        write_many_commits(folder)
        write_map(folder, url)
        for concurrency in args.concurrency:
            bench(concurrency, folder, url, args.seconds, args.runs)
        bench_resume(folder, url)


if __name__ == "__main__":
    main()
