"""Outputs with names that few would choose: the folder stays sound, and the error is one line."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.documented_commands import ROOT
from tests.mutated_rows import MIXED, TRIPLET, write_lines


def run(folder: Path, *words: str | bytes) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / os.fsdecode(words[0])), *words[1:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, errors="replace")
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_name_that_is_not_utf_8_breaks_no_card_of_a_later_export(tmp_path: Path) -> None:
    write_lines(tmp_path / "in.jsonl", [MIXED])
    (tmp_path / "ft").mkdir()
    for name in (b"ft/odd\xff.jsonl", b"ft/plain.jsonl", b"ft/odd\xff.jsonl"):
        done = run(tmp_path, "generate_finetune_dataset.py", "in.jsonl", name)
        assert done.returncode == 0, done.stderr
    assert "plain" in (tmp_path / "ft/README.md").read_text(encoding="utf-8")
    info = json.loads((tmp_path / "ft/dataset_info.json").read_text(encoding="utf-8"))
    assert "plain" in info and len(info) == 2


@pytest.mark.parametrize(
    "summary", ["{", "[]", '{"card": 5}', '{"card": {"files": 5}}', '{"card": {}}']
)
def test_a_summary_that_is_none_breaks_no_card(tmp_path: Path, summary: str) -> None:
    write_lines(tmp_path / "in.jsonl", [MIXED])
    (tmp_path / "ft").mkdir()
    (tmp_path / "ft/other.summary.json").write_text(summary)
    done = run(tmp_path, "generate_finetune_dataset.py", "in.jsonl", "ft/plain.jsonl")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("length", [250, 256, 5000])
@pytest.mark.parametrize("stage", ["check_quality.py", "generate_finetune_dataset.py"])
def test_a_name_that_is_too_long_is_one_line(tmp_path: Path, stage: str, length: int) -> None:
    rows = [TRIPLET] if stage == "check_quality.py" else [MIXED]
    write_lines(tmp_path / "in.jsonl", [rows[0]])
    done = run(tmp_path, stage, "in.jsonl", "x" * length + ".jsonl")
    errors = [line for line in done.stderr.splitlines() if line.startswith("error: ")]
    assert done.returncode == 2 and len(errors) == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.jsonl"]
