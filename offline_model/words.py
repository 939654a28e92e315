"""Word lists that tell a good name for a thing from the other words of a code snippet."""

import builtins
import keyword
import os
import re
import sys
from pathlib import Path


def _read(name: str) -> frozenset[str]:
    return frozenset((Path(__file__).parent / name).read_text("utf-8").split())


# Nouns that read well wherever a program's subject stands; also the reserve for poor snippets.
NOUNS = _read("nouns.txt")

# Words that stand in code a lot and name no thing: verbs, adjectives, jargon without a plural.
_NO_NOUNS = _read("no_nouns.txt")

_MODULES_IN_PROGRAMS = frozenset(
    {"bisect", "collections", "contextlib", "copy", "dataclasses", "enum", "functools", "heapq"}
    | {"itertools", "json", "logging", "math", "operator", "queue", "random", "re", "statistics"}
    | {"string", "test", "textwrap", "threading", "time", "typing", "unittest"}
)

# Names that a program must not take: they would shadow or sound like a part of Python itself.
RESERVED = (
    frozenset(keyword.kwlist)
    | frozenset(keyword.softkwlist)
    | frozenset(name.lower() for name in dir(builtins))
    | _MODULES_IN_PROGRAMS
)

_METHODS = frozenset(
    name
    for owner in (str, bytes, list, dict, set, int, float, tuple, object, os, os.path, re, sys)
    for name in dir(owner)
)

NOT_NAMES = (_NO_NOUNS | _METHODS | sys.stdlib_module_names | RESERVED) - (NOUNS - RESERVED)

_ADJECTIVES = re.compile(
    r"(?:ing|ed|ly|able|ible|ful|ous|ive|i[zs]e|ify|ward|est|less|ical|ness|some|wise|ity|ism)$"
)
# Words outside of the list must look like words: `geohash` does, `tcgetattr` does not.
_PRONOUNCEABLE = re.compile(
    r"(?!.*(.)\1\1)(?=.*[aeiou])(?!.*[bcdfghjklmnpqrstvwxz]{4})"
    r"(?!(?!str|scr|spr|spl|thr|shr|chr|sch|phr)[bcdfghjklmnpqrstvwxz]{3})[a-z]{4,9}$"
)

_IRREGULAR = {
    "child": "children",
    "person": "people",
    "vertex": "vertices",
    "matrix": "matrices",
    "leaf": "leaves",
    "shelf": "shelves",
    "axis": "axes",
    "query": "queries",
}
_SINGULAR = {plural: singular for singular, plural in _IRREGULAR.items()}
_NO_PLURAL = {"series", "species", "alias", "status", "canvas", "bias", "atlas", "chaos", "lens"}


def is_noun(word: str) -> bool:
    """Ask whether a word, in lower case, can name a thing in a program."""
    if word in RESERVED or word in NOT_NAMES:
        return False
    return word in NOUNS or bool(_PRONOUNCEABLE.match(word) and not _ADJECTIVES.search(word))


def singular(word: str) -> str:
    """Return the singular of an English noun; a singular stays as it is."""
    if word in _SINGULAR:
        return _SINGULAR[word]
    if word in NOUNS or word in _NO_PLURAL or not word.endswith("s"):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes", "uses")):
        return word[:-2]
    return word if word.endswith(("ss", "us", "is")) else word[:-1]


def plural(word: str) -> str:
    """Return the plural of an English noun given in the singular."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word.endswith(("s", "x", "z", "ch", "sh")):
        return word + "es"
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return word[:-1] + "ies"
    return word + "s"
