from typing import Any

import pytest

from joydataforge.preferences.reward_settings import RewardSettings, find_scores
from utils.config import parse_config
from utils.errors import PipelineError


@pytest.mark.parametrize(
    ("answer", "path", "scores"),
    [
        ({"score": 2}, "score", [2.0]),
        ({"data": [{"score": -1.5}]}, "data.0.score", [-1.5]),
        ({"scores": [1, 2]}, "scores.*", [1.0, 2.0]),
        ({"data": [{"data": [3]}, {"data": [4]}]}, "data.*.data.-1", [3.0, 4.0]),
        ([5], "*", [5.0]),
    ],
)
def test_scores_are_found_at_a_path(answer: Any, path: str, scores: list[float]) -> None:
    assert find_scores(answer, path) == scores


@pytest.mark.parametrize(
    "answer", [{}, {"score": None}, {"score": True}, {"score": "3"}, {"score": float("nan")}, [1]]
)
def test_what_is_no_score_is_told(answer: Any) -> None:
    with pytest.raises(ValueError, match="score"):
        find_scores(answer, "score")


@pytest.mark.parametrize("url", ["", "ftp://x/score", "score"])
def test_a_url_that_is_none_is_named(url: str) -> None:
    with pytest.raises(PipelineError, match="reward.url"):
        RewardSettings(url).check_url()


@pytest.mark.parametrize(
    "wrong",
    [
        {"batch_size": 2},
        {"batch_field": "inputs"},
        {"request": {"input": "{input}"}},
        {"score_path": "*", "extra_body": {"model": "x"}},
        {"timeout": 0},
    ],
)
def test_settings_that_do_not_fit_together_are_refused(wrong: Any) -> None:
    with pytest.raises(
        PipelineError, match=r"^x\.yaml: .*(score_path|request|batch_field|timeout)"
    ):
        parse_config({"url": "http://x/score"} | wrong, RewardSettings, "x.yaml")
