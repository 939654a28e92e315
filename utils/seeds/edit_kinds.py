"""The kinds of edit that prompts ask for, drawn by weight."""

import random
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field


@dataclass(frozen=True)
class EditKind:
    """One kind: the sentence that asks for it, and its share relative to the other kinds."""

    sentence: str
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0

    def __post_init__(self) -> None:
        if not self.sentence.strip() or len(self.sentence.strip().splitlines()) > 1:
            raise ValueError("sentence must be one line of text")


@dataclass(frozen=True)
class EditKinds:
    """The YAML of `--edit_kinds`: a mapping `kinds` of names to sentences and weights."""

    kinds: dict[str, EditKind]

    def __post_init__(self) -> None:
        for name in self.kinds:
            if not name.isidentifier():
                raise ValueError(f"kind '{name}' must be one word of letters and underscores")
        if not any(kind.weight for kind in self.kinds.values()):
            raise ValueError("kinds needs at least one kind with a weight above 0")

    def draw(self, rng: random.Random) -> tuple[str, str]:
        """Draw one kind: its name and its sentence."""
        weights = [kind.weight for kind in self.kinds.values()]
        (name,) = rng.choices(list(self.kinds), weights)
        return name, self.kinds[name].sentence.strip()
