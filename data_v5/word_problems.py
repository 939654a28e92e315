"""Make arithmetic word problems with worked answers, to try the steps on.

Writes `{"question", "answer", "family"}`; the answer has a line for each step and `#### n`, the
form of GSM8K. About one problem in thirty is an earlier one over again, which step 1 merges.
    python -m data_v5.word_problems --output_file data/data_v5/questions.jsonl --num_questions 300
"""

import random
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, PositiveInt

from data_v5.problems.word_problem_families import FAMILIES
from data_v5.problems.worked_problems import Draw
from utils.cli import parse_flags, run
from utils.jsonl import Row
from utils.sampling import derive_seed
from utils.stage_output import StageOutput

REPEATS = 0.03


def make_question(number: int, random_seed: int) -> Row:
    """Make the problem of a number, from 0; it hangs on nothing but the number and the seed."""
    rng = random.Random(derive_seed(random_seed, number, "word problem"))
    if number and rng.random() < REPEATS:
        return typed_anew(make_question(rng.randrange(number), random_seed))
    family = rng.choices(list(FAMILIES), list(FAMILIES.values()))[0]
    problem = family(Draw(rng))
    return {
        "question": problem.question,
        "answer": problem.answer,
        "family": family.__name__,
    }


def typed_anew(row: Row) -> Row:
    """Give a question other blanks, as copies on the web have them; it stays the same question."""
    return row | {"question": row["question"].replace(". ", ".  ") + " "}


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Make arithmetic word problems with worked answers."""

    output_file: Annotated[Path, Field(description="the rows")] = Path(
        "data/data_v5/questions.jsonl"
    )
    num_questions: Annotated[PositiveInt, Field(description="how many, repeats included")] = 300
    random_seed: Annotated[int, Field(description="of all that is drawn")] = 42


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    families: Counter[str] = Counter()
    with StageOutput(arguments.output_file) as output:
        for number in range(arguments.num_questions):
            row = make_question(number, arguments.random_seed)
            families[row["family"]] += 1
            output.keep(row)
        output.summary |= {
            "random_seed": arguments.random_seed,
            "families": dict(families.most_common()),
        }


if __name__ == "__main__":
    run(main)
