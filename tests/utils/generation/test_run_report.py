from types import SimpleNamespace
from typing import Any

import pytest

from utils.generation.model_map import Prices
from utils.generation.run_report import Progress, resume_command
from utils.generation.traffic import RunStatistics
from utils.providers.replies import Usage


@pytest.fixture
def progress(monkeypatch: pytest.MonkeyPatch) -> Progress:
    run = RunStatistics(Prices(output=1e6))
    run.finished, run.failed = 20, 2
    for _ in range(40):
        run.add_reply(Usage(0, 3), 1.0)
    for cause in ["429"] * 5 + ["timeout"]:
        run.count("retries", cause)
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


def test_the_command_to_go_on_goes_without_the_limit_that_ended_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for limit in (["--max_cost", "2"], ["--max_cost=2"], ["--max_c", "2"]):
        words = ["python", "x.py", *limit, "--overwrite", "--max_samples", "5"]
        monkeypatch.setattr("sys.orig_argv", words)
        expected = "python x.py --max_samples 5 --continue_from_error"
        assert resume_command(without="--max_cost") == expected
        assert limit[0] in resume_command()
