import builtins

import pytest

from utils.quality.program import Program

CODE = """
import os.path as path
import xml.dom
from typing import List, Optional as Maybe

try:
    import tomllib
except ImportError:
    tomllib = None


class Reader:
    def read(self, name):
        self.last = name
        return open(name).read() + suffix


if path:
    def late(): return undefined_one
"""


def test_imports_and_definitions_of_the_top_level_are_found_under_conditions_too():
    program = Program(CODE)
    assert program.imports == {
        "path": "os.path",
        "xml": "xml.dom",
        "List": "typing.List",
        "Maybe": "typing.Optional",
        "tomllib": "tomllib",
    }
    assert list(program.definitions) == ["Reader", "late"]
    assert {"read", "last", "name", "tomllib"} <= program.bound_names


def test_unresolved_names_are_those_of_pyflakes():
    assert Program(CODE).unresolved == {"suffix", "undefined_one"}
    assert Program("from x import *\ny = z\n").unresolved == frozenset()
    assert Program("def f(:\n").unresolved == frozenset()


def test_every_built_in_name_is_known():
    names = [name for name in dir(builtins) if name.isidentifier() and name != "_"]
    code = "".join(f"print({name})\n" for name in [*names, "__file__", "__name__", "__doc__"])
    assert Program(code).unresolved == frozenset()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("x = 1\n", ""),
        ("x = '\\d'\n", ""),
        ("x = (\n", "line 1: '(' was never closed"),
        ("return 1\n", "line 1: 'return' outside function"),
        ("x = " + "-" * 15_000 + "1\n", "nested too deeply"),
        ("x = 1\0\n", "null bytes"),
        ("x = '\ud800'\n", "surrogates"),
    ],
)
def test_the_error_says_why_a_text_is_no_program(code, error):
    program = Program(code)
    assert error in program.error and bool(error) == bool(program.error)
    assert (program.tree is None) == bool(error)
