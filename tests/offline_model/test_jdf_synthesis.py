"""The stand-in's answers to the prompts of synthesis, asked as the shipped configs ask."""

import ast
import json
import random
from pathlib import Path

import pytest

from joydataforge.methods.answers import parse_answer
from joydataforge.methods.direct_samples import as_compared
from joydataforge.methods.rows import planned_rows
from joydataforge.methods.settings import read_settings
from joydataforge.synthesize import SynthesisConfig
from offline_model.answers import answer
from offline_model.conversation import read_conversation
from offline_model.jdf_synthesis import reworded
from utils.code.fences import block_text, fence_lines, read_blocks
from utils.errors import BadReply
from utils.jsonl import Row, read_rows

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "joydataforge" / "examples" / "questions.jsonl"


@pytest.fixture(autouse=True)
def at_the_root(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)


def shipped(name: str) -> SynthesisConfig:
    return read_settings(
        ["--config", f"joydataforge/configs/{name}.yaml"], "", SynthesisConfig, ""
    )[0]


def ask(
    config: SynthesisConfig, row: Row, seed: int = 1, share: float = 0.0, model: str = "m"
) -> str:
    body = {"model": model, "messages": config.messages(row), "seed": seed, "max_tokens": 2048}
    return answer(read_conversation(body), share).text


def test_each_example_is_answered_on_its_topic() -> None:
    config = shipped("single")
    tags = {"Mathematics": "mathematics", "Code": "code"}
    for row in planned_rows(config):
        found = parse_answer(ask(config, row), config.answer_fields)
        default = "medicine" if "summary_content" in row and row["summary_content"] else "general"
        assert found["topic"] == tags.get(row["tag"].split(" - ")[0], default)
        assert "stand-in" not in found["target"]
        assert not found["target"].startswith(("The short answer", "There are two parts"))


def test_each_code_example_is_answered_with_a_changed_program() -> None:
    config = shipped("single")
    rows = [row for row in read_rows(EXAMPLES) if "code" in row]
    assert len(rows) == 12
    for row in rows:
        text = parse_answer(ask(config, row), config.answer_fields)["target"]
        [block] = read_blocks(fence_lines(text)).blocks
        program = block_text(text, block)
        assert program.strip() != row["code"].strip()
        ast.parse(program)


def test_answers_differ_by_seed_and_model_and_are_else_the_same() -> None:
    config = shipped("single")
    row = next(planned_rows(config))
    assert ask(config, row) == ask(config, row)
    assert len({ask(config, row, seed) for seed in range(20)}) > 5
    assert len({ask(config, row, model=f"m{n}") for n in range(20)}) > 5


def test_a_share_of_the_answers_can_not_be_read() -> None:
    config = shipped("single")
    row = next(planned_rows(config))
    bad = 0
    for seed in range(200):
        try:
            parse_answer(ask(config, row, seed, share=0.3), config.answer_fields)
        except BadReply:
            bad += 1
    assert 30 < bad < 90


def test_an_unknown_question_is_answered_by_its_own_words() -> None:
    config = shipped("single")
    found = parse_answer(ask(config, {"input": "Who tunes church organs?"}), config.answer_fields)
    assert found["topic"] == "general" and "church organ" in found["target"].lower()


def test_invented_questions_are_about_the_topic_and_vary() -> None:
    config = shipped("synthesis_directly")
    for topic in config.vary["topic"]:
        row = {"topic": topic, "audience": "a parent", "kind": config.vary["kind"][0]}
        made = [parse_answer(ask(config, row, n), config.answer_fields) for n in range(12)]
        assert all(topic in each["input"] for each in made)
        assert len({each["input"] for each in made}) > 4
        assert all(each["target"] for each in made)


def test_a_rewrite_keeps_code_and_numbers_and_differs_from_the_question() -> None:
    config = shipped("case_rewrite")
    differing = 0
    for row in read_rows(EXAMPLES):
        made = ask(config, row | {"variants": "(none)"})
        differing += as_compared(made) != as_compared(row["input"])
        assert row["input"].count("`") == made.count("`")
        digits = [character for character in row["input"] if character.isdigit()]
        assert sorted(digits) == sorted(character for character in made if character.isdigit())
    assert differing > 40


def test_a_spoiled_rewrite_is_the_question_itself() -> None:
    config = shipped("case_rewrite")
    row = {"input": "What is gout?", "variants": "(none)"}
    assert {ask(config, row, seed, share=1.0) for seed in range(9)} == {"What is gout?"}


def test_an_order_stays_an_order() -> None:
    texts = {reworded("Rename `A` to `b`.", random.Random(seed)) for seed in range(60)}
    assert {"Please rename `A` to `b`.", "Rename `A` to `b`. Thanks."} <= texts
    assert all("ename `A` to `b`." in text for text in texts)


def test_the_examples_are_fifty_rows_of_one_form() -> None:
    rows = list(read_rows(EXAMPLES))
    names = ["input", "target", "summary_content", "history", "tag", "task_label", "num_task_label"]
    assert len(rows) == 50 and len({json.dumps(row) for row in rows}) == 50
    for row in rows:
        assert [name for name in row if name != "code"] == names
        assert row["num_task_label"] == len(row["task_label"])
    assert sum(len(row["history"]) > 0 for row in rows) >= 5
