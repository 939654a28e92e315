"""kill -9 of runs of programs and tests, then the same command: nothing lost, left or repeated."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.documented_commands import ROOT
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows, write_rows
from utils.sandbox.choose import open_sandbox
from utils.sandbox.limits import RunLimits
from utils.sandbox.watching import processes_of
from utils.verify.triplet_texts import with_test_ids

ROWS = 6
KILLS = 2
# Long enough to be met under way, by whatever machine.
SLOW = "import time\ntime.sleep(0.2)\n"
PATIENCE = 60.0


@pytest.fixture(params=["bubblewrap", "sandlock"])
def backend(request: pytest.FixtureRequest) -> str:
    try:
        open_sandbox(request.param, None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))
    return str(request.param)


def write_inputs(folder: Path, count: int) -> None:
    rows: list[Row] = [
        {
            "code_before_purify": f"{SLOW}def f(x):\n    return x - {n}\n",
            "code_after_purify": f"{SLOW}def f(x):\n    return x + {n} + 1\n",
            "instruct_lazy_purify": "Add it.",
        }
        for n in range(count)
    ]
    write_rows(folder / "in.jsonl", rows)
    suite = "def test_a():\n    assert f(1) > 1\n"
    replies = [{"prompt_id": name, "response": [suite]} for name, _ in with_test_ids(rows)]
    write_rows(folder / "replies.jsonl", replies)


def command_of(folder: Path, name: str, backend: str) -> list[str]:
    more = ["--replies", str(folder / "replies.jsonl")] if name == "collect" else []
    paths = [str(folder / f"{end}.jsonl") for end in ("in", "out")]
    return [sys.executable, str(ROOT / "verify_triplets.py"), name, *paths, *more] + (
        ["--sandbox", backend, "--workers", "2"]
    )


def lines_of(log: Path) -> list[bytes]:
    """The whole lines of a log: what it holds for good."""
    return log.read_bytes().split(b"\n")[:-1] if log.exists() else []


def kill_after(process: subprocess.Popen[bytes], log: Path, lines: int) -> list[int]:
    """Kill a stage when its log has so many lines; gives the processes that it had."""
    its: list[int] = []
    while process.poll() is None and not (its and len(lines_of(log)) >= lines):
        its = list(processes_of(process.pid))[1:]
        time.sleep(0.01)
    time.sleep(random.random() / 5)
    if process.poll() is not None:
        return its
    process.send_signal(signal.SIGSTOP)
    its += list(processes_of(process.pid))[1:]
    process.kill()
    process.wait()
    return its


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return False
    return state != b"Z"


def left_after_a_while(pids: list[int]) -> list[int]:
    end = time.monotonic() + PATIENCE
    while any(map(is_running, pids)) and time.monotonic() < end:
        time.sleep(0.05)
    return [pid for pid in pids if is_running(pid)]


@pytest.mark.parametrize("name", ["run", "collect"])
def test_a_killed_stage_goes_on_and_repeats_nothing(
    name: str, backend: str, tmp_path: Path
) -> None:
    write_inputs(tmp_path, ROWS)
    command, log = command_of(tmp_path, name, backend), tmp_path / "out.runs.jsonl"
    had: list[int] = []
    for _ in range(KILLS):
        before = lines_of(log)
        process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        had += kill_after(process, log, len(before) + random.randint(0, 5))
        assert lines_of(log)[: len(before)] == before
    done = lines_of(log)
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert lines_of(log)[: len(done)] == done
    keys = [json.loads(line)["key"] for line in lines_of(log)]
    assert len(keys) == len(set(keys)) == 4 * ROWS
    assert len(list(read_rows(tmp_path / "out.jsonl"))) == ROWS
    assert had and left_after_a_while(had) == []


def test_an_end_while_a_sandbox_is_built_leaves_nothing_after_the_next_run(
    backend: str, tmp_path: Path
) -> None:
    write_inputs(tmp_path, ROWS)
    command, log = command_of(tmp_path, "run", backend), tmp_path / "out.runs.jsonl"
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while process.poll() is None and not lines_of(log):
        time.sleep(0.01)
    had = list(processes_of(process.pid))[1:]
    os.kill(process.pid, signal.SIGTERM)
    process.wait()
    subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
    assert left_after_a_while(had) == []
