import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet
import pytest

from tests.hub_server import HubServer, serving
from utils.errors import PipelineError
from utils.hub import DatasetFiles, DatasetSplit, cached_model_folder

FIELDS = ("commit", "old_contents", "message")


def row(number: int) -> dict[str, Any]:
    return {"commit": f"c{number}", "old_contents": f"x = {number}\n", "message": "Fix", "more": 1}


def as_jsonl(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def as_parquet(*rows: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(list(rows)), file)
    return file.getvalue()


DATASETS = {
    "ann/commits": {
        "main": {
            "README.md": b"#",
            "commits.py": b"raise SystemExit('a loading script was run')",
            "data/python/data.jsonl": as_jsonl(row(1), row(2)),
            "data/rust/data.jsonl": as_jsonl(row(3)),
        }
    },
    "ann/scripted": {
        "main": {"scripted.py": b"raise SystemExit('a loading script was run')"},
        "refs/convert/parquet": {
            "python/train/0000.parquet": as_parquet(row(4), row(5)),
            "python/train/0001.parquet": as_parquet(row(6)),
            "rust/train/0000.parquet": as_parquet(row(7)),
        },
    },
    "ann/flat": {"main": {"data/train-00000-of-00001.parquet": as_parquet(row(8))}},
    "ann/empty": {"main": {"README.md": b"#"}},
    "ann/other": {"main": {"train.parquet": as_parquet({"text": "x"})}},
    "ann/broken": {"main": {"train.parquet": b"not parquet"}},
    "ann/parts": {
        "main": {
            "README.md": b"#",
            "main/test-00000-of-00001.parquet": as_parquet(row(1)),
            "main/train-00000-of-00002.parquet": as_parquet(row(2)),
            "main/train-00001-of-00002.parquet": as_parquet(row(3)),
            "other/train-00000-of-00001.parquet": as_parquet(row(4)),
            "raw/en/train.jsonl": as_jsonl(row(5)),
        }
    },
    "ann/both": {
        "main": {"both.py": b"raise SystemExit", "data/train.jsonl": as_jsonl({"raw": 1})},
        "refs/convert/parquet": {"default/train/0000.parquet": as_parquet(row(6))},
    },
    "ann/unconverted": {"main": {"x.py": b"raise SystemExit", "train.jsonl": as_jsonl(row(7))}},
    "ann/lines": {"main": {"train.jsonl": as_jsonl(row(1)) + b"{\n"}},
}


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    with serving(DATASETS) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint)
        yield server


def read(name: str, cache: Path, language: str = "python") -> list[dict[str, Any]]:
    files = DatasetFiles(name, language, cache_dir=str(cache))
    return list(files.rows(FIELDS, required=FIELDS))


def test_the_data_file_of_the_language_is_read(hub: HubServer, tmp_path: Path) -> None:
    assert read("ann/commits", tmp_path) == [row(1), row(2)]
    assert read("ann/commits", tmp_path, "Rust") == [row(3)]
    assert not [request for request in hub.requests if request.endswith(".py")]


def test_without_data_files_the_converted_branch_is_read(hub: HubServer, tmp_path: Path) -> None:
    rows = read("ann/scripted", tmp_path)
    assert [row["commit"] for row in rows] == ["c4", "c5", "c6"]
    assert tuple(rows[0]) == FIELDS
    assert not [request for request in hub.requests if request.endswith(".py")]


def test_a_dataset_without_language_folders_is_read_whole(hub: HubServer, tmp_path: Path) -> None:
    assert [row["commit"] for row in read("ann/flat", tmp_path)] == ["c8"]


def test_a_file_is_downloaded_when_its_turn_comes_and_only_once(
    hub: HubServer, tmp_path: Path
) -> None:
    rows = DatasetFiles("ann/scripted", "python", str(tmp_path)).rows(FIELDS, FIELDS)
    assert not [request for request in hub.requests if "/resolve/" in request]
    assert next(rows)["commit"] == "c4"
    fetched = [request for request in hub.requests if request.startswith("GET /datasets")]
    assert [request[-12:] for request in fetched] == ["0000.parquet"]
    read("ann/scripted", tmp_path)
    fetched = [request for request in hub.requests if request.startswith("GET /datasets")]
    assert [request[-12:] for request in fetched] == ["0000.parquet", "0001.parquet"]


