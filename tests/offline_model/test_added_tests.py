"""Added tests: where they stand, how they are written, and what the request says of them."""

import ast
import random
import re
import unittest

import pytest

from offline_model.added_tests import add_tests, as_test_case, case_class, case_sources, with_import
from offline_model.compose import catalogue, draw_draft
from offline_model.draft import Draft
from offline_model.programs import LayeredCode, Program, Spelling

CODE = """\
       | import re
       |
       | def double(x):
       |     return 2 * x
       |
       | def main():
       |     print(double(2))
       |
       | if __name__ == "__main__":
       |     main()
"""
TESTS = """\
        | def test_numbers_are_doubled()« -> None»:
        |     assert double(2) == 4
        |     assert double([1]) == [1, 1]
        |
  +zero | def test_zero_stays()« -> None»:
  +zero |     assert not double(0)
        |
        | def test_no_letter_is_lost()« -> None»:
        |     text = double("a")
        |
        |     assert re.match("b", text) is None
        |     assert text.startswith("a")
"""
PROGRAM = Program("number_tool", "", (), LayeredCode(CODE), (), LayeredCode(TESTS), (), {}, ())


def draft(*layers: str, seed: int = 1, flat: bool = False) -> Draft:
    return Draft(PROGRAM, frozenset(layers), Spelling({}, {}), flat, random.Random(seed))


def names_of_tests(code: str) -> list[str]:
    return re.findall(r"def (test_\w+)", code)


def test_cases_are_the_test_functions_of_the_layers_that_are_on() -> None:
    assert [names_of_tests(case) for case in case_sources(draft(), frozenset())] == [
        ["test_numbers_are_doubled"],
        ["test_no_letter_is_lost"],
    ]
    typed = case_sources(draft(), frozenset({"types", "zero"}))
    assert typed[1] == "def test_zero_stays() -> None:\n    assert not double(0)"


@pytest.mark.parametrize("layers", [(), ("types", "zero")])
@pytest.mark.parametrize("flat", [False, True])
def test_a_test_case_says_it_in_methods_that_pass(layers: tuple[str, ...], flat: bool) -> None:
    made = draft(*layers, flat=flat)
    code = as_test_case(made.code(), case_sources(made, made.layers), made)
    names: dict = {"__name__": "program"}
    exec(code, names)
    result = unittest.TestResult()
    case = names[case_class(made)]
    unittest.defaultTestLoader.loadTestsFromTestCase(case).run(result)
    assert result.wasSuccessful() and result.testsRun == 2 + ("zero" in layers)
    assert not any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(code)))


def test_each_assertion_becomes_the_method_made_for_it() -> None:
    made = draft("zero")
    code = as_test_case(made.code(), case_sources(made, made.layers), made)
    assert code.startswith("import re\nimport unittest\n\n\ndef double")
    assert "\n\n\nclass NumberToolTest(unittest.TestCase):\n    def test_numbers" in code
    for line in (
        "self.assertEqual(double([1]), [1, 1])",
        "self.assertFalse(double(0))",
        'self.assertIsNone(re.match("b", text))',
        'self.assertTrue(text.startswith("a"))',
    ):
        assert f"        {line}\n" in code
    assert [line for line in code.splitlines() if line != line.rstrip()] == []


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("seed", range(12))
def test_the_tests_stand_before_main_and_the_rest_stays(seed: int, flat: bool) -> None:
    triplet = add_tests(draft("zero", seed=seed, flat=flat))
    before, after = ast.parse(triplet.code_before), ast.parse(triplet.code_after)
    assert isinstance(after.body[-1], ast.If), "the call of main stays last"
    kept = [ast.unparse(node) for node in before.body if not isinstance(node, ast.ClassDef)]
    there = {ast.unparse(node) for node in after.body}
    assert set(kept) <= there
    assert len(names_of_tests(triplet.code_after)) == 3
    assert (triplet.edit, triplet.kind, triplet.same_output) == ("add_tests", "tests", True)


@pytest.mark.parametrize("seed", range(12))
def test_the_request_names_the_new_tests_and_no_others(seed: int) -> None:
    triplet = add_tests(draft("zero", seed=seed))
    present = set(names_of_tests(triplet.code_before))
    new = [name for name in names_of_tests(triplet.code_after) if name not in present]
    said = triplet.instruct_descriptive
    assert re.findall(r"`(test_\w+)`", said) == new and f"{len(new)} cases" in said
    assert ("existing tests" in said or "Extend the tests" in said) == bool(present)
    in_class = "(unittest.TestCase)" in triplet.code_after
    assert ("`NumberToolTest`" in said) == (in_class and not present)


def test_files_with_and_without_tests_and_both_layouts_are_drawn() -> None:
    drawn = [add_tests(draft(seed=seed)) for seed in range(40)]
    kinds = {("test_" in t.code_before, "TestCase" in t.code_after) for t in drawn}
    assert len(kinds) == 4


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("import re\nimport zlib\n", "import re\nimport unittest\nimport zlib\n"),
        ("import zlib\n", "import unittest\nimport zlib\n"),
        ("from re import sub\n", "import unittest\nfrom re import sub\n"),
        ("import re\nfrom a import b\n", "import re\nimport unittest\nfrom a import b\n"),
        ('"""Doc."""\n\nx = 1\n', '"""Doc."""\n\nimport unittest\n\nx = 1\n'),
        ("def f():\n    pass\n", "import unittest\n\n\ndef f():\n    pass\n"),
        ('"""Doc."""\n\n@a\ndef f(): 0\n', '"""Doc."""\n\nimport unittest\n\n\n@a\ndef f(): 0\n'),
    ],
)
def test_an_import_goes_where_isort_would_put_it(code: str, expected: str) -> None:
    assert with_import(code, "unittest") == expected


@pytest.mark.parametrize("program", catalogue(), ids=lambda program: program.name)
def test_a_program_of_the_catalogue_imports_unittest_once(program: Program) -> None:
    for seed in range(8):
        code = add_tests(draw_draft(program, "", random.Random(seed))).code_after
        assert code.count("import unittest\n") == code.count("(unittest.TestCase)") <= 1
        ast.parse(code)
