"""Replies nobody means well with: each is read or rejected in bounded time, and none crashes."""

import pytest

from get_instruct_from_response import MAX_CHARACTERS, read_batch
from tests.linear_time import grows_linearly

FIRST = (
    "[Program Before Edit]\n```python\ndef f(a):\n    return a\n```\n\n[Descriptive]\nAdd one.\n\n"
    "[Lazy]\nadd one\n"
)
SECOND = "[Program After Edit]\n```python\ndef f(a):\n    return a + 1\n```\n"

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
def test_a_reply_of_one_thing_without_end_is_read_in_linear_time(unit):
    def read(noise):
        for second in (
            noise,
            SECOND + noise,
            f"```python\n{noise}\n```",
            f"```\n{noise}\n```\n" + SECOND,
        ):
            read_batch([{"commit": [], "response_1": FIRST, "response_2": second}], "python")
        read_batch([{"commit": [], "response_1": FIRST + noise, "response_2": noise}], "python")

    assert grows_linearly(read, unit)


def test_a_reply_longer_than_any_model_writes_is_rejected_at_once():
    for size in (MAX_CHARACTERS + 1, 10_000_000):
        row = {"commit": [], "response_1": FIRST, "response_2": "`" * size}
        ((_, reason),) = read_batch([row], "python")
        assert reason == "too_long"


def test_many_large_blocks_are_not_all_parsed():
    def read(blocks):
        read_batch([{"commit": [], "response_1": FIRST, "response_2": blocks}], "python")

    assert grows_linearly(read, "```text\n" + "x = 1\n" * 2_000 + "```\n", 480_000)
