"""Evolutions by rule, as the shipped prompts ask for them."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from offline_model.answers import answer
from offline_model.conversation import read_conversation
from offline_model.jdf_wizard import rate
from tests.offline_model.prompts import body
from utils.code.fences import fenced

CONFIGS = Path(__file__).parents[2] / "joydataforge" / "configs"
QUERY = "Which side effects does ibuprofen have in people over seventy?"
CODE = "def mean(values):\n    return sum(values) / len(values)\n"
DEPTH = ("add_constraints", "deepen", "concretise", "more_reasoning")


def shipped(name: str) -> dict[str, Any]:
    return yaml.safe_load((CONFIGS / name).read_text())


def ask(prompt: str, seed: int = 1, share: float = 0.0) -> str:
    return answer(read_conversation(body(prompt, seed=seed)), share).text


def evolved(kind: str, query: str = QUERY, seed: int = 1, share: float = 0.0) -> str:
    prompt = shipped("wizard.yaml")["evolutions"][kind]["prompt"]
    return ask(prompt.replace("{input}", query), seed, share)


@pytest.mark.parametrize("kind", DEPTH)
def test_in_depth_the_query_goes_on_with_its_own_things(kind: str) -> None:
    written = {evolved(kind, seed=seed) for seed in range(20)}
    assert len(written) > 5
    for text in written:
        assert text.startswith(QUERY + " ")
    added = " ".join(text.removeprefix(QUERY) for text in written)
    assert "ibuprofen" in added and "{" not in added and "|" not in added


def test_in_breadth_another_query_of_the_same_things_is_written() -> None:
    for seed in range(10):
        text = evolved("new_query", seed=seed)
        assert QUERY not in text and len(text) > 40
        assert any(word in text for word in ("ibuprofen", "side effect", "people"))


def test_a_kind_that_was_said_before_is_said_in_other_words() -> None:
    query = QUERY
    for _ in range(3):
        query = evolved("more_reasoning", query)
    sentences = [" ".join(each.split()[:2]) for each in query.split(". ")]
    assert len(set(sentences)) == len(sentences)


def test_an_edit_is_evolved_by_the_programs_names_without_its_code() -> None:
    evolutions = shipped("wizard_code_edit.yaml")["evolutions"]
    for entry in evolutions.values():
        prompt = entry["prompt"].replace("{code}", fenced(CODE)).replace("{input}", "Be safe.")
        text = ask(prompt)
        assert "`mean`" in text and "return sum" not in text
        assert text.startswith("Be safe.") == (entry["direction"] == "depth")


def test_a_share_of_the_evolutions_is_spoiled() -> None:
    spoiled = [evolved("deepen", seed=seed, share=1.0) for seed in range(40)]
    assert QUERY in spoiled and f'"{QUERY.upper()}"' in spoiled
    assert any(text.startswith(("###", "#", "Here is")) for text in spoiled)
    assert any(len(text) > 3000 for text in spoiled)
    assert any("can't help" in text or "unable" in text for text in spoiled)


def test_difficulty_grows_with_what_is_asked_and_stays_from_1_to_10() -> None:
    assert rate("What is gout?") == 1 < rate(QUERY + " Explain why, and compare two cases.")
    assert rate("Explain why. " * 100) == 10
    prompt = shipped("wizard.yaml")["prompt_difficulty"].replace("{input}", QUERY)
    scores = [ask(prompt, seed) for seed in range(30)]
    found = [json.loads(text.strip("`\n").removeprefix("json")) for text in scores]
    assert {each["difficulty"] for each in found} <= set(range(1, 11))
    assert len({each["difficulty"] for each in found}) > 1
    spoiled = [ask(prompt, seed, 1.0) for seed in range(5)]
    assert not any('"difficulty": 1' in text for text in spoiled)


def test_the_shipped_question_for_an_answer_is_answered() -> None:
    prompt = shipped("wizard.yaml")["prompt"].replace("{input}", QUERY)
    assert "1. " in ask(prompt)
