from pathlib import Path

import pytest

from tests.chaos.__main__ import see_through


@pytest.mark.parametrize("name", ["stage 2, two rounds", "collection of commits", "dpo by rewards"])
def test_a_kill_changes_no_byte_and_two_at_once_pay_once(tmp_path: Path, name: str) -> None:
    see_through(tmp_path, name, kills=1, rounds=1, seed=1)
