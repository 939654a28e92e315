"""Every stage meets the same mistakes the same way: one line, exit code 2, nothing written."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.documented_commands import ROOT
from utils.errors import PipelineError

# Each stage's command line over the input file INPUT, its output going to OUTPUT.
COMMANDS = {
    "create_prompt": ["--seed_file", "INPUT", "--output_file", "OUTPUT"],
    "code_generation_api": ["--input_file", "INPUT", "--output_file", "OUTPUT"],
    "get_instruct_from_response": ["INPUT", "OUTPUT"],
    "judge_triplets": ["prompts", "INPUT", "OUTPUT"],
    "mix_data": ["--config", "mix.yaml"],
    "dt_filtering": ["--config", "filter.yaml"],
    "generate_finetune_dataset": ["INPUT", "OUTPUT"],
}
CONFIGS = {
    "mix.yaml": {
        "input_files": ["in/rows.jsonl"],
        "ratios": [1],
        "instr_types": ["lazy"],
        "model_names": ["offline"],
        "output_file": "out/rows.jsonl",
        "total_samples": 1,
    },
    "filter.yaml": {"jsonl_path": "in/rows.jsonl", "output_dir": "out", "cache_dir": "fits"},
}
BAD_FILES = {
    "an empty file": (b"", "holds no rows"),
    "blank lines alone": (b"\n\n", "holds no rows"),
    "a line that is no JSON": (b'{"cut": "of\n', "line 1: not valid JSON"),
    "NaN": (b'{"a": NaN}\n', "line 1: not valid JSON"),
    "a line that is no object": (b"[1, 2]\n", "line 1: a list"),
    "a row without its fields": (b'{"other": 1}\n', "line 1: field '"),
}


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Lay out the settings a stage needs, with an empty `in` and an `out` folder."""
    (tmp_path / "in").mkdir()
    for name in ("data", "model_map.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    for name, config in CONFIGS.items():
        (tmp_path / name).write_text(yaml.safe_dump(config))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_stage(stage: str, arguments: list[str]) -> str:
    """Run a stage that must fail by the user's mistake; returns the one line it says."""
    with pytest.raises(PipelineError) as caught:
        importlib.import_module(stage).main(arguments)
    message = str(caught.value)
    assert "\n" not in message
    return message


def arguments_for(stage: str) -> list[str]:
    names = {"INPUT": "in/rows.jsonl", "OUTPUT": "out/rows.jsonl"}
    return [names.get(word, word) for word in COMMANDS[stage]]


def assert_nothing_written(workspace: Path) -> None:
    written = list((workspace / "out").rglob("*")) if (workspace / "out").exists() else []
    assert [path.name for path in written if not path.name.endswith(".lock")] == []


@pytest.mark.parametrize("stage", COMMANDS)
def test_a_missing_file_is_named(stage: str, workspace: Path) -> None:
    message = run_stage(stage, arguments_for(stage))
    assert message.startswith("in/rows.jsonl: no such file; ")
    assert_nothing_written(workspace)


@pytest.mark.parametrize("case", BAD_FILES)
@pytest.mark.parametrize("stage", COMMANDS)
def test_a_bad_file_is_named_with_its_line(stage: str, case: str, workspace: Path) -> None:
    content, problem = BAD_FILES[case]
    (workspace / "in" / "rows.jsonl").write_bytes(content)
    message = run_stage(stage, arguments_for(stage))
    assert "in/rows.jsonl" in message
    assert problem in message
    assert_nothing_written(workspace)


@pytest.mark.parametrize("stage", ["mix_data", "dt_filtering"])
def test_a_wrong_yaml_key_is_named(stage: str, workspace: Path) -> None:
    name = COMMANDS[stage][1]
    (workspace / name).write_text(yaml.safe_dump(CONFIGS[name] | {"random_sed": 1}))
    message = run_stage(stage, arguments_for(stage))
    assert message == f"{name}: unknown key 'random_sed'; remove it or check its spelling"


@pytest.mark.parametrize("stage", ["mix_data", "dt_filtering"])
def test_a_yaml_that_is_none_is_named_with_its_line(stage: str, workspace: Path) -> None:
    name = COMMANDS[stage][1]
    (workspace / name).write_text("a: 1\nb: [1, 2\nc: 3\n")
    assert run_stage(stage, arguments_for(stage)).startswith(f"{name}, line 3: ")


def test_a_wrong_model_name_is_met_with_the_right_ones(workspace: Path) -> None:
    arguments = [*arguments_for("code_generation_api"), "--model_name", "deepseek-caht"]
    message = run_stage("code_generation_api", arguments)
    assert message.startswith("model_map.yaml: no model 'deepseek-caht' (has: offline, ")
    assert "did you mean 'deepseek-chat'?" in message


def test_an_unset_key_variable_is_named(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DEEPSEEK_API_KEY", raising=False)
    (workspace / "in" / "rows.jsonl").write_text('{"user": "hello"}\n')
    arguments = [*arguments_for("code_generation_api"), "--model_name", "deepseek-chat"]
    message = run_stage("code_generation_api", arguments)
    assert "environment variable DEEPSEEK_API_KEY is not set" in message
    assert_nothing_written(workspace)


@pytest.mark.parametrize("stage", [name for name, words in COMMANDS.items() if "OUTPUT" in words])
def test_the_input_is_not_overwritten(stage: str, workspace: Path) -> None:
    (workspace / "in" / "rows.jsonl").write_text('{"a": 1}\n')
    arguments = ["in/rows.jsonl" if w == "OUTPUT" else w for w in COMMANDS[stage]]
    arguments = ["in/rows.jsonl" if w == "INPUT" else w for w in arguments]
    run_stage(stage, arguments)
    assert (workspace / "in" / "rows.jsonl").read_text() == '{"a": 1}\n'


def test_a_mistake_ends_with_exit_code_2_and_one_line(workspace: Path) -> None:
    words = [sys.executable, str(ROOT / "mix_data.py"), "--config", "mix.yaml"]
    done = subprocess.run(words, capture_output=True, text=True, env=dict(os.environ))
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == "error: in/rows.jsonl: no such file; check the path\n"
