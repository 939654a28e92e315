"""Kill a paying run at moments drawn by seed, resume it, and start two at once; count the bill."""

import random
import time
from pathlib import Path
from typing import NamedTuple

from tests.chaos.methods import Method, lay_out
from tests.chaos.pointed import ScriptRun
from tests.chaos.stand_in import CountingServer

PATIENCE = 300.0  # seconds for one answer more, on a machine with much else to do


class Whole(NamedTuple):
    """What a run that nobody disturbed wrote, and how many answers it took."""

    output: bytes
    answers: int


def end(run: ScriptRun) -> None:
    code, said = run.end()
    assert code == 0, said


def whole_run(folder: Path, method: Method) -> Whole:
    with CountingServer() as server:
        lay_out(folder, method, server.url)
        end(ScriptRun(folder, method, server.url))
        return Whole((folder / method.output).read_bytes(), server.answered.total())


def kill_and_resume(folder: Path, method: Method, whole: Whole, kills: int, seed: int) -> int:
    """Kill a run so often, then let it end; returns the answers paid for a second time.

    Its output is that of a run that nobody disturbed, byte for byte.
    """
    rng = random.Random(seed)
    with CountingServer() as server:
        lay_out(folder, method, server.url)
        for number in range(kills):
            run = ScriptRun(folder, method, server.url, *(method.resume if number else ()))
            wait_for_the_moment(run, server, rng.randint(1, max(1, whole.answers // kills)))
            if rng.random() < 0.5:
                server.wait_for_more(1, rng.uniform(0, 0.1))  # in the midst of whatever
            run.kill()
        end(ScriptRun(folder, method, server.url, *method.resume))
        again = server.answered.total() - whole.answers
    assert (folder / method.output).read_bytes() == whole.output, "a row is lost, or changed"
    left = [path for path in folder.rglob(".*") if not path.name.endswith(".lock")]
    assert left == [], f"left behind: {left}"
    assert 0 <= again <= kills * method.in_flight, f"{again} of {whole.answers} paid for twice"
    return again


def wait_for_the_moment(run: ScriptRun, server: CountingServer, more: int) -> None:
    """Wait for so many answers more, or for the run's end."""
    wanted, given_up = server.answered.total() + more, time.monotonic() + PATIENCE
    while server.answered.total() < wanted and not run.is_over:
        assert time.monotonic() < given_up, "no answer is asked for"
        server.wait_for_more(1, 0.02)


def two_at_once(folder: Path, method: Method, whole: Whole) -> None:
    """Start two runs of one output: one does the work, the other says who does."""
    with CountingServer() as server:
        lay_out(folder, method, server.url)
        runs = [ScriptRun(folder, method, server.url) for _ in range(2)]
        (_, said), (code, refused) = sorted((run.end() for run in runs), key=lambda each: each[0])
        paid = server.answered.total()
    assert code == 2, said + refused
    [line] = [line for line in refused.splitlines() if line.startswith("error: ")]
    assert "another run is writing it (process " in line or "exists" in line, refused
    assert (folder / method.output).read_bytes() == whole.output
    assert paid == whole.answers, f"{paid - whole.answers} paid for twice"
