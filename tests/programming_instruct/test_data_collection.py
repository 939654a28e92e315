import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from offline_model.answers import answer
from offline_model.conversation import read_conversation
from programming_instruct.data_collection import Collector, main, plan_rows
from programming_instruct.histories import PlanSettings
from tests.joydataforge.scripted_server import ScriptedServer
from utils.errors import PipelineError
from utils.generation.conversation import Job
from utils.generation.recovery import SampleKey
from utils.jsonl import Row
from utils.providers.replies import Reply, Usage

ROOT = Path(__file__).resolve().parents[2]
OLD = "def add(a, b):\n    return a - b\n\n\nprint(add(1, 2))\n"
NEW = "def add(a, b):\n    return a + b\n\n\nprint(add(40, 2))\n"
COMMIT = {"code1": OLD, "code2": NEW, "git": "Mend the sum", "lang": "python", "commit": "c0ffee"}
SUBMIT = {"submissions": [OLD, NEW], "language": "Python", "problems_contexts": "Add two numbers."}
STAGES = {"output": ["x = 1\n", "x = 1\r\ny = x\n", "x = 1\r\ny = x\nprint(y)"], "lang": "python"}
ROWS: dict[str, Row] = {"commit": COMMIT, "submit": SUBMIT, "aiprogrammer": STAGES}
FIELDS = ["prompt_id", "model", "history", "current", "user", "chat", "next", "data_type"]
JUDGED = (
    "**Block 1**\nPlain mistake.\n**Decision:** True\n\n**Block 2**\nA whim.\n**Decision:** False"
)
TALK = "I turned the sign in `add`."


def code(text: str) -> Row:
    return {"type": "code", "lang": "python", "code": text}


def planned(**changes: Any) -> Row:
    plan = {
        "prompt_id": "a-1",
        "data_type": "commit",
        "history": [],
        "current": code(OLD),
        "final": NEW,
        "use_user": False,
        "user": None,
        "context": {"git": "Mend the sum"},
        "commit": "c0ffee",
    }
    return {**plan, **changes}


class Scripted:
    """Answers questions from a list, as a conversation does, and remembers what was asked."""

    def __init__(self, *answers: str) -> None:
        self.answers = list(answers)
        self.systems: list[str] = []
        self.last_turns: list[str] = []

    async def ask(self, question: Any, **options: Any) -> Reply:
        self.systems.append(question[0]["content"].split("\n")[0])
        self.last_turns.append(question[-1]["content"])
        return Reply(self.answers.pop(0), "stop", Usage(1, 1))


def collect(plan: Row, scripted: Scripted, **limits: int) -> Row:
    collector = Collector(**{"max_try": 2, "max_prompt_chars": 60_000, "max_blocks": 64, **limits})
    job = Job(SampleKey("a-1", 1), "hash", plan)
    return asyncio.run(collector.converse(job, scripted))  # type: ignore[arg-type]


def test_without_user_words_only_the_foreseeable_blocks_are_applied() -> None:
    scripted = Scripted(JUDGED, TALK)
    made = collect(planned(), scripted)
    assert made == {
        "history": [],
        "current": code(OLD),
        "user": "",
        "chat": TALK,
        "next": code(OLD.replace("a - b", "a + b")),
        "data_type": "commit",
        "commit": "c0ffee",
    }
    assert "## Block 2" in scripted.last_turns[0]
    assert "40" not in scripted.last_turns[1], "the chat explains what was applied, not the rest"


def test_the_judge_and_the_chat_never_see_the_commit_message() -> None:
    scripted = Scripted(JUDGED, TALK)
    collect(planned(), scripted)
    assert not any("Mend the sum" in turn for turn in scripted.last_turns)


def test_if_nothing_was_foreseeable_next_equals_current() -> None:
    scripted = Scripted("Block 1: False\nBlock 2: False", "There is nothing to add for now.")
    made = collect(planned(), scripted)
    assert made["next"] == made["current"]
    assert "No edit: the code stays as it is." in scripted.last_turns[1]


