"""Word lists and the grammar of names: what can name a thing, and how many of it."""

import builtins
import keyword
import re

import pytest

from offline_model.compose import catalogue
from offline_model.words import NOUNS, plural, singular

# The grammar does not know these plurals.
LOST_PLURALS = {"alias", "cache", "clause", "cookie", "menu", "movie", "species", "warehouse"}


def test_the_lists_are_read_word_by_word() -> None:
    assert len(NOUNS) > 400 and {"order", "packet"} <= NOUNS
    assert [
        word for word in NOUNS if not (word.isascii() and word.isalpha() and word.islower())
    ] == []


def test_nothing_of_python_itself_names_a_thing() -> None:
    imports = re.findall(
        r"^(?:import|from) (\w+)", "\n".join(each.code.text for each in catalogue()), re.M
    )
    words = [*dir(builtins), *keyword.kwlist, *keyword.softkwlist, *imports, "logging", "unittest"]
    assert NOUNS & {word.lower() for word in words} == set()


def test_all_but_a_few_nouns_come_back_from_their_plurals() -> None:
    assert {word for word in NOUNS if singular(plural(word)) != word} == LOST_PLURALS
    assert [word for word in NOUNS if plural(word) == word] == []


def test_a_singular_stays_as_it_is() -> None:
    assert [word for word in NOUNS if singular(word) != word] == []


@pytest.mark.parametrize(
    ("one", "many"),
    [("key", "keys"), ("reply", "replies"), ("box", "boxes"), ("hash", "hashes")]
    + [("class", "classes"), ("tie", "ties"), ("person", "people"), ("axis", "axes")],
)
def test_endings_follow_english(one: str, many: str) -> None:
    assert (plural(one), singular(many)) == (many, one)


@pytest.mark.parametrize("word", ["series", "canvas", "glass", "radius", "basis", "data"])
def test_a_word_that_only_ends_like_a_plural_stays(word: str) -> None:
    assert singular(word) == word
