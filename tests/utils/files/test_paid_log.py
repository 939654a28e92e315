import threading
import time
from pathlib import Path

import pytest

from tests.stage2 import log_lines
from utils.errors import PipelineError
from utils.files.paid_log import PaidLog
from utils.jsonl import Row


def key_of(row: Row) -> str:
    return str(row["key"])


def opened(path: Path, waits: bool = False) -> PaidLog[str]:
    return PaidLog(path, key_of, "they are asked again", waits)


def entry(key: str, value: int = 1) -> Row:
    return {"key": key, "value": value}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "new" / "paid.jsonl"
    with opened(path) as log:
        for key in "ab":
            log.add(key, entry(key))
    return path


def test_what_was_added_is_found_by_its_key_at_once_and_later(path: Path) -> None:
    with opened(path) as log:
        log.add("c\u2028\ud800", entry("c\u2028\ud800", 3))
        assert log.read("c\u2028\ud800") == entry("c\u2028\ud800", 3)
        assert len(log) == 3 and "a" in log and "d" not in log
    with opened(path) as log:
        assert [key for key, _ in log.items()] == ["a", "b", "c\u2028\ud800"]


def test_of_equal_keys_the_last_one_counts(path: Path) -> None:
    with opened(path) as log:
        log.add("a", entry("a", 2))
        assert log.read("a") == entry("a", 2) and len(log) == 2
    with opened(path) as log:
        assert list(log.items()) == [("a", entry("a", 2)), ("b", entry("b"))]


def test_lines_are_on_disk_before_the_block_ends(path: Path) -> None:
    with opened(path) as log:
        log.add("c", entry("c"))
        assert path.read_bytes().count(b"\n") == 3


def test_what_a_crash_cut_off_goes_and_damage_is_reported(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(b'\xef\xbb\xbf{"key":"first"}\nno json\n\n[1]\n' + whole + b'{"key":"c')
    with log_lines() as lines, opened(path) as log:
        assert [key for key, _ in log.items()] == ["first", "a", "b"]
    assert lines == [f"{path}: 2 damaged lines; they are asked again"]


def test_one_run_at_a_time_writes_it_and_another_fails_or_waits(path: Path) -> None:
    got: list[str] = []

    def wait() -> None:
        with opened(path, waits=True) as log:
            got.extend(key for key, _ in log.items())

    with opened(path) as log:
        with pytest.raises(PipelineError, match="another run"), opened(path):
            pass
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        assert got == []
        log.add("c", entry("c"))
    waiting.join(10)
    assert got == ["a", "b", "c"]


def test_a_log_written_anew_is_gone_on_with(path: Path) -> None:
    with opened(path) as log:
        log.replace([entry("x"), entry("b", 5)])
        log.add("y", entry("y"))
        assert [key for key, _ in log.items()] == ["x", "b", "y"] and log.read("b")["value"] == 5
    assert path.read_bytes().count(b"\n") == 3


def test_the_log_is_free_again_when_opening_it_fails(path: Path) -> None:
    def refuse(row: Row) -> str:
        raise PipelineError("of another model")

    with pytest.raises(PipelineError, match="of another model"), PaidLog(path, refuse, ""):
        pass
    with opened(path) as log:
        assert len(log) == 2
