"""The quickstart, run as people run it, but from a workspace of its own and smaller."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.documented_commands import ROOT
from tests.project_copy import lay_out_copy
from utils.errors import PipelineError
from utils.jsonl import read_rows
from utils.sandbox.choose import open_sandbox
from utils.sandbox.limits import RunLimits

# Stands in for `python`: makes what takes long smaller, and goes on; the report has its own tests.
SHIM = """#!/bin/sh
if [ "$1" = dataset_report.py ]; then exit 0; fi
for word in "$@"; do
    shift
    case "$word" in
        stdlib) word="dir:$SEEDS" ;;
        300) word=20 ;;
        20) word=3 ;;
    esac
    set -- "$@" "$word"
done
exec {python} "$@"
"""
RUN, TESTED = "data/triplets_offline_run", "data/triplets_offline_tested"
FINE_TUNE = "data/finetune/ocedata_mix_quickstart_ft"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Lay out a copy of the project: its programs, no data, and a set-up that installs nothing."""
    files = (*ROOT.glob("*.py"), *ROOT.glob("*.yaml"), ROOT / "quickstart.sh")
    folder = lay_out_copy(tmp_path, SHIM, ("offline_model", "utils"), files)
    (folder / "data").mkdir()
    shutil.copy(ROOT / "data" / "few_shot.jsonl", folder / "data")
    shutil.copytree(ROOT / "mix_config", folder / "mix_config")
    mix = folder / "mix_config" / "quickstart.yaml"
    mix.write_text(mix.read_text().replace("total_samples: 200", "total_samples: 16"))
    return folder


def take_sandboxes_away(folder: Path) -> dict[str, str]:
    """Put a `bwrap` and a `sandlock` that do not work before any others."""
    (folder / "bwrap").write_text("#!/bin/sh\nexit 1\n")
    (folder / "bwrap").chmod(0o755)
    (folder / "modules").mkdir()
    (folder / "modules" / "sandlock.py").write_text("raise ImportError\n")
    return {"PYTHONPATH": str(folder / "modules")}


def run(folder: Path, **variables: str) -> str:
    """Run the quickstart from another folder; gives what it printed."""
    done = subprocess.run(
        ["bash", str(folder / "quickstart.sh")],
        cwd=folder.parent,
        env=os.environ | {"SEEDS": str(ROOT / "utils" / "code")} | variables,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def summary_of(folder: Path, stem: str) -> dict:
    return json.loads((folder / f"{stem}.summary.json").read_text())


def traces(folder: Path) -> list[dict]:
    return [json.loads(row["meta"]) for row in read_rows(folder / f"{FINE_TUNE}.jsonl")]


def test_programs_and_tests_are_run_and_travel_to_the_fine_tune_file(workspace: Path) -> None:
    try:
        open_sandbox("auto", None, RunLimits())
    except PipelineError as error:
        pytest.skip(str(error))
    run(workspace)
    assert summary_of(workspace, RUN)["rows_run"] == summary_of(workspace, RUN)["rows_in"] > 10
    tested = summary_of(workspace, TESTED)
    assert tested["rows_tested"] and tested["inputs"][0] == f"{RUN}.jsonl"
    found = traces(workspace)
    assert len(found) == 16
    assert {trace["behaviour"]["after"]["status"] for trace in found} == {"finished"}
    card = (workspace / "data/finetune/README.md").read_text()
    assert f"{tested['rows_tested']} rows tested" in card


def test_without_a_sandbox_it_says_so_and_goes_on(workspace: Path) -> None:
    printed = run(workspace, **take_sandboxes_away(workspace.parent / "bin"))
    said = [line for line in printed.splitlines() if "nothing is run, rows go on" in line]
    assert len(said) == 2, "one line for each command that would run programs"
    assert all("bubblewrap: " in line and "install the package sandlock" in line for line in said)
    assert summary_of(workspace, RUN)["rows_run"] == 0
    found = traces(workspace)
    assert len(found) == 16 and not any(trace.get("behaviour") for trace in found)
