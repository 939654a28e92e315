import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.english import trained_english
from utils.similarity import instruction_verbs
from utils.similarity.instruction_verbs import (
    CODE,
    VerbObject,
    by_rules,
    count_by_verb,
    find_verb_objects,
)


@pytest.mark.parametrize(
    ("text", "verb", "noun"),
    [
        ("Add a cache to the loader.", "add", "cache"),
        ("Add a new parameter `mode` to `load`.", "add", "parameter"),
        ("Rename `x` to `y`.", "rename", CODE),
        ("please fix load_all()", "fix", CODE),
        ("Handlers never leave. Add a method for it.", "add", "method"),
        ("The total is wrong, fix it", "fix", ""),
        ("`pauses` should reject negative tries.", "reject", "try"),
        ("Callers must also handle empty lists.", "handle", "list"),
        ("1. Extract the parsing loop", "extract", "loop"),
        ("- Remove unused imports", "remove", "import"),
        ("Modify the function factorize so that it stops.", "modify", "function"),
        ("In the function, discard the decimal part.", "discard", "part"),
        ("Could you please write tests?", "write", "test"),
        ("I want you to sort the boxes by size", "sort", "box"),
        ("Keep the rest. Use dictionaries.", "use", "dictionary"),
        ("Instruction: Add type checks.", "add", "check"),
        ("Clean up the module", "clean", "module"),
        ("Write a C++ function that sorts", "write", "function"),
        ("Use a read-only property", "use", "property"),
        ("Check the user's input", "check", "input"),
        ("Speed up the lookup, e.g. with a set. Add tests.", "speed", "lookup"),
    ],
)
def test_the_verb_and_its_object_are_found(text, verb, noun):
    assert by_rules(text) == VerbObject(verb, noun)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The widths are wrong.",
        "Type hints for all functions",
        "Test is flaky",
        "Nothing else should change.",
        "```python\nadd = 1\n```",
    ],
)
def test_what_asks_for_nothing_has_no_verb(text):
    assert by_rules(text) is None


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    found = by_rules(text)
    assert found is None or found.verb


def test_verbs_are_counted_with_their_objects_the_most_frequent_first():
    pairs = [VerbObject("use", "set"), VerbObject("add", "test"), VerbObject("add", "test")]
    counts = count_by_verb(pairs)
    assert list(counts) == ["add", "use"] and counts["add"] == {"test": 2}


def test_without_a_model_of_english_the_rules_are_used_and_named(monkeypatch):
    monkeypatch.setattr(instruction_verbs, "english_model", lambda: None)
    assert list(find_verb_objects(["Add a test."])) == [VerbObject("add", "test")]
    assert instruction_verbs.verb_method().startswith("rules")


def test_with_a_model_of_english_its_parse_is_used(monkeypatch):
    model = trained_english()
    monkeypatch.setattr(instruction_verbs, "english_model", lambda: model)
    texts = [
        "Remove the long method. Keep its name.",
        "The widths are wrong.",
        "Write a test for `load`",
        "Refactor the lookup",  # two nouns to the small model
    ]
    assert list(find_verb_objects(texts)) == [
        VerbObject("remove", "method"),
        None,
        VerbObject("write", "test"),
        VerbObject("refactor", "lookup"),
    ]
    assert "dependency parse" in instruction_verbs.verb_method()


@pytest.mark.parametrize("text", ["Add \ud800 to the list.", "\ud800 Add it to the list."])
def test_lone_surrogates_do_no_harm(text):
    [found] = find_verb_objects([text])
    assert found is None or found.verb == "add"
