"""What servers count, and what a model map says it costs, lies in a range."""

import json
from pathlib import Path
from typing import Any

import pytest

from utils.errors import PipelineError
from utils.generation.model_map import load_model
from utils.providers.openai_form import parse_usage
from utils.providers.replies import MOST_TOKENS, Usage, sound_usage

BODY = {"messages": [{"content": "x" * 400}]}
GUESS = Usage(101, 3, estimated=True)


@pytest.mark.parametrize("wrong", [-1, -(10**9), 1e308, 10**30, "12", True, None, 1.5, [1], {}])
@pytest.mark.parametrize("field", ["prompt_tokens", "completion_tokens"])
def test_a_count_that_none_can_be_is_replaced_by_the_estimate_and_counted_so(
    field: str, wrong: Any
) -> None:
    told = {"prompt_tokens": 10, "completion_tokens": 5, field: wrong}
    sound = {"prompt_tokens": 10, "completion_tokens": 5, field: getattr(GUESS, field)}
    assert parse_usage(told, BODY, "y" * 9) == Usage(**sound, estimated=True)


@pytest.mark.parametrize("cached", [11, -1, 1e400, "x", [3]])
def test_cached_tokens_are_among_the_prompt_s(cached: Any) -> None:
    told = {"prompt_tokens": 10, "completion_tokens": 5}
    expected = GUESS if cached == 11 else Usage(10, 5)
    for part in (
        {"prompt_tokens_details": {"cached_tokens": cached}},
        {"prompt_cache_hit_tokens": cached},
    ):
        assert parse_usage(told | part, BODY, "y" * 9) == expected


@pytest.mark.parametrize("details", [None, {}, [], 5])
def test_a_sound_count_is_taken_as_it_is(details: Any) -> None:
    told = {"prompt_tokens": MOST_TOKENS, "completion_tokens": 5.0}
    found = parse_usage(told | {"prompt_tokens_details": details}, BODY, "y")
    assert found in (Usage(MOST_TOKENS, 5), Usage(101, 1, estimated=True))
    assert parse_usage(told, BODY, "y").guess == Usage(101, 1, estimated=True)


@pytest.mark.parametrize("row", [None, 5, [], "x", {}, {"prompt_tokens": 1e308}, {"x": 1}])
def test_a_usage_of_an_old_log_can_be_summed_up_whatever_it_holds(row: Any) -> None:
    usage = Usage(**sound_usage(row))
    assert usage.prompt_tokens == usage.completion_tokens == usage.cached_tokens == 0


def test_a_sound_usage_of_a_log_stays_as_it_is() -> None:
    row = {"prompt_tokens": 9, "completion_tokens": 2, "cached_tokens": 3, "cost": 0.5}
    assert sound_usage(row) == row
    assert sound_usage(row | {"estimated": True}) == row | {"estimated": True}
    broken = row | {"prompt_tokens": -(10**9), "cost": float("nan")}
    assert sound_usage(broken) == {
        "prompt_tokens": 0,
        "completion_tokens": 2,
        "cached_tokens": 0,
        "estimated": True,
    }


@pytest.mark.parametrize(
    "entry",
    [
        "prices: {input: .inf}",
        "prices: {output: -1}",
        "prices: {cached_input: .nan}",
        "prices: .inf",
        "prices: -1",
        "rpm: .nan",
        "rpm: .inf",
        "tpm: -5",
    ],
)
def test_prices_and_rates_out_of_their_range_are_one_line(tmp_path: Path, entry: str) -> None:
    path = tmp_path / "map.yaml"
    path.write_text(f"m:\n  base: http://127.0.0.1:9/v1\n  {entry}\n")
    with pytest.raises(PipelineError, match="model 'm': key '") as raised:
        load_model(path, "m")
    assert "\n" not in str(raised.value)


def test_json_too_deep_is_no_model_map(tmp_path: Path) -> None:
    path = tmp_path / "map.json"
    path.write_text(json.dumps({"m": {"base": "http://x/v1"}})[:-1] + ',"n":' + "[" * 990)
    with pytest.raises(PipelineError):
        load_model(path, "m")
