import json
import os
from pathlib import Path

import pytest

from tests.stage2 import log_lines
from utils.errors import PipelineError
from utils.files.wholeness import say_if_doubtful
from utils.stage_output import StageOutput


def written(folder: Path, text: str = "one") -> Path:
    with StageOutput(folder / "x.jsonl") as output:
        output.keep({"prompt_id": text})
        output.open_also(folder / "x_val.jsonl")({"prompt_id": text})
    return folder / "x.jsonl"


def said(path: Path) -> list[str]:
    with log_lines() as lines:
        say_if_doubtful(path)
    return lines


def test_files_that_are_what_their_summary_says_are_no_news(tmp_path: Path) -> None:
    path = written(tmp_path)
    assert said(path) == said(tmp_path / "x_val.jsonl") == said(tmp_path / "gone.jsonl") == []


@pytest.mark.parametrize("name", ["x.jsonl", "x_val.jsonl"])
@pytest.mark.parametrize("content", [b'{"prompt_id":"two"}\n', b'{"prompt_id":"one"}', b""])
def test_a_file_that_was_changed_since_is_told(tmp_path: Path, name: str, content: bytes) -> None:
    written(tmp_path)
    (tmp_path / name).write_bytes(content)
    [line] = said(tmp_path / name)
    assert name in line and "is another than its summary says" in line


def test_a_file_without_a_summary_is_told(tmp_path: Path) -> None:
    path = written(tmp_path)
    (tmp_path / "x.summary.json").unlink()
    for each in (path, tmp_path / "x_val.jsonl"):
        [line] = said(each)
        assert "has no summary beside it" in line


@pytest.mark.parametrize("summary", ["[]", "{}", '{"files": 5}', '{"files": {"x.jsonl": 1}}', "{"])
def test_a_summary_of_another_kind_hurts_nobody(tmp_path: Path, summary: str) -> None:
    path = written(tmp_path)
    (tmp_path / "x.summary.json").write_text(summary)
    assert len(said(path)) <= 1


def test_a_stage_says_so_of_its_input_and_goes_on(tmp_path: Path) -> None:
    path = written(tmp_path)
    path.write_text('{"a": "other"}\n')
    with log_lines() as lines, StageOutput(tmp_path / "next.jsonl", [path]) as output:
        output.keep({})
    assert len(lines) == 2 and "is another than its summary says" in lines[0]


@pytest.mark.parametrize("renamed", range(3))
def test_a_break_between_two_renames_leaves_files_that_are_visibly_unfinished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    path = written(tmp_path, "old")
    left = renamed
    replace = os.replace

    def breaks(source: Path, target: Path) -> None:
        nonlocal left
        if not left:
            raise OSError(5, "Input/output error", str(target))
        left -= 1
        replace(source, target)

    monkeypatch.setattr(os, "replace", breaks)
    with pytest.raises((OSError, PipelineError)):
        written(tmp_path, "new")
    monkeypatch.undo()
    if renamed < 2:
        assert not (tmp_path / "x.summary.json").exists()
    for each in (path, tmp_path / "x_val.jsonl"):
        assert len(said(each)) == 1, "a reader is told, whichever it reads"
    written(tmp_path, "new")
    assert said(path) == [] and json.loads(path.read_text()) == {"prompt_id": "new"}
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_settings_have_no_summary_and_need_none(tmp_path: Path) -> None:
    (tmp_path / "kinds.yaml").write_text("- instruction: x\n  prompt_id: y\n")
    assert said(tmp_path / "kinds.yaml") == []