@pytest.mark.parametrize(
    ("name", "language", "complaint"),
    [
        ("ann/nowhere", "python", r"no such dataset at http://127.0.0.1:\d+; .* HF_TOKEN"),
        ("not a name", "python", "not a dataset's name; write owner/name"),
        ("ann/commits", "cobol", r"language 'cobol' \(has: python, rust\); name another"),
        ("ann/scripted", "cobol", r"language 'cobol' \(has: python, rust\); name another"),
        ("ann/empty", "python", "no JSONL or Parquet files for language 'python'; name"),
        ("ann/other", "python", r"column 'commit' is missing \(has: text\)"),
        ("ann/broken", "python", "not a readable Parquet file"),
        ("ann/lines", "python", "line 2: not valid JSON"),
    ],
)
def test_what_can_not_be_read_is_named(
    hub: HubServer, tmp_path: Path, name: str, language: str, complaint: str
) -> None:
    with pytest.raises(PipelineError, match=complaint) as caught:
        read(name, tmp_path, language)
    assert "\n" not in str(caught.value)


def test_a_hub_that_is_not_there_is_named_with_what_to_try(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PipelineError, match="127.0.0.1:9 .*HF_ENDPOINT, or take --source stdlib"):
        read("ann/commits", tmp_path)


def test_a_server_that_is_no_hub_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with serving({}) as server:
        monkeypatch.setenv("HF_ENDPOINT", server.endpoint + "/portal")
        with pytest.raises(PipelineError, match="can't be read|no such dataset"):
            read("ann/commits", tmp_path)


def test_a_model_is_taken_from_the_cache_of_this_machine_and_never_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(PipelineError, match="not on this machine.*hf download owner/model"):
        cached_model_folder("owner/model")
    with pytest.raises(PipelineError, match="not a model's name"):
        cached_model_folder("owner//model")
    kept = tmp_path / "models--owner--model"
    (kept / "refs").mkdir(parents=True)
    (kept / "refs" / "main").write_text("c0ffee")
    (kept / "snapshots" / "c0ffee").mkdir(parents=True)
    (kept / "snapshots" / "c0ffee" / "config.json").write_text("{}")
    assert cached_model_folder("owner/model") == kept / "snapshots" / "c0ffee"


def split_files(cache: Path, name: str, *part: str | None) -> list[str]:
    return [path.name for path in DatasetSplit(name, *part, cache_dir=str(cache)).files()]


def test_the_files_of_a_split_are_downloaded_in_order(hub: HubServer, tmp_path: Path) -> None:
    split = DatasetSplit("ann/parts", "main", "train", cache_dir=str(tmp_path))
    assert not [request for request in hub.requests if "/resolve/" in request]
    first, second = split.files()
    assert pyarrow.parquet.read_table(first)["commit"].to_pylist() == ["c2"]
    assert pyarrow.parquet.read_table(second)["commit"].to_pylist() == ["c3"]
    assert not [request for request in hub.requests if "test-" in request or "other" in request]


def test_a_data_folder_is_read_where_it_is_named(hub: HubServer, tmp_path: Path) -> None:
    assert split_files(tmp_path, "ann/parts", None, "train", "raw/en") == ["train.jsonl"]


def test_the_converted_parquet_goes_before_files_that_a_script_explains(
    hub: HubServer, tmp_path: Path
) -> None:
    assert split_files(tmp_path, "ann/both") == ["0000.parquet"]
    assert split_files(tmp_path, "ann/scripted", "python") == ["0000.parquet", "0001.parquet"]
    assert split_files(tmp_path, "ann/unconverted") == ["train.jsonl"]
    assert not [request for request in hub.requests if request.endswith(".py")]


@pytest.mark.parametrize(
    ("name", "part", "complaint"),
    [
        (
            "ann/parts",
            ["more"],
            r"configuration 'more', split 'train' \(has: main/test, main/train",
        ),
        ("ann/parts", ["main", "dev"], "configuration 'main', split 'dev'"),
        ("ann/parts", [], "no Parquet, JSONL or JSON files of split 'train' .*mend config"),
        ("ann/parts", [None, "train", "raw/de"], "split 'train' in 'raw/de'"),
        ("ann/empty", [], "files of split 'train'; mend config, split or data_dir"),
        ("ann/nowhere", [], "no such dataset at"),
    ],
)
def test_a_split_that_is_not_there_is_named_with_those_that_are(
    hub: HubServer, tmp_path: Path, name: str, part: list[str | None], complaint: str
) -> None:
    with pytest.raises(PipelineError, match=complaint) as caught:
        split_files(tmp_path, name, *part)
    assert "\n" not in str(caught.value)
