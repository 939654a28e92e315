import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from utils.errors import PipelineError
from utils.files.append_log import AppendLog, mend_tail, refuse_foreign
from utils.files.locks import PathLock, taken_lock
from utils.jsonl import dump_row

HOLD = """
import sys, pathlib
sys.path.insert(0, sys.argv[2])
from utils.files.locks import taken_lock
lock = taken_lock(pathlib.Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_that_another_process_holds_is_told_and_comes_free_with_its_end(
    tmp_path: Path,
) -> None:
    path, root = tmp_path / "made" / "x.jsonl", str(Path(__file__).parents[3])
    command = [sys.executable, "-c", HOLD, str(path), root]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdout is not None and other.stdout.readline() == "held\n"
        with pytest.raises(PipelineError, match="another run is writing it"):
            taken_lock(path)
        other.kill()
        other.wait()
    taken_lock(path).release()


def test_a_folder_that_can_not_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(PipelineError, match="can't be made a folder"):
        PathLock(tmp_path / "file" / "x.jsonl").take()


ROOT = Path(__file__).resolve().parents[3]
ROWS = [{"prompt_id": "a", "text": "x{y}\n"}, {"prompt_id": "b", "text": "ü\ud800" * 5}]
WHOLE = b"".join(map(dump_row, ROWS))
FIRST = len(dump_row(ROWS[0]))


@pytest.mark.parametrize("length", range(FIRST, len(WHOLE) + 1))
def test_a_last_line_torn_at_any_byte_is_cut_or_kept_whole(tmp_path: Path, length: int) -> None:
    path = tmp_path / "log"
    path.write_bytes(WHOLE[:length])
    cut = mend_tail(path)
    whole = length >= len(WHOLE) - 1  # only the newline is missing
    assert path.read_bytes() == (WHOLE if whole else WHOLE[:FIRST])
    assert cut == (0 if whole else length - FIRST)


@pytest.mark.parametrize("tail", [b"\0", b"\0" * 5000, b'{"pro\0\0\0', b"\0\0\n\0", b"\n\n", b"{"])
def test_what_a_power_cut_leaves_goes(tmp_path: Path, tail: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(WHOLE + tail)
    mend_tail(path)
    assert path.read_bytes() == WHOLE


@pytest.mark.parametrize("text", [b"import os\n", b"notes", b"a\nb\nc\n", b'{"a": 1}\nnot json\n'])
def test_a_file_of_another_kind_is_left_alone(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(text)
    mend_tail(path)
    assert path.read_bytes() == text


OURS = b'{"prompt_id":"'


@pytest.mark.parametrize(
    "content", [WHOLE, WHOLE[:20], OURS[:5], OURS + b"\0\0", b"", b"x\n" + WHOLE]
)
def test_a_file_with_a_line_of_ours_is_known(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log").write_bytes(content)
    refuse_foreign(tmp_path / "log", lambda line: line in WHOLE.splitlines(True), OURS)


@pytest.mark.parametrize(
    "content",
    [b"\0" * 9, b"{", b'{"a":1}', b'{"a":', b"\n", b"\x89PNG\n" + WHOLE[:9], OURS + b"\n"],
)
def test_any_other_is_refused_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(PipelineError, match="log: was not written by this stage"):
        refuse_foreign(tmp_path / "log", lambda line: line in WHOLE.splitlines(True))
    assert (tmp_path / "log").read_bytes() == content


def test_a_torn_line_longer_than_a_block_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_bytes(WHOLE + b'{"text":"' + b"x" * 3_000_000)
    mend_tail(path)
    assert path.read_bytes() == WHOLE


@settings(max_examples=50, deadline=None)
@given(rows=st.lists(st.dictionaries(st.text(), st.text(max_size=20))), cut=st.integers(0, 400))
def test_mending_leaves_the_longest_run_of_whole_lines(rows: list, cut: int) -> None:
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"mend_{os.getpid()}"
    lines = [dump_row(row) for row in rows]
    data = b"".join(lines)[:cut]
    path.write_bytes(data)
    mend_tail(path)
    mended = path.read_bytes()
    path.unlink()
    assert b"".join(lines).startswith(mended) and len(mended) >= data.rfind(b"\n") + 1
    assert mended == b"" or mended.endswith(b"\n")


def test_lines_are_there_when_append_returns_and_a_reopened_file_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "log"
    log = AppendLog(path)
    log.append(b"1\n")
    assert path.read_bytes() == b"1\n" and log.unsynced == 1
    log.sync()
    assert log.unsynced == 0
    (tmp_path / "other").write_bytes(b"0\n")
    os.replace(tmp_path / "other", path)
    log.reopen()
    log.append(b"2\n")
    log.close()
    assert path.read_bytes() == b"0\n2\n"


def test_a_full_disk_leaves_the_file_at_its_last_whole_line(tmp_path: Path) -> None:
    program = """
import resource, sys
from pathlib import Path
from utils.files.append_log import AppendLog
resource.setrlimit(resource.RLIMIT_FSIZE, (95, 95))
log = AppendLog(Path(sys.argv[1]))
try:
    for _ in range(5):
        log.append(b"x" * 29 + b"\\n")
except OSError as error:
    sys.exit(error.filename)
"""
    path = tmp_path / "log"
    done = subprocess.run(
        [sys.executable, "-c", program, str(path)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 1 and str(path) in done.stderr
    assert path.read_bytes() == (b"x" * 29 + b"\n") * 3
