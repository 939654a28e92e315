import ast
from pathlib import Path

import prompts_for_gen
from prompts_for_gen import (
    CODE_EXTEND_REVIEW,
    UNREASONABLE_MARK,
    code_extend_rounds,
    edit_kind_line,
    rewrite_commit_rounds,
)
from utils.code.fences import fenced

EXAMPLE = (fenced("print('before')\n"), "Make `greet` polite.", "be polite")
# What breaks templates that format or replace.
TRICKY = "{0} {code} %s %(x)d $name ## Snippet 2 [Lazy] \\1 {{}} <UNREASONABLE>"


def lines_of(text):
    return text.split("\n")


def test_the_templates_import_nothing():
    tree = ast.parse(Path(prompts_for_gen.__file__).read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_snippets_stand_under_their_headings_after_the_example():
    first, _ = code_extend_rounds(*EXAMPLE, [fenced("x = 1"), fenced("y = 2")])
    lines = lines_of(first)
    at = lines.index("## Snippet 1")
    assert lines[at : at + 4] == ["## Snippet 1", "```python", "x = 1", "```"]
    at = lines.index("## Snippet 2")
    assert lines[at : at + 4] == ["## Snippet 2", "```python", "y = 2", "```"]
    assert lines.index("print('before')") < lines.index("## Snippet 1")


def test_the_example_is_laid_out_as_the_answer_is_asked_for():
    first, _ = code_extend_rounds(*EXAMPLE, ["x", "y"])
    example = (
        "[Program Before Edit]\n```python\nprint('before')\n```\n\n"
        "[Descriptive]\nMake `greet` polite.\n\n[Lazy]\nbe polite\n"
    )
    answer = first[first.index("# Answer") :]
    assert example in first
    assert [line for line in lines_of(answer) if line.startswith("[")] == [
        "[Program Before Edit]",
        "[Descriptive]",
        "[Lazy]",
    ]


def test_an_edit_kind_has_a_line_of_its_own_and_replaces_the_free_choice():
    line = edit_kind_line("rename", "Rename {things} by 100%.")
    with_kind, _ = code_extend_rounds(*EXAMPLE, ["x", "y"], line)
    without, _ = code_extend_rounds(*EXAMPLE, ["x", "y"])
    assert "Edit kind: rename: Rename {things} by 100%." in lines_of(with_kind)
    assert "Edit kind:" not in without
    assert "Choose the kind of edit" in without and "Choose the kind of edit" not in with_kind


def test_code_that_looks_like_a_template_is_left_as_it_is():
    first, _ = code_extend_rounds(TRICKY, TRICKY, TRICKY, [TRICKY, TRICKY], "Edit kind: a: b\n")
    assert first.count(TRICKY) == 5
    (only,) = rewrite_commit_rounds(TRICKY, TRICKY, TRICKY)
    assert only.count(TRICKY) == 3


def test_the_second_round_offers_the_mark_and_asks_for_one_section():
    assert UNREASONABLE_MARK in lines_of(CODE_EXTEND_REVIEW)
    assert "[Program After Edit]" in lines_of(CODE_EXTEND_REVIEW)
    assert code_extend_rounds(*EXAMPLE, ["x", "y"])[1] == CODE_EXTEND_REVIEW


def test_a_commit_is_shown_under_three_headings_in_safe_fences():
    message = "Use ``` fences\n\n## Diff\n"
    (only,) = rewrite_commit_rounds(
        fenced("a = 1"), fenced("-a = 1\n+a = 2\n", "diff"), fenced(message, "text")
    )
    assert "## Code Before\n```python\na = 1\n```\n" in only
    assert "## Diff\n```diff\n-a = 1\n+a = 2\n```\n" in only
    assert f"## Commit Message\n````text\n{message}````\n" in only
    answer = only[only.index("# Answer") :]
    assert [line for line in lines_of(answer) if line.startswith("[")] == [
        "[Descriptive]",
        "[Lazy]",
    ]
