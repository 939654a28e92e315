"""Whatever ends a run, its programs end with it; limits and an environment are one's own."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from pydantic import TypeAdapter, ValidationError

from utils.errors import PipelineError
from utils.sandbox.bubblewrap import end_left_behind, owner_mark
from utils.sandbox.choose import Sandbox, open_sandbox
from utils.sandbox.limits import RunLimits

PROJECT = Path(__file__).parents[3]
RUN = """
import sys
from utils.sandbox.choose import open_sandbox
from utils.sandbox.limits import RunLimits
from utils.sandbox.pool import SandboxJob, run_many
code = '''
import os, time
if os.fork() == 0:
    os.setsid()
    time.sleep(321)
time.sleep(321)
'''
sandbox = open_sandbox(sys.argv[1], None, RunLimits(cpu_seconds=300, clock_seconds=300))
command = ["{python}", "-c", code, sys.argv[2]]
for _ in run_many(sandbox, [SandboxJob(n, {}, command) for n in range(4)], 2):
    pass
"""


@pytest.fixture(params=["bubblewrap", "sandlock"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    try:
        return open_sandbox(request.param, None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))


def processes_with(word: str, program: bytes = b"") -> list[int]:
    """Processes that have a word among their arguments, and run a program of that name."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            name, _, rest = path.read_bytes().partition(b"\0")
            if word.encode() in rest and program in name:
                found.append(int(path.parent.name))
        except OSError:
            continue
    return found


def within_a_minute(is_so: Callable[[], bool]) -> bool:
    end = time.monotonic() + 300
    while not is_so() and time.monotonic() < end:
        time.sleep(0.05)
    return is_so()


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_an_ended_run_leaves_no_process(
    ending: signal.Signals, sandbox: Sandbox, tmp_path: Path
) -> None:
    word = f"left-by-{os.getpid()}-{sandbox.name}-{ending.name}"
    with subprocess.Popen(
        [sys.executable, "-c", RUN, sandbox.name, word],
        cwd=PROJECT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stderr=subprocess.DEVNULL,
    ) as run:
        try:
            # Ourselves, and two programs of two processes each, whose sandboxes are built.
            assert within_a_minute(lambda: len(processes_with(word, b"python")) >= 5)
        finally:
            run.send_signal(ending)
        run.wait(60)
    assert within_a_minute(lambda: not processes_with(word))
    assert within_a_minute(lambda: not list(tmp_path.iterdir()))


def test_a_program_runs_with_another_environment(sandbox: Sandbox, tmp_path: Path) -> None:
    other = tmp_path / "other"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", other], check=True)
    [packages] = other.glob("lib/python*/site-packages")
    (packages / "only_there.py").write_text("WORD = 'there'\n")
    opened = open_sandbox(sandbox.name, other, RunLimits())  # type: ignore[arg-type]
    code = "import only_there, sys; print(only_there.WORD, sys.prefix)"
    result = opened.run({"main.py": code}, ["{python}", "-I", "main.py"])
    assert result.stdout == f"there {other}\n", result
    code = "import yaml"
    assert "ModuleNotFoundError" in opened.run({}, ["{python}", "-I", "-c", code]).stderr


def test_limits_are_read_from_yaml() -> None:
    limits = TypeAdapter(RunLimits).validate_python(
        yaml.safe_load("cpu_seconds: 3\nprocesses: 4\n")
    )
    assert limits == RunLimits(cpu_seconds=3, processes=4)


@pytest.mark.parametrize("text", ["cpu_seconds: 0", "clock_seconds: .inf", "memory_mb: -1"])
def test_a_limit_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(RunLimits).validate_python(yaml.safe_load(text))


def test_what_a_killed_owner_left_is_ended_by_the_next_and_nothing_else() -> None:
    if not Path("/proc/self/ns/pid").exists():
        pytest.skip("no Linux")
    mine = owner_mark(os.getpid())
    namespace, pid, start = mine.split(":")
    marks = {
        "dead": f"{namespace}:{pid}:{int(start) + 1}",
        "alive": mine,
        "of another namespace": f"1:{pid}:{int(start) + 1}",
        "no mark": "x",
    }
    sleepers = {
        name: subprocess.Popen(["sleep", "60"], env={"EDITLOOM_SANDBOX_OF": mark})
        for name, mark in marks.items()
    }
    try:
        assert within_a_minute(lambda: b"sleep" in _command(sleepers["no mark"].pid))
        end_left_behind()
        assert sleepers.pop("dead").wait(30) == -signal.SIGKILL
        assert {name for name, each in sleepers.items() if each.poll() is None} == {*sleepers}
    finally:
        for each in sleepers.values():
            each.kill()
            each.wait()


def _command(pid: int) -> bytes:
    return Path(f"/proc/{pid}/cmdline").read_bytes()
