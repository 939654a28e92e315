"""Every field of what is asked about, made what it should not be: nothing is paid in vain."""

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.documented_commands import ROOT
from tests.joydataforge.reward_server import RewardServer
from tests.mutated_rows import (
    COMMIT,
    EDIT_WISH,
    PROMPT,
    QUESTION,
    SNIPPET,
    STAGED,
    SUBMITTED,
    Stage,
    as_line,
    assert_a_reason_or_one_line,
    assert_unreadable_is_one_line,
)
from tests.stage2 import log_lines
from utils.generation import run
from utils.generation.client import Client

METHOD = "--data_read_path IN --data_write_path out --data_write_file_name rows.jsonl --max_try 1"
PLACES = "--input_path IN --output_path OUT --model_name offline --max_try 1"
HISTORIES = f"{PLACES} --max_per_sample 1 --data_type"


def method(name: str, config: str, row: dict[str, Any] = QUESTION) -> Stage:
    return Stage(f"joydataforge.{name}", f"--config joydataforge/configs/{config} {METHOD}", row)


STAGES = {
    "stage 2": Stage(
        "code_generation_api",
        "--input_file IN --output_file OUT --model_name offline --model_map model_map.yaml",
        PROMPT,
    ),
    "aiprogrammer": Stage("programming_instruct.aiprogrammer", PLACES, SNIPPET),
    "stages": Stage("programming_instruct.data_collection", f"{HISTORIES} aiprogrammer", STAGED),
    "commits": Stage("programming_instruct.data_collection", f"{HISTORIES} commit", COMMIT),
    "submissions": Stage("programming_instruct.data_collection", f"{HISTORIES} submit", SUBMITTED),
    "single": method("synthesize", "single.yaml"),
    "case_rewrite": method("synthesize", "case_rewrite.yaml"),
    "vote": method("vote", "vote.yaml"),
    "vote_and_pipeline": method("vote", "vote_and_pipeline.yaml"),
    "joint_revise": method("joint", "joint_revise.yaml"),
    "joint_pick": method("joint", "joint_pick.yaml"),
    "wizard": method("wizard", "wizard.yaml --rounds 1"),
    "wizard of code": method("wizard", "wizard_code_edit.yaml --rounds 1", EDIT_WISH),
    "dpo": method("dpo", "dpo.yaml --candidates 2"),
    "dpo by rewards": method("dpo", "reward.yaml --candidates 2"),
}


@pytest.fixture(scope="module")
def stand_in() -> Iterator[str]:
    with run.embedded_server() as url:
        yield url


@pytest.fixture
def asked(stand_in: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Stand in a folder, with one stand-in model for all runs; yields the list of requests."""
    requests: list[Any] = []
    post = Client.post

    @contextmanager
    def running() -> Iterator[str]:
        yield stand_in

    async def counted(client: Client, path: str, body: Any) -> bytes:
        requests.append(body)
        return await post(client, path, body)

    monkeypatch.setattr(run, "embedded_server", running)
    monkeypatch.setattr(Client, "post", counted)
    monkeypatch.chdir(tmp_path)
    for name in ("model_map.yaml", "data"):
        Path(name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "joydataforge/configs", "joydataforge/configs")
    shipped = Path("joydataforge/configs/dpo_reward_model.yaml").read_text()
    with RewardServer(lambda body: {"score": len(str(body))}) as server:
        pointed = shipped.replace("http://127.0.0.1:8008/score", server.url)
        Path("joydataforge/configs/reward.yaml").write_text(pointed)
        yield requests


def pays_once(stage: Stage, asked: list[Any]) -> Callable[[list[str]], bool]:
    """Run a stage so that what it asked for must be written, and is not asked for again."""

    def stops(lines: list[str]) -> bool:
        shutil.rmtree("out", ignore_errors=True)
        asked.clear()
        if stage.stops(lines):
            assert not asked, "a run that is refused has asked before"
            return True
        assert list(Path("out").glob("rows*.jsonl"))
        asked.clear()
        again = Stage(stage.module, f"{stage.words} --continue_from_error", stage.row)
        assert not again.stops(lines)
        assert not asked, "what was answered is asked for again"
        return False

    return stops


@pytest.mark.parametrize("stage", STAGES)
def test_whatever_a_field_holds_is_paid_for_once_or_not_at_all(
    stage: str, asked: list[Any]
) -> None:
    assert_a_reason_or_one_line(STAGES[stage].row, pays_once(STAGES[stage], asked))


@pytest.mark.parametrize("stage", STAGES)
def test_what_could_not_be_written_is_not_asked_for(stage: str, asked: list[Any]) -> None:
    assert_unreadable_is_one_line(STAGES[stage].row, pays_once(STAGES[stage], asked))


@pytest.mark.parametrize("stage", STAGES)
def test_an_input_that_is_another_than_its_summary_says_is_told_before_it_is_paid_for(
    stage: str, asked: list[Any]
) -> None:
    other = {"in.jsonl": {"bytes": 1, "sha256": "0" * 64}}
    Path("in.summary.json").write_text(json.dumps({"files": other}))
    with log_lines() as said:
        assert not STAGES[stage].stops([as_line(STAGES[stage].row)])
    told = [number for number, line in enumerate(said) if "is another than its summary" in line]
    begun = [number for number, line in enumerate(said) if line.startswith("asking ")]
    assert len(told) == 1 and told < begun, said
