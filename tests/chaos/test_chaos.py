from pathlib import Path

import pytest

from tests.chaos.__main__ import kill_and_resume, two_at_once


@pytest.mark.parametrize("rounds", [1, 2])
def test_a_few_kills_lose_nothing(tmp_path: Path, rounds: int) -> None:
    kill_and_resume(tmp_path, 3, rounds, seed=rounds)


def test_two_runs_at_once_pay_once(tmp_path: Path) -> None:
    two_at_once(tmp_path, seed=1)
