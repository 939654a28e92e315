import ast
import random
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from utils.code.context_cut import NotCut, cut_to_context
from utils.code.lines import unified_diff


def function(name: str, lines: int = 8, indent: str = "") -> str:
    body = "".join(f"{indent}    {name}_{i} = {i}\n" for i in range(lines))
    return f"{indent}def {name}(self=None):\n{body}"


def changed(code: str, old: str, new: str) -> tuple[str, str]:
    assert code.count(old) == 1
    return code, code.replace(old, new)


def diff_without_numbers(before: str, after: str) -> str:
    diff = unified_diff(before, after, "", "")
    return re.sub(r"^@@ -\d+(,\d+)? \+\d+(,\d+)? @@", "@@", diff, flags=re.MULTILINE)


def reason(before: str, after: str, context_lines: int = 4) -> str:
    with pytest.raises(NotCut) as caught:
        cut_to_context(before, after, context_lines)
    return str(caught.value)


MODULE = "\n\n".join(
    ["import os\n", function("one"), function("two", 20), function("three"), function("four")]
)


def test_the_function_of_the_edit_stays_whole_with_the_imports():
    cut = cut_to_context(*changed(MODULE, "two_10 = 10", "two_10 = 11"), 4)
    assert cut.code_before == "import os\n\n\n" + function("two", 20)
    assert cut.code_after == cut.code_before.replace("two_10 = 10", "two_10 = 11")


def test_more_context_keeps_whole_neighbours():
    cut = cut_to_context(*changed(MODULE, "two_10 = 10", "two_10 = 11"), 14)
    kept = re.findall(r"^def (\w+)", cut.code_before, re.M)
    assert kept == ["one", "two", "three"]
    assert function("one") in cut.code_before and function("three") in cut.code_before


def test_of_a_class_the_head_and_the_attributes_stay_with_the_method():
    methods = "\n".join(function(name, 12, "    ") for name in ("open", "read", "close"))
    code = f'class Box:\n    """Holds."""\n    width = 1\n\n{methods}\n\nclass Other:\n    x = 1\n'
    cut = cut_to_context(*changed(code, "read_6 = 6", "read_6 = 7"), 4)
    head = 'class Box:\n    """Holds."""\n    width = 1\n\n'
    assert cut.code_before == head + function("read", 12, "    ")


def test_what_a_changed_line_names_stays():
    code = "LIMIT = 3\n\n\n" + MODULE
    cut = cut_to_context(*changed(code, "two_10 = 10", "two_10 = min(LIMIT, four())"), 4)
    assert "LIMIT = 3\n" in cut.code_before and function("four") in cut.code_after
    assert "def one" not in cut.code_before and "def three" not in cut.code_before


def test_a_property_stays_with_its_setter():
    getter = "    @property\n" + function("size", 9, "    ")
    setter = "    @size.setter\n" + function("size", 9, "    ").replace("size_", "set_")
    code = f"class A:\n    x = 1\n\n{getter}\n{function('far', 20, '    ')}\n{setter}"
    cut = cut_to_context(*changed(code, "set_5 = 5", "set_5 = 6"), 4)
    assert "@property" in cut.code_before and "def far" not in cut.code_before


def test_two_changes_far_apart_are_still_two_hunks():
    before = MODULE
    after = before.replace("one_1 = 1", "one_1 = 2").replace("four_7 = 7", "four_7 = 8")
    cut = cut_to_context(before, after, 1)
    assert unified_diff(cut.code_before, cut.code_after, "a", "b").count("@@ -") == 2
    assert "def three" not in cut.code_after


def test_a_file_without_a_last_newline_and_one_of_carriage_returns_come_back_to_the_byte():
    for code in (MODULE.removesuffix("\n"), MODULE.replace("\n", "\r\n")):
        before, after = changed(code, "two_10 = 10", "two_10 = 11")
        cut = cut_to_context(before, after, 4)
        assert cut.restored() == (before, after)
        assert len(cut.code_before) < len(code)


def test_what_can_not_be_cut_says_why():
    assert reason("x = 1\n", "x = 2\n") == "nothing_to_cut"
    assert reason(*changed(MODULE + "def (\n", "two_10 = 10", "two_10 = 11")) == "does_not_parse"
    assert reason(MODULE, MODULE + "def (\n") == "does_not_parse"
    assert reason("x = 1\ry = 2\n", "x = 2\ry = 2\n") == "does_not_parse"


@pytest.mark.parametrize("code", ["# c\n", "# c\n# d\n"])
def test_a_file_without_a_statement_has_nothing_to_cut(code):
    assert reason(code, code + "# e\n") == "nothing_to_cut"


@example(86, 1)
@given(st.integers(0, 10**9), st.integers(1, 12))
def test_whatever_is_cut_parses_comes_back_and_has_the_diff_of_the_files(seed, context_lines):
    rng = random.Random(seed)
    parts = []
    for number in range(rng.randint(1, 12)):
        kind = rng.choice(["def", "class", "value", "import", "comment"])
        if kind == "def":
            parts.append(function(f"f{rng.randint(0, 5)}", rng.randint(1, 12)))
        elif kind == "class":
            names = [f"m{rng.randint(0, 3)}" for _ in range(rng.randint(1, 5))]
            methods = "\n".join(function(name, rng.randint(1, 9), "    ") for name in names)
            attribute = rng.choice(["", "    x = 1\n\n"])
            parts.append(f"class C{number}:\n{attribute}{methods}")
        else:
            parts.append({"value": "v = [\n 1,\n]\n", "import": "import os\n"}.get(kind, "# c\n"))
    before = rng.choice(["\n", "\n\n", ""]).join(parts)
    lines = before.split("\n")
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(len(lines))
        if "_" in lines[place]:
            lines[place] += rng.choice([" + 1", "\n" + lines[place]])
    after = "\n".join(lines)
    try:
        cut = cut_to_context(before, after, context_lines)
    except NotCut:
        return
    assert cut.restored() == (before, after)
    ast.parse(cut.code_before), ast.parse(cut.code_after)
    cut_diff = diff_without_numbers(cut.code_before, cut.code_after)
    assert cut_diff == diff_without_numbers(before, after)


def test_more_is_kept_where_lines_that_are_alike_would_change_the_diff():
    names = [f"f{number}" for number in range(12)]
    codes = [
        "".join(f"def {name}():\n    x = 1\n\n    return x\n\n\n" for name in order)
        for order in (names, [names[0], "added", *names[1:]])
    ]
    cut = cut_to_context(*codes, 4)
    assert cut.restored() == tuple(codes)
    assert "def f11" not in cut.code_before and "def added" in cut.code_after
