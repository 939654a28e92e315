"""What is too large is not read whole: memory stays bounded, and one line says so."""

import gzip
import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from data_v5.prepare_chat import read_trees
from tests.documented_commands import ROOT
from tests.git_repository import Repository
from utils.config import read_yaml
from utils.errors import PipelineError
from utils.files.paid_log import PaidLog
from utils.generation.journal import Journal
from utils.jsonl import LARGEST_DOCUMENT, LONGEST_LINE, RowIndex, read_rows
from utils.row_files import read_records
from utils.seeds.git_history import LARGEST_SOURCE, mine_edits
from utils.token_counts import load_tokenizer

ROW_OF_STAGE_2 = (
    b'{"prompt_id":"p1","sample_index":1,"prompt_hash":"h","model":"m","finish_reason":["stop"],'
    b'"usage":[],"reject_reason":"x"}\n'
)
HEADER_OF_RECOVERY = b'{"fingerprint":{}}\n'
ROOM = 1 << 30  # bytes of address space, beside what the program itself takes


def sparse(path: Path, size: int, start: bytes = b"") -> Path:
    with open(path, "wb") as file:
        file.write(start)
        file.truncate(size)
    return path


@pytest.mark.parametrize("ending", ["jsonl", "json"])
def test_a_line_without_an_end_is_one_line_of_error(tmp_path: Path, ending: str) -> None:
    path = sparse(tmp_path / f"x.{ending}", 10 * LONGEST_LINE, b'{"a": "')
    with pytest.raises(PipelineError, match="line 1: is longer than"):
        list(read_records(path))
    with pytest.raises(PipelineError, match="line 1: is longer than"):
        list(read_rows(path))
    with RowIndex(path) as index, pytest.raises(PipelineError, match="is longer than"):
        list(index.scan())


def test_a_packed_line_without_an_end_is_not_unpacked_whole(tmp_path: Path) -> None:
    path = tmp_path / "trees.jsonl.gz"
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(5):
            file.write(bytes(LONGEST_LINE // 4))
    with pytest.raises(PipelineError, match="is longer than"):
        list(read_trees(path))


def test_a_folder_with_a_sparse_file_is_read_in_little_memory(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    sparse(tmp_path / "code/huge.py", 3 << 30)
    code = "".join(f"def times_{n}(number):\n    return {n} * number\n\n\n" for n in range(9))
    (tmp_path / "code/small.py").write_text(code)
    flags = ["--source", f"dir:{tmp_path}/code", "--output_file", str(tmp_path / "seeds.jsonl")]
    done = subprocess.run(
        [sys.executable, str(ROOT / "collect_seeds.py"), *flags],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_DATA, (ROOM, ROOM)),
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads((tmp_path / "seeds.summary.json").read_text())
    assert summary["rows_in"] == 2 and summary["reject_reasons"]["no_text"] == 1


def test_a_huge_blob_of_a_repository_is_passed_over(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    for text in ("1\n", "2\n"):
        sparse(repository.path / "huge.py", LARGEST_SOURCE + 1, text.encode())
        repository.commit(f"Write {text}", {"small.py": text})
    edits = mine_edits(str(repository.path), max_files=2)
    assert {(edit.path, edit.new_contents) for edit in edits} == {
        ("huge.py", None),
        ("small.py", "2\n"),
    }


@pytest.mark.parametrize("number", ["1" + "0" * 400, "0x1" + "f" * 9000, "9" * 5000])
def test_a_huge_number_of_a_config_is_one_line(tmp_path: Path, number: str) -> None:
    (tmp_path / "c.yaml").write_text(f"a: {number}\n")
    with pytest.raises(PipelineError) as error:
        read_yaml(tmp_path / "c.yaml")
    assert len(str(error.value)) < 500 and "\n" not in str(error.value)


def test_a_huge_element_of_an_array_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("utils.row_files.LONGEST_LINE", 1 << 21)
    path = tmp_path / "x.json"
    path.write_bytes(b'[{"a": 1}, {"a": "' + b"x" * (10 << 21) + b'"}]')
    with pytest.raises(PipelineError, match="element 2: not valid JSON .*is longer than"):
        list(read_records(path))


@pytest.fixture
def short_lines(monkeypatch: pytest.MonkeyPatch) -> int:
    """Let a line have fewer bytes, for tests that look at many."""
    for module in ("utils.jsonl", "utils.files.append_log"):
        monkeypatch.setattr(f"{module}.LONGEST_LINE", 1 << 21)
    return 1 << 21


@pytest.mark.parametrize("name", ["out.jsonl", "out_recovery.jsonl", "out.failed.jsonl"])
@pytest.mark.parametrize("start", [b"", ROW_OF_STAGE_2, HEADER_OF_RECOVERY])
def test_a_log_with_a_line_without_an_end_is_one_line_and_stays_as_it_is(
    tmp_path: Path, short_lines: int, name: str, start: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(start + b'{"prompt_id":"' + b"x" * 3 * short_lines)
    before = path.stat().st_size
    with pytest.raises(PipelineError) as error:
        Journal(tmp_path / "out.jsonl", tmp_path / "out_recovery.jsonl", {}, resume=True)
    assert path.stat().st_size == before and "\n" not in str(error.value)


def test_a_paid_log_with_a_line_without_an_end_is_one_line(
    tmp_path: Path, short_lines: int
) -> None:
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"key":"a","score":1}\n{"key":"' + b"x" * 3 * short_lines)
    before = path.stat().st_size
    with (
        pytest.raises(PipelineError, match="line 2: is longer than"),
        PaidLog(path, lambda row: str(row["key"]), "asked again"),
    ):
        pass
    assert path.stat().st_size == before


def test_of_a_huge_message_of_a_commit_the_beginning_is_read(tmp_path: Path) -> None:
    repository = Repository(tmp_path / "shapes")
    repository.commit("Begin", {"small.py": "1\n"})
    repository.commit("Go on", {"small.py": "2\n"})
    with open(tmp_path / "message", "wb") as file:
        for _ in range(3):
            file.write(b"word " * (LARGEST_SOURCE // 10) + b"\n")
    repository.git("commit", "-q", "--amend", "--allow-empty", "-F", str(tmp_path / "message"))
    [edit] = mine_edits(str(repository.path))
    assert (edit.old_contents, edit.new_contents) == ("1\n", "2\n")
    assert len(edit.message) <= LARGEST_SOURCE + (1 << 20)


def test_a_document_that_is_too_large_is_one_line(tmp_path: Path) -> None:
    path = sparse(tmp_path / "tokenizer.json", LARGEST_DOCUMENT + 1)
    with pytest.raises(PipelineError, match="is longer than"):
        load_tokenizer(path)
