"""Replies nobody means well with: each is read or rejected in bounded time, and none crashes."""

import time

import pytest

from get_instruct_from_response import MAX_CHARACTERS, read_batch

FIRST = (
    "[Program Before Edit]\n```python\ndef f(a):\n    return a\n```\n\n[Descriptive]\nAdd one.\n\n"
    "[Lazy]\nadd one\n"
)
SECOND = "[Program After Edit]\n```python\ndef f(a):\n    return a + 1\n```\n"

SIZE = 80_000
UNITS = [
    "x = 1\n",
    "x;",
    "a",
    "(",
    "x if x else ",
    "'a' ",
    "f'{a}' ",
    "```\n",
    "```\nx = 1\n```\n",
    "```python\n",
    "```text\nx = 1\n```\n",
    "~~~ ```\n",
    "[Lazy]\n",
    "[Program After Edit]\n",
    "[Program Before Edit]\nx\ny\n[Lazy]\n",
    "# Lazy: ",
    "** ",
    "<think>\n",
    "</think>\n",
    "<<<<<<< SEARCH\n",
    "=======\n",
    "@@ -1,2 +1,2 @@\n-x\n+y\n",
    "--- a\n+++ b\n",
    "# ... rest ",
    "&lt;",
    "\u200b",
    "\0",
    "\ud800",
    "I'm sorry, ",
    "> ",
    "Here is the ",
]


@pytest.mark.parametrize("unit", UNITS, ids=repr)
def test_a_reply_of_one_thing_without_end_is_read_in_bounded_time(unit):
    noise = unit * (SIZE // len(unit))
    started = time.process_time()
    for second in (
        noise,
        SECOND + noise,
        f"```python\n{noise}\n```",
        f"```\n{noise}\n```\n" + SECOND,
    ):
        read_batch([{"commit": [], "response_1": FIRST, "response_2": second}], "python")
    read_batch([{"commit": [], "response_1": FIRST + noise, "response_2": noise}], "python")
    assert time.process_time() - started < 5


def test_a_reply_longer_than_any_model_writes_is_rejected_at_once():
    for size in (MAX_CHARACTERS + 1, 10_000_000):
        row = {"commit": [], "response_1": FIRST, "response_2": "`" * size}
        started = time.process_time()
        ((_, reason),) = read_batch([row], "python")
        assert reason == "too_long"
        assert time.process_time() - started < 1


def test_many_large_blocks_are_not_all_parsed():
    blocks = "```text\n" + "```\n".join(["x = 1\n" * 2_000] * 40) + "```\n"
    started = time.process_time()
    read_batch([{"commit": [], "response_1": FIRST, "response_2": blocks}], "python")
    assert time.process_time() - started < 4
