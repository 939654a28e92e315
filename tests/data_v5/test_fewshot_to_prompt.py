"""The step that words questions with their shots, run on files."""

import json
import logging
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from data_v5.fewshot_to_prompt import main
from utils.cli import log
from utils.errors import PipelineError
from utils.jsonl import read_rows, write_rows

YAML = """
instruction: Solve it.
sources:
  - path: sums.jsonl
    label: sums
    question: question
    answer: answer
    format: {final_marker: "####"}
  - path: exam.jsonl
    label: exam
    question: question
    answer: right
    format: {options: [one, right], answer_is: text}
"""


def total(question: str, answer: str = "1 + 1 = 2\n#### 2") -> dict[str, Any]:
    return {"question": question, "answer": answer, "source": "sums", "fields": {}}


def exam(question: str) -> dict[str, Any]:
    fields = {"one": "wrong", "right": "good"}
    return {"question": question, "answer": "good", "source": "exam", "fields": fields}


@pytest.fixture
def domain(tmp_path: Path) -> Path:
    path = tmp_path / "own.yaml"
    path.write_text(YAML)
    return path


def run(domain: Path, pairs: list[dict[str, Any]], *flags: str) -> list[dict[str, Any]]:
    folder = domain.parent
    write_rows(folder / "own_fewshot.jsonl", pairs)
    main(["--domain", str(domain), "--dir", str(folder), *flags])
    path = folder / "own_fintune.jsonl"
    return list(read_rows(path)) if path.stat().st_size else []


def summary(domain: Path) -> dict[str, Any]:
    return json.loads((domain.parent / "own_fintune.summary.json").read_text())


def test_questions_become_rows_beside_the_input(domain: Path) -> None:
    pairs = [
        {"origin": total("What is 1 + 1?"), "shot": [total("Two?"), exam("Which?")]},
        {"origin": exam("Which is it?"), "shot": [total("What?", "no marker")]},
    ]
    assert run(domain, pairs) == [
        {
            "instruction": "Solve it.",
            "input": "Q: Two?\nA: 1 + 1 = 2\nThe answer is 2.\n\n"
            "Q: Which?\n(A) wrong\n(B) good\nA: (B) good\n\nQ: What is 1 + 1?\nA:",
            "output": "1 + 1 = 2\nThe answer is 2.",
            "source": "sums",
            "example_lengths": [37, 40],
        },
        {
            "instruction": "Solve it.",
            "input": "Q: Which is it?\n(A) wrong\n(B) good\nA:",
            "output": "(B) good",
            "source": "exam",
            "example_lengths": [],
        },
    ]
    figures = summary(domain)
    assert figures["kept"] == 2
    assert figures["rows_by_shots"] == {"0": 1, "2": 1}
    assert figures["shots_skipped"] == {"no_final_answer": 1}
    assert figures["right_letters"] == {"exam": {"B": 1}}


def test_unusable_questions_are_put_aside_with_a_reason(domain: Path) -> None:
    long = total("Long? " + "w " * 50)
    pairs = [{"origin": total("Bad?", "2"), "shot": []}, {"origin": long, "shot": []}]
    assert run(domain, pairs, "--max_words", "40") == []
    rejected = list(read_rows(domain.parent / "own_fintune.rejected.jsonl"))
    assert [row["reject_reason"] for row in rejected] == ["no_final_answer", "too_many_words"]
    assert rejected[1]["origin"] == long


def test_the_same_input_gives_the_same_bytes(domain: Path) -> None:
    pairs = [{"origin": exam(f"Which {n}?"), "shot": [exam("Other?")]} for n in range(20)]
    run(domain, pairs)
    first = (domain.parent / "own_fintune.jsonl").read_bytes()
    run(domain, pairs)
    assert (domain.parent / "own_fintune.jsonl").read_bytes() == first


def test_a_right_answer_that_never_moves_is_told(
    domain: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log, "propagate", True)
    pairs = [{"origin": exam(f"Which {n}?"), "shot": []} for n in range(20)]
    with caplog.at_level(logging.WARNING, log.name):
        run(domain, pairs[:19])
        assert caplog.messages == []
        run(domain, pairs)
    assert caplog.messages == [
        "exam: the right option is (B) in all 20 rows; set `shuffle_options: true` in its format"
    ]


