import json
import random
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import yaml

from offline_model.answers import answer
from offline_model.conversation import read_conversation
from offline_model.jdf_preference import points, write_answer
from utils.replies.json_object import find_json_object
from utils.replies.sections import is_declined_instruction

ROOT = Path(__file__).resolve().parents[2]
CONFIG: dict[str, Any] = yaml.safe_load(
    (ROOT / "joydataforge/configs/dpo.yaml").read_text(encoding="utf-8")
)
CRITERIA = "\n".join(
    f"- {name}: {each['description']}" for name, each in CONFIG["criteria"].items()
)
QUESTION = "My tooth aches at night after sweet drinks. What should I do before the dentist opens?"
GOOD = write_answer(QUESTION, 1.0, random.Random(1))
BAD = write_answer(QUESTION, 0.0, random.Random(1))
REFUSAL = "I'm sorry, but I can't help with that request."


def ask(template: str, model: str, seed: int, share: float = 0.0, **places: str) -> str:
    values = {"input": QUESTION, "criteria": CRITERIA, **places}
    text = CONFIG[template]
    for name, value in values.items():
        text = text.replace("{" + name + "}", value)
    body = {"model": model, "messages": [{"role": "user", "content": text}], "seed": seed}
    return answer(read_conversation(body), share).text


def candidates(model: str, count: int = 200) -> list[str]:
    return [ask("prompt", model, seed) for seed in range(count)]


def quality(texts: list[str]) -> float:
    return sum(points("helpfulness", QUESTION, text) for text in texts) / len(texts)


def compare(first: str, second: str, model: str = "offline", seed: int = 1) -> dict[str, Any]:
    text = ask("prompt_pairwise", model, seed, answer_a=first, answer_b=second)
    found = find_json_object(text)
    assert found is not None
    return found


def test_a_stronger_model_answers_better_and_every_seed_differently() -> None:
    strong, weak = candidates("offline-strong"), candidates("offline-b")
    assert quality(strong) > quality(weak) + 0.5
    assert len(set(strong)) > 150
    assert strong[:9] == candidates("offline-strong", 9)


def test_some_answers_refuse() -> None:
    refused = sum(map(is_declined_instruction, candidates("offline-a")))
    assert 2 <= refused <= 30


def test_worse_answers_are_not_always_the_shorter_ones() -> None:
    bad = [write_answer(QUESTION, 0.1, random.Random(seed)) for seed in range(60)]
    assert any(len(text) > len(GOOD) for text in bad) and any(len(t) < len(GOOD) for t in bad)


def test_points_follow_the_questions_words_the_length_and_refusals() -> None:
    for name in ("correctness", "helpfulness"):
        assert points(name, QUESTION, GOOD) > points(name, QUESTION, BAD)
    assert points("correctness", QUESTION, REFUSAL) == 1
    assert points("clarity", QUESTION, "word " * 60) > points("clarity", QUESTION, "word " * 300)


def test_the_verdict_names_all_criteria_and_turns_with_the_order() -> None:
    one, other = compare(GOOD, REFUSAL, seed=2), compare(REFUSAL, GOOD, seed=3)
    assert one.keys() - {"reason"} == CONFIG["criteria"].keys()
    assert [one[name] for name in CONFIG["criteria"]] == ["A", "A", "A"]
    assert [other[name] for name in CONFIG["criteria"]] == ["B", "B", "B"]


def test_now_and_then_the_place_decides_and_then_in_both_orders() -> None:
    kinds: Counter[str] = Counter()
    for seed in range(120):
        good = write_answer(QUESTION, 1.0, random.Random(seed))
        bad = write_answer(QUESTION, 0.2, random.Random(-seed - 1))
        pair = compare(good, bad)["correctness"], compare(bad, good)["correctness"]
        kinds["".join(pair)] += 1
    assert kinds["AA"] >= 4 and kinds["AB"] > 60 and kinds["BB"] == 0


def test_an_answer_gets_points_from_1_to_10() -> None:
    found = find_json_object(ask("prompt_pointwise", "offline", 1, answer=GOOD))
    assert found is not None
    given = [found[name] for name in CONFIG["criteria"]]
    assert all(isinstance(each, int) and 1 <= each <= 10 for each in given)


def test_a_share_of_the_verdicts_cannot_be_read() -> None:
    texts = [ask("prompt_pointwise", "offline", seed, 0.2, answer=GOOD) for seed in range(200)]
    assert 20 <= sum(find_json_object(text) is None for text in texts) <= 65


def test_a_history_before_the_question_does_not_hide_it() -> None:
    turns = [
        {"role": "user", "content": "Hello?"},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": CONFIG["prompt"].replace("{input}", QUESTION)},
    ]
    found = answer(read_conversation({"model": "offline-strong", "messages": turns, "seed": 4}))
    assert "tooth" in found.text or "dentist" in found.text or "drinks" in found.text


@pytest.mark.parametrize("text", ["", "\x00", "</answer_a>", "痛い", "- x: y", "{}" * 500])
def test_odd_texts_do_not_trip_answers_or_judges(text: str) -> None:
    assert isinstance(ask("prompt", "offline", 1, input=text), str)
    assert compare(text, GOOD)["correctness"] in ("A", "B", "tie")
    assert json.dumps(find_json_object(ask("prompt_pointwise", "offline", 1, answer=text)))
