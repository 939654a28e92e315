import pytest

from utils.code.language_check import other_language

JAVASCRIPT = "function area(r) {\n  return 3 * r * r;\n}\n"
PYTHON = "def area(r):\n    return 3 * r * r\n"
PYTHON2 = "def area(r):\n    print 'area', r\n    raise ValueError, 'no'\n"
BROKEN = "def area(r:\n    return 3 *\n"
PROSE = "Here is the program you asked for."


def programs(*codes: str) -> list[tuple[str, str]]:
    return [(code, code.replace("3", "4")) for code in codes]


def test_programs_of_another_language_are_named_with_the_counts():
    said = other_language(programs(*[JAVASCRIPT] * 79, PYTHON, BROKEN), "python")
    assert said == "80 of 81 do not parse as python; 79 parse as javascript: --language javascript"


def test_python_that_is_said_to_be_javascript_is_named():
    said = other_language(programs(*[PYTHON] * 20), "js")
    assert said == "20 of 20 do not parse as javascript; 20 parse as python: --language python"


def test_without_a_grammar_python_alone_is_named():
    said = other_language(programs(*[PYTHON] * 20), "kotlin")
    assert said == "20 parse as python: --language python"


@pytest.mark.parametrize(
    "code", [PYTHON, PYTHON2, BROKEN, PROSE, "x", "", "```\n", "\0", "{}\n" * 3]
)
def test_python_of_any_version_broken_replies_and_prose_raise_no_alarm(code):
    assert other_language(programs(*[code] * 50), "python") is None


def test_a_file_of_which_half_parse_is_fine():
    assert other_language(programs(*[PYTHON, JAVASCRIPT] * 20), "python") is None


def test_an_edit_that_mends_broken_code_is_of_its_language():
    assert other_language([(BROKEN, PYTHON)] * 9, "python") is None


def test_a_language_that_nothing_is_known_of_is_believed():
    assert other_language(programs(*[JAVASCRIPT] * 20), "cobol") is None
    assert other_language(programs(*[JAVASCRIPT] * 4), "python") is None
