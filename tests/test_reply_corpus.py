"""The hand-written replies, each read by the stage's own function."""

import pytest

from get_instruct_from_response import read_batch
from tests.reply_corpus import TRIPLET_PARTS, Case, read_corpus

CORPUS = read_corpus()


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_a_reply_gives_the_triplet_or_the_reason_that_a_careful_reader_gives(case: Case):
    if case.language == "javascript":
        pytest.importorskip("tree_sitter_javascript")
    ((result, reason),) = read_batch([case.row], case.language)
    if case.reason is not None:
        assert reason == case.reason
        return
    assert reason is None
    assert {field: result[field] for field in TRIPLET_PARTS.values()} == case.triplet


def test_the_corpus_is_large_and_each_case_stands_for_itself():
    names = [case.name for case in CORPUS]
    assert len(names) >= 90
    assert len(set(names)) == len(names)


def test_every_reason_of_the_stage_occurs_in_the_corpus():
    sections = ["program_before_edit", "descriptive", "lazy", "program_after_edit"]
    assert {case.reason for case in CORPUS if case.reason} == {
        "unreasonable",
        "refusal",
        "truncated",
        "tool_call",
        "leaked_token",
        "not_unicode",
        "no_response",
        "no_code_block",
        "single_line_code",
        "diff_not_applicable",
        "elided_code",
        *(f"missing_{name}" for name in sections),
        *(f"empty_{name}" for name in sections),
    }
