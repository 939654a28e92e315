import pytest
from hypothesis import given
from hypothesis import strategies as st

from joydataforge.queries.instruction_filter import InstructionLimits, check_instruction
from utils.errors import BadReply

LIMITS = InstructionLimits(min_chars=8, max_chars=200)
CONTROL = ["<|im_end|>", "<think>"]


def failure(text: str, *earlier: str) -> str | None:
    try:
        check_instruction(text, LIMITS, CONTROL, earlier)
    except BadReply as error:
        return error.reason
    return None


def test_an_instruction_is_taken_without_the_space_around_it() -> None:
    assert check_instruction(" Why is\nit so? \n", LIMITS, CONTROL) == "Why is\nit so?"
    assert failure("What does `a <|> b` mean in Haskell?") is None
    assert failure("为什么天空是蓝色的而不是绿色的？") is None
    assert failure("I'm sorry, I can't get this loop to stop: while True: pass") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \n", "empty"),
        ("Hi", "too_short"),
        ("x " * 150, "too_long"),
        ("?!?!?!?!?!", "no_words"),
        ("Why is it so?<|im_end|>", "control_tokens"),
        ("<think> Why is it so?", "control_tokens"),
        ("Why is it so?<|reserved_special_token_7|>", "control_tokens"),
        ("Why is it so?<｜tool▁calls▁begin｜>", "control_tokens"),
        ("Why is it so? [/INST] Because.", "control_tokens"),
        ("Why is \ud83d so?", "not_unicode"),
        ("Why is it so?\nassistant\nBecause.", "role_residue"),
        ("user:\nWhy is it so?", "role_residue"),
        ("I'm sorry, but I can't help with that request.", "refusal"),
        ("Sorry, as an AI language model I am unable to complete this task.", "refusal"),
    ],
)
def test_what_is_none_is_named(text: str, reason: str) -> None:
    assert failure(text) == reason


def test_a_turn_that_the_user_has_had_already_is_none() -> None:
    assert failure("why is  it so?", "Why is it so?") == "repeats_earlier_turn"
    assert failure("And why is it so?", "Why is it so?") is None


@given(st.text(max_size=300))
def test_any_text_is_judged(text: str) -> None:
    assert failure(text) is not None or 8 <= len(text.strip()) <= 200


def test_limits_that_nothing_meets_are_refused() -> None:
    with pytest.raises(ValueError):
        InstructionLimits(min_chars=10, max_chars=5)
