import pytest

from offline_model.change_facts import ChangeFacts, defined, read_change, read_changes, told_words
from utils.code.lines import unified_diff


def facts_of(before: str, after: str) -> ChangeFacts:
    return read_change(unified_diff(before, after, "code", "code"), before)


@pytest.mark.parametrize(
    ("line", "name", "noun"),
    [
        ("def load(path):", "load", "function"),
        ("    async def load(self):", "load", "function"),
        ("export default class Store extends Base {", "Store", "class"),
        ("func (s *Store) Get(key string) string {", "Get", "function"),
        ("pub fn parse(text: &str) -> u16 {", "parse", "function"),
        ("type Point struct {", "Point", "type"),
        ("static int total(const int *cells) {", "total", "function"),
        ("std::vector<int> read(std::istream& in) {", "read", "function"),
    ],
)
def test_definitions_are_known_in_several_languages(line: str, name: str, noun: str) -> None:
    assert defined(line) == (name, noun)


@pytest.mark.parametrize(
    "line",
    ["function that returns x", "  if (x) {", "} else if (a) {", "return f(x) {", "x = 1", ""],
)
def test_statements_and_sentences_define_nothing(line: str) -> None:
    assert defined(line) is None


def test_a_renaming_is_told_from_a_new_definition() -> None:
    facts = facts_of("def f(xs):\n    return xs\n", "def g(ys):\n    return ys\n")
    assert facts.renamed == {"f": "g", "xs": "ys"}
    assert facts.renamed_definitions == ["f"]
    assert not facts.introduced
    assert not facts.dropped


def test_new_and_dropped_definitions_and_imports_are_named() -> None:
    before = "import os\n\n\ndef old():\n    pass\n"
    after = "import re\nfrom os import path\n\n\ndef one():\n    pass\n\n\nclass Two:\n    x = 1\n"
    facts = facts_of(before, after)
    assert facts.introduced == {"Two": "class"}
    assert facts.renamed == {"old": "one"}
    assert facts.imports == ["re"]
    assert facts.imports_gone == []


def test_another_name_from_the_same_module_is_an_import() -> None:
    facts = facts_of("from a import x\n", "from a import x, y\n")
    assert facts.imports == ["y"]
    assert facts.imports_gone == []


def test_values_and_calls_are_told() -> None:
    before = "def f(x):\n    a = 10\n    b = 5\n    return abs(x) + a\n"
    after = "def f(x):\n    a = 20\n    b = 5\n    return abs(round(x)) + a\n"
    facts = facts_of(before, after)
    assert facts.values == {"10": "20"}
    assert facts.calls == ["round"]
    assert facts.places == ["f"]


def test_what_is_added_below_a_function_lies_in_it_and_not_in_the_next_one() -> None:
    before = "def one():\n    a = 1\n\n\ndef two():\n    pass\n"
    after = before.replace("    a = 1\n", "    a = 1\n    a += 1\n")
    assert facts_of(before, after).places == ["one"]


def test_a_missing_final_newline_parts_no_lines_that_belong_together() -> None:
    facts = facts_of("limit = 1", "limit = 2\n")
    assert facts.values == {"1": "2"}
    assert facts.removed == ["limit = 1"]


def test_headers_of_several_diffs_are_no_changes() -> None:
    diffs = [unified_diff("a = 1\n", "a = 2\n", "code", "code")] * 2
    assert read_changes(diffs).removed == ["a = 1", "a = 1"]


def test_comments_sentences_and_layout_are_told_from_code() -> None:
    assert facts_of("# one\nx = 1\n", "# two\nx = 1\n").is_comment
    assert facts_of("x = 1\n", "x  =  1\n").is_layout
    assert facts_of("a\n", "a\n\n\n").is_layout
    assert facts_of("the old words stand here\n", "the new words stand here\n").is_prose
    assert not facts_of("from a import b\n", "from a import c\n").is_prose
    assert facts_of("x = 1\n", "x = 1\n").is_empty


def test_keywords_of_the_languages_tell_nothing() -> None:
    assert told_words("return self.total + 12  # if so") == ["total", "12", "so"]


def test_a_line_of_a_megabyte_is_not_looked_into() -> None:
    line = "f(" + "a " * 500_000
    assert facts_of("x\n", line + "\n").introduced == {}
