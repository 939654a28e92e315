import pytest

from utils.errors import BadReply
from utils.replies.finish_reasons import (
    TOOL_CALLS,
    WHOLE,
    is_whole,
    ran_out_of_tokens,
    refuse_unfinished,
    unfinished_words,
)

HALF = [
    *("length", "max_tokens", "MAX_TOKENS", "model_length", "max_output_tokens"),
    *("content_filter", "SAFETY", "recitation", "sensitive", "refusal", "PROHIBITED_CONTENT"),
    *("abort", "error", "network_error", "insufficient_system_resource", "pause_turn"),
    "a word of tomorrow",
]


@pytest.mark.parametrize("word", [*sorted(WHOLE), "STOP", " End_Turn ", None, "", {"type": "stop"}])
def test_a_whole_answer_is_known_by_its_word_in_any_case(word: object) -> None:
    assert is_whole(word) and unfinished_words([word]) == []
    refuse_unfinished([word, "stop"])


@pytest.mark.parametrize("word", [*HALF, {"type": "abort"}, 5])
def test_any_other_word_means_half_an_answer(word: object) -> None:
    assert not is_whole(word)
    with pytest.raises(BadReply, match="truncated"):
        refuse_unfinished(["stop", word])


@pytest.mark.parametrize("word", sorted(TOOL_CALLS))
def test_a_tool_call_is_no_answer(word: str) -> None:
    with pytest.raises(BadReply, match="tool_call"):
        refuse_unfinished([word.upper()])
    with pytest.raises(BadReply, match="truncated"):
        refuse_unfinished([word, "length"])


def test_the_words_are_given_in_one_spelling() -> None:
    assert unfinished_words(["stop", "LENGTH", "Tool_Calls"]) == ["length", "tool_calls"]


def test_more_tokens_help_only_where_they_ran_out() -> None:
    assert all(map(ran_out_of_tokens, ["length", "MAX_TOKENS", "model_length"]))
    assert not any(map(ran_out_of_tokens, ["stop", None, "content_filter", "tool_calls"]))
