"""What word problems are made of: draws of words and numbers, and steps that are worked out."""

import random
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

Choice = TypeVar("Choice")


class Person(NamedTuple):
    """Somebody in a problem."""

    name: str
    he: str
    his: str


SHE, HE = ("she", "her"), ("he", "his")
PEOPLE = [
    *(Person(name, *SHE) for name in ("Amina", "Clara", "Ingrid", "Mei", "Olga", "Priya", "Rosa")),
    *(Person(name, *HE) for name in ("Bashir", "Diego", "Emil", "Jonas", "Kofi", "Liam", "Tarek")),
]


@dataclass(frozen=True)
class Draw:
    """Draws what a problem is made of."""

    rng: random.Random

    def one(self, *choices: Choice) -> Choice:
        return self.rng.choice(choices)

    def number(self, least: int, most: int, step: int = 1) -> int:
        """Draw a whole number from `least`, in steps, to `most`."""
        return self.rng.randrange(least, most + 1, step)

    def person(self) -> Person:
        return self.one(*PEOPLE)

    def people(self) -> tuple[Person, Person]:
        first, second = self.rng.sample(PEOPLE, 2)
        return first, second


@dataclass
class Working:
    """The steps to an answer, in GSM8K's form: `Rosa bakes 3 * 12 = <<3*12=36>>36 rolls.`"""

    lines: list[str] = field(default_factory=list)
    result: int = 0

    def step(self, before: str, left: int, sign: str, right: int, after: str = ".") -> int:
        """Add a step and return its result; ValueError if a division does not come out even.

        With a dollar sign at the end of `before` the result is money too.
        """
        self.result = _calculate(left, sign, right)
        start, unit = (before, "$") if before.endswith("$") else (f"{before} ", "")
        marked = f"<<{left}{sign}{right}={self.result}>>{self.result}"
        self.lines.append(f"{start}{left} {sign} {right} = {unit}{marked}{after}")
        return self.result


def _calculate(left: int, sign: str, right: int) -> int:
    if sign == "/":
        result, rest = divmod(left, right)
        if rest:
            raise ValueError(f"{left} / {right} does not come out even")
        return result
    return {"+": left + right, "-": left - right, "*": left * right}[sign]


class Problem(NamedTuple):
    """A question, and the steps to its answer, which is the result of the last one."""

    question: str
    working: Working

    @property
    def answer(self) -> str:
        """The steps, and the result in a line of its own after `####`."""
        return "\n".join([*self.working.lines, f"#### {self.working.result}"])
