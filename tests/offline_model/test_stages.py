"""Stages of code: whole versions of any language that end in the code itself."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_model.answers import answer
from offline_model.conversation import read_conversation
from offline_model.stages import make_stages
from programming_instruct.stage_replies import check_history, read_stages
from tests.offline_model.prompts import body
from utils.code.fences import fenced

CODES = {
    "python": "# Sums.\ndef total(rows, limit=10):\n    found = 0\n    for row in rows:\n"
    "        if row > limit:\n            found += row\n    return found\n",
    "go": "package main\n\nfunc Sum(values []int) int {\n\ttotal := 0\n"
    "\tfor _, value := range values {\n\t\ttotal += value\n\t}\n\treturn total\n}\n",
    "sql": "SELECT name, amount\nFROM orders\nWHERE amount > 100\nORDER BY amount;\n",
}


def ask(text: str, seed: int = 1, share: float = 0.0) -> str:
    return answer(read_conversation(body(text, kind="coding_stages", seed=seed)), share).text


@pytest.mark.parametrize("lang", CODES)
def test_the_stages_make_a_history_whatever_is_said_around_the_code(lang: str) -> None:
    for seed in range(20):
        said = ask(f"How did this come about?\n\n{fenced(CODES[lang], lang)}\nShow it.", seed)
        versions = read_stages(said, CODES[lang], lang)
        assert versions[-1] == CODES[lang] and len(versions) >= 2


def test_equal_questions_get_equal_stages_and_other_seeds_others() -> None:
    asked = [ask(fenced(CODES["python"]), seed) for seed in range(10)]
    assert asked == [ask(fenced(CODES["python"]), seed) for seed in range(10)]
    assert len(set(asked)) >= 8


def test_code_that_could_not_have_been_otherwise_has_no_history() -> None:
    assert make_stages("pass\n", random.Random(1)) == [("", "pass\n")]
    assert ask(fenced("pass\n")).startswith("I'm sorry")


def test_a_prompt_without_code_is_answered_too() -> None:
    assert "no code" in ask("Where is it?")


def test_spoiled_stages_are_no_history() -> None:
    for seed in range(20):
        said = ask(fenced(CODES["python"]), seed, share=1.0)
        assert said != ask(fenced(CODES["python"]), seed)


@given(st.text(max_size=300), st.integers(0, 1000))
def test_any_code_has_stages_that_differ(code: str, seed: int) -> None:
    stages = make_stages(code, random.Random(seed))
    versions = [version for _, version in stages]
    assert versions[-1] == code.rstrip("\n") + "\n"
    assert len(set(versions)) == len(versions)
    if len(versions) > 1:
        assert all(version.strip() for version in versions)


@given(st.integers(0, 1000))
def test_a_history_holds_a_version_that_is_no_mere_cut(seed: int) -> None:
    check_history([code for _, code in make_stages(CODES["python"], random.Random(seed))])
