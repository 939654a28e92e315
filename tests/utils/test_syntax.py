import warnings

import pytest

from utils.syntax import parser_for, parses_as_python


def test_python_is_known_by_its_names_and_other_languages_have_no_parser():
    assert parser_for("Python") is parses_as_python
    assert parser_for("rust") is None


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
