"""Raw columns of a source's rows: dotted paths followed, and values worded."""

import math
import unicodedata
from typing import Any

from utils.errors import PipelineError
from utils.jsonl import Row

# Controls, format marks, blanks, and marks that are drawn on another sign.
_UNSEEN = ("Cc", "Cf", "Zs", "Zl", "Zp", "Mn", "Me")
# Hangul's fillers and the Braille sign without a dot, which count as letters and symbols.
_BLANK_LETTERS = "\u115f\u1160\u3164\uffa0\u2800"


class Unusable(Exception):
    """A record that can't be worded; the message is the reason, in snake case."""


def top_column(path: str) -> str:
    """Name the column that a path such as `choices.text` begins with."""
    return path.split(".", 1)[0]


def look_up(fields: Row, path: str) -> Any:
    """Follow a dotted path; through a list it goes into each element, also of lists within.

    A column that is not there at all raises PipelineError; a null on the way gives None.
    """
    column, *keys = path.split(".")
    if column not in fields:
        raise PipelineError(
            f"column '{column}' is missing (has: {', '.join(fields) or 'none'}); does the format "
            "in the domain's YAML fit the source?"
        )
    value = fields[column]
    for key in keys:
        value = _step(value, key)
    return value


def _step(value: Any, key: str) -> Any:
    if isinstance(value, list):
        return [_step(element, key) for element in value]
    return value.get(key) if isinstance(value, dict) else None


def cell_text(value: Any) -> str:
    """Word a value: text as it is, a number by its digits, a list line by line, else ''.

    So is what no one can see, and what is no finite number.
    """
    if isinstance(value, list):
        return "\n".join(text for text in map(cell_text, value) if text)
    if isinstance(value, str):
        text = value.strip()
        return text if is_visible(text) else ""
    if isinstance(value, float) and not math.isfinite(value):
        return ""
    return str(value) if isinstance(value, (bool, int, float)) else ""


def is_visible(text: str) -> bool:
    """Tell whether anything of a text can be seen: not blanks, marks of direction, fillers."""
    return any(
        unicodedata.category(sign) not in _UNSEEN and sign not in _BLANK_LETTERS for sign in text
    )
