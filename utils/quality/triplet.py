"""One triplet as the rules see it: its texts, and what is found out about them once."""

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from utils.code.lexing import code_tokens
from utils.jsonl import Row
from utils.quality.python_program import Program
from utils.quality.settings import QualityConfig
from utils.records import TRIPLET_FIELDS, purified

FIELDS = tuple(map(purified, TRIPLET_FIELDS))
PYTHON = ("python", "python3", "py")
_QUOTED_CODE = re.compile(r"`[^`\n]*`")


@dataclass(frozen=True)
class Triplet:
    """The purified texts of a row, with the settings they are judged by."""

    before: str
    after: str
    descriptive: str
    lazy: str
    config: QualityConfig
    language: str = "python"

    @classmethod
    def of(cls, row: Row, config: QualityConfig, language: str = "python") -> "Triplet":
        """Take the purified fields of a row; all four must be there."""
        before, after, descriptive, lazy = (row[field] for field in FIELDS)
        return cls(before, after, descriptive, lazy, config, language)

    @property
    def is_python(self) -> bool:
        return self.language.lower() in PYTHON

    @property
    def texts(self) -> dict[str, str]:
        """All four texts, by their fields' names without `_purify`."""
        values = (self.before, self.after, self.descriptive, self.lazy)
        return dict(zip(TRIPLET_FIELDS, values, strict=True))

    @property
    def codes(self) -> dict[str, str]:
        return {"code_before": self.before, "code_after": self.after}

    @property
    def instructions(self) -> dict[str, str]:
        return {"instruct_descriptive": self.descriptive, "instruct_lazy": self.lazy}

    @property
    def instruction(self) -> str:
        """Both instructions as one text, for what either of them may say."""
        return f"{self.descriptive}\n{self.lazy}"

    @cached_property
    def program_before(self) -> Program:
        return Program(self.before)

    @cached_property
    def program_after(self) -> Program:
        return Program(self.after)

    @cached_property
    def tokens_before(self) -> list[str]:
        return code_tokens(self.before, self.language)

    @cached_property
    def tokens_after(self) -> list[str]:
        return code_tokens(self.after, self.language)

    @cached_property
    def added_lines(self) -> list[str]:
        """The lines of the code after that the code before has not, in order, bare of margins."""
        return _lines_only_in(self.after, self.before)

    @cached_property
    def removed_lines(self) -> list[str]:
        """The lines of the code before that the code after has not, bare of margins."""
        return _lines_only_in(self.before, self.after)

    def speaks_of(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether the prose of either instruction holds a match; names in backticks don't."""
        return bool(pattern.search(self._prose))

    @cached_property
    def _prose(self) -> str:
        return _QUOTED_CODE.sub("", self.instruction)


def _lines_only_in(code: str, other: str) -> list[str]:
    left = Counter(map(str.strip, other.split("\n")))
    found = []
    for line in map(str.strip, code.split("\n")):
        if left[line] > 0:
            left[line] -= 1
        elif line:
            found.append(line)
    return found
