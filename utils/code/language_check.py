"""Is a file of programs of the language that it is said to be? Told only where another is sure.

A program of Python 2, or in syntax newer than this interpreter's, is Python. Broken programs are
of no language: what is named instead must fit two thirds of all that were looked at.
"""

from collections.abc import Callable, Sequence

from utils.code.languages import language_named
from utils.code.newer_syntax import in_older_syntax
from utils.code.syntax import grammar_parser, is_python_program, parser_for

LOOKED_AT = 100
# So few programs tell nothing.
FEWEST = 5
# The languages whose grammars take no others' programs, nor prose, for their own.
_STRICT = ("javascript", "java", "go", "rust", "c", "cpp", "c_sharp", "typescript", "kotlin")


def other_language(programs: Sequence[tuple[str, str]], language: str) -> str | None:
    """Word what speaks for another language than programs, before and after, are said to be of.

    None where at least half are of it, where it has no parser here, or where no other is sure.
    """
    told = language_named(language)
    total = len(programs)
    is_told = python_parser() if told == "python" else parser_for(told)
    if total < FEWEST or is_told is None and told not in _STRICT:
        return None
    foreign = [sides for sides in programs if not (is_told and any(map(is_told, sides)))]
    if 2 * (total - len(foreign)) >= total:
        return None
    found = {
        name: sum(all(map(parses, sides)) for sides in foreign)
        for name, parses in _others(told).items()
    }
    best = max(found, key=lambda name: found[name], default=None)
    if best is None or 3 * found[best] < 2 * total:
        return None
    faulty = f"{len(foreign)} of {total} do not parse as {told}; " if is_told else ""
    return f"{faulty}{found[best]} parse as {best}: --language {best}"


def _others(told: str) -> dict[str, Callable[[str], bool]]:
    """Give the parsers of other languages, those that are installed here."""
    parsers = {name: grammar_parser(name) for name in _STRICT if name != told}
    others = {name: parses for name, parses in parsers.items() if parses}
    return others if told == "python" else {"python": is_python_program, **others}


def python_parser() -> Callable[[str], bool]:
    """Give a test for Python of any version."""
    by_grammar = grammar_parser("python") or is_python_program

    def parses(code: str) -> bool:
        return is_python_program(code) or by_grammar(code) or in_older_syntax(code) is not None

    return parses
