"""A server started for a run: it is printed, waited for, logged, and ended however the run ends."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from code_generation_api import main
from tests.stage2 import ROOT, flags, log_lines, read_jsonl, start_stage, write_map, write_prompts
from utils.errors import PipelineError
from utils.generation.own_server import own_server, server_words

SERVER = f"""
import asyncio, os, sys
sys.path.insert(0, {str(ROOT)!r})
from tests.fault_server import Script, make_app, start
async def serve():
    await asyncio.sleep(0.5)
    await start(make_app(Script({{"delay": float(sys.argv[2])}})), int(sys.argv[1]))
    print("serving", os.getcwd(), flush=True)
    open("server.pid", "w").write(str(os.getpid()))
    await asyncio.Event().wait()
asyncio.run(serve())
"""


def server_command(folder: Path, delay: float = 0.0) -> str:
    (folder / "server.py").write_text(SERVER)
    return f"'{sys.executable}' '{folder / 'server.py'}' {{port}} {delay}"


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def wait_until(is_so: object, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if is_so():  # type: ignore[operator]
            return True
        time.sleep(0.05)
    return False


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write_prompts(tmp_path / "prompts.jsonl", 2)
    write_map(tmp_path, "http://127.0.0.1:1/v1")  # where nobody listens
    return tmp_path


def test_a_run_starts_its_server_and_ends_it(folder: Path) -> None:
    with log_lines() as lines:
        assert main(flags(folder, "--start_server", server_command(folder))) == 0
    assert len(read_jsonl(folder / "out.jsonl")) == 2
    (starting,) = [line for line in lines if line.startswith("starting ")]
    assert "server.py" in starting
    assert (folder / "out.server.log").read_text() == f"serving {folder}\n"
    assert not is_running(int((folder / "server.pid").read_text()))


def test_a_server_that_does_not_come_up_is_told_with_the_end_of_its_log(folder: Path) -> None:
    command = f"'{sys.executable}' -c 'import sys; sys.exit(\"no such model\")' {{port}}"
    with pytest.raises(PipelineError, match=r"out\.server\.log ends with: no such model"):
        main(flags(folder, "--start_server", command))
    with pytest.raises(PipelineError, match="no_such_program: No such file"):
        main(flags(folder, "--overwrite", "--start_server", "no_such_program {port}"))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_ends_with_a_run_that_is_killed(folder: Path, number: signal.Signals) -> None:
    stage = start_stage(folder, "--start_server", server_command(folder, delay=20))
    pid_file = folder / "server.pid"
    assert wait_until(lambda: pid_file.exists() and pid_file.read_text())
    pid = int(pid_file.read_text())
    assert is_running(pid)
    while stage.poll() is None:  # the first SIGTERM lets what is in flight come in
        stage.send_signal(number)
        time.sleep(0.2)
    stage.communicate(timeout=300)
    assert wait_until(lambda: not is_running(pid))


def test_a_port_is_filled_in_and_no_shell_reads_the_words() -> None:
    words = server_words("serve 'a {port}' --port={port} ; $HOME", 7)
    assert words == ["serve", "a 7", "--port=7", ";", "$HOME"]


@pytest.mark.parametrize(
    ("command", "said"), [("vllm serve", "has no {port}"), ("vllm '{port}", "mend the quotes")]
)
def test_a_command_that_is_none_is_refused_before_anything(
    folder: Path, command: str, said: str
) -> None:
    with pytest.raises(PipelineError, match=said):
        main(flags(folder, "--start_server", command))
    assert not (folder / "out.jsonl").exists()


def test_the_embedded_model_needs_no_server(folder: Path) -> None:
    with pytest.raises(PipelineError, match="'offline', which is embedded"):
        main(
            [
                *("--input_file", str(folder / "prompts.jsonl")),
                *("--output_file", str(folder / "out.jsonl")),
                *("--model_map", str(ROOT / "model_map.yaml"), "--start_server", "x {port}"),
            ]
        )


def test_a_server_is_ended_where_the_run_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RuntimeError), own_server(server_command(tmp_path), tmp_path / "log"):
        pid = int((tmp_path / "server.pid").read_text())
        raise RuntimeError
    assert not is_running(pid)
