"""Answers: both rounds of an exercise, commits, and everything else."""

import ast
import re
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_model.answers import ANSWERERS, answer
from offline_model.compose import compose
from offline_model.conversation import read_conversation
from offline_model.misbehaviour import Answer
from offline_model.other_prompts import PLAIN_ANSWER
from offline_model.written_tests import answers_tests
from prompts_for_gen import code_extend_rounds, edit_kind_line, rewrite_commit_rounds
from tests.offline_model.prompts import REVIEW, SNIPPETS, body, code_extend_text, rewrite_text
from utils.code.fences import fenced, only_block

SECTIONS = re.compile(
    r"\[Program Before Edit\]\n```python\n(.+?)\n```\n\n"
    r"\[Descriptive\]\n(.+)\n\n\[Lazy\]\n(.+)\n",
    re.DOTALL,
)
AFTER = re.compile(r"\[Program After Edit\]\n```python\n(.+?)\n```\n", re.DOTALL)


def ask(*turns: str, share: float = 0.0, **settings) -> Answer:
    return answer(read_conversation(body(*turns, **settings)), share)


def test_the_first_round_has_three_sections() -> None:
    found = ask(code_extend_text())
    match = SECTIONS.fullmatch(found.text)
    assert match and found.finish_reason == "stop"
    ast.parse(match[1])


def test_the_second_round_edits_the_program_of_the_first() -> None:
    text = code_extend_text()
    for seed in range(10):
        first = SECTIONS.fullmatch(ask(text, seed=seed).text)
        second = AFTER.fullmatch(ask(text, "whatever was said", REVIEW, seed=seed).text)
        assert first and second
        assert first[1] != second[1]
        assert set(first[1].split("\n")) & set(second[1].split("\n"))


def test_the_same_request_gets_the_same_answer_and_another_seed_another() -> None:
    texts = [ask(code_extend_text(), seed=seed).text for seed in range(20)]
    assert texts == [ask(code_extend_text(), seed=seed).text for seed in range(20)]
    assert len(set(texts)) >= 19
    assert ask(code_extend_text(), seed=None) == ask(code_extend_text(), seed=None)


def test_asked_kinds_are_honoured() -> None:
    for seed in range(5):
        found = ask(code_extend_text(kind="typing"), seed=seed)
        assert re.search(r"annotat|type", found.text, re.IGNORECASE)
        found = ask(code_extend_text(kind="tests"), seed=seed)
        assert re.search(r"\btests?\b", found.text)


def test_the_pipelines_own_prompts_are_answered() -> None:
    rounds = code_extend_rounds(
        fenced("x = 1\n"),
        "Do it.",
        "do",
        list(map(fenced, SNIPPETS)),
        edit_kind_line("rename", "Better names."),
    )
    assert SECTIONS.fullmatch(ask(rounds[0]).text)
    assert AFTER.fullmatch(ask(rounds[0], "...", rounds[1]).text)
    diff = fenced("@@ -1 +1 @@\n-x = 1\n+x = 2\n", "diff")
    (text,) = rewrite_commit_rounds(fenced("x = 1\n"), diff, fenced("Raise x to two", "text"))
    assert ask(text, kind="rewrite_commit").text.startswith("[Descriptive]\nRaise x to two.")


def test_a_commit_gets_both_instructions() -> None:
    text = rewrite_text("# ## Diff\nx = 1", "@@ -1 +1 @@ def f():\n-x\n+y", "Fixed the x")
    found = ask(text, kind="rewrite_commit")
    assert re.fullmatch(
        r"\[Descriptive\]\nFix the x\. .+\n\n\[Lazy\]\n[Ff]ix the x\.?\n", found.text
    )


def test_anything_else_gets_a_plain_answer() -> None:
    for kind in ("", "unheard of"):
        assert ask("What time is it?", kind=kind).text == PLAIN_ANSWER


@pytest.mark.parametrize("kind", ANSWERERS)
@pytest.mark.parametrize("text", ["", "?", "\x00", "```", "# A\n\n## B\n- \n<x>\n1." * 20])
def test_no_prompt_is_too_odd_to_be_answered(kind: str, text: str) -> None:
    for seed in range(5):
        assert ask(text, kind=kind, seed=seed, share=0.5).finish_reason in ("stop", "length")


def test_an_answer_ends_before_a_stop() -> None:
    whole = ask("What time is it?", kind="").text
    assert ask("What time is it?", kind="", stop=[" model"]).text == whole.split(" model")[0]


def test_an_exercise_is_found_in_a_prompt_of_other_words() -> None:
    text = (
        "Make something up from these pieces.\nThe kind of edit wanted: typing\n\n"
        "```python\nheader = parse_packet(stream)\n```\n\n```python\nx.payload = 1\n```\n"
    )
    for seed in range(20):
        match = SECTIONS.fullmatch(ask(text, seed=seed).text)
        assert match and re.search("types|type hints|[Aa]nnotat", match[2])


def test_a_small_max_tokens_cuts_the_answer() -> None:
    found = ask(code_extend_text(), max_tokens=50)
    assert found.finish_reason == "length" and len(found.text) == 200


def test_about_the_set_share_of_conversations_misbehaves() -> None:
    outcomes = Counter()
    for seed in range(1000):
        rounds = [
            ask(code_extend_text(), share=0.08, seed=seed).text,
            ask(code_extend_text(), "...", REVIEW, share=0.08, seed=seed).text,
        ]
        well = SECTIONS.fullmatch(rounds[0]) and AFTER.fullmatch(rounds[1])
        elided = re.search(r"# \.\.\. |# \(unchanged\)", rounds[1])
        outcomes["well" if well and not elided else "badly"] += 1
        outcomes["unreasonable"] += rounds[1] == "<UNREASONABLE>"
    assert 55 <= outcomes["badly"] <= 105
    assert outcomes["unreasonable"] >= 5


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=200), st.text(max_size=200), st.integers(0, 2**31))
def test_any_snippets_get_programs_that_parse(first: str, second: str, seed: int) -> None:
    text = code_extend_text(first, second)
    before = SECTIONS.fullmatch(ask(text, seed=seed).text)
    after = AFTER.fullmatch(ask(text, "...", REVIEW, seed=seed).text)
    assert before and after and before[1] != after[1]
    ast.parse(before[1])
    ast.parse(after[1])


def test_tests_of_a_program_run_and_pass() -> None:
    for seed in range(10):
        program = compose("\n".join(SNIPPETS), None, seed).code_after
        said = ask(f"Test this.\n\n{fenced(program)}", kind="tests").text
        names: dict = {"__name__": "program"}
        exec(program + "\n" + only_block(said), names)
        tests = [value for name, value in names.items() if name.endswith("_can_be_called")]
        assert tests
        for test in tests:
            test()
    assert answers_tests("def (") == ""
