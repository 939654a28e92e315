"""Each attack is held, and the harmless ones are shown to succeed outside of a sandbox."""

import os
import shutil
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.utils.sandbox.attacks import ATTACKS, TRY, Attack
from utils.errors import PipelineError
from utils.sandbox.choose import Sandbox, open_sandbox
from utils.sandbox.limits import RunLimits
from utils.sandbox.pool import SandboxJob, run_many
from utils.sandbox.result import RunResult

SMALL = RunLimits(
    cpu_seconds=0.6, clock_seconds=2, memory_mb=128, processes=8, output_bytes=1000, scratch_mb=8
)


PATIENT = replace(
    SMALL, cpu_seconds=20, clock_seconds=60
)  # for all but what is to be ended by time


@pytest.fixture(scope="module", params=["bubblewrap", "sandlock"])
def sandbox(request: pytest.FixtureRequest) -> Sandbox:
    try:
        return open_sandbox(request.param, None, SMALL)
    except PipelineError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module")
def code_of(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    secret = tmp_path_factory.mktemp("other") / "secret"
    secret.write_text("secret")
    with socket.create_server(("127.0.0.1", 0)) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("ATTACKED_KEY", "secret")
        known = {
            "{secret}": str(secret),
            "{port}": str(server.getsockname()[1]),
            "{pid}": str(os.getpid()),
            "{packages}": sysconfig.get_paths()["purelib"],
        }
        codes = {}
        for attack in ATTACKS:
            code = TRY + attack.code
            for word, value in known.items():
                code = code.replace(word, value)
            codes[attack.name] = code
        yield codes


@pytest.fixture(scope="module")
def ends(sandbox: Sandbox, code_of: dict[str, str]) -> dict[str, RunResult]:
    """How each attack ended: eight at a time, as most of the time is waited for the clock."""
    found = {}
    for patient in (False, True):
        one = open_sandbox(sandbox.name, None, PATIENT) if patient else sandbox  # type: ignore[arg-type]
        jobs = [
            SandboxJob(
                attack.name, {"main.py": code_of[attack.name]}, ["{python}", "-I", "main.py"]
            )
            for attack in ATTACKS
            if ("timed_out" not in attack.expected) is patient
        ]
        found |= {job.key: result for job, result in run_many(one, jobs, 8)}
    return found


def _prints_held(attack: Attack, sandbox: Sandbox) -> bool:
    return attack.prints_held and not (attack.by_sandlock and sandbox.name == "sandlock")


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_an_attack_is_held(attack: Attack, sandbox: Sandbox, ends: dict[str, RunResult]) -> None:
    result = ends[attack.name]
    if _prints_held(attack, sandbox):
        assert result.stdout == "HELD\n", result
    expected = attack.expected if sandbox.name == "bubblewrap" else attack.by_sandlock
    assert result.status in (expected or attack.expected), result
    assert len(result.stdout) <= SMALL.output_bytes


@pytest.mark.parametrize("attack", [a for a in ATTACKS if a.harmless], ids=lambda a: a.name)
def test_a_harmless_attack_succeeds_outside(
    attack: Attack, code_of: dict[str, str], tmp_path: Path
) -> None:
    if attack.name == "become_root" and os.getuid() != 0:
        pytest.skip("we are not root")
    command = [sys.executable, "-I", "-c", code_of[attack.name]]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "OUT\n"


def test_what_a_program_leaves_in_a_session_of_its_own_is_gone(sandbox: Sandbox) -> None:
    code = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        [os.close(n) for n in (0, 1, 2)]
        time.sleep(4321.25)
"""
    result = sandbox.run({"main.py": code}, ["{python}", "main.py", "left-by-an-attack"])
    assert result.status == "finished"
    lines = [path.read_bytes() for path in _command_lines()]
    assert not [line for line in lines if b"left-by-an-attack" in line]


def _command_lines() -> Iterator[Path]:
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        if path.exists():
            yield path


def test_a_program_may_write_to_nowhere_and_read_what_is_random(sandbox: Sandbox) -> None:
    code = """
import os, subprocess, sys
os.dup2(os.open(os.devnull, os.O_RDWR), 2)
with open('/dev/null', 'w') as nowhere:
    print('x', file=nowhere)
subprocess.run([sys.executable, '-c', ''], stdout=subprocess.DEVNULL)
print(len(open('/dev/urandom', 'rb').read(4)), open('/dev/zero', 'rb').read(1))
"""
    assert sandbox.run({"main.py": code}, ["{python}", "main.py"]).stdout == "4 b'\\x00'\n"


def test_a_program_finds_nothing_of_the_one_before(sandbox: Sandbox) -> None:
    command = ["{python}", "main.py"]
    code = "import os; print(sorted(os.listdir())); open('left', 'w').close()"
    results = [sandbox.run({"main.py": code}, command).stdout for _ in range(2)]
    assert results == ["['main.py']\n"] * 2


def test_a_missing_sandbox_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(PipelineError, match=r"no sandbox .*bubblewrap: install the program bwrap"):
        open_sandbox("bubblewrap", None, RunLimits())