def test_given_words_stay_as_they_are_and_cost_no_question() -> None:
    scripted = Scripted(TALK)
    made = collect(planned(use_user=True, user=" Mend\nthe sum "), scripted)
    assert made["user"] == " Mend\nthe sum "
    assert made["next"] == code(NEW)
    assert "# Request\n\n```text\n Mend\nthe sum \n```" in scripted.last_turns[0]


def test_missing_words_are_asked_for_with_the_message_as_context() -> None:
    scripted = Scripted("Instruction: Make `add` add, and show 42.", TALK)
    made = collect(planned(use_user=True), scripted)
    assert made["user"] == "Make `add` add, and show 42."
    assert made["next"] == code(NEW)
    assert "# Context\n\n```text\nMend the sum\n```" in scripted.last_turns[0]


def test_a_bad_reply_is_asked_again() -> None:
    scripted = Scripted("Block 1: True", JUDGED, "```\nx\n```", TALK)
    assert collect(planned(), scripted)["chat"] == TALK
    assert [system.split()[1] for system in scripted.systems] == ["judge", "judge", "are", "are"]


@pytest.mark.parametrize(
    ("plan", "answers", "reason"),
    [
        (planned(), ["Block 1: True", "Hm."], "judge_missing_decision"),
        (planned(use_user=True), ["", f"```\n{NEW}```"], "instruction_leaks_solution"),
        (planned(), [JUDGED, "", "I'm sorry, but I can't help with that."], "chat_refusal"),
    ],
)
def test_after_the_last_try_the_sample_is_rejected_with_the_reason(
    plan: Row, answers: list[str], reason: str
) -> None:
    made = collect(plan, Scripted(*answers))
    assert made == {**plan, "reject_reason": reason}


@pytest.mark.parametrize(
    "plan",
    [
        planned(current=code("x" * 70_000)),
        planned(final=OLD + "y" * 70_000),
        planned(history=[code("z" * 70_000)]),
        planned(context={"problem": "p" * 70_000}, use_user=True),
        planned(use_user=True, user="u" * 70_000),
    ],
)
def test_a_prompt_that_would_be_enormous_is_never_sent(plan: Row) -> None:
    assert collect(plan, Scripted())["reject_reason"] == "prompt_too_long"


def test_a_change_of_very_many_blocks_is_not_judged() -> None:
    assert collect(planned(), Scripted(), max_blocks=1)["reject_reason"] == "too_many_blocks"


def write(path: Path, rows: Any) -> str:
    path.write_text(json.dumps(rows), encoding="utf-8")
    return str(path)


def plan_file(folder: Path, data_type: str, rows: list[Any]) -> list[Row]:
    return list(plan_rows(write(folder / "in.json", rows), PlanSettings(data_type=data_type)))


def test_an_id_is_the_rows_own_or_the_hash_of_what_samples_are_made_from(tmp_path: Path) -> None:
    other = {**COMMIT, "commit": "abad1dea"}
    rows = [COMMIT, other, {**COMMIT, "prompt_id": "mine"}, {**COMMIT, "git": "Other words"}]
    ids = [row["prompt_id"].rpartition("-")[0] for row in plan_file(tmp_path, "commit", rows)]
    assert ids[1] == f"{ids[0]}-r2"
    assert ids[2] == "mine"
    assert len(set(ids)) == 4


def test_rows_of_the_original_project_need_no_language(tmp_path: Path) -> None:
    [row] = plan_file(tmp_path, "aiprogrammer", [{"output": ["a = 1\n", "a = 2\n"]}])
    assert row["current"] == {"type": "code", "lang": "", "code": "a = 1\n"}


@pytest.mark.parametrize("data_type", ROWS)
def test_a_file_of_another_source_is_named_as_such(tmp_path: Path, data_type: str) -> None:
    with pytest.raises(PipelineError, match="field .* is missing"):
        plan_file(tmp_path, data_type, [{"text": "x"}])


def flags(folder: Path, data_type: str, rows: list[Any], *more: str) -> list[str]:
    model_map = {"offline": {"base": "embedded"}}
    return [
        *("--model_map", write(folder / "map.json", model_map), "--data_type", data_type),
        *("--input_path", write(folder / "in.json", rows)),
        *("--output_path", str(folder / "out.json")),
        *more,
    ]


