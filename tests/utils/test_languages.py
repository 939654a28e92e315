import pytest

from utils.languages import is_other_language, label_of, language_named


def test_a_language_is_known_by_all_its_names():
    assert {language_named(name) for name in ("py", "Python3", " python ")} == {"python"}
    assert language_named("C++") == "cpp"
    assert language_named("Brainfuck") == "brainfuck"


@pytest.mark.parametrize(
    ("info", "label"),
    [
        ("python", "python"),
        ("Python title=a.py", "python"),
        ("python:src/a.py", "python"),
        ("{.python .numberLines}", "python"),
        ("c++", "c++"),
        ("", ""),
    ],
)
def test_the_label_is_the_first_word_of_the_info_string(info, label):
    assert label_of(info) == label


@pytest.mark.parametrize("info", ["", "py", "python3", "text", "src/total.py", "Python hl=1"])
def test_a_block_may_be_a_program_unless_it_is_labelled_otherwise(info):
    assert not is_other_language(info, "python")


@pytest.mark.parametrize("info", ["bash", "JSON", "diff", "console", "js title=a"])
def test_a_block_labelled_as_something_else_is_no_program(info):
    assert is_other_language(info, "python")
    assert not is_other_language(info, info.split()[0])
