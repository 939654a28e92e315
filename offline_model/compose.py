"""One exercise out of two snippets: names from the snippets, a program, an edit, the words."""

import random
import re
from functools import cache

from offline_model.draft import Draft, Triplet
from offline_model.edits import Maker, makers_of
from offline_model.naming import NameGiver
from offline_model.programs import Program, load_catalogue

# Roughly the shares of the kinds in real commits.
KIND_WEIGHTS = {
    "bug_fix": 18,
    "feature": 18,
    "refactoring": 12,
    "performance": 8,
    "api_change": 8,
    "error_handling": 8,
    "validation": 8,
    "tests": 6,
    "typing": 5,
    "rename": 4,
    "logging": 4,
    "documentation": 4,
}
# Other words for the kinds, as the lines of a prompt may have them.
_ALIASES = {
    "bug": "bug_fix",
    "fix": "bug_fix",
    "fault": "bug_fix",
    "new": "feature",
    "refactor": "refactoring",
    "cleanup": "refactoring",
    "speed": "performance",
    "optimization": "performance",
    "optimisation": "performance",
    "api": "api_change",
    "interface": "api_change",
    "error": "error_handling",
    "exception": "error_handling",
    "type": "typing",
    "annotation": "typing",
    "test": "tests",
    "testing": "tests",
    "validate": "validation",
    "renaming": "rename",
    "log": "logging",
    "docs": "documentation",
    "docstring": "documentation",
}


def known_kind(asked: str) -> str | None:
    """Map the name of an asked kind of edit to one of the catalogue's, or None."""
    words = re.findall(r"[a-z]+", asked.lower())
    if "_".join(words) in KIND_WEIGHTS:
        return "_".join(words)
    for word in words:
        for candidate in (word, word.removesuffix("s")):
            if candidate in KIND_WEIGHTS or candidate in _ALIASES:
                return _ALIASES.get(candidate, candidate)
    return None


@cache
def catalogue() -> tuple[Program, ...]:
    return load_catalogue()


@cache
def recipes() -> dict[str, list[tuple[Program, list[Maker]]]]:
    """Sort the catalogue by kind: the programs that offer such an edit, and the edits."""
    by_kind: dict[str, list[tuple[Program, list[Maker]]]] = {kind: [] for kind in KIND_WEIGHTS}
    for program in catalogue():
        makers = makers_of(program)
        for kind, programs in by_kind.items():
            if fitting := [maker for its_kind, maker in makers if its_kind == kind]:
                programs.append((program, fitting))
    return by_kind


def compose(snippets: str, kind: str | None, seed: int) -> Triplet:
    """Compose a triplet; the same arguments give the same triplet."""
    rng = random.Random(seed)
    drawn_kind = rng.choices(list(KIND_WEIGHTS), list(KIND_WEIGHTS.values()))[0]
    kind = kind or drawn_kind
    program, makers = rng.choice(recipes()[kind])
    return rng.choice(makers)(draw_draft(program, snippets, rng))


def draw_draft(program: Program, snippets: str, rng: random.Random) -> Draft:
    """Draw a program's names, constants and layers."""
    names = NameGiver(snippets, rng).deal(program.names, program.words)
    layers = frozenset(program.draw_layers(rng))
    flat = rng.random() < 0.3
    main = 'the block under `if __name__ == "__main__"`' if flat else "`main`"
    extra = {"%main": main, "%Main": main[0].upper() + main[1:]}
    return Draft(program, layers, program.draw_spelling(names, extra, rng), flat, rng)
