import pytest

from utils.code.languages import (
    CODE_LANGUAGES,
    is_other_language,
    label_of,
    language_named,
    language_of_file,
    read_languages,
)


@pytest.mark.parametrize(
    ("path", "language"),
    [
        ("a/b.py", "python"),
        ("B.CPP", "cpp"),
        ("x.d/y.ts", "typescript"),
        ("lib.min.js", "javascript"),
        ("notes.md", None),
        ("data.json", None),
        (".py", None),
        ("py", None),
        ("folder.py/readme", None),
    ],
)
def test_the_ending_names_the_language(path: str, language: str | None) -> None:
    assert language_of_file(path) == language


def test_languages_go_by_any_of_their_names_and_each_counts_once() -> None:
    assert read_languages("py, JS,python") == ("python", "javascript")
    assert read_languages(",".join(CODE_LANGUAGES)) == CODE_LANGUAGES


@pytest.mark.parametrize("names", ["klingon", "python,json", "", " , "])
def test_a_name_of_no_code_language_is_refused(names: str) -> None:
    with pytest.raises(ValueError, match="write some of python, javascript"):
        read_languages(names)


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
