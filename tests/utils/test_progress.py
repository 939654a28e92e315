import io
import logging
import sys

import pytest

from utils import progress as module
from utils.progress import progress


@pytest.fixture
def said(monkeypatch, caplog):
    monkeypatch.setattr(logging.getLogger("editloom"), "propagate", True)
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    caplog.set_level(logging.INFO, "editloom")
    return caplog


def test_a_loop_that_is_soon_over_says_nothing_in_a_pipe(said):
    assert list(progress(range(3), "rows", "row")) == [0, 1, 2]
    assert said.messages == []


def test_a_long_loop_says_in_a_pipe_how_far_it_is(said, monkeypatch):
    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    assert list(progress("abcdef", "edits of mix", "edit")) == [*"abcdef"]
    assert said.messages == [
        "edits of mix: 3 edits in 12 s",
        "edits of mix: 6 edits in 24 s",
        "edits of mix: all 6 edits",
    ]


def test_items_count_by_their_size_behind_what_was_done_before(said, monkeypatch):
    clock = iter(range(0, 1000, 11))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    assert list(progress(["ab", "c"], "embeddings", "text", len, 4, 7)) == ["ab", "c"]
    assert said.messages == [
        "embeddings: 6 of 7 texts in 11 s",
        "embeddings: 7 of 7 texts in 22 s",
        "embeddings: all 7 texts",
    ]
