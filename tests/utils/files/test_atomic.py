import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from utils.errors import PipelineError
from utils.files.atomic import AtomicFiles, sweep_unfinished

ROOT = Path(__file__).resolve().parents[3]


def write(path: Path, content: bytes = b"new") -> None:
    with AtomicFiles() as files:
        files.open(path).write(content)


def test_several_files_take_their_names_together(tmp_path: Path) -> None:
    seen: list[list[str]] = []
    with AtomicFiles(lambda: seen.append(sorted(os.listdir(tmp_path)))) as files:
        for name in ("a", "b"):
            files.open(tmp_path / name).write(name.encode())
    assert seen == [[".a.unfinished", ".b.unfinished"]]
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"a": "a", "b": "b"}


def test_a_link_stays_one_and_what_it_leads_to_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    for name in ("there", "not_yet"):
        link = tmp_path / f"to_{name}"
        link.symlink_to(tmp_path / "far" / name)
        if name == "there":
            link.write_text("old")
        write(link)
        assert link.is_symlink() and (tmp_path / "far" / name).read_bytes() == b"new"


def test_a_mode_that_the_user_asks_for_is_kept(tmp_path: Path) -> None:
    before = os.umask(0o027)
    write(tmp_path / "x")
    os.umask(before)
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o640


KILLED = """
import sys, os
from utils.files.atomic import AtomicFiles
with AtomicFiles() as files:
    files.open(sys.argv[1]).write(b"half" * 999_999)
    print("writing", flush=True)
    sys.stdin.read()
"""


def test_what_a_killed_run_left_is_taken_over_by_the_next_and_a_living_one_left_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "x.jsonl"
    pipe = subprocess.PIPE
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(path)], cwd=ROOT, stdin=pipe, stdout=pipe
    ) as run:
        assert run.stdout is not None and run.stdout.readline() == b"writing\n"
        with pytest.raises(PipelineError, match="another run is writing it"):
            sweep_unfinished(path)
        assert len(os.listdir(tmp_path)) == 1
        run.send_signal(signal.SIGKILL)
        run.wait()
    assert len(os.listdir(tmp_path)) == 1, "what a kill leaves shows"
    write(path)
    assert {each.name: each.read_bytes() for each in tmp_path.iterdir()} == {"x.jsonl": b"new"}


@pytest.mark.parametrize("kind", ["link", "second name", "pipe", "folder"])
def test_what_is_no_run_s_leftover_is_not_touched(tmp_path: Path, kind: str) -> None:
    mine, hidden = tmp_path / "mine", tmp_path / ".x.unfinished"
    mine.write_text("text")
    if kind == "link":
        hidden.symlink_to(mine)
    elif kind == "second name":
        os.link(mine, hidden)
    elif kind == "pipe":
        os.mkfifo(hidden)
    else:
        hidden.mkdir()
    with pytest.raises((PipelineError, OSError)):
        write(tmp_path / "x")
    assert mine.read_text() == "text" and os.path.lexists(hidden)
    assert not (tmp_path / "x").exists()


def test_files_of_other_names_are_never_swept(tmp_path: Path) -> None:
    names = [".x.abcdefgh", ".x.20240101", ".xx.unfinished", "x.unfinished", ".y.unfinished"]
    for name in names:
        (tmp_path / name).write_text("mine")
    (tmp_path / ".x.unfinished").write_text("half")
    sweep_unfinished(tmp_path / "x")
    assert sorted(os.listdir(tmp_path)) == sorted(names)


def test_a_name_of_255_bytes_can_be_written_and_a_longer_one_is_the_system_s_error(
    tmp_path: Path,
) -> None:
    write(tmp_path / ("x" * 255))
    with pytest.raises(OSError, match="too long"):
        write(tmp_path / ("x" * 256))
    assert len(os.listdir(tmp_path)) == 1
