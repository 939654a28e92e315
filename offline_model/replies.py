"""The texts of `replies/*.yaml`: one is drawn by seed, its choices and its slots are filled.

A text holds `{a|b}` for a free choice and `<slot>` for what is put in.
"""

import random
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from offline_model.wording import spell_out
from utils.config import read_yaml

_FOLDER = Path(__file__).parent / "replies"
_SLOT = re.compile(r"<(\w+)>")


@cache
def texts_of(name: str) -> dict[str, Any]:
    """Read one file of texts."""
    found: dict[str, Any] = read_yaml(_FOLDER / f"{name}.yaml")
    return found


def fill_slots(text: str, value_of: Callable[[str], str]) -> str:
    return _SLOT.sub(lambda match: value_of(match[1]), text)


def word(file: str, key: str, rng: random.Random, slots: Mapping[str, str] | None = None) -> str:
    """Draw one of the texts below a key and fill it; a slot that is not given stays as it is."""
    text = spell_out(rng.choice(texts_of(file)[key]), rng)
    given = slots or {}
    return fill_slots(text, lambda name: given.get(name, f"<{name}>"))
