"""Answers: both rounds of an exercise, commits, and everything else."""

import ast
import re
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from offline_model.answers import PLAIN_ANSWER, answer
from offline_model.conversation import read_conversation
from offline_model.misbehaviour import Answer
from prompts_for_gen import code_extend_rounds, edit_kind_line, rewrite_commit_rounds
from tests.offline_model.prompts import REVIEW, SNIPPETS, body, code_extend_text, rewrite_text

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


def test_the_pipelines_own_prompts_are_recognised() -> None:
    rounds = code_extend_rounds(
        "x = 1\n", "Do it.", "do", list(SNIPPETS), edit_kind_line("rename", "Better names.")
    )
    assert SECTIONS.fullmatch(ask(rounds[0]).text)
    assert AFTER.fullmatch(ask(rounds[0], "...", rounds[1]).text)
    (text,) = rewrite_commit_rounds("x = 1\n", "@@ -1 +1 @@\n-x = 1\n+x = 2\n", "Raise x to two")
    assert ask(text).text.startswith("[Descriptive]\nRaise x to two.")


def test_a_commit_gets_both_instructions() -> None:
    found = ask(rewrite_text("# ## Diff\nx = 1", "@@ -1 +1 @@ def f():\n-x\n+y", "Fixed the x"))
    assert re.fullmatch(
        r"\[Descriptive\]\nFix the x\. .+\n\n\[Lazy\]\n[Ff]ix the x\.?\n", found.text
    )


def test_anything_else_gets_a_plain_answer() -> None:
    assert ask("What time is it?").text == PLAIN_ANSWER


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
