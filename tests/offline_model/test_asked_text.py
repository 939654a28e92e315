"""What a prompt is about, lists and shows, found by its form."""

from hypothesis import given
from hypothesis import strategies as st

from offline_model.asked_text import (
    compared_in,
    items_of,
    options_in,
    sections_of,
    subject_of,
    things_in,
)


def test_sections_have_headings_tags_or_labels() -> None:
    text = "Do it.\n\n## Question\nWhy?\n\n<answer>\nSo.\n</answer>\n\nHint: think.\n\n### Empty\n"
    found = [(section.name, section.text) for section in sections_of(text)]
    assert found == [("Question", "Why?"), ("answer", "So."), ("Hint", "think.")]


def test_the_subject_is_the_last_part_that_says_something() -> None:
    assert subject_of("Rewrite it.\n\n### Given\nWhy is it so?\n\n### New\n") == "Why is it so?"
    assert subject_of('# Q\nWhy?\n\n# Form\n{"a": 1}') == "Why?"
    assert subject_of("Why is it so?") == ""


def test_bare_items_go_before_those_that_are_explained() -> None:
    assert items_of("- x: the unknown\n- y: another\n") == ["x", "y"]
    assert items_of("- x: the unknown\n\n- one\n- two\n\nText\n- not: this") == ["one", "two"]


def test_options_are_those_of_the_last_run_of_numbers() -> None:
    text = "1. read\n2. pick\n\n--- 1 ---\nfirst\n\n--- 2 ---\nsecond\n"
    assert [(each.name, each.text) for each in options_in(text)] == [
        ("1", "first"),
        ("2", "second"),
    ]
    assert options_in("none") == []


def test_compared_texts_have_names_that_differ_in_one_letter() -> None:
    text = "<q>\nWhy?\n</q>\n\n<answer_a>\nSo.\n</answer_a>\n\n<answer_b>\nNo.\n</answer_b>\n"
    assert compared_in(text) == ["So.", "No."]
    assert compared_in("# Reply 1\nSo.\n# Reply 2\nNo.\n") == ["So.", "No."]
    assert compared_in("Which is better?") == []


@given(st.text(max_size=300))
def test_any_text_can_be_looked_at(text: str) -> None:
    assert things_in(text)
    sections_of(text), items_of(text), options_in(text), compared_in(text), subject_of(text)
