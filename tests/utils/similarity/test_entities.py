import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.english import trained_english
from tests.linear_time import grows_linearly
from utils.similarity import entities
from utils.similarity.entities import (
    code_entities,
    entity_method,
    find_entities,
    part_prose_and_code,
)

CODE = """Fix the logic error in this function.
#include <iostream>
int findLargest(int arr[], int size) {
    return arr[size - 1]; // the "largest"
}"""


@pytest.fixture(autouse=True)
def no_model(monkeypatch):
    """Go by the rules, whether or not this machine has a model."""
    monkeypatch.setattr(entities, "english_model", lambda: None)


def entities_of(text):
    return next(find_entities([text]))


def test_medical_questions_give_what_they_are_about():
    text = "What is the recommended dosage of ibuprofen for a child with a high fever?"
    assert entities_of(text) == ["recommended dosage", "ibuprofen", "child", "high fever"]


def test_maths_gives_its_things_and_not_its_numbers():
    text = "Betty bought 3 boxes of pencils for $12. How many pencils are in 1/2 of a box?"
    assert entities_of(text) == ["betty", "box", "pencil", "pencil", "box"]


def test_code_gives_its_names_and_not_its_keywords():
    found = entities_of(CODE)
    assert found[:2] == ["logic error", "function"]
    assert found[2:] == ["iostream", "findLargest", "arr", "size", "arr", "size"]


def test_code_in_a_sentence_gives_its_names():
    assert entities_of("Rename `load_all` to loadEach in utils.files.") == [
        "load_all",
        "loadEach",
        "utils",
        "files",
    ]
    fenced = "Explain this:\n```python\ndef area(radius):\n    pass\n```\nfor a child."
    assert entities_of(fenced) == ["child", "area", "radius"]


@pytest.mark.parametrize(
    "line",
    [
        "def area(radius):",
        "for (int i = 0; i < 3; i++) {",
        "total += price",
        "print(total)",
        "import os",
        "from os import path",
        "    return total",
        "let total = 0",
        "SELECT name FROM users",
        "<div class='a'>",
        "}",
    ],
)
def test_lines_of_code_are_told_from_prose(line):
    assert part_prose_and_code(f"Explain it.\n{line}\nWhat does it do?") == (
        "Explain it.\nWhat does it do?",
        line,
    )


@pytest.mark.parametrize(
    "line",
    [
        "For each order, apply it.",
        "If it rains: stay.",
        "Import the data",
        "return home",
        "let me know",
        "if it rains: stay",
    ],
)
def test_lines_of_prose_are_not_taken_for_code(line):
    assert part_prose_and_code(line) == (line, "")


def test_addresses_are_no_entities():
    assert entities_of("Download https://example.com/file.txt or ask me@example.com") == []


def test_texts_without_entities_give_empty_lists():
    assert list(find_entities(["", "?", "Why not?"])) == [[], [], []]


@given(st.lists(st.text(max_size=150), max_size=4))
def test_any_texts_can_be_read(texts):
    found = list(find_entities(texts))
    assert len(found) == len(texts) and found == list(find_entities(texts))


@pytest.mark.parametrize("unit", ["\ud800 `\ud800`", "`", "a.", "```\n"])
def test_hostile_texts_are_read_in_linear_time(unit):
    assert grows_linearly(entities_of, unit)


def test_the_method_is_told():
    assert entity_method() == entities.ENTITY_RULES


def test_a_model_of_english_finds_names_and_noun_phrases_in_prose(monkeypatch):
    model = trained_english()
    monkeypatch.setattr(entities, "english_model", lambda: model)
    texts = [
        "Sort the sorted lists of Barack Obama by two keys",
        "",
        "Call `dose_of` with a binary search tree",
    ]
    assert list(find_entities(texts)) == [
        ["sorted list", "barack obama", "key"],
        [],
        ["binary search tree", "dose_of"],
    ]
    assert entity_method() == f"spaCy's named entities and noun phrases ({model.meta['name']})"


def test_names_that_say_nothing_are_left_out():
    assert code_entities("self.total = len(x) if None else total_2") == ["total", "total_2"]
