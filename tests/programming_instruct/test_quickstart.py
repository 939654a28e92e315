"""The quickstart of the room, run as people run it, but from a workspace of its own and smaller."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.documented_commands import ROOT
from tests.git_repository import Repository
from tests.project_copy import lay_out_copy
from utils.row_files import read_records

SCRIPT = "programming_instruct/quickstart.sh"
OUT = "data/programming_instruct"
# Stands in for `python`: notes the command, makes what takes long smaller, and goes on.
SHIM = """#!/bin/sh
printf '%s\\n' "$*" >> "$NOTES"
if [ "$2" = "$FAILS" ]; then exit 2; fi
if [ -n "$ONLY_NOTES" ]; then exit 0; fi
for word in "$@"; do
    shift
    case "$word" in
        stdlib) word="$SNIPPETS" ;;
        60) word=4 ;;
    esac
    set -- "$@" "$word"
done
exec {python} "$@"
"""


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Lay out a copy of the project: its programs, no data, and a set-up that installs nothing."""
    linked = ("offline_model", "programming_instruct", "utils")
    return lay_out_copy(tmp_path, SHIM, linked, ("dataset_report.py", "model_map.yaml"))


def make_history(folder: Path) -> None:
    """Commit a few edits of one file."""
    (folder / ".gitignore").write_text("*\n!score.py\n")
    repository = Repository(folder)
    for step in range(4):
        body = "\n".join(f"    total += weight * {n + step}" for n in range(6))
        code = f"def score(weight):\n    total = {step}\n{body}\n    return total\n"
        repository.commit(f"Raise the score by {step}", {"score.py": code})


def run(folder: Path, **variables: str) -> tuple[str, list[str]]:
    """Run the quickstart from another folder; gives what it printed and the commands it ran."""
    notes = folder.parent / "notes"
    snippets = {"SNIPPETS": str(ROOT / "utils" / "report"), "NOTES": str(notes)}
    settings = {"FAILS": "", "ONLY_NOTES": "", **snippets, **variables}
    done = subprocess.run(
        ["bash", str(folder / SCRIPT)],
        cwd=folder.parent,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr, notes.read_text().splitlines()


def modules(commands: list[str]) -> list[str]:
    names = [command.split()[1 if command.startswith("-m") else 0] for command in commands]
    return [name.removeprefix("programming_instruct.").removesuffix(".py") for name in names]


def test_three_sources_become_samples_conversations_and_a_report(workspace: Path) -> None:
    make_history(workspace)
    printed, _ = run(workspace)
    data = workspace / OUT
    samples = list(read_records(data / "samples.json", ["history", "current", "next", "area"]))
    assert {sample["data_type"] for sample in samples} == {"aiprogrammer", "commit", "submit"}
    assert {sample["model"] for sample in samples} == {"offline"}
    conversations = list(read_records(data / "conversations.jsonl", ["messages"]))
    assert len(conversations) >= 0.8 * len(samples)
    assert (data / "dataset_info.json").is_file() and (data / "report.html").is_file()
    for source in ("aiprogrammer", "commit", "submit"):
        assert f"sample 1 of {OUT}/samples.json · {source} · " in printed
    assert "Raise the score by" in (data / "commit.json").read_text()


SOURCES = ["snippet_source", "aiprogrammer", "data_collection"]
REST = ["submit_source", "data_collection", "post_collection", "export_conversation"]


def test_a_copy_without_a_history_goes_on_with_the_other_sources(workspace: Path) -> None:
    printed, commands = run(workspace, ONLY_NOTES="1")
    assert modules(commands) == [*SOURCES, *REST, "dataset_report", "show_sample", "show_sample"]
    assert "This copy has no history of its own" in printed
    [joined] = [command for command in commands if "post_collection" in command]
    assert f"--input_path {OUT}/aiprogrammer_end.json {OUT}/submit_end.json --output" in joined


def test_a_history_without_edits_is_left_out_too(workspace: Path) -> None:
    (workspace / ".git").mkdir()
    fails = "programming_instruct.commit_source"
    printed, commands = run(workspace, ONLY_NOTES="1", FAILS=fails)
    shown = ["dataset_report", "show_sample", "show_sample"]
    assert modules(commands) == [*SOURCES, "commit_source", *REST, *shown]
    assert "going on with the other two sources" in printed


def test_a_step_that_fails_ends_the_run(workspace: Path) -> None:
    with pytest.raises(AssertionError):
        run(workspace, ONLY_NOTES="1", FAILS="programming_instruct.aiprogrammer")
    notes = (workspace.parent / "notes").read_text().splitlines()
    assert modules(notes) == ["snippet_source", "aiprogrammer"]
