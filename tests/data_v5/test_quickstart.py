"""The quickstart of the room, run as people run it, but from a workspace of its own and smaller."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from tests.documented_commands import ROOT, commands_in
from tests.project_copy import lay_out_copy
from utils.jsonl import Row, read_rows
from utils.parquet_files import read_parquet

SCRIPT = "data_v5/quickstart.sh"
# Stands in for `python`: makes the sample smaller, notes the command, and goes on.
SHIM = """#!/bin/sh
for word in "$@"; do
    shift
    if [ "$word" = 120 ]; then word=60; fi
    set -- "$@" "$word"
done
printf '%s\\n' "$*" >> "$NOTES"
if [ "$1" = -c ]; then exit "$NO_TORCH"; fi
if [ "$2" = "$FAILS" ]; then exit 2; fi
if [ -n "$ONLY_NOTES" ]; then exit 0; fi
exec {python} "$@"
"""
STEPS = ["toy_tokenizer", "select_data", "few_shot_sample", "fewshot_to_prompt"]
STEPS += ["check_length", "prepare_chat", "chat_2_seq2seq", "check_length", "prepare_synthetic"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Lay out a copy of the project: its programs, no data, and a set-up that installs nothing."""
    return lay_out_copy(tmp_path_factory.mktemp("quickstart"), SHIM, ("data_v5", "utils"))


def run(folder: Path, **variables: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the quickstart from another folder; gives what came of it and the commands it ran."""
    notes = folder.parent / "notes"
    notes.unlink(missing_ok=True)
    settings = {"NOTES": str(notes), "FAILS": "", "ONLY_NOTES": "", "NO_TORCH": "1", **variables}
    done = subprocess.run(
        ["bash", str(folder / SCRIPT)],
        cwd=folder.parent,
        env=os.environ | settings,
        capture_output=True,
        text=True,
    )
    return done, notes.read_text().splitlines()


def modules(commands: list[str]) -> list[str]:
    named = [command.split()[1] for command in commands if command.startswith("-m ")]
    return [name.removeprefix("data_v5.") for name in named]


@pytest.fixture(scope="module")
def finished(workspace: Path) -> tuple[Path, str]:
    """Run it all, once; the folder of the data and what was printed."""
    done, commands = run(workspace)
    assert done.returncode == 0, done.stderr
    assert modules(commands) == [*STEPS, "show_sample"]
    return workspace / "data", done.stdout


def rows_of(path: Path) -> list[Row]:
    return list(read_rows(path))


def summary_of(path: Path) -> Row:
    summary: Row = json.loads(path.with_suffix(".summary.json").read_text())
    return summary


def test_questions_become_a_sample_from_all_clusters(finished: tuple[Path, str]) -> None:
    data, _ = finished
    sample = data / "quickstart_question.jsonl"
    questions = rows_of(ROOT / "data_v5/examples/questions.jsonl")
    assert len(questions) == 300 and len(rows_of(sample)) == 60
    summary = summary_of(sample)
    assert summary["passed_over"]["duplicate_question"] >= 5
    # A cluster for each family of problems, or two.
    assert 8 <= summary["clusters"] == summary["clusters_drawn_from"] <= 20


def test_each_sampled_question_gets_five_others_as_examples(finished: tuple[Path, str]) -> None:
    data, _ = finished
    questions = [row["question"] for row in rows_of(data / "quickstart_question.jsonl")]
    corpus = {row["question"] for row in rows_of(data / "quickstart_question.corpus.jsonl")}
    assert len(corpus) > 200 and set(questions) < corpus
    shots = rows_of(data / "few-shot/quickstart_fewshot.jsonl")
    assert [row["origin"]["question"] for row in shots] == questions
    for row in shots:
        others = [shot["question"] for shot in row["shot"]]
        assert len(set(others)) == 5 and set(others) <= corpus - {row["origin"]["question"]}


def test_prompts_ask_the_question_last_and_fit(finished: tuple[Path, str]) -> None:
    data, _ = finished
    prompts = rows_of(data / "data_v5/raw_data/quickstart_prompt_data.jsonl")
    assert len(prompts) == 60
    for row in prompts:
        assert row["input"].count("Q: ") == 6 and row["input"].endswith("?\nA:")
        assert "<<" not in row["input"] + row["output"]
        assert row["output"].split("\n")[-1].startswith("The answer is ")


def test_tokenised_rows_hold_both_domains_and_learn_the_answers(
    finished: tuple[Path, str],
) -> None:
    data, printed = finished
    chat = rows_of(data / "data_v5/raw_data/chat_prompt_data.jsonl")
    assert chat and all(row["Input"].startswith("<Role user>") for row in chat)
    folder = data / "data_v5/tokenized/quickstart"
    columns = ["input_ids", "input_ids_no_response", "labels"]
    train, test = (
        list(read_parquet(folder / f"{name}.parquet", columns)) for name in ("train", "test")
    )
    assert train == rows_of(folder / "train.jsonl")
    assert len(train) + len(test) == len(chat) + 60 and test
    for row in train:
        prompt = row["input_ids_no_response"]
        assert row["labels"] == [-1] * len(prompt) + row["input_ids"][len(prompt) :]
    origins = {row["domain"] for row in rows_of(folder / "rows.jsonl")}
    assert origins == {"chat", "quickstart"}
    for line in ("cluster 1 of ", "is nearest to 5 others:", "### Response:\n⟦", "</s>⟧"):
        assert line in printed


def test_the_commands_are_those_of_the_script(workspace: Path) -> None:
    done, commands = run(workspace, ONLY_NOTES="1")
    assert done.returncode == 0
    assert modules(commands) == [*STEPS, "show_sample"]
    shown = [command.split()[2] for command in commands_in(ROOT / SCRIPT)]
    assert [name.removeprefix("data_v5.") for name in shown] == modules(commands)


def test_with_pytorch_the_pt_files_are_written_too(workspace: Path) -> None:
    _, commands = run(workspace, ONLY_NOTES="1", NO_TORCH="0")
    written = [one.split("--output_format ")[1] for one in commands if "prepare_synth" in one]
    assert written == ["parquet jsonl", "parquet jsonl pt"]


def test_a_step_that_fails_ends_the_run(workspace: Path) -> None:
    done, commands = run(workspace, ONLY_NOTES="1", FAILS="data_v5.few_shot_sample")
    assert done.returncode == 2
    assert modules(commands)[-1] == "few_shot_sample"
