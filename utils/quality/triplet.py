"""One triplet as the rules see it: its texts, and what is found out about them once."""

import re
from dataclasses import dataclass
from functools import cached_property

from utils.code.lexing import code_tokens
from utils.code.lines import lines_only_in
from utils.jsonl import Row
from utils.quality.python_program import Program
from utils.quality.settings import QualityConfig
from utils.quality.wishes import wishes
from utils.records import TRIPLET_FIELDS, purified

CODE_FIELDS = tuple(map(purified, TRIPLET_FIELDS[:2]))
STYLE_FIELDS = tuple(map(purified, TRIPLET_FIELDS[2:]))
# What a row must have: both programs, and an instruction of one style or of both.
REQUIRED = (*CODE_FIELDS, STYLE_FIELDS)
PYTHON = ("python", "python3", "py")
_QUOTED_CODE = re.compile(r"`[^`\n]*`")


def text_fields(row: Row) -> list[str]:
    """List the fields of a row that hold its programs and its instructions."""
    return [*CODE_FIELDS, *(field for field in STYLE_FIELDS if field in row)]


@dataclass(frozen=True)
class Triplet:
    """The purified texts of a row, with the settings they are judged by.

    An instruction of a style that the row has not is None.
    """

    before: str
    after: str
    descriptive: str | None
    lazy: str | None
    config: QualityConfig
    language: str = "python"

    @classmethod
    def of(cls, row: Row, config: QualityConfig, language: str = "python") -> "Triplet":
        """Take the purified fields of a row; the code before and after must be there."""
        before, after = (row[field] for field in CODE_FIELDS)
        descriptive, lazy = (row.get(field) for field in STYLE_FIELDS)
        return cls(before, after, descriptive, lazy, config, language)

    @property
    def is_python(self) -> bool:
        return self.language.lower() in PYTHON

    @property
    def texts(self) -> dict[str, str]:
        """All its texts, by their fields' names without `_purify`."""
        return self.codes | self.instructions

    @property
    def codes(self) -> dict[str, str]:
        return {"code_before": self.before, "code_after": self.after}

    @property
    def instructions(self) -> dict[str, str]:
        styles = {"instruct_descriptive": self.descriptive, "instruct_lazy": self.lazy}
        return {name: text for name, text in styles.items() if text is not None}

    @property
    def instruction(self) -> str:
        """The instructions as one text, for what either of them may say."""
        return "\n".join(self.instructions.values())

    @cached_property
    def program_before(self) -> Program:
        return Program(self.before)

    @cached_property
    def program_after(self) -> Program:
        return Program(self.after)

    @property
    def programs(self) -> dict[str, Program]:
        return {"code_before": self.program_before, "code_after": self.program_after}

    @cached_property
    def tokens_before(self) -> list[str]:
        return code_tokens(self.before, self.language)

    @cached_property
    def tokens_after(self) -> list[str]:
        return code_tokens(self.after, self.language)

    @cached_property
    def added_lines(self) -> list[str]:
        """The lines of the code after that the code before has not, in order, bare of margins."""
        return lines_only_in(self.after, self.before)

    @cached_property
    def removed_lines(self) -> list[str]:
        """The lines of the code before that the code after has not, bare of margins."""
        return lines_only_in(self.before, self.after)

    def speaks_of(self, pattern: re.Pattern[str]) -> bool:
        """Tell whether what either instruction asks for holds a match; names in backticks don't."""
        return bool(pattern.search(self._prose))

    @cached_property
    def wishes(self) -> list[str]:
        """The clauses of the instructions that ask for something; what must stay is left out."""
        return [wish for text in self.instructions.values() for wish in wishes(text)]

    @cached_property
    def _prose(self) -> str:
        return _QUOTED_CODE.sub("", "\n".join(self.wishes))
