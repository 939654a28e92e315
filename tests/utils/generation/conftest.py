from collections.abc import Iterator

import pytest

from tests.stage2 import log_lines
from utils.generation import sender


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries take hundredths of what they take against a real server."""
    monkeypatch.setattr(sender, "FIRST_BACKOFF", 0.02)


@pytest.fixture
def said() -> Iterator[list[str]]:
    """The log lines of a test's runs."""
    with log_lines() as lines:
        yield lines
