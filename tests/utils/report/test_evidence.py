import pytest

from utils.report.evidence import Evidence, read_evidence


def test_each_fault_stands_with_its_evidence_and_one_without_stands_alone():
    row = {
        "reject_reasons": ["no_change", "vague_instruction"],
        "reject_evidence": {"vague_instruction": "fix it"},
    }
    assert read_evidence(row).findings == (("vague_instruction", "fix it"), ("no_change", ""))


def test_a_judges_answers_are_worded_with_their_reasons():
    answers = {"before_lacks_it": "PASS", "after_fulfills_it": "FAIL"}
    row = {"verdicts": [{"answers": answers, "reasons": {"after_fulfills_it": "It does not."}}]}
    assert read_evidence(row).findings == (
        ("verdict 1", "before lacks it: PASS\nafter fulfills it: FAIL – It does not."),
    )


def test_what_a_row_repeats_is_named_as_its_stage_names_it():
    checked = read_evidence({"duplicate_of": "p1#2", "duplicate_in": "a.jsonl", "similarity": 0.9})
    assert (checked.repeats, checked.repeats_in, checked.similarity) == ("p1#2", "a.jsonl", 0.9)
    assert read_evidence({"row": 7, "repeats_row": 3}).repeats == "row 3"
    assert read_evidence({"repeats_row": 3, "repeats_prompt_id": "p3"}).repeats == "p3"


@pytest.mark.parametrize(
    "row",
    [
        {"reject_evidence": ["x"], "verdicts": "none", "similarity": True, "duplicate_of": 7},
        {"verdicts": [None, {"answers": []}], "reject_reasons": "one", "duplicate_in": 3},
    ],
)
def test_fields_of_other_kinds_are_no_evidence(row):
    assert read_evidence(row) == Evidence()
