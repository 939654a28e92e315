"""Spoils a set share of the answers in the ways models do, so that later stages have work."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass

_HEADING = re.compile(r"^\[([A-Z][A-Za-z ]+)\]$", re.MULTILINE)
_REFUSALS = (
    "I'm sorry, but I can't help with that request.",
    "I cannot assist with creating this exercise.",
    "Sorry, as an AI language model I am unable to complete this task.",
)
_CHATTER = (
    "Sure! Here is the exercise you asked for:\n\n",
    "Certainly. I looked at both snippets and came up with the following.\n\n",
    "Here's my answer:\n\n",
)


@dataclass(frozen=True)
class Answer:
    """The text of an answer and why it ends where it ends (`stop` or `length`)."""

    text: str
    finish_reason: str = "stop"


Spoiler = Callable[[Answer, random.Random], Answer]


def bold_headings(answer: Answer, rng: random.Random) -> Answer:
    return Answer(_HEADING.sub(r"**[\1]**", answer.text))


def hash_headings(answer: Answer, rng: random.Random) -> Answer:
    marks = "#" * rng.choice([2, 3])
    return Answer(_HEADING.sub(rf"{marks} \1", answer.text))


def chatter_around(answer: Answer, rng: random.Random) -> Answer:
    return Answer(rng.choice(_CHATTER) + answer.text)


def missing_section(answer: Answer, rng: random.Random) -> Answer:
    """Leave out one section; an answer of a single section loses its heading's name."""
    starts = [match.start() for match in _HEADING.finditer(answer.text)]
    if len(starts) < 2:
        return Answer(_HEADING.sub("", answer.text).lstrip())
    at = rng.randrange(len(starts))
    end = (starts + [len(answer.text)])[at + 1]
    return Answer(answer.text[: starts[at]] + answer.text[end:])


def empty_section(answer: Answer, rng: random.Random) -> Answer:
    """Write one heading with nothing below it."""
    headings = list(_HEADING.finditer(answer.text))
    if not headings:
        return answer
    at = rng.randrange(len(headings))
    end = headings[at + 1].start() if at + 1 < len(headings) else len(answer.text)
    return Answer(answer.text[: headings[at].end()] + "\n\n" + answer.text[end:])


def truncated(answer: Answer, rng: random.Random) -> Answer:
    """Stop in the midst of the code, or of the text where there is none."""
    code = re.search(r"```python\n(.+?)\n```", answer.text, re.DOTALL)
    start, end = code.span(1) if code else (0, len(answer.text))
    at = start + int((end - start) * rng.uniform(0.3, 0.9))
    return Answer(answer.text[:at], "length")


def refusal(answer: Answer, rng: random.Random) -> Answer:
    return Answer(rng.choice(_REFUSALS))


def unreasonable(answer: Answer, rng: random.Random) -> Answer:
    return Answer("<UNREASONABLE>")


def elided_code(answer: Answer, rng: random.Random) -> Answer:
    """Put a comment in place of a run of lines of the code."""
    head, opening, rest = answer.text.partition("```python\n")
    code, closing, tail = rest.rpartition("```")
    lines = code.split("\n")
    if len(lines) < 12:
        return answer
    start = rng.randint(4, len(lines) - 8)
    indent = re.match(r" *", lines[start])
    comment = rng.choice(["# ... rest unchanged", "# ... existing code ...", "# (unchanged)"])
    lines[start : start + 6] = [(indent[0] if indent else "") + comment]
    return Answer(head + opening + "\n".join(lines) + closing + tail)


# What goes wrong in a first round, in a second one, and where the code is not the model's own.
FIRST_ROUND: dict[Spoiler, int] = {
    bold_headings: 5,
    hash_headings: 4,
    missing_section: 4,
    empty_section: 2,
    truncated: 4,
    refusal: 3,
    chatter_around: 3,
}
SECOND_ROUND: dict[Spoiler, int] = {
    unreasonable: 8,
    elided_code: 4,
    truncated: 4,
    bold_headings: 2,
    hash_headings: 2,
    empty_section: 1,
    chatter_around: 1,
}


def draw_spoiler(seed: int, share: float, rounds: int) -> tuple[int, Spoiler] | None:
    """Draw whether a conversation is spoiled: None, or the round, from 1, and how."""
    rng = random.Random(seed ^ 0x5EED)
    if rng.random() >= share:
        return None
    tables = (FIRST_ROUND, SECOND_ROUND)[:rounds]
    choices = [
        (number, spoiler, weight)
        for number, table in enumerate(tables, 1)
        for spoiler, weight in table.items()
    ]
    number, spoiler, _ = rng.choices(choices, [weight for *_, weight in choices])[0]
    return number, spoiler


def spoiled_text(answer: Answer, share: float, rng: random.Random) -> Answer:
    """Spoil a share of plain answers: a refusal, or an answer that ends in its midst."""
    if rng.random() >= share:
        return answer
    half = answer.text[: len(answer.text) // 2]
    return rng.choice((refusal(answer, rng), Answer(half or "No."), Answer(half, "length")))
