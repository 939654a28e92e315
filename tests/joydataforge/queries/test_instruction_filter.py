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
    ("text", "question"),
    [
        ("How do I do it in Rust?assistant\n\nYou can collect.", "How do I do it in Rust?"),
        ("Write about autumn.assistant", "Write about autumn."),
        ("### Instruction:\nWrite about rain.\n\n### Response:\nDrops.", "Write about rain."),
        ("Human: What is three plus four?", "What is three plus four?"),
        ("Which gas?\nA) Helium\nB) Neon\n\nAnswer: B) Neon", "Which gas?\nA) Helium\nB) Neon"),
        ("Find its area.\n\n**Solution:** It is 9 pi.", "Find its area."),
        ("天空为什么是蓝色的？\n答案：散射。", "天空为什么是蓝色的？"),
    ],
)
def test_an_answer_that_a_question_runs_on_into_is_cut(text: str, question: str) -> None:
    assert check_instruction(text, LIMITS, CONTROL) == question


@pytest.mark.parametrize(
    "text",
    [
        "What does [INST] mean in a prompt, and where does [/INST] stand?",
        "My table has three columns:\nid\nuser\nemail\nHow do I index it?",
        "```\nroles:\n\nassistant\n```\nWhat is wrong with this YAML?",
        "Make this chat polite:\nUser: Hi\nAssistant: What?",
        "Is my solution right?\nSolution: 9 pi.",
        "I am an AI researcher. Which venues fit?",
        "你会做饭吗？",
    ],
)
def test_a_question_that_only_looks_like_it_stays(text: str) -> None:
    assert check_instruction(text, LIMITS, CONTROL) == text


def test_a_later_turn_may_go_on_a_sentence() -> None:
    assert failure("and then in Rust, without copying", "How do I do it in C?") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (" \n", "empty"),
        ("Hi", "too_short"),
        ("x " * 150, "too_long"),
        ("?!?!?!?!?!", "no_words"),
        ("Why is it so?<|im_end|>", "control_tokens"),
        ("<think> Why is it so?", "thoughts"),
        ("<think>A user asks.</think>Why is it so?", "thoughts"),
        ("Why is it so<|im_end|> in the log?", "control_tokens"),
        ("Hello! How can I help you today?", "assistants_words"),
        ("Hi there, what can I do for you?", "assistants_words"),
        ("你好！请问有什么可以帮您？", "assistants_words"),
        ("I'm an AI language model made to help.", "assistants_words"),
        ("Sure, a haiku about rain: drops fall.", "assistants_words"),
        ("and the second half of a sentence goes on", "fragment"),
        (", which is why it fails at night", "fragment"),
        ("Human: What is three plus four?\n\nAssistant: Seven.", "role_residue"),
        ("Say it in French. assistant: Bonjour.", "role_residue"),
        ("the " * 20, "loop"),
        ("为什么天空是蓝色" * 8, "loop"),
        ('"What is the capital?" - this is a question about places.', "commented"),
        ("Answer: 4.\nWhat is two and two?\nAnswer: 4.", "answer_included"),
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
    assert failure(text) is not None or 3 <= len(text.strip()) <= 200


def test_limits_that_nothing_meets_are_refused() -> None:
    with pytest.raises(ValueError):
        InstructionLimits(min_chars=10, max_chars=5)
