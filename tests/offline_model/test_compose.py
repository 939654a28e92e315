"""Composing: equal requests, equal triplets; asked kinds; any snippet."""

import ast
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from offline_model.compose import (
    KIND_WEIGHTS,
    catalogue,
    compose,
    draw_draft,
    known_kind,
    recipes,
)
from offline_model.edits import makers_of
from offline_model.programs import Program
from offline_model.words import NOUNS
from tests.offline_model.prompts import SNIPPETS
from utils.code.edit_shingles import code_shingles
from utils.code.lexing import Hashes, code_tokens
from utils.similarity.near_duplicates import SignatureStore, find_near_duplicates, signature

TEXT = "\n".join(SNIPPETS)


def test_the_same_seed_composes_the_same_triplet() -> None:
    assert compose(TEXT, None, 7) == compose(TEXT, None, 7)


def test_other_seeds_compose_other_programs() -> None:
    programs = {compose(TEXT, None, seed).code_before for seed in range(50)}
    assert len(programs) >= 48


def test_the_catalogue_is_varied() -> None:
    triplets = [compose(TEXT, None, seed) for seed in range(300)]
    assert len({triplet.program for triplet in triplets}) >= 8
    assert {triplet.kind for triplet in triplets} == set(KIND_WEIGHTS)
    assert len({(triplet.program, triplet.edit) for triplet in triplets}) > 60


@pytest.mark.parametrize("program", catalogue(), ids=lambda program: program.name)
def test_few_edits_of_one_program_nearly_repeat_another(program: Program) -> None:
    drawn = [shingles_of_edit(program, random.Random(seed)) for seed in range(300)]
    store = SignatureStore(256)
    for number, shingles in enumerate(drawn):
        store.add(number, signature(shingles, 256, 42))
    repeats = list(find_near_duplicates(store, drawn.__getitem__, 0.7, lambda number: True))
    assert len(repeats) <= 9


def shingles_of_edit(program: Program, rng: random.Random) -> Hashes:
    """Draw names as from two snippets of any program, and an edit; as near duplicates are told."""
    snippets = "\n".join(f"{noun} = 1" for noun in rng.sample(sorted(NOUNS), 10))
    triplet = rng.choice(makers_of(program))[1](draw_draft(program, snippets, rng))
    codes = triplet.code_before, triplet.code_after
    return code_shingles([code_tokens(code) for code in codes], 5)


@pytest.mark.parametrize("kind", KIND_WEIGHTS)
def test_an_asked_kind_is_honoured(kind: str) -> None:
    assert {compose(TEXT, kind, seed).kind for seed in range(20)} == {kind}
    assert len(recipes()[kind]) >= 4


@pytest.mark.parametrize(
    "asked, kind",
    [
        ("bug_fix", "bug_fix"),
        ("Bug Fix", "bug_fix"),
        ("error-handling", "error_handling"),
        ("add type annotations", "typing"),
        ("unit tests", "tests"),
        ("docstrings", "documentation"),
        ("security", None),
        ("", None),
    ],
)
def test_other_words_for_a_kind_are_understood(asked: str, kind: str | None) -> None:
    assert known_kind(asked) == kind


def test_names_come_from_the_snippets() -> None:
    words = ("packet", "header", "socket", "buffer", "payload", "invoice", "customer", "table")
    hits = 0
    for seed in range(60):
        code = compose(TEXT, None, seed).code_before.lower()
        hits += any(word in code for word in words)
    assert hits >= 55


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=400), st.integers(0, 2**63))
def test_any_snippet_gives_programs_that_parse(snippet: str, seed: int) -> None:
    triplet = compose(snippet, None, seed)
    ast.parse(triplet.code_before)
    ast.parse(triplet.code_after)
    assert triplet.code_before != triplet.code_after


@settings(max_examples=60, deadline=None)
@given(st.lists(st.from_regex(r"[A-Za-z_]{1,14}\(", fullmatch=True), max_size=12))
def test_any_identifiers_give_programs_that_parse(identifiers: list[str]) -> None:
    triplet = compose(" ".join(identifiers), None, len(identifiers))
    compile(triplet.code_before, "before", "exec")
    compile(triplet.code_after, "after", "exec")