def test_alpaca_rows_are_written_and_entered_for_llama_factory(domain: Path) -> None:
    info = domain.parent / "dataset_info.json"
    info.write_text('{"mine": {"file_name": "mine.json"}}')
    pairs = [{"origin": total("One?"), "shot": [total("Two?")]}]
    row = run(domain, pairs, "--finetune_output", str(domain.parent / "own_ft.jsonl"))[0]
    assert list(read_rows(domain.parent / "own_ft.jsonl")) == [
        {
            "instruction": f"Solve it.\n\n{row['input']}",
            "input": "",
            "output": row["output"],
            "system": "",
            "source": "sums",
        }
    ]
    entries = json.loads(info.read_text())
    assert list(entries) == ["mine", "own_ft"]
    assert entries["own_ft"]["file_name"] == "own_ft.jsonl"
    assert entries["own_ft"]["formatting"] == "alpaca"


def test_share_gpt_rows_may_be_parquet(domain: Path) -> None:
    path = domain.parent / "own_ft.parquet"
    pairs = [{"origin": total("One?"), "shot": []}]
    run(domain, pairs, "--finetune_output", str(path), "--output_format", "share_gpt")
    assert pyarrow.parquet.read_table(path).to_pylist() == [
        {
            "messages": [
                {"role": "user", "content": "Solve it.\n\nQ: One?\nA:"},
                {"role": "assistant", "content": "1 + 1 = 2\nThe answer is 2."},
            ],
            "source": "sums",
        }
    ]
    entries = json.loads((domain.parent / "dataset_info.json").read_text())
    assert entries["own_ft"]["formatting"] == "sharegpt"


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ({"origin": total("One?")}, "field 'shot' is missing"),
        ({"origin": total("One?"), "shot": "no list"}, "row 1: field 'shot' must be a list"),
        ({"origin": total("One?"), "shot": ["text"]}, "row 1: a record is no object"),
        ({"origin": {"question": "One?"}, "shot": []}, "row 1: a record has no 'answer'"),
        ({"origin": total("One?") | {"source": "x"}, "shot": []}, "source 'x': not in the domain"),
    ],
)
def test_a_wrong_file_is_the_users_mistake(domain: Path, pair: Any, message: str) -> None:
    with pytest.raises(PipelineError) as found:
        run(domain, [pair])
    assert message in str(found.value)
    assert not (domain.parent / "own_fintune.jsonl").exists()


@pytest.mark.parametrize(
    "name", ["own_ft.txt", "own_fewshot.jsonl", "own_fintune.jsonl", "own_fintune.rejected.jsonl"]
)
def test_an_output_for_a_trainer_must_be_one_it_can_read_and_no_other_file(
    domain: Path, name: str
) -> None:
    pairs = [{"origin": total("One?"), "shot": []}]
    with pytest.raises(PipelineError, match=name):
        run(domain, pairs, "--finetune_output", str(domain.parent / name))
    assert list(read_rows(domain.parent / "own_fewshot.jsonl")) == pairs


def test_the_seed_has_two_names(domain: Path) -> None:
    for flag in ("--seed", "--random_seed"):
        run(domain, [{"origin": total("One?"), "shot": []}], flag, "7")
        assert summary(domain)["settings"]["random_seed"] == 7


def test_options_can_stand_behind_tabs_with_a_letter_as_the_answer(domain: Path) -> None:
    pairs = [{"origin": exam("Which is it?"), "shot": [exam("Which?"), total("Two?")]}]
    [row] = run(domain, pairs, "--option_style", "tabs")
    assert row["input"] == (
        "Q: Which?\n\tA. wrong\n\tB. good\nA: B\n\n"
        "Q: Two?\nA: 1 + 1 = 2\nThe answer is 2.\n\n"
        "Q: Which is it?\n\tA. wrong\n\tB. good\nA:"
    )
    assert row["output"] == "B"
