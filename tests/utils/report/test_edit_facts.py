import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from utils.report.edit_facts import PARTS, SHAPES, changed_parts, edit_shape

PROGRAM = '''"""A module."""

import os


class Store:
    """Keeps things."""

    def get(self, key):
        return self.items[key]


def load(path: str):
    """Load it."""
    return open(path).read()


LIMIT = 3
'''


@pytest.mark.parametrize(
    ("old", "new", "parts"),
    [
        ("LIMIT = 3", "LIMIT = 3\n\ndef extra():\n    pass", ["function added"]),
        ("LIMIT = 3", "LIMIT = 4", ["module level"]),
        ("import os", "import os\nimport sys", ["imports"]),
        ('"""Load it."""', '"""Load the file."""', ["docstrings"]),
        ('"""A module."""', '"""Another."""', ["docstrings"]),
        ("path: str", "path: bytes", ["type annotations"]),
        ("path: str", "path: str, mode='r'", ["signature"]),
        ("def load", "@cache\ndef load", ["decorators"]),
        ("self.items[key]", "self.items.get(key)", ["function body"]),
        ("class Store:", "class Store(dict):", ["class body"]),
        ("def get(", "def find(", ["function added", "function removed"]),
        ("LIMIT = 3", "LIMIT = 3  # most", ["comments or layout only"]),
        ("LIMIT = 3", "LIMIT = (", ["does not parse"]),
        ("LIMIT = 3", "LIMIT = 3", []),
        ("def load", "async def load", ["signature"]),
        (
            "    return open(path).read()",
            "    if not path:\n        raise ValueError(path)\n    return open(path).read()",
            ["function body", "error handling"],
        ),
        (
            "LIMIT = 3",
            "LIMIT = 3\n\ndef test_load():\n    assert load('x')",
            ["function added", "tests"],
        ),
        (
            "LIMIT = 3",
            "LIMIT = 3\n\nclass LoadTest:\n    def test_it(self):\n        load('x')",
            ["function added", "class added or removed", "tests"],
        ),
    ],
)
def test_the_parts_that_an_edit_changes_are_named(old, new, parts):
    assert old in PROGRAM
    assert changed_parts(PROGRAM, PROGRAM.replace(old, new)) == parts


def test_an_edit_turned_round_changes_the_same_parts_but_for_what_comes_and_goes():
    after = PROGRAM.replace("LIMIT = 3", "LIMIT = 3\n\ndef extra():\n    pass")
    assert changed_parts(after, PROGRAM) == ["function removed"]


def test_a_program_with_carriage_returns_is_compared_by_its_lines():
    assert changed_parts(PROGRAM, PROGRAM.replace("\n", "\r\n")) == ["comments or layout only"]


@pytest.mark.parametrize(
    "hostile", ["\0", "\ud800", "(" * 5000, "-" * 100_000 + "1", "é" * 600_000]
)
def test_hostile_texts_do_not_parse(hostile):
    assert changed_parts(hostile, PROGRAM) == ["does not parse"]


@given(st.integers(0, 9), st.integers(0, 9))
def test_shifted_functions_are_no_difference(first, second):
    functions = [f"def f{n}():\n    return {n}\n" for n in range(10)]
    before = "".join(functions)
    functions[first], functions[second] = functions[second], functions[first]
    assert changed_parts(before, "".join(functions)) in ([], ["comments or layout only"])


@pytest.mark.parametrize(
    ("before", "after", "shape"),
    [
        ("a\n", "a\nb\n", "only added"),
        ("a\nb\n", "a\n", "only removed"),
        ("a\nb\n", "a\nc\n", "changed in place"),
        ("a\nb\nc\n", "a\nx\nc\nd\n", "several of these"),
        ("a\n", "a\n", "nothing changed"),
    ],
)
def test_the_shape_of_an_edit_is_named(before, after, shape):
    assert edit_shape(before, after) == shape and shape in SHAPES


def test_real_modules_compare_without_a_surprise():
    module = Path(json.__file__).with_name("decoder.py").read_text()
    found = changed_parts(module, module.replace("raise ", "return ", 1))
    assert set(found) == {"function body", "error handling"} and set(found) <= set(PARTS)
