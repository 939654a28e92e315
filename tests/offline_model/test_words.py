"""Word lists and the grammar of names: what can name a thing, and how many of it."""

import builtins
import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline_model.words import NOT_NAMES, NOUNS, RESERVED, is_noun, plural, singular

# The grammar does not know these plurals.
LOST_PLURALS = {"alias", "cache", "clause", "cookie", "menu", "movie", "species", "warehouse"}


def test_the_lists_are_read_word_by_word() -> None:
    assert len(NOUNS) > 400 and {"order", "packet"} <= NOUNS
    assert [
        word for word in NOUNS if not (word.isascii() and word.isalpha() and word.islower())
    ] == []


def test_every_listed_noun_can_name_a_thing() -> None:
    assert [word for word in NOUNS - RESERVED if not is_noun(word) or word in NOT_NAMES] == []


def test_nothing_of_python_itself_names_a_thing() -> None:
    words = [*dir(builtins), *keyword.kwlist, *keyword.softkwlist, "json", "heapq", "tarfile"]
    assert [word for word in words if is_noun(word.lower())] == []


@pytest.mark.parametrize("word", ["append", "strip", "items", "join", "popitem", "getcwd"])
def test_no_method_names_a_thing(word: str) -> None:
    assert not is_noun(word)


@pytest.mark.parametrize("word", ["geohash", "pokemon", "strudel", "phrygia"])
def test_an_unlisted_word_that_can_be_said_names_a_thing(word: str) -> None:
    assert word not in NOUNS and is_noun(word)


@pytest.mark.parametrize(
    "word",
    ["tcgetattr", "xyz", "aaab", "ab", "a", "", "blorping", "blorped", "quickly", "useless"]
    + ["internationalization", "user1", "user_id", "Packet", "größe"],
)
def test_what_can_not_be_said_or_is_no_noun_names_nothing(word: str) -> None:
    assert not is_noun(word)


@given(st.from_regex(r"\w{0,12}", fullmatch=True))
def test_a_name_is_always_a_plain_identifier(word: str) -> None:
    if is_noun(word):
        assert word.isidentifier() and word.isascii() and word == word.lower()


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
