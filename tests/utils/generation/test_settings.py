from dataclasses import dataclass
from pathlib import Path

import pytest

from utils.cli import parse_flags
from utils.errors import PipelineError
from utils.generation.settings import (
    BatchSettings,
    GenerationFlags,
    RunSettings,
    Sampling,
    generation_settings,
)


@dataclass(frozen=True, kw_only=True)
class Flags(GenerationFlags):
    """Try the flags of stage 2."""

    output_file: str = "data/x.jsonl"


def settings_of(*argv: str) -> RunSettings:
    flags = parse_flags(Flags, list(argv))
    return generation_settings(flags, flags.output_file)


def test_without_flags_the_defaults_are_those_of_the_settings() -> None:
    assert settings_of() == RunSettings(
        model_names=("offline",),
        model_map="model_map.yaml",
        output_file="data/x.jsonl",
        recovery_file=str(Path("data/x_recovery.jsonl")),
        completions=1,
        timeout=300.0,
        sampling=Sampling(),
        batch=BatchSettings(),
    )


def test_every_flag_arrives_in_its_place() -> None:
    flags = (
        "--model_map m.yaml --model_name gpt --temperature 0 --top_p 0.5 --max_tokens 9"
        " --num_completion 3 --random_seed 7 --concurrency 2 --timeout 1.5 --max_retries 0"
        " --length_retry_factor 2 --max_consecutive_failures 0 --max_cost 0.01 --save_every 1"
        " --recovery_file r.jsonl --output_file o.jsonl --continue_from_error --retry_failed"
        " --overwrite"
    )
    assert settings_of(*flags.split()) == RunSettings(
        model_names=("gpt",),
        model_map="m.yaml",
        output_file="o.jsonl",
        recovery_file="r.jsonl",
        completions=3,
        timeout=1.5,
        sampling=Sampling(0.0, 0.5, 9),
        batch=BatchSettings(
            concurrency=2,
            max_retries=0,
            length_retry_factor=2.0,
            max_consecutive_failures=0,
            max_cost=0.01,
            save_every=1,
            random_seed=7,
        ),
        continue_from_error=True,
        overwrite=True,
        retry_failed=True,
    )


ABOVE_0 = ("max_tokens", "num_completion", "concurrency", "save_every", "timeout", "max_cost")
NOT_BELOW_0 = ("temperature", "top_p", "max_retries", "max_consecutive_failures")


@pytest.mark.parametrize("flag", ABOVE_0)
@pytest.mark.parametrize("value", ["0", "-1"])
def test_what_must_be_above_0_is_refused_below(flag: str, value: str) -> None:
    with pytest.raises(PipelineError, match=rf"--{flag}( \(also --num_proc\))? must be above 0"):
        settings_of(f"--{flag}={value}")


@pytest.mark.parametrize("flag", NOT_BELOW_0)
def test_what_may_be_0_is_refused_below(flag: str) -> None:
    settings_of(f"--{flag}=0")
    with pytest.raises(PipelineError, match=f"--{flag} must not be negative"):
        settings_of(f"--{flag}=-1")


@pytest.mark.parametrize("value", ["1", "0.5", "-2"])
def test_asking_once_more_must_be_for_longer(value: str) -> None:
    with pytest.raises(PipelineError, match="--length_retry_factor must be above 1"):
        settings_of(f"--length_retry_factor={value}")


def test_a_budget_that_is_no_number_is_refused() -> None:
    with pytest.raises(PipelineError, match="--max_cost must be a finite number"):
        settings_of("--max_cost=nan")


@pytest.mark.parametrize("spelling", ["x.jsonl", "./x.jsonl", "folder/../x.jsonl"])
def test_the_recovery_file_is_not_the_output(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spelling: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PipelineError, match="name one of its own"):
        settings_of("--recovery_file", spelling, "--output_file", "x.jsonl")
    assert list(tmp_path.iterdir()) == [], "checking writes nothing"


def test_a_value_of_the_wrong_type_is_a_mistake_in_usage(capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(SystemExit, match="2"):
        settings_of("--max_tokens=many")
    assert "--max_tokens: invalid int value: 'many'" in capsys.readouterr().err
