"""Options of multiple-choice questions, read out of the shapes that data sets keep them in."""

import ast
import random
import re
import warnings
from collections.abc import Sequence
from string import ascii_uppercase
from typing import NamedTuple

from data_v5.reading.columns import Unusable, cell_text

# Options that speak of the others as a whole, and so must come after them.
_OF_THE_ABOVE = re.compile(
    r"(?:all|none|both|any|some|neither|either)(?: two)?(?: of)?(?: the| these)? "
    r"(?:above|these|them|others|options|choices|foregoing)\b|(?:none|all)\.?$",
    re.IGNORECASE,
)
# Words that point at an option by its letter; capitals alone, for "vitamin a and d" does not.
_NAMES_A_LETTER = re.compile(
    r"\([A-F]\)|\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer)s?(?: is| are|:)? [A-F]\b"
    r"|\b[A-F] (?:and|or|&) [A-F]\b"
)
# Not the `(a)` of `f(a)`.
_SMALL_LETTER = re.compile(r"(?<![\w)])\([a-f]\)")
_LETTER = re.compile(r"\(?[A-Za-z][.)]?")
_WHOLE_NUMBER = re.compile(r"(-?[0-9]{1,9})(?:\.0)?")


class Option(NamedTuple):
    """One option: its text, and what the source calls it (a label or its column)."""

    text: str
    name: str


def options_of(texts: Sequence[object], names: Sequence[object]) -> list[Option]:
    """Pair texts with names; raises Unusable where a question can't be asked with them."""
    if len(texts) < 2:
        raise Unusable("too_few_options")
    if len(texts) > len(ascii_uppercase):
        raise Unusable("too_many_options")
    if len(texts) != len(names):
        raise Unusable("labels_do_not_fit_options")
    options = [
        Option(cell_text(text), cell_text(name)) for text, name in zip(texts, names, strict=True)
    ]
    if not all(option.text for option in options):
        raise Unusable("empty_option")
    if len({option.text for option in options}) < len(options):
        raise Unusable("repeated_option")
    return options


def letters(count: int) -> list[str]:
    """Give the labels that options are shown with: A, B, C..."""
    return list(ascii_uppercase[:count])


def stand_for_a_list(texts: Sequence[object], question: str) -> bool:
    """Tell options that are mere letters, `(a)` and `(b)`, for what the question lists."""
    return all(
        isinstance(text, str)
        and _LETTER.fullmatch(text.strip())
        and re.search(rf"(?<!\w)\(?{text.strip(' ().')}[.)]", question)
        for text in texts
    )


def split_lettered(text: str) -> list[str]:
    """Split `a ) 38 , b ) 27.675 , c ) 30` at its letters, which must come in order.

    A letter counts at the start or after a comma, so that `( a - b )` is no mark. Where a letter
    is left out on the way the list is unreadable. MathQA also writes a list as Python does,
    `['a ) 24', 'b ) 120']`.
    """
    text = text.strip()
    if text.startswith("["):
        return _split_python_list(text)
    first = re.match(r"a ?\)(?: ?a ?\))?", text, re.IGNORECASE)
    if not first:
        raise Unusable("unreadable_options")
    parts, start, number = [], first.end(), 1
    while number < len(ascii_uppercase) and (mark := _mark(number).search(text, start)):
        parts.append(text[start : mark.start()].strip())
        start, number = mark.end(), number + 1
    parts.append(text[start:].strip())
    if any(_holds_a_mark(part) for part in parts):
        raise Unusable("unreadable_options")
    return parts


def _split_python_list(text: str) -> list[str]:
    try:
        with warnings.catch_warnings():  # Python warns of a backslash that escapes nothing
            warnings.simplefilter("ignore")
            listed = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        raise Unusable("unreadable_options") from None
    if not isinstance(listed, list) or not 0 < len(listed) <= len(ascii_uppercase):
        raise Unusable("unreadable_options")
    lettered = zip(listed, letters(len(listed)), strict=True)
    return [_without_letter(option, letter) for option, letter in lettered]


def _without_letter(option: object, letter: str) -> str:
    text = option.strip() if isinstance(option, str) else ""
    mark = re.match(rf"{letter} ?\)(?: ?{letter} ?\))?", text, re.IGNORECASE)
    if not mark:
        raise Unusable("unreadable_options")
    return text[mark.end() :].strip()


def _mark(number: int) -> re.Pattern[str]:
    # Some rows of MathQA write it twice: "b ) b ) 40".
    letter = ascii_uppercase[number]
    return re.compile(rf", ?{letter} ?\)(?: ?{letter} ?\))?", re.IGNORECASE)


def _holds_a_mark(part: str) -> bool:
    """Find a letter that closes a bracket which was never opened."""
    loose = re.search(r"(?:^|[\s,])[a-z] ?\)", part, re.IGNORECASE)
    return loose is not None and part.count(")") > part.count("(")


def lists_letters(question: str) -> bool:
    """Tell whether a question lists or names its options itself, as `(a)` or `(b)`."""
    return _SMALL_LETTER.search(question) is not None


def names_a_letter(texts: Sequence[str]) -> bool:
    """Tell whether a text speaks of an option by its letter, which a new order makes untrue."""
    return any(_NAMES_A_LETTER.search(text) for text in texts)


def shuffled(options: Sequence[Option], rng: random.Random) -> list[Option]:
    """Draw a new order; "all of the above" and its like stay behind the others."""
    last = [option for option in options if _OF_THE_ABOVE.match(option.text)]
    others = [option for option in options if option not in last]
    rng.shuffle(others)
    return others + last


def option_named(answer: str, options: Sequence[Option]) -> Option:
    """Find the option that the source calls so; `(a)` and `A.` are both A."""
    name = answer.strip(" ().:").casefold()
    for option in options:
        if option.name.casefold() == name:
            return option
    raise Unusable("unknown_label")


def option_of_text(answer: str, options: Sequence[Option]) -> Option:
    """Find the option that reads so."""
    for option in options:
        if option.text == answer:
            return option
    raise Unusable("answer_not_an_option")


def option_at(answer: str, options: Sequence[Option], first: int) -> Option:
    """Find an option by its place, counted from `first`."""
    number = _WHOLE_NUMBER.fullmatch(answer)
    if not number:
        raise Unusable("unknown_label")
    place = int(number[1]) - first
    if not 0 <= place < len(options):
        raise Unusable("answer_out_of_range")
    return options[place]


def best_option(scores: object, options: Sequence[Option]) -> Option:
    """Find the one option with the highest score, which must be above 0."""
    if not isinstance(scores, list) or len(scores) != len(options):
        raise Unusable("scores_do_not_fit_options")
    if not all(isinstance(score, (int, float)) for score in scores):
        raise Unusable("scores_do_not_fit_options")
    best = max(scores)
    if best <= 0:
        raise Unusable("no_right_option")
    if scores.count(best) > 1:
        raise Unusable("several_right_options")
    return options[scores.index(best)]
