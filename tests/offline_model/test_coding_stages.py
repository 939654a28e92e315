import ast
import inspect
import json.decoder
import random
import textwrap
from pathlib import Path

import pytest

from offline_model.answers import PLAIN_ANSWER, answer
from offline_model.coding_stages import make_stages
from offline_model.conversation import read_conversation
from programming_instruct.stage_prompts import PERSONAS, stage_messages
from programming_instruct.stage_replies import read_stages
from utils.errors import BadReply

PYTHON = '''\
def mean(values: list[float], default: float = 0.0) -> float:
    """Return the arithmetic mean."""
    if not values:
        return default
    total = 0.0
    for value in values:
        # plain summation is good enough
        total += value
    return total / len(values)
'''
GO = """\
func Max(values []int) int {
	// The first one is as good as any.
	best := values[0]
	for _, value := range values {
		if value > best {
			best = value
		}
	}
	return best
}
"""
ALL_PERSONAS = list(PERSONAS)
LIBRARY = [
    inspect.getsource(function)
    for function in (
        json.decoder.JSONDecoder.raw_decode,
        textwrap.dedent,
        textwrap.indent,
        textwrap.TextWrapper._split_chunks,
        inspect.getmodulename,
        random.Random.shuffle,
        ast.literal_eval,
        Path.rglob,
    )
]


def ask(code: str, lang: str = "", persona: str = "novice", seed: int = 1, share: float = 0) -> str:
    body = {"messages": stage_messages(code, lang, persona), "seed": seed}
    return answer(read_conversation(body), share).text


def reason_of(reply: str, code: str) -> str | None:
    try:
        read_stages(reply, code)
    except BadReply as error:
        return error.reason
    return None


@pytest.mark.parametrize("persona", ALL_PERSONAS)
@pytest.mark.parametrize("code", LIBRARY)
def test_real_functions_get_histories_that_meet_the_rules(code: str, persona: str) -> None:
    for seed in range(5):
        versions = read_stages(ask(code, "python", persona, seed), code, "python")
        assert len(versions) >= 2 and versions[-1] == code


@pytest.mark.parametrize("code", LIBRARY)
def test_every_version_of_python_code_parses(code: str) -> None:
    for seed in range(5):
        for version in read_stages(ask(code, "python", "novice", seed), code):
            ast.parse("if True:\n" + textwrap.indent(version, " "))


def test_each_programmer_has_another_history() -> None:
    histories = {tuple(read_stages(ask(PYTHON, "", who), PYTHON)) for who in ALL_PERSONAS}
    assert len(histories) == 3


def test_another_seed_gives_another_history_and_the_same_seed_the_same() -> None:
    assert ask(PYTHON, seed=1) == ask(PYTHON, seed=1)
    assert len({ask(PYTHON, seed=seed) for seed in range(10)}) > 5


def test_other_languages_get_histories_as_well() -> None:
    for persona in ALL_PERSONAS:
        for seed in range(10):
            assert reason_of(ask(GO, "go", persona, seed), GO) is None


def test_windows_line_ends_do_not_hide_that_it_is_python() -> None:
    code = PYTHON.replace("\n", "\r\n")
    for seed in range(10):
        for version in read_stages(ask(code, seed=seed), code):
            ast.parse(version)


def test_fences_within_the_code_do_no_harm() -> None:
    code = "# Title\n\n```python\nrun(1)\n```\n\n```\nrun(2)\n```\n"
    for seed in range(10):
        assert reason_of(ask(code, "markdown", "ordinary", seed), code) is None


def test_code_that_could_hardly_have_been_anything_else_is_declined() -> None:
    assert reason_of(ask("x\n"), "x\n") == "refusal"


def test_the_sentence_of_a_stage_tells_what_changed_in_it() -> None:
    code = "def double(number):\n    return number * 2\n"
    for seed in range(20):
        stages = make_stages(code, "programmer", random.Random(seed))
        for (_, before), (said, after) in zip(stages, stages[1:], strict=False):
            assert ("number" in said) == ("number" not in before and "number" in after)


def test_spoiled_answers_break_the_rules_in_several_ways() -> None:
    reasons = {reason_of(ask(PYTHON, seed=seed, share=1.0), PYTHON) for seed in range(60)}
    assert reasons >= {
        "refusal",
        "last_block_differs",
        "equal_neighbours",
        "only_slices",
        "truncated",
    }
    assert None not in reasons


def test_a_share_of_the_answers_is_spoiled() -> None:
    bad = sum(
        reason_of(ask(PYTHON, seed=seed, share=0.3), PYTHON) is not None for seed in range(200)
    )
    assert 30 <= bad <= 90


def test_other_prompts_that_show_code_are_not_taken_for_this_one() -> None:
    messages = [
        {"role": "system", "content": "You review code."},
        {"role": "user", "content": "The finished code:\n\n```\nx = 1\n```"},
    ]
    assert answer(read_conversation({"messages": messages})).text == PLAIN_ANSWER
