"""Every edit of the catalogue is made, run and checked."""

import ast
import builtins
import difflib
import json
import random
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from offline_model.compose import catalogue, compose, draw_draft
from offline_model.draft import Triplet
from offline_model.edits import makers_of
from tests.offline_model.prompts import SNIPPETS

ROOT = Path(__file__).parents[2]
RUNNER = Path(__file__).with_name("program_runner.py")
DRAFTS_PER_EDIT = 3


def make_all_triplets() -> list[Triplet]:
    triplets = []
    for program in catalogue():
        makers = [maker for _, maker in makers_of(program)]
        for number, maker in enumerate(makers):
            for seed in range(DRAFTS_PER_EDIT):
                rng = random.Random(1000 * number + seed)
                triplets.append(maker(draw_draft(program, "\n".join(SNIPPETS), rng)))
    return triplets


def run_programs(cases: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Run all cases in one child process."""
    done = subprocess.run(
        [sys.executable, str(RUNNER)], input=json.dumps(cases), capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def triplets() -> list[Triplet]:
    return make_all_triplets()


@pytest.fixture(scope="module")
def results(triplets: list[Triplet]) -> list[tuple[Triplet, dict[str, Any], dict[str, Any]]]:
    cases = []
    for triplet in triplets:
        check = triplet.check or None
        has_tests = triplet.edit == "add_tests"
        cases.append({"code": triplet.code_before, "check": check})
        cases.append({"code": triplet.code_after, "check": check, "run_tests": has_tests})
    done = run_programs(cases)
    return list(zip(triplets, done[::2], done[1::2], strict=True))


def named(triplet: Triplet) -> str:
    return f"{triplet.program}/{triplet.edit}"


def test_every_program_runs_to_its_end_before_and_after(results) -> None:
    failed = [
        (named(triplet), result["error"])
        for triplet, *sides in results
        for result in sides
        if result["error"] or not result["output"]
    ]
    assert failed == []


def test_every_edit_changes_the_program(triplets) -> None:
    assert [named(t) for t in triplets if t.code_before == t.code_after] == []


def test_every_edit_of_the_catalogue_does_what_it_says(results) -> None:
    checked = [(t, before, after) for t, before, after in results if t.check]
    assert len(checked) > 150
    assert [named(t) for t, _, after in checked if after["check_error"]] == []
    assert [named(t) for t, before, _ in checked if not before["check_error"]] == []


def test_the_output_stays_where_the_instruction_says_so(results) -> None:
    changed = [
        named(triplet)
        for triplet, before, after in results
        if triplet.same_output and before["output"] != after["output"]
    ]
    assert changed == []


def test_features_show_in_the_output(results) -> None:
    shown = [t for t, before, after in results if before["output"] != after["output"]]
    kinds = {triplet.kind for triplet in shown}
    assert {"feature", "bug_fix", "api_change"} <= kinds


def test_added_tests_pass(results) -> None:
    counts = [after["tests"] for t, _, after in results if t.edit == "add_tests"]
    assert len(counts) == DRAFTS_PER_EDIT * len(catalogue())
    assert min(counts) >= 3


def functions_of(code: str) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef)]


def test_annotating_leaves_no_function_without_types(triplets) -> None:
    for triplet in triplets:
        if triplet.edit != "annotate":
            continue
        assert all(function.returns is None for function in functions_of(triplet.code_before))
        for function in functions_of(triplet.code_after):
            arguments = [argument for argument in function.args.args if argument.arg != "self"]
            assert function.returns is not None, (named(triplet), function.name)
            assert all(argument.annotation for argument in arguments), function.name


def test_documenting_changes_nothing_but_docstrings(triplets) -> None:
    for triplet in triplets:
        if triplet.edit != "document":
            continue
        before, after = ast.parse(triplet.code_before), ast.parse(triplet.code_after)
        assert ast.get_docstring(before) is None and ast.get_docstring(after)
        assert without_docstrings(before) == without_docstrings(after)


def without_docstrings(tree: ast.Module) -> str:
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            value = body[0].value
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                node.body = body[1:] or [ast.Pass()]
    return ast.dump(tree)


def test_renaming_takes_the_old_name_away_everywhere(triplets) -> None:
    for triplet in triplets:
        if triplet.edit != "rename":
            continue
        pairs = re.findall(r"`(\w+)` to `(\w+)`", triplet.instruct_descriptive)
        assert pairs
        code = triplet.code_before
        for old, new in pairs:
            assert re.search(rf"\b{old}\b", code) and not re.search(rf"\b{new}\b", code)
            assert not re.search(rf"\b{old}\b", triplet.code_after)
            code = re.sub(rf"\b{old}\b", new, code)
        assert code == triplet.code_after


def modified_lines(triplet: Triplet) -> int:
    lines = triplet.code_before.splitlines(), triplet.code_after.splitlines()
    blocks = difflib.SequenceMatcher(None, *lines, autojunk=False).get_opcodes()
    return sum(max(i2 - i1, j2 - j1) for tag, i1, i2, j1, j2 in blocks if tag != "equal")


def test_no_edit_is_too_large_for_a_diff_filter() -> None:
    sizes = [modified_lines(compose("\n".join(SNIPPETS), None, seed)) for seed in range(1000)]
    assert max(sizes) <= 70
    assert sum(size <= 30 for size in sizes) >= 900 and min(sizes) == 1


def test_instructions_keep_to_their_lengths_and_leave_nothing_unfilled(triplets) -> None:
    for triplet in triplets:
        detailed, hurried = triplet.instruct_descriptive, triplet.instruct_lazy
        assert 30 <= len(detailed.split()) <= 200, detailed
        assert 2 <= len(hurried.split()) <= 60, hurried
        assert len(hurried) < len(detailed)
        assert not re.search(r"[$%][a-z{]|\{[^}]*\||```", detailed + hurried), detailed + hurried


def test_instructions_name_things_of_the_program(triplets) -> None:
    for triplet in triplets:
        if triplet.kind in ("typing", "documentation", "tests"):
            continue
        code = triplet.code_before + triplet.code_after
        names = re.findall(r"`(\w+)[`(.]", triplet.instruct_descriptive)
        assert any(re.search(rf"\b{name}\b", code) for name in names), named(triplet)


def test_lazy_instructions_have_at_most_three_sentences(triplets) -> None:
    for triplet in triplets:
        sentences = re.split(r"[.?!](?:\s|$)", triplet.instruct_lazy)
        assert len([sentence for sentence in sentences if sentence.strip()]) <= 3


def test_no_program_has_a_line_that_a_formatter_would_break(triplets) -> None:
    for triplet in triplets:
        assert max(map(len, triplet.code_after.splitlines())) <= 100, named(triplet)


def test_no_name_shadows_a_builtin(triplets) -> None:
    names = set(dir(builtins)) - {"__name__", "__doc__"}
    for triplet in triplets:
        for node in ast.walk(ast.parse(triplet.code_after)):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                assert node.id not in names, (named(triplet), node.id)
            if isinstance(node, ast.arg):
                assert node.arg not in names, (named(triplet), node.arg)
