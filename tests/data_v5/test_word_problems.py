"""Made word problems: right, worded with care, and the same for the same seed."""

import ast
import json
import operator
import random
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from data_v5.problems.word_problem_families import FAMILIES
from data_v5.problems.worked_problems import Choice, Draw, Problem, Working
from data_v5.reading.questions import text_digest
from data_v5.word_problems import main, make_question
from utils.errors import PipelineError
from utils.jsonl import Row, read_rows

SIGNS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
SIGNS |= {ast.Div: operator.truediv}
CALCULATION = re.compile(r"(\d+) ([-+*/]) (\d+) = \$?<<(.+?)=(\d+)>>(\d+)")


def evaluate(expression: str) -> float:
    """Work out two numbers and a sign without the code under test."""
    node = ast.parse(expression, mode="eval").body
    assert isinstance(node, ast.BinOp)
    left, right = (int(ast.unparse(side)) for side in (node.left, node.right))
    return float(SIGNS[type(node.op)](left, right))


def make(folder: Path, *flags: str) -> list[Row]:
    path = folder / "questions.jsonl"
    main(["--output_file", str(path), *flags])
    return list(read_rows(path))


@pytest.fixture(scope="module")
def rows() -> list[Row]:
    return [make_question(number, seed) for seed in (1, 2) for number in range(1000)]


def test_every_step_is_calculated_right_and_the_last_one_is_the_answer(rows: list[Row]) -> None:
    for row in rows:
        *steps, final = row["answer"].split("\n")
        assert len(steps) >= 2
        results = []
        for step in steps:
            [(left, sign, right, marked, result, shown)] = CALCULATION.findall(step)
            assert marked == f"{left}{sign}{right}" and result == shown
            assert evaluate(marked) == int(result) > 0, step
            results.append(result)
        assert final == f"#### {results[-1]}"


def test_a_step_starts_from_numbers_of_the_question_or_of_steps_before(rows: list[Row]) -> None:
    for row in rows:
        # Twice a long and a short side go around a rectangle.
        known = {*re.findall(r"\d+", row["question"]), "2" * (row["family"] == "fencing")}
        for left, _, right, _, result, _ in CALCULATION.findall(row["answer"]):
            assert {left, right} <= known, row
            known.add(result)


def numbers_of(row: Row) -> list[int]:
    return list(map(int, re.findall(r"\d+", row["question"])))


def answer_of(row: Row) -> int:
    return int(row["answer"].split("#### ")[1])


# What each family asks, solved anew from the numbers in the order of its first wording.
SOLUTIONS: dict[str, tuple[str, Callable[..., float]]] = {
    "shopping": (r"\w+ buys", lambda count, price, note: note - count * price),
    "bakery": (r"\w+, a baker", lambda trays, each, sold: trays * each - sold),
    "reading": (r"\w+ is reading", lambda all_, days, daily, fast: (all_ - days * daily) / fast),
    "passengers": (r"A \w+ sets out", lambda start, off, on: start - off + on),
    "saving": (r"\w+ is saving", lambda price, a_week, weeks, gift: price - a_week * weeks - gift),
    "journey": (r"\w+ drives for", lambda h, fast, hours, slow: h * fast + hours * slow),
    "fencing": (r"A rect", lambda length, width, price: 2 * (length + width) * price),
    "sharing": (r"\w+ has", lambda has, kept, children, own: (has - kept) / children + own),
    "wages": (r"\w+ works", lambda hourly, hours, tips, days: (hourly * hours + tips) * days),
    "recipe": (r"A recipe", lambda people, flour, guests: flour / people * guests),
    "filling": (r"A ", lambda room, inside, rate: (room - inside) / rate),
    "ages": (r"", lambda age, older, years: age + older + years),
}


@pytest.mark.parametrize("family", [family.__name__ for family in FAMILIES])
def test_the_answer_is_that_of_the_question(family: str, rows: list[Row]) -> None:
    opening, solve = SOLUTIONS[family]
    asked = [row for row in rows if row["family"] == family]
    asked = [row for row in asked if re.match(opening, row["question"])]
    assert len(asked) >= 5
    for row in asked:
        assert solve(*numbers_of(row)) == answer_of(row), row


@dataclass(frozen=True)
class WithWording(Draw):
    """Draws as ever, but a question in one of its wordings."""

    wording: int

    def one(self, *choices: Choice) -> Choice:
        drawn = super().one(*choices)
        return choices[self.wording] if str(drawn).endswith("?") else drawn


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_the_wordings_of_a_family_ask_the_same(family: Callable[[Draw], Problem]) -> None:
    first, second = (family(WithWording(random.Random(5), number)) for number in (0, -1))
    assert first.working.lines == second.working.lines
    assert sorted(re.findall(r"\d+", first.question)) == sorted(re.findall(r"\d+", second.question))


def test_questions_are_sentences_that_end_by_asking(rows: list[Row]) -> None:
    for row in rows:
        question = row["question"].strip()
        assert question.endswith("?") and question.count("?") == 1
        assert re.match(r"[A-Z0-9]", question)
        for line in row["answer"].split("\n")[:-1]:
            assert re.fullmatch(r"[A-Z].*[^ ]\.", line)


def test_some_questions_come_twice_and_most_once(rows: list[Row]) -> None:
    first = rows[:1000]
    seen = Counter(text_digest(row["question"]) for row in first)
    assert 0.94 < len(seen) / len(first) < 0.99
    assert len({row["question"] for row in first}) > len(seen), "copies are spaced differently"
    answers = {text_digest(row["question"]): row["answer"] for row in first}
    assert all(answers[text_digest(row["question"])] == row["answer"] for row in first)


def test_all_families_are_drawn_the_frequent_ones_more_often(rows: list[Row]) -> None:
    drawn = Counter(row["family"] for row in rows)
    assert set(drawn) == {family.__name__ for family in FAMILIES}
    assert drawn["shopping"] > drawn["wages"] > drawn["ages"]


def test_the_same_seed_makes_the_same_file_and_a_larger_one_begins_with_it(tmp_path: Path) -> None:
    few = make(tmp_path, "--num_questions", "20", "--random_seed", "7")
    assert make(tmp_path, "--num_questions", "20", "--random_seed", "7") == few
    assert make(tmp_path, "--num_questions", "50", "--random_seed", "7")[:20] == few
    assert make(tmp_path, "--num_questions", "20", "--random_seed", "8") != few
    summary = json.loads((tmp_path / "questions.summary.json").read_text())
    assert summary["kept"] == sum(summary["families"].values()) == 20


def test_no_questions_are_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="--num_questions must be above 0, not 0"):
        make(tmp_path, "--num_questions", "0")


def test_a_division_that_leaves_a_rest_is_no_step() -> None:
    with pytest.raises(ValueError, match="7 / 2 does not come out even"):
        Working().step("Each gets", 7, "/", 2)


def test_money_stays_money() -> None:
    work = Working()
    work.step("It costs $", 3, "*", 4)
    work.step("Each gets", 12, "/", 4, " rolls.")
    assert Problem("?", work).answer == (
        "It costs $3 * 4 = $<<3*4=12>>12.\nEach gets 12 / 4 = <<12/4=3>>3 rolls.\n#### 3"
    )
