from types import SimpleNamespace
from typing import Any

import pytest

from utils.generation.model_map import Prices
from utils.generation.run_report import Progress
from utils.generation.traffic import RunStatistics
from utils.providers.replies import Usage


@pytest.fixture
def progress(monkeypatch: pytest.MonkeyPatch) -> Progress:
    run = RunStatistics(Prices(output=1e6))
    run.finished, run.failed = 20, 2
    for _ in range(40):
        run.add_reply(Usage(0, 3), 1.0)
    run.retries.update({"429": 5, "timeout": 1})
    monkeypatch.setattr(RunStatistics, "seconds", 10.0)
    batch: Any = SimpleNamespace(statistics=run, limiter=SimpleNamespace(in_flight=8))
    return Progress(batch, total=132, done_before=10)


def test_a_line_says_all_there_is_to_know(progress: Progress) -> None:
    assert progress.line() == (
        "30/132 samples, 4.0 req/s, 12 tok/s, 8 in flight, 6 retries, 2 failed, cost 120.00, "
        "00:50 left"
    )


def test_before_the_first_sample_the_time_left_is_unknown(progress: Progress) -> None:
    progress.run.statistics.finished = 0
    assert progress.line().endswith("? left")
