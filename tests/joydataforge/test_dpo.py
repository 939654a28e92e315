"""Preference pairs: candidates, verdicts in both orders, margins, and what is written of them."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from joydataforge.dpo import main
from tests.joydataforge.reward_server import RewardServer
from tests.joydataforge.scripted_server import Body, ScriptedServer, asked_text
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows

COMPARE = "Compare for {input}.\nA:{answer_a}:\nB:{answer_b}:\n{criteria}"
RATE = "Rate for {input}.\nANSWER:{answer}:\n{criteria}"
REFUSAL = "I'm sorry, but I can't help with that request."
ROWS = [{"input": f"question {number}", "tag": "x"} for number in range(3)]


def config(folder: Path, url: str, **keys: Any) -> str:
    """Write a config of two answering models and a judge, and the rows it reads."""
    models = {name: {"base": url} for name in ("one", "two", "judge")}
    (folder / "models.yaml").write_text(json.dumps(models))
    rows = keys.pop("rows", ROWS)
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    values = {
        "method": "dpo",
        "model": "one",
        "model_list": ["one", "two"],
        "judge_list": ["judge"],
        "model_map": str(folder / "models.yaml"),
        "data_read_path": str(folder / "rows.jsonl"),
        "data_write_path": str(folder),
        "data_write_file_name": "out.jsonl",
        "prompt": "Answer: {input}",
        "candidates": 3,
        "criteria": {"length": {"description": "longer wins", "weight": 1}},
        "prompt_pairwise": COMPARE,
        "prompt_pointwise": RATE,
        "max_try": 2,
    }
    (folder / "config.yaml").write_text(yaml.safe_dump(values | keys))
    return str(folder / "config.yaml")


def make(folder: Path, url: str, *flags: str, **keys: Any) -> list[Row]:
    assert main(["--config", config(folder, url, **keys), *flags]) == 0
    return list(read_rows(folder / "out.jsonl")) if (folder / "out.jsonl").read_bytes() else []


def rejected(folder: Path, name: str = "out") -> dict[str, str]:
    rows = read_rows(folder / f"{name}.rejected.jsonl")
    return {row["input"]: row["reject_reason"] for row in rows}


def candidates(folder: Path) -> list[Row]:
    return list(read_rows(folder / "out_candidates.jsonl"))


def preferences(folder: Path) -> Row:
    return json.loads((folder / "out.summary.json").read_text())["preferences"]


def words_of(body: Body) -> str:
    """Answer with as many words as the seed says."""
    return f"{body['model']} " + "word " * (body["seed"] % 17 + 1)


def by_length(body: Body) -> str:
    """Answer, or judge that the longer answer is better."""
    text = asked_text(body)
    if text.startswith("Compare"):
        first, second = re.findall(r"^[AB]:(.*?):$", text, re.M | re.S)
        ahead = len(first) - len(second)
        return json.dumps({"length": "A" if ahead > 0 else "B" if ahead else "tie", "reason": "r"})
    if text.startswith("Rate"):
        [answer] = re.findall(r"^ANSWER:(.*?):$", text, re.M | re.S)
        return json.dumps({"length": min(10, len(answer) // 5 + 1)})
    return words_of(body)


def always_a(body: Body) -> str:
    """Judge that whichever answer is shown first is better."""
    return json.dumps({"length": "A"}) if "Compare" in asked_text(body) else words_of(body)


def test_the_better_answer_is_chosen_and_every_answer_and_verdict_is_kept(tmp_path: Path) -> None:
    with ScriptedServer(by_length) as server:
        pairs = make(tmp_path, server.url)
    assert len(pairs) == 3
    for pair, row in zip(pairs, candidates(tmp_path), strict=True):
        assert pair["prompt_id"] == row["prompt_id"]
        assert pair["conversations"] == [{"from": "human", "value": row["input"]}]
        texts = [candidate["text"] for candidate in row["candidates"]]
        assert [candidate["model"] for candidate in row["candidates"]] == ["one", "two", "one"]
        assert pair["chosen"]["value"] == max(texts, key=len)
        assert len(pair["rejected"]["value"]) < len(pair["chosen"]["value"])
        different = len(set(texts))
        assert len(row["verdicts"]) == different * (different - 1)
        assert row["tag"] == "x"
    info = json.loads((tmp_path / "dataset_info.json").read_text())
    assert info["out"]["ranking"] is True and info["out"]["file_name"] == "out.jsonl"


def test_each_candidate_of_a_model_is_asked_for_with_a_seed_of_its_own(tmp_path: Path) -> None:
    with ScriptedServer(by_length) as server:
        make(tmp_path, server.url, rows=ROWS[:1], candidates=4)
    asked = [body for body in server.bodies if "Answer" in asked_text(body)]
    assert [body["model"] for body in asked] == ["one", "two", "one", "two"]
    assert len({body["seed"] for body in asked if body["model"] == "one"}) == 2


def test_a_judge_that_goes_by_the_place_makes_no_pair(tmp_path: Path) -> None:
    with ScriptedServer(always_a) as server:
        assert make(tmp_path, server.url) == []
    assert set(rejected(tmp_path).values()) == {"no_margin"}
    orders = preferences(tmp_path)["orders"]
    assert orders["order_dependent_share"] == 1.0
    assert orders["for_first"] == orders["compared"] > 0 and orders["for_second"] == 0
    assert not (tmp_path / "dataset_info.json").exists()


def test_points_are_given_to_one_answer_at_a_time(tmp_path: Path) -> None:
    with ScriptedServer(by_length) as server:
        pairs = make(tmp_path, server.url, judging="pointwise", min_margin=1.0)
    assert pairs and all(1 <= pair["rejected_score"] < pair["chosen_score"] <= 10 for pair in pairs)
    [row, *_] = candidates(tmp_path)
    assert {verdict["candidate"] for verdict in row["verdicts"]} <= {0, 1, 2}
    asked = [body for body in server.bodies if "Rate" in asked_text(body)]
    assert {body["temperature"] for body in asked} == {0.0}


def test_equal_answers_are_judged_once_and_never_paired(tmp_path: Path) -> None:
    def same(body: Body) -> str:
        return "same\n\nanswer" if body["seed"] % 2 else " same answer"

    with ScriptedServer(same) as server:
        assert make(tmp_path, server.url) == []
    assert set(rejected(tmp_path).values()) == {"all_equal"}
    assert len(server.bodies) == 9, "no verdict was asked for"


def test_a_refusal_is_never_chosen(tmp_path: Path) -> None:
    def refusing(body: Body) -> str:
        if asked_text(body).startswith("Answer"):
            return f"{REFUSAL} {'I mean it. ' * 9}" if body["model"] == "two" else words_of(body)
        return by_length(body)

    with ScriptedServer(refusing) as server:
        pairs = make(tmp_path, server.url, candidates=2)
    assert pairs == [] and set(rejected(tmp_path).values()) == {"no_margin"}


def test_a_rows_own_target_may_be_a_candidate(tmp_path: Path) -> None:
    rows = [{"input": "q", "target": "A long and good answer. " * 9}, {"input": "r", "target": ""}]
    with ScriptedServer(by_length) as server:
        pairs = make(tmp_path, server.url, rows=rows, use_target=True)
    assert pairs[0]["chosen_model"] == "target"
    assert [len(row["candidates"]) for row in candidates(tmp_path)] == [4, 3]


def test_equal_questions_with_other_targets_keep_their_own(tmp_path: Path) -> None:
    rows = [{"input": "q", "target": f"Gold {n}. " * 20} for n in range(2)]
    with ScriptedServer(by_length) as server:
        make(tmp_path, server.url, rows=rows, use_target=True)
    texts = [[each["text"] for each in row["candidates"]] for row in candidates(tmp_path)]
    assert "Gold 0." in texts[0][-1] and "Gold 1." in texts[1][-1]


def test_a_history_stands_before_the_question_as_turns(tmp_path: Path) -> None:
    row = {"input": "and now?", "history": [["first?", "yes"]]}
    with ScriptedServer(by_length) as server:
        [pair] = make(tmp_path, server.url, rows=[row], system="Be kind.")
    asked = next(body for body in server.bodies if "Answer" in asked_text(body))
    assert [m["content"] for m in asked["messages"]] == [
        *("Be kind.", "first?", "yes", "Answer: and now?")
    ]
    values = [turn["value"] for turn in pair["conversations"]]
    assert values == ["Be kind.", "first?", "yes", "and now?"]


def test_alpaca_as_second_layout_lacks_the_rows_with_a_history(tmp_path: Path) -> None:
    rows = [{"input": "a?", "history": []}, {"input": "b?", "history": [["first?", "yes"]]}]
    with ScriptedServer(by_length) as server:
        pairs = make(tmp_path, server.url, rows=rows, layouts=["sharegpt", "alpaca"])
    assert len(pairs) == 2
    [alpaca] = read_rows(tmp_path / "out_alpaca.jsonl")
    assert alpaca["instruction"] == "a?" and alpaca["chosen"] == pairs[0]["chosen"]["value"]
    info = json.loads((tmp_path / "dataset_info.json").read_text())
    assert list(info) == ["out", "out_alpaca"]


def test_a_layout_that_no_pair_can_be_laid_out_in_has_no_entry(tmp_path: Path) -> None:
    rows = [{"input": "b?", "history": [["first?", "yes"]]}]
    with ScriptedServer(by_length) as server:
        assert len(make(tmp_path, server.url, rows=rows, layouts=["sharegpt", "alpaca"])) == 1
    assert list(json.loads((tmp_path / "dataset_info.json").read_text())) == ["out"]


def test_margins_and_layouts_are_changed_without_asking_again(tmp_path: Path) -> None:
    with ScriptedServer(by_length) as server:
        assert len(make(tmp_path, server.url)) == 3
        before = len(server.bodies)
        more = make(
            tmp_path, server.url, "--continue_from_error", max_pairs=3, min_margin=0.0,
            layouts=["alpaca"],
        )  # fmt: skip
        assert len(more) > 3 and "instruction" in more[0]
        none = make(tmp_path, server.url, "--continue_from_error", min_margin=1.5)
    assert none == [] and len(server.bodies) == before


def test_what_a_cache_answers_makes_pairs_and_is_not_asked_again(tmp_path: Path) -> None:
    cache = str(tmp_path / "cache.jsonl")
    saving = {"is_save_caches": True, "save_cache_path": cache}
    with ScriptedServer(by_length) as server:
        before = make(tmp_path, server.url, **saving)
        asked = len(server.bodies)
        reading = {"data_cache_path": [cache], "data_write_file_name": "other.jsonl"}
        make(tmp_path, server.url, **reading)
        assert len(server.bodies) == asked
    assert list(read_rows(tmp_path / "other.jsonl")) == before


def test_a_verdict_that_cannot_be_read_rejects_the_row_and_keeps_its_candidates(
    tmp_path: Path,
) -> None:
    def talking(body: Body) -> str:
        text = asked_text(body)
        return "Both are fine." if "Compare for question 1" in text else by_length(body)

    with ScriptedServer(talking) as server:
        assert len(make(tmp_path, server.url)) == 2
    [row] = read_rows(tmp_path / "out_candidates.rejected.jsonl")
    assert row["reject_reason"] == "judge_no_json" and len(row["candidates"]) == 3


def test_a_candidate_that_cannot_be_had_is_left_out(tmp_path: Path) -> None:
    def cut_off(body: Body) -> Any:
        if "Answer: question 0" in asked_text(body) and body["model"] == "one":
            return "half an", "length"
        return by_length(body)

    with ScriptedServer(cut_off) as server:
        assert len(make(tmp_path, server.url)) == 2
    assert rejected(tmp_path) == {"question 0": "too_few_candidates"}


def rewarded(folder: Path, url: str, reward_url: str, *flags: str, **keys: Any) -> list[Row]:
    reward = {"url": reward_url} | keys.pop("reward", {})
    return make(folder, url, *flags, judge="reward_model", reward=reward, min_margin=1.0, **keys)


def test_a_reward_model_scores_each_answer_once_over_all_runs(tmp_path: Path) -> None:
    with (
        ScriptedServer(by_length) as server,
        RewardServer(lambda body: {"score": len(body["output"])}) as reward,
    ):
        pairs = rewarded(tmp_path, server.url, reward.url)
        assert [pair["chosen_score"] for pair in pairs] == [
            float(len(pair["chosen"]["value"])) for pair in pairs
        ]
        asked = len(reward.bodies), len(server.bodies)
        again = rewarded(tmp_path, server.url, reward.url, "--continue_from_error")
        assert again == pairs and (len(reward.bodies), len(server.bodies)) == asked
    assert reward.bodies[0].keys() == {"input", "output"}


def test_a_reward_model_that_breaks_down_leaves_what_was_paid_for(tmp_path: Path) -> None:
    def broken(body: Any) -> Any:
        return 500 if "question 2" in body["input"] else {"score": len(body["output"])}

    settings = {"reward": {"max_retries": 0}}
    with ScriptedServer(by_length) as server:
        with (
            RewardServer(broken) as reward,
            pytest.raises(PipelineError, match="--continue_from_error"),
        ):
            rewarded(tmp_path, server.url, reward.url, **settings)
        assert not (tmp_path / "out.jsonl").exists()
        paid = len(server.bodies)
        lines = (tmp_path / "out.scores.jsonl").read_bytes().count(b"\n")
        assert lines > 0
        with RewardServer(lambda body: {"score": len(body["output"])}) as mended:
            # The same server at another port would be another model.
            assert len(rewarded(tmp_path, server.url, mended.url, "--continue_from_error")) == 3
        assert len(server.bodies) == paid


def test_an_answer_that_the_reward_model_refuses_rejects_its_row(tmp_path: Path) -> None:
    def picky(body: Any) -> Any:
        return 422 if "question 1" in body["input"] else {"score": len(body["output"])}

    with ScriptedServer(by_length) as server, RewardServer(picky) as reward:
        assert len(rewarded(tmp_path, server.url, reward.url)) == 2
    assert rejected(tmp_path) == {"question 1": "not_scored"}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"candidates": 1}, "candidates must be 2 or more"),
        ({"criteria": {}}, "criteria must hold one"),
        ({"prompt_pairwise": "Compare {answer_a}."}, "prompt_pairwise has no place for 'answer_b'"),
        ({"judge": "reward_model"}, "reward.url"),
        ({"layouts": []}, "layouts must hold"),
        ({"min_margin": -1}, "min_margin"),
        ({"prompt": "Answer {question}"}, "place for 'question'"),
        ({"prompt_in_pairs": "{question}"}, "place for 'question'"),
        (
            {"criteria": {"truth": {"description": "true", "weight": 0}}},
            "weight': must be above 0",
        ),
    ],
)
def test_a_mistake_in_the_config_is_told_before_anything_is_asked(
    tmp_path: Path, keys: dict[str, Any], message: str
) -> None:
    with ScriptedServer(by_length) as server, pytest.raises(PipelineError, match=message):
        make(tmp_path, server.url, **keys)
    assert server.bodies == []
