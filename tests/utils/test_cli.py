"""What a script does at its edges, in processes of its own."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# What each script below begins with; light on imports, so that many can run.
PRELUDE = """\
import errno, os, sys
from utils.cli import log, run
from utils.errors import PipelineError
"""


def command(body: str) -> list[str]:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return [sys.executable, "-c", f"{PRELUDE}\ndef main():\n{lines}\nrun(main)\n"]


def outcome(body: str, **more) -> tuple[int, str]:
    done = subprocess.run(command(body), cwd=ROOT, stderr=subprocess.PIPE, text=True, **more)
    return done.returncode, done.stderr


@pytest.mark.parametrize(
    ("body", "code", "said"),
    [
        ("log.info('kept %d', 3)", 0, "kept 3\n"),
        ("return 1", 1, ""),
        ("raise PipelineError('x.yaml: no such file')", 2, "error: x.yaml: no such file\n"),
        ("sys.exit(5)", 5, ""),
        ("raise KeyboardInterrupt", 130, "interrupted\n"),
    ],
)
def test_the_exit_code_tells_how_it_went(body: str, code: int, said: str) -> None:
    assert outcome(body) == (code, said)


@pytest.mark.parametrize("body", ["1 / 0", "open('no such file')", "raise OSError('odd')"])
def test_our_own_bugs_show_as_tracebacks(body: str) -> None:
    code, said = outcome(body)
    assert code == 1 and said.startswith("Traceback (most recent call last):")


@pytest.mark.parametrize("name", ["ENOSPC", "EDQUOT", "EACCES", "EROFS", "EFBIG"])
def test_a_fault_of_the_disk_is_one_line(name: str) -> None:
    body = f"raise OSError(errno.{name}, os.strerror(errno.{name}), 'data/x.jsonl')"
    code, said = outcome(body)
    assert code == 2 and said.startswith("error: data/x.jsonl: ") and said.count("\n") == 1
    assert said.endswith("; free some space or name another folder\n")


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="needs a full device")
def test_a_disk_that_is_really_full_is_one_line() -> None:
    assert outcome("with open('/dev/full', 'wb') as file: file.write(b'x')") == (
        2,
        "error: disk: No space left on device; free some space or name another folder\n",
    )


WAITING = """\
from utils.jsonl import atomic_file
with atomic_file(sys.argv[1]) as file:
    file.write(b"half")
    print("ready", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize(
    ("number", "code", "said"),
    [(signal.SIGTERM, 143, b""), (signal.SIGINT, 130, b"interrupted\n")],
)
def test_a_signal_ends_it_in_order(
    tmp_path: Path, number: signal.Signals, code: int, said: bytes
) -> None:
    with subprocess.Popen(
        [*command(WAITING), str(tmp_path / "x")],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as script:
        assert script.stdout is not None and script.stderr is not None
        assert script.stdout.readline() == b"ready\n"
        assert len(os.listdir(tmp_path)) == 1
        script.send_signal(number)
        assert script.wait(10) == code
        assert script.stderr.read() == said
    assert os.listdir(tmp_path) == []


def test_a_reader_that_has_gone_is_no_news() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        body = "for _ in range(9999): sys.stdout.write('a long line of output\\n')"
        assert outcome(body, stdout=writing) == (1, "")
    finally:
        os.close(writing)


def test_log_lines_go_above_a_progress_bar_and_never_to_the_output() -> None:
    body = "from tqdm import tqdm\nfor _ in tqdm(range(2), disable=None): log.info('50% done')"
    done = subprocess.run(command(body), cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("", "50% done\n50% done\n")


def test_a_log_line_is_said_once_whatever_the_root_logger_does() -> None:
    body = "import logging\nlogging.basicConfig()\nlog.warning('once')\nlog.debug('never')"
    assert outcome(body) == (0, "once\n")
