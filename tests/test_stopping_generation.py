"""Ctrl-C, SIGTERM, a full disk and a second run, with real processes."""

import errno
import os
import resource
import shlex
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from code_generation_api import main
from tests.fault_server import FaultServer
from tests.stage2 import command, flags, keys, log_lines, read_jsonl, set_up, start_stage
from utils.generation.batch import GRACE_SECONDS

PROMPTS = 12
PATIENCE = 300  # seconds, which only a fault uses up


def wait_for_requests(server: FaultServer, count: int) -> None:
    ending = time.monotonic() + PATIENCE
    while len(server.state.order) < count:
        assert time.monotonic() < ending, "the stage sends nothing"
        time.sleep(0.005)


def finish(folder: Path, resume: str) -> None:
    """Run the printed command and check that it completes the output."""
    done = subprocess.run(shlex.split(resume), cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    rows = read_jsonl(folder / "out.jsonl")
    assert keys(rows) == [(f"p{number}", 1) for number in range(1, len(rows) + 1)]
    assert f"kept {len(rows)} of {len(rows)}" in done.stderr


def resume_line(said: str) -> str:
    (line,) = [line for line in said.splitlines() if line.startswith("to go on: ")]
    return line.removeprefix("to go on: ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_sending_saves_what_comes_in_and_says_how_to_go_on(
    tmp_path: Path, number: signal.Signals
) -> None:
    with FaultServer({"delay": 0.4}) as server:
        set_up(tmp_path, server, PROMPTS)
        # Abbreviated flags and odd words must come out of the printed command unharmed.
        with start_stage(tmp_path, "--concurrency", "4", "--overw") as stage:
            wait_for_requests(server, 4)
            stage.send_signal(number)
            said = stage.communicate()[1]
        assert stage.returncode == 130
        assert len(server.state.order) == 4, "nothing further goes out"
        assert server.state.answered.total() == 4
        assert "waiting for 4 in flight" in said and "stopped: interrupted" in said
        command_to_go_on = resume_line(said)
        assert "--overw" not in command_to_go_on
        finish(tmp_path, command_to_go_on)
        assert server.state.answered.total() == 2 * PROMPTS, "what was in flight was saved"
    assert len(read_jsonl(tmp_path / "out.jsonl")) == PROMPTS


def test_a_second_ctrl_c_stops_at_once_and_leaves_the_files_sound(tmp_path: Path) -> None:
    with FaultServer({"only_after": {"hang": 6}, "hang": 600}) as server:
        set_up(tmp_path, server, PROMPTS, rounds=1)
        with start_stage(tmp_path, "--concurrency", "4") as stage:
            wait_for_requests(server, 10)
            stage.send_signal(signal.SIGINT)
            time.sleep(0.3)
            assert stage.poll() is None, "the first one waits for what is in flight"
            stage.send_signal(signal.SIGINT)
            stopped = time.monotonic()
            said = stage.communicate(timeout=PATIENCE)[1]
        assert time.monotonic() - stopped < GRACE_SECONDS and stage.returncode == 130
        assert len(read_jsonl(tmp_path / "out.jsonl")) == 6
        server.state.script["only_after"] = {}
        finish(tmp_path, resume_line(said))
    assert len(read_jsonl(tmp_path / "out.jsonl")) == PROMPTS


def test_who_waits_for_a_retry_does_not_hold_up_the_end(tmp_path: Path) -> None:
    with FaultServer({"faults": {"429_seconds": 1.0}, "retry_after": 2 * PATIENCE}) as server:
        set_up(tmp_path, server, PROMPTS)
        with start_stage(tmp_path, "--concurrency", "4") as stage:
            wait_for_requests(server, 1)
            time.sleep(0.3)
            stage.send_signal(signal.SIGINT)
            stage.communicate(timeout=PATIENCE)
    assert stage.returncode == 130


def test_a_full_disk_is_one_clear_error_and_leaves_whole_rows(tmp_path: Path) -> None:
    limit = 6_000

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    with FaultServer({"delay": 0.02}) as server:
        set_up(tmp_path, server, PROMPTS)
        with start_stage(tmp_path, "--concurrency", "2", preexec_fn=small_disk) as stage:
            said = stage.communicate(timeout=PATIENCE)[1]
        assert stage.returncode == 2 and "Traceback" not in said
        (stopped,) = [line for line in said.splitlines() if line.startswith("stopped: ")]
        assert "File too large" in stopped and "free some space" in stopped
        before = read_jsonl(tmp_path / "out.jsonl")
        assert 3 < len(before) < PROMPTS
        finish(tmp_path, resume_line(said))
    assert len(read_jsonl(tmp_path / "out.jsonl")) == PROMPTS


class FullDisk:
    """Has no room for what is appended, from the n-th line on, until it is told otherwise."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, lines: int) -> None:
        self.left, self.refused = lines, threading.Event()
        self._write = os.write
        monkeypatch.setattr("utils.files.append_log.os.write", self.write)
        monkeypatch.setattr("utils.generation.traffic.ROOM_SECONDS", 0.05)

    def write(self, descriptor: int, data: bytes) -> int:
        if not os.fstat(descriptor).st_mode & stat.S_IFREG:
            return self._write(descriptor, data)
        self.left -= 1
        if self.left >= 0:
            return self._write(descriptor, data)
        self._write(descriptor, data[: len(data) // 2])  # as far as there is room
        self.refused.set()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def has_room_when(self, moment: Callable[[], bool]) -> None:
        """Have room again, once it has refused a line and the moment has come."""

        def wait() -> None:
            assert self.refused.wait(60)
            while not moment():
                time.sleep(0.01)
            self.left = 1_000_000

        threading.Thread(target=wait, daemon=True).start()


@pytest.mark.parametrize("lines", [0, 5, 13])
def test_a_full_disk_is_waited_for_with_the_answers_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    disk = FullDisk(monkeypatch, lines)
    with FaultServer({"delay": 0.01}) as server, log_lines() as said:
        set_up(tmp_path, server, PROMPTS)
        asked: list[int] = []

        def nothing_more_is_asked() -> bool:
            asked.append(len(server.state.order))
            return len(asked) > 100 and len(set(asked[-100:])) == 1

        disk.has_room_when(nothing_more_is_asked)
        assert main(flags(tmp_path, "--concurrency", "3")) == 0
        assert server.state.answered.total() == 2 * PROMPTS, "nothing is paid twice"
        assert asked[-1] < 2 * PROMPTS
    assert keys(read_jsonl(tmp_path / "out.jsonl")) == [(f"p{n}", 1) for n in range(1, PROMPTS + 1)]
    assert any("No space left on device; what was answered is kept" in line for line in said)
    assert any("there is room again" in line for line in said)


def test_a_second_run_on_one_output_is_refused_at_once(tmp_path: Path) -> None:
    with FaultServer({"delay": 2 * PATIENCE}) as server:
        set_up(tmp_path, server, 2, rounds=1)
        with start_stage(tmp_path) as first:
            wait_for_requests(server, 2)
            second = subprocess.run(
                command(tmp_path, "--overwrite"), cwd=tmp_path, capture_output=True, text=True
            )
            assert first.poll() is None
            first.kill()
    assert second.returncode == 2 and len(server.state.order) == 2
    assert "\nerror: " in f"\n{second.stderr}" and "Traceback" not in second.stderr
    assert "out.jsonl: another run is writing it" in second.stderr
