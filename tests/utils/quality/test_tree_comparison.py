import ast

import pytest

from utils.quality.tree_comparison import same_tree


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
