"""A question worded with its shots before it, as many as fit."""

import random
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from data_v5.reading.formats import Format, Item, Unusable, format_item, identity_text
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.records import is_unicode, text_id
from utils.sampling import derive_seed


@dataclass(frozen=True)
class PromptRules:
    """What a domain and the flags say of prompts."""

    instruction: str
    # By the sources' names.
    formats: Mapping[str, Format]
    max_words: int = 1500
    random_seed: int = 42


class Made(NamedTuple):
    """A row, and what became of the question's shots."""

    row: Row
    # The letter of the right option, "" without options.
    label: str
    shots_used: int
    shots_dropped: int
    # Reason -> shots that were passed over for it.
    shots_skipped: dict[str, int]


def make_shot_prompt(origin: Row, shots: Sequence[Row], rules: PromptRules) -> Made:
    """Word a question with its nearest shots; raises Unusable if it can't be asked.

    A shot that can't be worded, or that is the question itself or an earlier shot again, is
    passed over. Shots are then dropped from the end, the least alike first, until instruction,
    input and output together have at most `max_words` words (what stands between blanks).
    """
    question = word(origin, rules)
    worded, skipped = _usable_shots(origin, question, shots, rules)
    for count in range(len(worded), -1, -1):
        blocks = [lay_out_shot(shot) for shot in worded[:count]]
        row = {
            "instruction": rules.instruction,
            "input": "\n\n".join([*blocks, f"Q: {question.question}\nA:"]),
            "output": question.answer,
            "source": origin["source"],
            # Where the examples end: a question may look like some.
            "example_lengths": list(map(len, blocks)),
        }
        if words_of_row(row) <= rules.max_words:
            return Made(row, question.label, count, len(worded) - count, skipped)
    raise Unusable("too_many_words")


def word(record: Row, rules: PromptRules) -> Item:
    """Word a record by its source's format; the same record is worded alike wherever it stands."""
    if str(record["source"]) not in rules.formats:
        raise PipelineError(
            f"source {record['source']!r}: not in the domain (has: {', '.join(rules.formats)}); "
            "was the file made of another domain?"
        )
    texts = [str(record[key]) for key in ("source", "question", "answer")]
    rng = random.Random(derive_seed(rules.random_seed, text_id(*texts), "options"))
    item = format_item(record, rules.formats[record["source"]], rng)
    if not is_unicode(item.question + item.answer):
        raise Unusable("not_unicode")
    return item


def lay_out_shot(shot: Item) -> str:
    """Word a shot as the block that stands before the question, with a blank line behind it."""
    return f"Q: {shot.question}\nA: {shot.answer}"


def words_of_row(row: Row) -> int:
    return sum(len(row[field].split()) for field in ("instruction", "input", "output"))


def _usable_shots(
    origin: Row, question: Item, shots: Sequence[Row], rules: PromptRules
) -> tuple[list[Item], dict[str, int]]:
    worded: list[Item] = []
    skipped: dict[str, int] = {}
    seen = {_identity(origin, rules), _folded(question.question)}
    for shot in shots:
        try:
            item = word(shot, rules)
        except Unusable as reason:
            skipped[str(reason)] = skipped.get(str(reason), 0) + 1
            continue
        names = {_identity(shot, rules), _folded(item.question)}
        if names & seen:
            skipped["same_question"] = skipped.get("same_question", 0) + 1
            continue
        seen |= names
        worded.append(item)
    return worded, skipped


def _identity(record: Row, rules: PromptRules) -> str:
    return _folded(identity_text(record, rules.formats[record["source"]]))


def _folded(text: str) -> str:
    """Leave out what doesn't tell questions apart: case, blanks, and how accents are written."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())
