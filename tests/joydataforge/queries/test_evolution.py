from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from joydataforge.queries.evolution import (
    Evolution,
    EvolutionLimits,
    check_code,
    check_evolution,
    draw_kind,
    new_words,
)
from joydataforge.queries.evolved_text import read_query
from utils.config import parse_config
from utils.errors import BadReply, PipelineError

PARENT = "What helps against a dry cough at night?"
PROMPT = (
    "You make queries to an assistant more demanding, so that good answers to them teach more.\n"
    "### Given query\n{input}\n\n### Rewritten query\n"
)
LIMITS = EvolutionLimits(residue=["### Given query", "#The Given Prompt#", "rewritten prompt"])


def failure(query: str, parent: str = PARENT, limits: EvolutionLimits = LIMITS) -> str | None:
    try:
        check_evolution(query, parent, PROMPT, limits)
    except BadReply as error:
        return error.reason
    return None


def test_a_query_that_asks_for_more_holds() -> None:
    assert failure(PARENT + " Leave out anything that needs a prescription.") is None


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("", "empty"),
        ("WHAT helps against a dry  cough, at night", "equal_to_parent"),
        ("What helps against a very dry cough at night?", "near_equal_to_parent"),
        ("What helps at night?", "near_equal_to_parent"),
        ("I'm sorry, but I can't help with that request.", "refusal"),
        ("Sorry, as an AI language model I am unable to rewrite this.", "refusal"),
        ("### Given query\nWhich herbs help a child that coughs all night?", "prompt_residue"),
        ("#the given prompt# Which herbs help a child that coughs?", "prompt_residue"),
        ("Rewritten Prompt: which herbs help a child that coughs?", "prompt_residue"),
        ("Queries to an assistant more demanding so that good answers follow?", "prompt_residue"),
        (PARENT + " And why?" * 200, "too_long"),
        ("Add one constraint: only what a child may take is to be named.", "prompt_residue"),
        ("Include a requirement that the remedy costs under five euros.", "prompt_residue"),
        ("I've rewritten your question to be harder: what helps a child?", "prompt_residue"),
        ("What helps against it? Give a table.\n| Herb | Dose |\n|---|---|", "answer_included"),
        ("Which herbs help? Make a list of five.\n- thyme\n- ivy", "answer_included"),
    ],
)
def test_a_failed_evolution_is_named(query: str, reason: str) -> None:
    assert failure(query) == reason


def test_what_the_parent_says_already_is_no_residue_and_no_refusal() -> None:
    parent = "My rewritten prompt fails. I'm sorry, I can't complete this task alone."
    assert failure(parent + " Say in two sentences what to look at first.", parent) is None
    assert failure("I can't sleep since I take metformin; may I stop taking it for a week?") is None


@pytest.mark.parametrize(
    ("query", "parent"),
    [
        ("Add a requirement that names are unique to this table of users.", "Add a users table."),
        ("Show the following table as JSON, sorted by age:\n| a | b |", PARENT),
        ("I've changed my script: why does it still fail on empty files?", PARENT),
    ],
)
def test_a_query_that_only_looks_like_what_prompts_say_holds(query: str, parent: str) -> None:
    assert failure(query, parent) is None


def test_a_short_query_may_grow_to_what_is_always_allowed_and_a_long_one_by_its_factor() -> None:
    limits = EvolutionLimits(max_chars=1000, growth_factor=2, always_allowed_chars=300)
    assert limits.longest("x" * 20) == 300
    assert limits.longest("x" * 200) == 400
    assert limits.longest("x" * 900) == 1000


def test_a_letter_of_chinese_counts_as_a_word() -> None:
    assert new_words("如何提高孩子的学习兴趣", "如何提高孩子的兴趣") == 2
    assert failure("如何在三个月内提高孩子的学习兴趣？", "如何提高孩子的学习兴趣？") is None


def test_other_numbers_and_operators_are_words_too() -> None:
    assert new_words("3 * 4", "3 + 4") == 1


@pytest.mark.parametrize(
    ("answer", "query"),
    [
        ('"Why is the sky blue?"', "Why is the sky blue?"),
        ("“Why?”", "Why?"),
        ('"Why" or "how"', '"Why" or "how"'),
        ("<think>hm\n\nhm</think>\n\n Why?\n", "Why?"),
        ('"', '"'),
    ],
)
def test_thoughts_and_outer_quotes_are_taken_off(answer: str, query: str) -> None:
    assert read_query(answer) == query


