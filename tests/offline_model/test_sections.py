"""Sections are read outside of fences."""

from offline_model.sections import fenced, join_sections, split_sections


def test_headings_inside_of_fences_are_code() -> None:
    text = "## One\n````python\n## Two\n```\nx\n````\n\n## Two\n```python\ny = 1\n```\n"
    assert split_sections(text) == {"One": "## Two\n```\nx", "Two": "y = 1"}


def test_the_last_of_equal_headings_wins() -> None:
    assert split_sections("## A\nfirst\n## A\nlast\n") == {"A": "last"}


def test_an_unclosed_fence_ends_with_the_text() -> None:
    assert split_sections("## A\n```\nx = 1\n") == {"A": "x = 1\n"}


def test_code_and_sections_are_written_for_the_later_stages() -> None:
    assert join_sections({"Lazy": "do"}) == "[Lazy]\ndo\n"
    assert fenced("x\n") == "```python\nx\n```" == fenced("x")
