"""Every field of a triplet, and of a suite of tests, made what it should not be."""

from pathlib import Path

import pytest

from tests.mutated_rows import (
    REPLY,
    TRIPLET,
    Stage,
    assert_a_reason_or_one_line,
    assert_unreadable_is_one_line,
    write_lines,
)
from utils.jsonl import read_rows
from utils.verify.triplet_texts import with_test_ids

SUITE = "```python\ndef test_add():\n    assert add(1, 2) == 3\n```"
REPLIED = REPLY | {"response": [SUITE], "response_1": SUITE, "finish_reason": ["stop"]}
STAGES = {
    "triplets that are run": Stage("verify_triplets", "run IN OUT", TRIPLET),
    "triplets that are tested": Stage(
        "verify_triplets", "collect IN OUT --replies suites.jsonl", TRIPLET
    ),
    "suites": Stage("verify_triplets", "collect triplets.jsonl OUT --replies IN", REPLIED),
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write_lines(Path("triplets.jsonl"), [TRIPLET])
    [(test_id, _)] = with_test_ids(read_rows("triplets.jsonl"))
    write_lines(Path("suites.jsonl"), [REPLIED | {"prompt_id": test_id}])


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_a_field_holds_is_a_reason_or_one_line(stage: str) -> None:
    assert_a_reason_or_one_line(STAGES[stage].row, STAGES[stage].stops)


@pytest.mark.parametrize("stage", STAGES)
def test_what_could_not_be_written_again_is_one_line(stage: str) -> None:
    some = dict(list(STAGES[stage].row.items())[:3])  # each run opens a sandbox first
    assert_unreadable_is_one_line(some, STAGES[stage].stops)
