import fcntl
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from utils.errors import PipelineError
from utils.files.locks import PathLock, hidden_beside, real_path, taken_lock, waited_lock

ROOT = Path(__file__).resolve().parents[3]


def test_the_second_learns_who_holds_it(tmp_path: Path) -> None:
    lock = taken_lock(tmp_path / "x.jsonl")
    said = rf"x\.jsonl: another run is writing it \(process {os.getpid()} on .*\); wait for it"
    with pytest.raises(PipelineError, match=said):
        taken_lock(tmp_path / "x.jsonl")
    lock.release()
    taken_lock(tmp_path / "x.jsonl").release()
    assert list(tmp_path.iterdir()) == [], "a lock that is let go leaves no file"


@pytest.mark.parametrize("is_through_folder", [False, True])
def test_a_link_is_no_way_around_a_lock(tmp_path: Path, is_through_folder: bool) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "file").symlink_to(tmp_path / "real" / "x.jsonl")
    (tmp_path / "folder").symlink_to(tmp_path / "real")
    lock = taken_lock(tmp_path / "real" / "x.jsonl")
    with pytest.raises(PipelineError, match="another run"):
        taken_lock(tmp_path / "folder" / "x.jsonl" if is_through_folder else tmp_path / "file")
    lock.release()


def test_a_lock_file_that_a_killed_run_left_is_no_lock(tmp_path: Path) -> None:
    (tmp_path / ".x.jsonl.lock").write_text("process 1 on nowhere, mix_data.py")
    taken_lock(tmp_path / "x.jsonl").release()
    assert list(tmp_path.iterdir()) == []


def test_what_a_lock_file_says_reaches_the_terminal_only_as_plain_words(tmp_path: Path) -> None:
    lock = taken_lock(tmp_path / "x")
    (tmp_path / ".x.lock").write_bytes(b"process 1\x1b[31m on\nx\xff")
    with pytest.raises(PipelineError) as raised:
        taken_lock(tmp_path / "x")
    lock.release()
    assert str(raised.value).isprintable()


def test_a_lock_file_that_is_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("text")
    (tmp_path / ".x.lock").symlink_to(tmp_path / "mine")
    with pytest.raises(PipelineError, match="can't be locked"):
        taken_lock(tmp_path / "x")
    assert (tmp_path / "mine").read_text() == "text"


def test_a_link_to_itself_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    with pytest.raises(PipelineError):
        PathLock(tmp_path / "loop" / "x").take()


def test_a_hidden_name_fits_where_the_name_itself_does(tmp_path: Path) -> None:
    for name in ("x" * 255, "ü" * 127):
        path = hidden_beside(tmp_path / name, ".unfinished")
        path.touch()
        assert path.name.startswith(".") and path.name.endswith(".unfinished")
    assert real_path(tmp_path / "x") == tmp_path / "x"


def test_several_processes_that_wait_change_a_file_one_after_the_other(tmp_path: Path) -> None:
    program = """
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from utils.files.locks import waited_lock
path = Path(sys.argv[1])
for _ in range(50):
    with waited_lock(path):
        path.write_text(str(int(path.read_text()) + 1))
"""
    path = tmp_path / "count"
    path.write_text("0")
    runs = [
        subprocess.Popen([sys.executable, "-c", program, str(path)], cwd=ROOT) for _ in range(3)
    ]
    assert [run.wait() for run in runs] == [0, 0, 0]
    assert path.read_text() == "150"
    with waited_lock(path):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["count"]


def test_who_has_just_taken_a_lock_is_named_as_soon_as_that_stands_there(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    with open(tmp_path / ".x.jsonl.lock", "w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)

        def write_late() -> None:
            time.sleep(0.1)
            held.write("process 77 on here, x")
            held.flush()

        with ThreadPoolExecutor() as later:
            later.submit(write_late)
            with pytest.raises(PipelineError, match=r"\(process 77 on here, x\)"):
                PathLock(path).take()
