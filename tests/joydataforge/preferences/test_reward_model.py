import os
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from joydataforge.preferences.reward_model import Answered, RewardModel
from joydataforge.preferences.reward_settings import RewardSettings
from tests.joydataforge.reward_server import RewardServer
from utils.errors import PipelineError

ROW = {"input": "a question", "tag": "x"}


def answered(*outputs: str) -> list[Answered]:
    return [Answered(ROW, output) for output in outputs]


def length_of(body: Any) -> Any:
    return {"score": len(body["output"])}


def score(folder: Path, settings: RewardSettings, *outputs: str) -> list[float | None]:
    with RewardModel(settings, folder / "x.scores.jsonl", 4) as model:
        return model.score(answered(*outputs))


def test_the_request_has_the_shape_that_was_asked_for(tmp_path: Path) -> None:
    request = {
        "messages": [
            {"role": "user", "content": "{input}"},
            {"role": "bot", "content": "{output}"},
        ],
        "n": 1,
    }
    with RewardServer(lambda body: {"data": [{"score": 7}]}) as server:
        settings = RewardSettings(server.url, request, "data.0.score", extra_body={"model": "rm"})
        assert score(tmp_path, settings, "an {input}") == [7.0]
    messages = [{"role": "user", "content": "a question"}, {"role": "bot", "content": "an {input}"}]
    assert server.bodies == [{"messages": messages, "n": 1, "model": "rm"}]


def test_an_answer_is_scored_once_in_all_runs(tmp_path: Path) -> None:
    with RewardServer(length_of) as server:
        settings = RewardSettings(server.url)
        assert score(tmp_path, settings, "a", "bb", "a") == [1.0, 2.0, 1.0]
        assert score(tmp_path, settings, "bb", "ccc") == [2.0, 3.0]
        assert sorted(body["output"] for body in server.bodies) == ["a", "bb", "ccc"]
        other = RewardSettings(server.url, extra_body={"model": "other"})
        assert score(tmp_path, other, "a") == [1.0]
    assert len(server.bodies) == 4


def test_a_torn_last_line_is_scored_again(tmp_path: Path) -> None:
    log = tmp_path / "x.scores.jsonl"
    with RewardServer(length_of) as server:
        score(tmp_path, RewardSettings(server.url), "a", "bb")
        log.write_bytes(log.read_bytes()[:-9])
        assert score(tmp_path, RewardSettings(server.url), "a", "bb") == [1.0, 2.0]
        assert len(server.bodies) == 3
    assert log.read_bytes().count(b"\n") == 2


def test_a_busy_server_is_asked_again(tmp_path: Path) -> None:
    with RewardServer(length_of, failures=2) as server:
        assert score(tmp_path, RewardSettings(server.url), "a", "bb") == [1.0, 2.0]
        with pytest.raises(PipelineError, match="503.*what was scored is kept"):
            score(tmp_path, RewardSettings(server.url, max_retries=1), "a", "ccc")


def test_a_batch_is_sent_as_one_list_and_in_order(tmp_path: Path) -> None:
    def answer(body: Any) -> Any:
        return {"scores": [len(each["output"]) for each in body["inputs"]]}

    with RewardServer(answer) as server:
        settings = RewardSettings(
            server.url, score_path="scores.*", batch_field="inputs", batch_size=2
        )
        assert score(tmp_path, settings, "a", "bb", "ccc") == [1.0, 2.0, 3.0]
    assert sorted(len(body["inputs"]) for body in server.bodies) == [1, 2]


def test_an_answer_that_the_server_refuses_has_no_score_and_spoils_no_batch(tmp_path: Path) -> None:
    def answer(body: Any) -> Any:
        outputs = [each["output"] for each in body]
        return 413 if "long" in outputs else [len(output) for output in outputs]

    with RewardServer(answer) as server:
        settings = RewardSettings(server.url, score_path="*", batch_size=3)
        assert score(tmp_path, settings, "a", "long", "cc") == [1.0, None, 2.0]


def test_a_useless_answer_stops_the_run_and_names_the_path(tmp_path: Path) -> None:
    with RewardServer(lambda body: {"reward": 1}) as server:
        settings = RewardSettings(server.url, max_retries=0)
        with pytest.raises(PipelineError, match="no 'score' of 'score'"):
            score(tmp_path, settings, "a")


def test_the_key_is_sent_and_a_missing_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with RewardServer(length_of) as server:
        settings = RewardSettings(server.url, api_key_env="REWARD_TEST_KEY")
        monkeypatch.delenv("REWARD_TEST_KEY", raising=False)
        with pytest.raises(PipelineError, match="REWARD_TEST_KEY is not set"):
            settings.check_url()
        monkeypatch.setenv("REWARD_TEST_KEY", "secret")
        score(tmp_path, settings, "a")
    assert server.keys == ["Bearer secret"]


def test_scores_paid_before_are_read_and_the_form_of_a_line_stays(tmp_path: Path) -> None:
    log = tmp_path / "x.scores.jsonl"
    log.write_bytes(b'{"key":"24420bfe70a25edc","score":2.5}\n')
    settings = RewardSettings("http://127.0.0.1:9/score")
    assert score(tmp_path, settings, "an answer") == [2.5]
    with RewardServer(length_of) as server:
        assert score(tmp_path, RewardSettings(server.url), "bb") == [2.0]
    assert re.fullmatch(rb'.*\n\{"key":"[0-9a-f]{16}","score":2\.0\}\n', log.read_bytes())


def test_an_interrupt_keeps_what_is_in_flight(tmp_path: Path) -> None:
    outputs = ["x" * size for size in range(1, 13)]
    interrupted: list[int] = []

    def score_slowly(body: Any) -> Any:
        if len(server.bodies) == 3 and not interrupted:
            interrupted.append(len(server.bodies))
            os.kill(os.getpid(), signal.SIGINT)
        return length_of(body)

    with RewardServer(score_slowly) as server:
        settings = RewardSettings(server.url)
        with pytest.raises(KeyboardInterrupt):
            score(tmp_path, settings, *outputs)
        assert 3 <= len(server.bodies) < len(outputs)
        assert score(tmp_path, settings, *outputs) == list(map(len, outputs))
        assert len(server.bodies) == len(outputs), "nothing is scored twice"


def test_an_error_names_the_server_without_user_and_query(tmp_path: Path) -> None:
    with RewardServer(lambda body: 403) as server:
        url = server.url.replace("http://", "http://ann:pass-word-55@") + "?api_key=in-query-6677"
        with pytest.raises(PipelineError) as error:
            score(tmp_path, RewardSettings(url), "a")
    assert server.url in str(error.value)
    assert "pass-word-55" not in str(error.value) and "in-query-6677" not in str(error.value)
