import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.jsonl import dump_row, load_row
from utils.providers.replies import (
    MOST_TOKENS,
    PassingError,
    Reply,
    RequestRefused,
    RunRefused,
    Usage,
    count_usage,
)

COUNTS = st.integers(0, MOST_TOKENS)
USAGES = st.builds(
    lambda asked, answered, share, guessed: Usage(asked, answered, int(asked * share), guessed),
    *(COUNTS, COUNTS, st.floats(0, 1), st.booleans()),
)
REPLIES = st.builds(Reply, st.text(st.characters(exclude_categories=[])), st.text(), USAGES)


@given(REPLIES)
def test_a_reply_reads_back_from_the_line_it_was_written_to(reply: Reply) -> None:
    assert Reply.from_row(load_row(dump_row(reply.as_row()))) == reply


def test_usages_add_up_and_one_estimate_makes_the_sum_an_estimate() -> None:
    assert Usage(10, 5, 2) + Usage(1, 2, 3) == Usage(11, 7, 5)
    assert Usage(1, 1) + Usage(1, 1, estimated=True) == Usage(2, 2, estimated=True)


@given(USAGES, USAGES, USAGES)
def test_the_order_of_adding_is_of_no_account(one: Usage, two: Usage, three: Usage) -> None:
    assert (one + two) + three == three + (two + one)
    assert one + Usage(0, 0) == one


def test_a_row_tells_of_an_estimate_only_where_it_is_one() -> None:
    counted = {"prompt_tokens": 3, "completion_tokens": 2, "cached_tokens": 0}
    assert Usage(3, 2).as_row() == counted
    assert Usage(3, 2, estimated=True).as_row() == counted | {"estimated": True}


@pytest.mark.parametrize("missing", ["text", "finish_reason", "usage"])
def test_a_row_without_a_field_is_no_reply(missing: str) -> None:
    row = Reply("x", "stop", Usage(1, 1)).as_row()
    del row[missing]
    with pytest.raises(KeyError, match=missing):
        Reply.from_row(row)


def test_a_passing_failure_tells_what_to_count_and_how_long_to_wait() -> None:
    error = PassingError("http_429", "too many requests", 1.5, throttled=True, usage=Usage(1, 0))
    assert str(error) == "too many requests" and error.cause == "http_429"
    assert (error.retry_after, error.throttled, error.usage) == (1.5, True, Usage(1, 0))
    plain = PassingError("timeout", "no answer")
    assert (plain.retry_after, plain.throttled, plain.usage) == (None, False, None)


def test_no_kind_of_failure_is_taken_for_another() -> None:
    kinds = (PassingError, RequestRefused, RunRefused)
    assert [
        one for one in kinds for other in kinds if one is not other and issubclass(one, other)
    ] == []


NO_COUNTS = [None, "12", [], {}, True, -1, 0.5, 1e308, 1e400, float("nan"), -(10**9), 10**12]


@pytest.mark.parametrize("odd", NO_COUNTS, ids=repr)
def test_a_count_that_none_can_be_is_an_estimate(odd: object) -> None:
    guess = Usage(7, 3, estimated=True)
    assert count_usage([odd], [5], 0, guess) == Usage(7, 5, 0, estimated=True)
    assert count_usage([9], [odd], 4, guess) == Usage(9, 3, 4, estimated=True)
    assert count_usage([9, odd], [5, 1], odd, guess) == Usage(7, 6, 0, estimated=True)


def test_more_cached_tokens_than_asked_ones_make_all_a_guess() -> None:
    guess = Usage(7, 3, estimated=True)
    assert count_usage([4], [5], 5, guess) is guess
    assert count_usage([4], [5], 4, guess) == Usage(4, 5, 4)
