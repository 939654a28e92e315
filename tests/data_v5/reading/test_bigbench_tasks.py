"""Task files of BIG-bench as domains."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from data_v5.reading.columns import Unusable
from data_v5.reading.domain import Domain, domain_name, load_domain
from data_v5.reading.formats import Item, format_item
from data_v5.reading.question_sources import open_questions
from data_v5.reading.questions import question_record
from utils.errors import PipelineError

CHOICES = {"input": "Ralph spoke into his radio.", "target_scores": {"Yes": 0, "No": 1}}
FREE = {"input": "2 + 3", "target": "5"}


def task(path: Path, *examples: Any, **keys: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"name": "t", "description": "Say so.", "examples": list(examples), **keys}
    path.write_text(json.dumps(content, indent=2))
    return path


def worded(domain: Domain) -> list[Item]:
    return [
        format_item(question_record(row, source), source.format, random.Random(1))
        for source in domain.sources
        for row in open_questions(source)()
    ]


def test_a_task_file_is_a_domain_of_its_folder_s_name(tmp_path: Path) -> None:
    path = task(
        tmp_path / "anachronisms/task.json", CHOICES, example_output_prefix="\nIs it out of time?\n"
    )
    domain = load_domain(str(path))
    assert (domain.name, domain.instruction) == ("anachronisms", "Say so.")
    [item] = worded(domain)
    question, *options = item.question.split("\n")[1:]
    assert question == "Is it out of time?"
    assert sorted(option[4:] for option in options) == ["No", "Yes"]
    assert item.answer.endswith(") No")


def test_targets_may_be_text_or_a_list_and_marks_of_the_answer_are_left_out(tmp_path: Path) -> None:
    several = {"input": "A: Hi.\nB: Bye.", "target": ["talk", "chat"]}
    path = task(tmp_path / "sums.json", FREE, several, example_output_prefix="\nAnswer: ")
    assert worded(load_domain(str(path))) == [
        Item("2 + 3", "5"),
        Item("A: Hi.\nB: Bye.", "talk"),
    ]


def test_a_folder_stands_for_the_tasks_below_it(tmp_path: Path) -> None:
    task(tmp_path / "sums/task.json", examples=None, description="All sums.")
    task(tmp_path / "sums/one/task.json", FREE, task_prefix="Add up.\n")
    task(tmp_path / "sums/two/task.json", FREE | {"input": "1 + 4"})
    domain = load_domain(str(tmp_path / "sums"))
    assert (domain.name, domain.instruction) == ("sums", "Add up.")
    assert [item.question for item in worded(domain)] == ["2 + 3", "1 + 4"]


def test_where_a_question_is_empty_the_task_s_own_words_ask(tmp_path: Path) -> None:
    [item] = worded(load_domain(str(task(tmp_path / "t/task.json", CHOICES | {"input": ""}))))
    assert item.question.startswith("Say so.\n(A) ")


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"examples": None}, "has no list of examples"),
        ({"examples": [{"target": "x"}]}, "example 1: has no 'input'"),
        ({"description": " "}, "neither 'task_prefix' nor 'description'"),
    ],
)
def test_what_is_no_task_is_named(tmp_path: Path, keys: dict[str, Any], message: str) -> None:
    path = task(tmp_path / "t/task.json", **({"examples": [FREE]} | keys))
    with pytest.raises(PipelineError, match=message):
        worded(load_domain(str(path)))
    with pytest.raises(PipelineError, match="holds no task.json with examples"):
        (tmp_path / "empty").mkdir()
        load_domain(str(tmp_path / "empty"))


def test_any_task_of_the_hub_can_be_named() -> None:
    domain = load_domain("bigbench:riddle_sense")
    [source] = domain.sources
    assert (domain.name, source.config) == ("riddle_sense", "riddle_sense")
    # Its answers have reasons, which the list of tasks keeps.
    assert load_domain("bigbench:strategyqa").sources[0].format.options is None


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("math", "math"),
        ("own/sums.yaml", "sums"),
        ("bigbench:riddle_sense", "riddle_sense"),
        ("tasks/sums/task.json", "sums"),
        ("tasks/sums.json", "sums"),
        ("tasks/sums", "sums"),
    ],
)
def test_each_spelling_of_a_domain_has_one_name(domain: str, name: str) -> None:
    assert domain_name(domain) == name


def test_a_score_that_is_no_number_is_no_fault_of_the_program(tmp_path: Path) -> None:
    scores = {"target_scores": {"Yes": None, "No": 1}}
    [source] = load_domain(str(task(tmp_path / "t/task.json", CHOICES | scores))).sources
    [row] = open_questions(source)()
    assert row["targets"] == ["No"] and row["multiple_choice_scores"] == [None, 1]
    with pytest.raises(Unusable):
        format_item(question_record(row, source), source.format, random.Random(1))


@pytest.mark.parametrize("asked", [None, {"a": 1}, ["x"]])
def test_an_input_that_is_no_text_is_not_made_one(tmp_path: Path, asked: Any) -> None:
    path = task(tmp_path / "t/task.json", FREE | {"input": asked})
    [source] = load_domain(str(path)).sources
    [row] = open_questions(source)()
    assert row["inputs"] == asked
