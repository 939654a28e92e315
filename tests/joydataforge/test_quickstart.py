"""The quickstart of the room, command by command, from a workspace of its own and smaller."""

import importlib
import json
import os
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.documented_commands import ROOT, commands_in
from tests.project_copy import lay_out_copy
from utils.row_files import read_records

SCRIPT = "joydataforge/quickstart.sh"
OUT = "data/joydataforge"
# Stands in for `python`: notes the command and does nothing.
SHIM = """#!/bin/sh
printf '%s\\n' "$*" >> "$NOTES"
case "$*" in
    *"$FAILS"*) exit 2 ;;
esac
"""
COPIED = ("dataset_report.py", "model_map.yaml")
LINKED = ("offline_model", "joydataforge", "utils")


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Lay out a copy of the project: its programs, no data, and a set-up that installs nothing."""
    return lay_out_copy(tmp_path, SHIM, LINKED, COPIED)


def run(folder: Path, fails: str = "no command") -> tuple[int, str, list[str]]:
    """Run the quickstart from another folder; gives its exit code, words and commands."""
    notes = folder.parent / "notes"
    settings = {"FAILS": fails, "NOTES": str(notes)}
    done = subprocess.run(
        ["bash", str(folder / SCRIPT)],
        cwd=folder.parent,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr, notes.read_text().splitlines()


def run_here(command: str) -> None:
    """Run one of the commands in this process, which has loaded the programs already."""
    words = shlex.split(command)[1:]
    module, arguments = (words[1], words[2:]) if words[0] == "-m" else (words[0][:-3], words[1:])
    if "--config" in arguments:
        arguments += ["--threshold", "6"]
    if "--size" in arguments:
        arguments += ["--size", "4"]
    assert importlib.import_module(module).main(arguments) in (None, 0), command


def read(name: str) -> list[dict[str, Any]]:
    return list(read_records(Path(OUT) / name, []))


def test_every_method_writes_rows_and_the_report_shows_them(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(workspace)
    for command in commands_in(workspace / SCRIPT):
        run_here(command)
    for name in ("single", "case_rewrite", "vote", "joint_revise", "joint_pick", "wizard"):
        assert read(f"{name}.jsonl"), name
    assert all(row["from_cache"] for row in read("single_from_cache.jsonl"))
    assert all(row["code"] for row in read("wizard_code_edit.jsonl"))
    assert all(row["input"] and row["target"] for row in read("magpie.jsonl"))
    assert "preferences" in json.loads(Path(OUT, "dataset_info.json").read_text())
    assert all(row["chosen"] != row["rejected"] for row in read("preferences.jsonl"))
    # The one step that is not made smaller: two near repeats are among the fifty examples.
    assert len(read("distinct.jsonl")) == 48
    assert len(read("chosen.jsonl")) == 4
    measured = json.loads(Path(OUT, "diversity", "diversity.json").read_text())
    assert [each["rows"] for each in measured][:4] == [50, 12, 6, 4]
    assert Path(OUT, "diversity", "diversity.svg").is_file() and Path(OUT, "report.html").is_file()
    assert "Vendi score" in capsys.readouterr().out


STEPS = ["synthesize"] * 4 + ["vote"] * 2 + ["joint"] * 2 + ["wizard"] * 2 + ["magpie", "dpo"]
REST = ["minhash_filter", "k_center", "evaluate_diversity", "dataset_report"]


def modules(commands: list[str]) -> list[str]:
    names = [command.split()[1 if command.startswith("-m") else 0] for command in commands]
    return [name.removeprefix("joydataforge.").removesuffix(".py") for name in names]


def test_all_methods_take_their_turn_and_begin_anew(workspace: Path) -> None:
    code, printed, commands = run(workspace)
    assert code == 0
    assert "do not train on them" in printed
    # What is tried out above is what the script runs.
    assert [f"python {each}" for each in commands] == commands_in(workspace / SCRIPT)
    assert modules(commands) == [*STEPS, *REST]
    assert all("--overwrite" in command for command in commands if ".yaml" in command)
    named = {word for command in commands for word in command.split() if word.endswith(".yaml")}
    shipped = {path.name for path in (ROOT / "joydataforge" / "configs").glob("*.yaml")}
    # One is no method; the other needs a server with a reward model.
    without = {"models.yaml", "dpo_reward_model.yaml"}
    assert {Path(name).name for name in named} == shipped - without


def test_a_step_that_fails_ends_the_run(workspace: Path) -> None:
    code, _, commands = run(workspace, fails="joydataforge.vote")
    assert code == 2
    assert modules(commands) == ["synthesize"] * 4 + ["vote"]
