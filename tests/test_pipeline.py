"""The whole pipeline, by the very commands that the README prints, over real code."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
import yaml

from tests.documented_commands import ROOT, commands_in
from utils.errors import PipelineError
from utils.report.row_views import kind_of
from utils.sandbox.choose import open_sandbox
from utils.sandbox.limits import RunLimits

SETTINGS = (
    "mix_config",
    "filter_config.yaml",
    "quality_config.yaml",
    "edit_kinds.yaml",
    "model_map.yaml",
)
# What keeps the printed commands short enough for a test; everything else is run as printed.
SHORTER = {
    "collect_seeds.py": ["--max_bytes", "6000"],
    "create_prompt.py": ["--sample_num", "80"],
}
# The rows whose programs are run, a few: each is run many times.
FEW = 4
NEEDS_NETWORK = "hf:"
# Serves in place of the model server that a user has.
OWN_SERVER = shlex.join(
    ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", "offline_model", "--port", "{port}"]
)


def make_workspace(folder: Path) -> None:
    """Lay out what a user has after cloning: settings, examples, a repository with history.

    Every model of the map is the embedded one, and the mixes are small.
    """
    (folder / "data").mkdir()
    shutil.copy(ROOT / "data" / "few_shot.jsonl", folder / "data")
    for name in SETTINGS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    for mix in (folder / "mix_config").glob("*.yaml"):
        text = re.sub(r"total_samples: \d+", "total_samples: 60", mix.read_text())
        mix.write_text(text)
    models = yaml.safe_load((folder / "model_map.yaml").read_text())
    embedded = {name: {"base": "embedded", "prices": {"input": 1, "output": 2}} for name in models}
    embedded["local"] = models["local"]
    (folder / "model_map.yaml").write_text(yaml.safe_dump(embedded))
    make_benchmark(folder)
    make_history(folder)


def make_benchmark(folder: Path) -> None:
    """Write a benchmark and the file that names it."""
    task = {"task": "Count the vowels of a word.", "code": "def vowels(word):\n    return 0\n"}
    (folder / "data" / "benchmark.jsonl").write_text(json.dumps(task) + "\n")
    fields = {"code": ["code"], "instruction": ["task"]}
    benchmark = {"name": "mine", "file": "data/benchmark.jsonl", "fields": fields}
    (folder / "benchmarks.yaml").write_text(yaml.safe_dump([benchmark]))


def make_history(folder: Path) -> None:
    """Commit a few edits of one Python file; the same commits each time."""
    git = ["git", "-C", str(folder), "-c", "user.name=A", "-c", "user.email=a@example.org"]
    dates = {name: "2024-05-01T12:00:00Z" for name in ("GIT_AUTHOR_DATE", "GIT_COMMITTER_DATE")}
    subprocess.run([*git, "init", "-q"], check=True)
    remote = "https://example.org/team/score.git"
    subprocess.run([*git, "remote", "add", "origin", remote], check=True)
    for step in range(4):
        body = "\n".join(f"    total += weight * {n + step}" for n in range(6))
        code = f"def score(weight):\n    total = {step}\n{body}\n    return total\n"
        (folder / "score.py").write_text(code)
        subprocess.run([*git, "add", "score.py"], check=True)
        command = [*git, "commit", "-qm", f"Raise the score by {step}"]
        subprocess.run(command, check=True, env=os.environ | dates)


def run_command(command: str, folder: Path) -> None:
    """Run a documented command in a folder, as a user would."""
    script, *arguments = shlex.split(command)[1:]
    if "--start_server" in arguments:
        arguments[arguments.index("--start_server") + 1] = OWN_SERVER
    if [script, *arguments[:1]] == ["verify_triplets.py", "run"]:
        rows = (folder / arguments[1]).read_bytes().splitlines(keepends=True)[:FEW]
        arguments[1] = "few_rows.jsonl"
        (folder / arguments[1]).write_bytes(b"".join(rows))
    words = [sys.executable, str(ROOT / script), *arguments, *SHORTER.get(script, [])]
    environment = {**os.environ, "PYTHONHASHSEED": "random"}
    done = subprocess.run(words, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def run_readme(folder: Path) -> None:
    make_workspace(folder)
    for command in commands_in(ROOT / "README.md"):
        if NEEDS_NETWORK not in command and (has_sandbox() or not needs_sandbox(command)):
            run_command(command, folder)


def needs_sandbox(command: str) -> bool:
    """Whether a command runs programs, or asks for what was made of programs that ran."""
    return "verify_triplets.py" in command or "tests_ds.jsonl" in command


@cache
def has_sandbox() -> bool:
    try:
        open_sandbox("auto", None, RunLimits())
    except PipelineError:
        return False
    return True


def read_rows(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("finished")
    run_readme(folder)
    yield folder


def test_the_commands_of_the_readme_end_in_a_fine_tune_file(finished: Path) -> None:
    rows = read_rows(finished / "data/finetune/ocedata_mix_descriptive_ft.jsonl")
    assert len(rows) >= 55
    for row in rows:
        roles = [message["role"] for message in row["messages"]]
        assert roles == ["system", "user", "assistant"]
        assert row["old_code"].strip() in row["messages"][1]["content"]
        assert row["new_code"].strip() in row["messages"][2]["content"]
        assert row["old_code"] != row["new_code"]


def test_each_training_row_leads_back_to_its_seeds(finished: Path) -> None:
    prompts = {row["prompt_id"]: row for row in read_rows(finished / "data/prompt_for_syn.jsonl")}
    rows = read_rows(finished / "data/finetune/ocedata_mix_descriptive_ft.jsonl")
    for row in rows:
        trace = json.loads(row["meta"])
        prompt = prompts[trace["prompt_id"]]
        assert row["commit"] == ",".join(prompt["commit"])
        assert trace["license"] == prompt["license"]


def test_every_summary_adds_up(finished: Path) -> None:
    summaries = [json.loads(path.read_text()) for path in finished.glob("data/**/*.summary.json")]
    assert len(summaries) >= 8
    for summary in summaries:
        passed_over = sum(summary.get("passed_over", {}).values())
        assert summary["rows_in"] == summary["kept"] + summary["rejected"] + passed_over
        assert summary["rejected"] == sum(summary["reject_reasons"].values())


def test_every_summary_names_the_stage_that_its_rows_are_of(finished: Path) -> None:
    told = {
        path.name.removesuffix(".summary.json"): json.loads(path.read_text())["stage"]
        for path in finished.glob("data/**/*.summary.json")
    }
    assert {*told.values()} >= {"seeds", "prompts", "replies", "triplets", "mix", "filtered"}
    for path in finished.glob("data/**/*.jsonl"):
        if path.stem in told:
            assert {kind_of(row, told[path.stem]) for row in read_rows(path)} == {told[path.stem]}


def test_the_run_repeated_gives_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    run_readme(tmp_path)
    files = sorted(path.relative_to(tmp_path) for path in tmp_path.glob("data/**/*.jsonl"))
    assert len(files) > 10
    assert [f for f in files if untimed(tmp_path / f) != untimed(finished / f)] == []


def untimed(path: Path) -> list[bytes]:
    """A file's lines without what was measured by the clock; of a log, in any order."""
    lines = path.read_bytes().split(b"\n")
    if path.name.endswith(".runs.jsonl"):
        lines.sort()
    return [re.sub(rb'"seconds":[\d.e-]+|"figures":\{[^}]*\}', b"", line) for line in lines]