@pytest.mark.parametrize("data_type", ROWS)
def test_each_source_becomes_samples(tmp_path: Path, data_type: str) -> None:
    bad = {field: None for field in ROWS[data_type]}
    rows = [ROWS[data_type], bad]
    assert main(flags(tmp_path, data_type, rows, "--max_per_sample", "2")) == 0
    samples = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert samples
    for sample in samples:
        assert [*sample][: len(FIELDS)] == FIELDS
        assert sample["data_type"] == data_type
        assert sample["current"]["lang"] == sample["next"]["lang"] == "python"
        assert sample["chat"].strip()
        if sample["user"]:
            versions = [value for value in rows[0].values() if isinstance(value, list)]
            assert sample["next"]["code"] == (versions[0][-1] if versions else NEW)
    [rejected] = (tmp_path / "out.rejected.jsonl").read_text().splitlines()
    assert "_not_" in json.loads(rejected)["reject_reason"]


@pytest.mark.parametrize(
    "wrong",
    [
        ("--use_user_prob", "1.5"),
        ("--alpha", "-1"),
        ("--max_per_sample", "0"),
        ("--max_prompt_chars", "0"),
        ("--max_blocks", "0"),
        ("--max_try", "0"),
        ("--data_type", "issues"),
    ],
)
def test_a_wrong_flag_is_one_line_and_leaves_no_file(
    tmp_path: Path, wrong: tuple[str, str]
) -> None:
    with pytest.raises(PipelineError) as caught:
        main(flags(tmp_path, "commit", [COMMIT], *wrong))
    assert wrong[0] in str(caught.value)
    assert not (tmp_path / "out.json").exists()


# A heading of each prompt that the others lack.
TOLD_BY = {"Blocks of the Next Edit": "judge_blocks", "Edit to Ask For": "change_request"}


def write_as_offline(body: Row) -> tuple[str, str]:
    """Answer as the stand-in does, slowly and often badly; it is told here what is asked for."""
    time.sleep(0.01)
    last = body["messages"][-1]["content"]
    kind = next((kind for name, kind in TOLD_BY.items() if f"# {name}\n" in last), "change_message")
    told = {**body, "metadata": {"prompt_kind": kind}}
    found = answer(read_conversation(told), misbehave_share=0.4)
    return found.text, found.finish_reason


def many(count: int) -> list[Row]:
    return [
        {**COMMIT, "code1": OLD.replace("add", f"add_{n}"), "code2": NEW.replace("add", f"add_{n}")}
        for n in range(count)
    ]


def kill_when_under_way(argv: list[str], log: Path) -> None:
    command = [sys.executable, "-m", "programming_instruct.data_collection", *argv]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as run:
        while not log.exists() or log.stat().st_size < 1500:
            assert run.poll() is None, "the run was over before it could be killed"
            time.sleep(0.01)
        run.send_signal(signal.SIGKILL)


def test_a_killed_run_goes_on_and_ends_in_the_same_bytes(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    with ScriptedServer(write_as_offline) as server:
        models = {"one": {"base": server.url}, "two": {"base": server.url}}
        for folder in (whole, killed):
            folder.mkdir()
            argv = [*flags(folder, "commit", many(24), "--num_proc", "2"), "--model_name"]
            argv += ["one", "two", "--use_user_prob", "0.6"]
            write(folder / "map.json", models)
            if folder is killed:
                kill_when_under_way(argv, folder / "out.answers.jsonl")
                assert not (folder / "out.json").exists()
                argv.append("--continue_from_error")
            assert main(argv) == 0
    assert (whole / "out.json").read_bytes() == (killed / "out.json").read_bytes()
    samples = json.loads((whole / "out.json").read_text())
    assert len(samples) > 16
    assert {sample["model"] for sample in samples} >= {"one, two", "two, one"}
    assert any(sample["user"] for sample in samples)
    assert any(sample["next"] != sample["current"] for sample in samples if not sample["user"])
