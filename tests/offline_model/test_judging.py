import json

import pytest

from offline_model.answers import answer
from offline_model.conversation import read_conversation
from offline_model.judging import judge_after, judge_before, judge_changes
from prompts_for_gen import JUDGE_SYSTEM, judge_rounds
from utils.code.fences import fenced
from utils.code.lines import unified_diff
from utils.replies.json_object import find_json_object

BEFORE = "def add(a, b):\n    return a + b\n\n\ndef twice(a):\n    return add(a, a)\n"
AFTER = BEFORE.replace("a + b", "a + b + 0")
QUESTIONS = ("before_lacks_it", "after_fulfills_it", "no_unrelated_changes")


def ask(before: str, after: str, instruction: str, seed: int = 1, share: float = 0.0) -> str:
    user = judge_rounds(
        fenced(before),
        fenced(instruction, "text"),
        fenced("be quick", "text"),
        fenced(after),
        fenced(unified_diff(before, after, "p.py", "p.py"), "diff"),
    )
    messages = [
        {"role": "system", "content": JUDGE_SYSTEM},
        {"role": "user", "content": user[0]},
    ]
    kind = {"prompt_kind": "judge_triplet"}
    body = {"model": "offline", "messages": messages, "seed": seed, "metadata": kind}
    return answer(read_conversation(body), share).text


def verdicts(before: str, after: str, instruction: str) -> list[str]:
    found = find_json_object(ask(before, after, instruction))
    assert found is not None
    return [found[question]["verdict"] for question in QUESTIONS]


def test_a_sound_triplet_passes_all_three() -> None:
    assert verdicts(BEFORE, AFTER, "Make `add` add a zero.") == ["PASS", "PASS", "PASS"]


def test_an_edit_that_changes_nothing_fails_the_first_question() -> None:
    assert verdicts(BEFORE, BEFORE, "Make `add` add a zero.")[0] == "FAIL"


def test_code_that_does_not_parse_fails_the_second_question() -> None:
    assert verdicts(BEFORE, AFTER + "def (:\n", "Make `add` add a zero.")[1] == "FAIL"


def test_code_that_leaves_parts_out_fails_the_second_question() -> None:
    after = "def add(a, b):\n    return a + b + 0\n\n\n# ... rest unchanged\n"
    assert judge_after(BEFORE, after, "Make `add` add a zero.")[0] == "FAIL"


def test_a_name_found_nowhere_leaves_the_second_question_open() -> None:
    assert verdicts(BEFORE, AFTER, "Change `subtract`.")[1] == "UNCERTAIN"


def test_names_of_python_itself_need_not_stand_in_the_programs() -> None:
    assert verdicts(BEFORE, AFTER, "Let `ValueError` of `typing` pass, log at `info`.")[1] == "PASS"


def test_a_definition_lost_in_silence_fails_the_third_question() -> None:
    after = "def add(a, b):\n    return a + b + 0\n"
    assert verdicts(BEFORE, after, "Make `add` add a zero.")[2] == "FAIL"


def test_a_definition_that_is_renamed_or_named_passes_the_third_question() -> None:
    renamed = BEFORE.replace("twice", "double")
    assert judge_changes(BEFORE, renamed, "Find a better name.")[0] == "PASS"
    removed = "def add(a, b):\n    return a + b\n"
    assert judge_changes(BEFORE, removed, "Remove `twice`.")[0] == "PASS"


def test_nothing_to_judge_by_is_uncertain() -> None:
    assert judge_before("", AFTER, "Do it.")[0] == "UNCERTAIN"


def test_the_same_request_gets_the_same_answer_and_the_share_is_unreadable() -> None:
    asked = [ask(BEFORE, AFTER, "Add.", seed, share=0.2) for seed in range(400)]
    assert asked == [ask(BEFORE, AFTER, "Add.", seed, share=0.2) for seed in range(400)]
    unreadable = sum(find_json_object(text) is None for text in asked)
    assert 50 <= unreadable <= 115


@pytest.mark.parametrize("text", ["", "## Code After\n", "```\n" * 50, "\x00", "{}" * 1000])
def test_odd_programs_do_not_trip_the_judge(text: str) -> None:
    assert json.dumps(verdicts(text, text + "x", text))
