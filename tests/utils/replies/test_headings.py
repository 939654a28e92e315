import pytest

from utils.code.fences import fence_lines, read_blocks
from utils.replies.headings import (
    AFTER,
    BEFORE,
    DESCRIPTIVE,
    LAZY,
    OTHER,
    choose_set,
    cut_sections,
    find_headings,
    program_headings,
)

ROUND = [BEFORE, DESCRIPTIVE, LAZY]


def headings_of(text):
    return find_headings(text, read_blocks(fence_lines(text)))


def names_of(text):
    return [section.name for section in cut_sections(text, headings_of(text))]


def chosen(text, wanted=ROUND):
    found = choose_set(text, headings_of(text), wanted)
    return {name: text.strip() for name, text in found.items()}


def sections(*pairs, form="[{}]"):
    names = {"B": "Program Before Edit", "D": "Descriptive", "L": "Lazy", "A": "Program After Edit"}
    return "".join(f"{form.format(names[key])}\n{text}\n" for key, text in pairs)


def test_sections_go_from_heading_to_heading_without_what_stands_above_the_first():
    text = "Sure.\n" + sections(("B", "x\ny"), ("D", "d"), ("L", "l")) + "[Notes]\nn\n"
    assert names_of(text) == [BEFORE, DESCRIPTIVE, LAZY, OTHER]
    assert chosen(text) == {BEFORE: "x\ny", DESCRIPTIVE: "d", LAZY: "l"}


@pytest.mark.parametrize("line", ["### Notes", "Notes:", "**Notes**", "[Notes] and more", "Usage"])
def test_a_part_of_a_section_does_not_end_it(line):
    assert names_of(f"## Lazy\nx\n{line}\ny") == [LAZY]


@pytest.mark.parametrize("line", ["# Lazy: it is read later", "#Descriptive: x", "        Lazy:"])
def test_lines_of_a_program_are_no_headings(line):
    assert names_of(line) == []


@pytest.mark.parametrize(
    "line", ["# Lazy", "# **Lazy:** now", "## Lazy: now", "\u200b[Lazy]\u00a0"]
)
def test_headings_are_told_from_comments(line):
    assert names_of(line) == [LAZY]


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ("BDLBDL", {BEFORE: "3\n3", DESCRIPTIVE: "4", LAZY: "5"}),
        ("BDLBLD", {BEFORE: "3\n3", LAZY: "4", DESCRIPTIVE: "5"}),
        ("DLBDLB", {DESCRIPTIVE: "3", LAZY: "4", BEFORE: "5\n5"}),
        ("BDLB", {BEFORE: "0\n0", DESCRIPTIVE: "1", LAZY: "2"}),
        ("DBDL", {BEFORE: "1\n1", DESCRIPTIVE: "2", LAZY: "3"}),
        ("BDDL", {BEFORE: "0\n0", DESCRIPTIVE: "2", LAZY: "3"}),
        ("BLBD", {BEFORE: "2\n2", DESCRIPTIVE: "3"}),
    ],
)
def test_the_last_set_that_belongs_together_wins(order, found):
    texts = [f"{at}\n{at}" if key == "B" else str(at) for at, key in enumerate(order)]
    assert chosen(sections(*zip(order, texts, strict=True))) == found


def test_a_heading_within_the_program_is_its_text():
    text = sections(("B", "x\ny")) + "[Lazy]\nz\n" + sections(("D", "d"), ("L", "l"))
    assert chosen(text) == {BEFORE: "x\ny\n[Lazy]\nz", DESCRIPTIVE: "d", LAZY: "l"}


def test_headings_of_one_style_belong_together():
    program = "x = 1\n**Descriptive**\ny = 2"
    text = sections(("B", program), ("D", "d"), ("L", "l"))
    assert chosen(text) == {BEFORE: program, DESCRIPTIVE: "d", LAZY: "l"}


def test_the_program_after_the_edit_ends_at_a_program_or_a_section_nobody_asked_for():
    text = sections(("A", "x"), ("L", "l"), ("B", "y")) + "[Explanation]\n"
    names = [section.name for section in cut_sections(text, program_headings(headings_of(text)))]
    assert names == [AFTER, BEFORE, OTHER]