@given(st.text(max_size=80), st.text(max_size=80))
def test_any_texts_are_judged_without_a_fault(query: str, parent: str) -> None:
    failure(read_query(query), parent)
    assert failure(parent, parent) is not None


def test_an_instruction_that_carries_the_program_fails() -> None:
    code = "def add(a, b):\n    return a + b\n"
    for query in (f"Rename it:\n{code}", "Rename it:\n```python\nx = 1\n```"):
        with pytest.raises(BadReply, match="code_in_query"):
            check_code(query, "Rename it.", code)
    check_code("Rename `add` to `plus` wherever it is called.", "Rename it.", code)
    check_code("Keep the ``` fence and rename it.", "Keep the ``` fence.", code)


def test_kinds_are_drawn_by_weight_and_equal_for_equal_seeds() -> None:
    kinds = {
        "often": Evolution("{input}", 3),
        "seldom": Evolution("{input}", 1),
        "never": Evolution("{input}", 0),
    }
    drawn = [draw_kind(kinds, 42, f"row {n}", 1) for n in range(400)]
    assert drawn == [draw_kind(kinds, 42, f"row {n}", 1) for n in range(400)]
    counts = Counter(drawn)
    assert counts["never"] == 0 and 250 < counts["often"] < 350
    assert drawn != [draw_kind(kinds, 42, f"row {n}", 2) for n in range(400)]


@pytest.mark.parametrize("values", [{"weight": -1}, {"weight": float("nan")}, {"prompt": "Go."}])
def test_an_evolution_needs_a_weight_and_a_place_for_the_query(values: dict[str, object]) -> None:
    with pytest.raises(PipelineError, match="weight|input"):
        parse_config({"prompt": "{input}"} | values, Evolution, "x.yaml")


@pytest.mark.parametrize(
    "opening",
    [
        "Sure! Here's a harder version of it:\n\n",
        "**Rewritten Query**\n",
        "Answer: ",
        "Here is it: ",
    ],
)
def test_what_a_model_says_before_the_query_is_residue(opening: str) -> None:
    query = "How do I cook rice for ninety guests on one small stove?"
    check_evolution(query, "How do I cook rice?", "prompt", EvolutionLimits())
    with pytest.raises(BadReply, match="prompt_residue"):
        check_evolution(opening + query, "How do I cook rice?", "prompt", EvolutionLimits())


def test_the_limits_are_written_as_in_the_ids_of_tasks_that_were_paid_for():
    assert repr(EvolutionLimits()).startswith("Limits(")


WANTED = "How do I sum decimals in Python without any loss?"


@pytest.mark.parametrize(
    "answer",
    [
        f"**Rewritten Prompt:**\n\n{WANTED}",
        f"#Rewritten Prompt#:\n{WANTED}",
        f"### New query\n{WANTED}",
        f"Query: {WANTED}",
        f"The new question: {WANTED}",
        f"改写后的问题：{WANTED}",
        f"<query>{WANTED}</query>",
        f"<rewritten_prompt>\n{WANTED}\n</rewritten_prompt>",
        f'{{"query": "{WANTED}"}}',
        f'{{"reason": 3, "new_prompt": "{WANTED}"}}',
        f"```text\n{WANTED}\n```",
        f'New query: "{WANTED}"',
        f"{WANTED}\n\nNote: I added a constraint about precision.",
        f"{WANTED}\n\n(This version adds a condition to the original question.)",
        f"{WANTED}\n\n**Changes made:**\n- precision\n- decimals",
        f"{WANTED}\n\n说明：我增加了一个约束。",
    ],
)
def test_what_a_model_puts_around_a_query_is_taken_off(answer: str) -> None:
    assert read_query(answer, "How do I sum numbers?") == WANTED


@pytest.mark.parametrize(
    "answer",
    [
        "Query\nplans in PostgreSQL are slow: how do I read them?",
        "How do I add a note?\n\nNote: the list may hold None.",
        "Explain `<query>a</query>` in this XML.",
        '{"query": "a", "prompt": "b"} is my configuration: what does it do?',
        "Task: write a sum.\n\nThe numbers are decimals.",
    ],
)
def test_what_belongs_to_a_query_stays(answer: str) -> None:
    assert read_query(answer, "How do I sum numbers?") == answer


def test_a_label_that_the_parent_has_is_the_querys_own() -> None:
    assert read_query("Question: is 7 odd?", "Question: is 6 even?") == "Question: is 7 odd?"
