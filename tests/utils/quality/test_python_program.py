import ast
import builtins

import pytest

from tests.linear_time import grows_linearly
from utils.quality.python_program import Program, same_tree


def same(one, other, **switches):
    return same_tree(ast.parse(one), ast.parse(other), **switches)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 'a'", 'x = ("a")'),
        ("f(1,\n  2)  # two", "f(1, 2,)"),
        ("x = 0x10", "x = 16"),
        ("x = 'ab'", "x = 'a' 'b'"),
    ],
)
def test_what_reads_the_same_is_the_same(one, other):
    assert same(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 0.0", "x = -0.0"),
        ("x = 'a'", "x = b'a'"),
        ("f(1)", "f(1, 2)"),
        ("x", "y"),
        ("def f(): pass", "async def f(): pass"),
        ("x = 1", "x = 1\ny = 2"),
    ],
)
def test_what_means_something_else_is_not(one, other):
    assert not same(one, other, docstrings=False, annotations=False)


def test_docstrings_can_be_left_out():
    one, other = 'def f():\n    """A."""\n    return 1', "def f():\n    return 1"
    assert not same(one, other)
    assert same(one, other, docstrings=False)
    assert same('def f():\n    """A."""', "def f():\n    pass", docstrings=False)
    assert not same("'a'\nx('a')", "x('b')", docstrings=False)


def test_annotations_can_be_left_out_except_where_they_declare():
    one, other = (
        "def f(a: int) -> int:\n    x: int = a\n    return x",
        "def f(a):\n    x = a\n    return x",
    )
    assert not same(one, other)
    assert same(one, other, annotations=False)
    assert not same("class A:\n    x: int", "class A:\n    pass", annotations=False)


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


@pytest.mark.parametrize(
    ("comment", "is_meant"),
    [("# noqa", True), ("#noqa: E501, F821", True), ("# noqa: E501", False), ("# no", False)],
)
def test_what_a_line_uses_on_purpose_is_not_unresolved(comment, is_meant):
    code = f"import a\r\nx = 1\r\n\r\ndef f(x: 'Missing'):  {comment}\n    return x\n"
    assert Program(code).unresolved == (frozenset() if is_meant else {"Missing"})


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


@pytest.mark.parametrize(
    "unit",
    [
        "def f(a):\n    if PY2:\n        return unicode\n    return missing\n",
        "for a in b:\n    if a:\n        print(last)\n    else:\n        last = a\n",
        "def g(a):\n    try:\n        return a\n    except OSError:\n        del a\n    print(a)\n",
    ],
)
def test_unresolved_names_take_time_by_the_length_of_the_program(unit):
    assert grows_linearly(lambda code: Program(code).unresolved, unit, 20_000)
