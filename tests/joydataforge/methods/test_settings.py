from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge.methods.settings import MethodConfig, read_settings
from utils.errors import PipelineError
from utils.generation.settings import RunSettings


@dataclass(frozen=True, kw_only=True)
class TrialConfig(MethodConfig):
    weights: list[float] = field(default_factory=list)
    roles: list[dict[str, Any]] = field(default_factory=list)
    prompts_of: dict[str, str] = field(default_factory=dict)


def read(folder: Path, *flags: str, **keys: Any) -> tuple[TrialConfig, RunSettings]:
    path = folder / "trial.yaml"
    path.write_text(yaml.safe_dump({"method": "trial"} | keys))
    return read_settings(["--config", str(path), *flags], "A trial.", TrialConfig, "none.yaml")


def config_of(folder: Path, *flags: str, **keys: Any) -> TrialConfig:
    return read(folder, *flags, **keys)[0]


def test_what_the_yaml_leaves_out_has_a_default(tmp_path: Path) -> None:
    config, settings = read(tmp_path, model="m")
    assert (config.model, config.threshold, config.max_try) == ("m", None, 5)
    assert config.output_file == Path("data/joydataforge/synthesised.jsonl")
    assert settings.output_file == "data/joydataforge/synthesised.answers.jsonl"
    assert settings.model_names == ("m",)


def test_a_flag_goes_before_the_yaml_whatever_its_type(tmp_path: Path) -> None:
    keys = {"model_list": ["a"], "temperature": 0.1, "threshold": 5, "is_save_caches": True}
    flags = ["--model_list", "b", "c", "--temperature", "1", "--threshold", "null"]
    flags += ["--is_save_caches", "False", "--weights", "0.5", "1", "--prompt", "say: {input}"]
    config, settings = read(tmp_path, *flags, "--max_works", "3", "--random_seed", "7", **keys)
    assert config.model_list == ["b", "c"] and config.weights == [0.5, 1.0]
    assert (config.temperature, config.threshold, config.is_save_caches) == (1.0, None, False)
    assert config.prompt == "say: {input}", "a text is taken as it is, not as YAML"
    assert settings.sampling.temperature == 1.0
    assert settings.batch.concurrency == 3 and settings.batch.random_seed == 7


def test_a_switch_needs_no_value_and_a_list_can_be_emptied(tmp_path: Path) -> None:
    keys = {"data_cache_path": ["a.jsonl"], "model_list": ["x"]}
    config = config_of(tmp_path, "--is_save_caches", "--data_cache_path", "", **keys)
    assert config.is_save_caches and config.data_cache_path == []
    assert config_of(tmp_path, "--model_list", **keys).model_list == []


@pytest.mark.parametrize(("given", "meant"), [("", []), ("a.jsonl", ["a.jsonl"])])
def test_one_cache_may_be_named_without_a_list(
    tmp_path: Path, given: str, meant: list[str]
) -> None:
    assert config_of(tmp_path, data_cache_path=given).data_cache_path == meant


def test_flags_say_how_a_run_is_carried_out(tmp_path: Path) -> None:
    _, settings = read(tmp_path, "--continue_from_error", "--max_cost", "2", "--timeout", "9")
    assert settings.continue_from_error and not settings.overwrite
    assert (settings.batch.max_cost, settings.timeout) == (2.0, 9.0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"thresold": 3}, r"trial\.yaml: unknown key 'thresold'"),
        ({"threshold": 3, "threshold_low": 3}, "threshold must be above threshold_low"),
        ({"threshold_low": -1}, "key 'threshold_low': must not be negative, not -1"),
        ({"max_works": 0}, "key 'max_works': must be above 0, not 0"),
        ({"threshold": "many"}, "key 'threshold'"),
        ({"file_type": "csv"}, "key 'file_type'"),
        ({"model_list": {"a": 1}}, "key 'model_list'"),
        ({"temperature": -1}, "key 'temperature': must not be negative, not -1"),
        ({"prompt": "gone.txt"}, "key 'prompt': gone.txt: can't be read"),
        ({"roles": [{"prompt": "gone.md"}]}, "key 'roles.prompt': gone.md"),
    ],
)
def test_a_wrong_key_is_one_line_that_names_it(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with pytest.raises(PipelineError, match=message):
        config_of(tmp_path, **keys)


def test_a_config_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.yaml").write_text("- a\n")
    with pytest.raises(PipelineError, match="must be a mapping"):
        read_settings(["--config", str(tmp_path / "list.yaml")], "", TrialConfig, "")


def test_a_prompt_may_stand_in_a_file_however_deep_its_key_stands(tmp_path: Path) -> None:
    path = tmp_path / "ask.txt"
    path.write_bytes('\ufeffSay {input}:\r\n{"a": 1}\n'.encode())
    roles = [{"name": "critic.txt", "prompt": str(path)}]
    config = config_of(
        tmp_path, prompt=str(path), system=str(path), roles=roles, prompts_of={"deepen": str(path)}
    )
    text = 'Say {input}:\n{"a": 1}\n'
    assert config.prompt == config.system == config.prompts_of["deepen"] == text
    assert config.roles == [{"name": "critic.txt", "prompt": text}]


def test_a_prompt_that_ends_like_a_path_is_still_a_prompt(tmp_path: Path) -> None:
    for text in ("Sum up {input} for readme.md", "Two lines\nfor notes.txt"):
        assert config_of(tmp_path, prompt=text).prompt == text


@pytest.mark.parametrize(
    ("name", "task", "path"),
    [
        ("out.jsonl", "", "there/out.jsonl"),
        ("out.json", "votes", "there/out_votes.json"),
        ("cdss_v1.2", "", "there/cdss_v1.2.jsonl"),
    ],
)
def test_the_output_is_named_by_folder_file_and_task(
    tmp_path: Path, name: str, task: str, path: str
) -> None:
    config = config_of(tmp_path, data_write_path="there", data_write_file_name=name, task_name=task)
    assert config.output_file == Path(path)


def test_the_task_changes_with_what_shapes_an_answer_and_with_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "ask.txt"
    path.write_text("one")
    task = config_of(tmp_path, prompt=str(path)).task_id()
    same = {"threshold": 9, "max_works": 2, "data_cache_path": ["x"], "from_where": "here"}
    assert config_of(tmp_path, prompt="one", **same).task_id() == task
    path.write_text("two")
    others: list[dict[str, Any]] = [{"prompt": str(path)}, {"model": "m"}, {"temperature": 0.2}]
    others += [{"system": "s"}, {"top_p": 0.5}, {"max_tokens": 9}, {"random_seed": 1}]
    others += [{"weights": [1.0]}]
    tasks = {config_of(tmp_path, **({"prompt": "one"} | each)).task_id() for each in others}
    assert len(tasks) == len(others) and task not in tasks
