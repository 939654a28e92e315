"""Names for a program's things, taken from the identifiers of code snippets."""

import random
import re
from collections.abc import Collection, Iterable

from offline_model.words import NOUNS, plural, singular

# An identifier where code shows one: before a call, an attribute or an assignment, after a dot or
# `def`, or with an underscore or a capital inside. Prose has few of these.
_IDENTIFIER = re.compile(
    r"\b[A-Za-z_]\w*(?=\(|\.\w|\s*=[^=]|\[)|(?<=\w\.)[A-Za-z_]\w*|(?<=def )\w+|(?<=class )\w+"
    r"|\b[A-Za-z]+_\w+|\b[a-z]+[A-Z]\w*|\b[A-Z][a-z]+[A-Z]\w*"
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_LONGEST_NAME = 12
_VOWEL_SOUND = re.compile(r"(?!uni[^n]|us[ae]|one|eu)[aeiou]|hour|honest")


def split_words(identifier: str) -> list[str]:
    """Split snake_case and CamelCase into words in lower case."""
    return [word.lower() for word in _WORD.findall(identifier)]


def find_names(code: str) -> list[str]:
    """List the names for things that a snippet offers, in snake_case and the singular.

    One word (`header`) or two (`header_field`), each once, in order of appearance.
    """
    names: dict[str, None] = {}
    for identifier in _IDENTIFIER.findall(code[:20_000]):
        words = [singular(word) for word in split_words(identifier)]
        nouns = [word for word in words if word in NOUNS]
        if len(words) > 1 and nouns and nouns == words[-len(nouns) :]:
            pair = "_".join(nouns[-2:])
            if len(pair) <= _LONGEST_NAME and len(set(nouns[-2:])) == len(nouns[-2:]):
                names[pair] = None
        names |= dict.fromkeys(nouns)
    return list(names)


class NameGiver:
    """Deals out names of one pair of snippets: none twice."""

    def __init__(self, code: str, rng: random.Random) -> None:
        self._names = find_names(code)
        rng.shuffle(self._names)
        self._reserve = rng.sample(sorted(NOUNS), 40)

    def deal(self, slots: Iterable[str], avoid: Collection[str]) -> dict[str, str]:
        """Give each slot a name whose words are not in `avoid` and not in another slot's name."""
        names: dict[str, str] = {}
        used = set(avoid)
        for slot in slots:
            name = next(name for name in self._names + self._reserve if not words_of(name) & used)
            names[slot] = name
            used |= words_of(name)
        return names


def words_of(name: str) -> set[str]:
    """List the words that a name takes up, plurals included."""
    words = set(name.split("_"))
    return words | {plural(word) for word in words}


def forms(slot: str, name: str) -> dict[str, str]:
    """Map a slot's spellings in a template to the name's: `$Items` to `HeaderFields`, ...

    `$` marks identifiers, `%` prose: `%items` is "header fields", `%an_item` is "a header field".
    """
    *first, last = name.split("_")
    many = "_".join([*first, plural(last)])
    spellings: dict[str, str] = {}
    for key, value in ((slot, name), (plural(slot), many)):
        prose = value.replace("_", " ")
        spellings |= {
            f"${key}": value,
            f"${key.upper()}": value.upper(),
            f"${key.capitalize()}": camel_case(value),
            f"%{key}": prose,
            f"%{key.capitalize()}": prose[:1].upper() + prose[1:],
        }
    spellings[f"%an_{slot}"] = with_article(name.replace("_", " "))
    spellings[f"%An_{slot}"] = with_article(name.replace("_", " ")).capitalize()
    return spellings


def camel_case(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def with_article(noun: str) -> str:
    return ("an " if _VOWEL_SOUND.match(noun) else "a ") + noun
