"""A program on its way to an exercise, and the finished exercise."""

import random
import re
from dataclasses import dataclass

from offline_model.programs import Program, Spelling, joined_signatures
from offline_model.wording import descriptive, lazy

_MAIN = re.compile(
    r'\ndef main\(\)(?: -> None)?:\n(.*?)\n\n\nif __name__ == "__main__":\n    main\(\)\n\Z',
    re.DOTALL,
)


@dataclass(frozen=True)
class Triplet:
    """A finished exercise. `check` is code that passes on `code_after` and not on `code_before`."""

    program: str
    edit: str
    kind: str
    code_before: str
    code_after: str
    instruct_descriptive: str
    instruct_lazy: str
    same_output: bool
    check: str = ""


@dataclass(frozen=True)
class Draft:
    """A program with its layers and names drawn; `flat` puts the body of `main` at top level."""

    program: Program
    layers: frozenset[str]
    spelling: Spelling
    flat: bool
    rng: random.Random

    def code(self, layers: frozenset[str] | None = None) -> str:
        text = self.program.code.render(self.layers if layers is None else layers)
        text = joined_signatures(self.spelling.fill(text))
        return _MAIN.sub(r'\nif __name__ == "__main__":\n\1\n', text) if self.flat else text

    def fill(self, text: str) -> str:
        return self.spelling.fill(text)

    def triplet(
        self,
        edit: str,
        kind: str,
        code: tuple[str, str],
        words: tuple[str, str],
        same_output: bool,
        check: str = "",
    ) -> Triplet:
        """Finish: `code` before and after the edit, `words` for the long and the short request."""
        detailed = descriptive(words[0], same_output, self.rng)
        hurried = lazy(words[1], self.rng)
        name = self.program.name
        return Triplet(name, edit, kind, *code, detailed, hurried, same_output, check)
