import warnings

import pytest

from utils.code.syntax import grammar_parser, is_python_program, parser_for, parses_as_python


@pytest.mark.parametrize("name", ["python", "Python", "py", "python3"])
def test_python_is_known_by_its_names(name):
    assert parser_for(name) is is_python_program


@pytest.mark.parametrize("name", ["brainfuck", "no such thing", "../x", "", "os.path"])
def test_a_language_without_a_grammar_has_no_parser(name):
    assert parser_for(name) is None


@pytest.mark.parametrize("name", ["javascript", "js", "JavaScript"])
def test_another_language_is_parsed_by_its_grammar(name):
    pytest.importorskip("tree_sitter_javascript")
    parses = parser_for(name)
    assert parses("let a = 1;\n") and parses("f(`${a}`)")
    assert not parses("let a = ;\n") and not parses("Here it is:") and not parses("// a\n")
    assert not parses(" \n")


def test_an_installed_grammar_tells_programs_from_other_text():
    parses = grammar_parser("python")
    assert parses("import os\n\nprint(os.name)\n")
    assert not parses("def f(:\n    pass\n") and not parses("# nothing\n") and not parses(" \n")
    assert not parses("(" * 1000 + ")" * 1000) and not parses("x = 1\n" * 100_000)


@pytest.mark.parametrize("code", ["'" * 200_000, "(" * 100_000, "let a = 1\0", "a = '\ud800'"])
def test_hostile_text_of_another_language_does_no_harm(code):
    pytest.importorskip("tree_sitter_javascript")
    parser_for("javascript")(code)


@pytest.mark.parametrize(
    "code",
    [
        "Done",
        "# Done\n\nDone",
        "- a\n- b",
        "[1, 2]\n[3]",
        '{"a": 1}',
        "Total: 12\nTax: 3",
        '"""x"""',
    ],
)
def test_what_merely_parses_is_no_program(code):
    assert parses_as_python(code)
    assert not is_python_program(code)


@pytest.mark.parametrize("code", ["f(1)", "x = 1", "import os", "await f()", "x: int = 1", "pass"])
def test_what_does_something_is_a_program(code):
    assert is_python_program(code)


def test_a_program_parses_and_prose_does_not():
    assert parses_as_python("import os\n\nprint(os.name)\n")
    assert not parses_as_python("Here is the program:")
    assert not parses_as_python(" \n\n")


@pytest.mark.parametrize(
    "code",
    ["x = 1\0\n", "x = '\ud800'\n", "(" * 100_000, "-" * 100_000 + "1", "x = 1\n" * 200_000],
    ids=["nul", "surrogate", "parentheses", "operators", "huge"],
)
def test_hostile_text_is_no_program_and_no_crash(code):
    assert parses_as_python(code) is False


def test_a_dubious_escape_raises_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parses_as_python("x = '\\d'\n")
