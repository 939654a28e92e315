import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    spacy = pytest.importorskip("spacy")
    from spacy.tokens import Doc

    language = spacy.blank("en")

    @language.component("parsed_by_hand")
    def parse(doc):
        """Stand in for a parser: the first word governs, the last word is its object."""
        last = len(doc) - 1
        return Doc(
            doc.vocab,
            words=[token.text for token in doc],
            heads=[0] * len(doc),
            deps=["ROOT"] + ["dep"] * (last - 1) + ["dobj"],
            pos=["VERB"] + ["X"] * (last - 1) + ["NOUN"],
            lemmas=[token.text.lower() for token in doc],
            sent_starts=[True] + [False] * last,
        )

    language.add_pipe("parsed_by_hand")
    monkeypatch.setattr(instruction_verbs, "english_model", lambda: language)
    assert list(find_verb_objects(["Memoise the lookup"])) == [VerbObject("memoise", "lookup")]
    assert "dependency parse" in instruction_verbs.verb_method()
