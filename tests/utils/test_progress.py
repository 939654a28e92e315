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
