"""The nouns that a program's things may be called, and their plurals."""

from pathlib import Path

# They read well wherever a program's subject stands, and are no part of Python itself.
NOUNS = frozenset(Path(__file__).with_name("nouns.txt").read_text("utf-8").split())

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
