from collections import Counter

import pytest

from utils.replies.verdicts import QUESTIONS
from utils.report.evidence import (
    Evidence,
    agreement_lines,
    read_evidence,
    run_figures,
    run_lines,
    worded_agreement,
)


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


RAN = {
    "before": {"status": "finished", "error": None, "seconds": 0.1},
    "after": {"status": "crashed", "error": "ValueError: no", "seconds": 0.1},
    "same_output": False,
    "deterministic": True,
    "missing_packages": [],
}


def test_how_the_programs_of_a_row_ended_is_said():
    assert read_evidence({"behaviour": RAN}).findings == (
        ("run before", "finished"),
        ("run after", "crashed: ValueError: no"),
        ("output", "not the same before and after"),
    )
    changing = RAN | {"deterministic": False}
    assert read_evidence({"behaviour": changing}).findings[-1][1].endswith("another one each time")
    lacking = RAN | {"not_runnable": "package"}
    assert read_evidence({"behaviour": lacking}).findings[-1] == ("not runnable here", "package")


def test_each_test_of_a_row_says_how_it_went():
    test = {"name": "test_a", "code": "def test_a(): ...", "before": "failed", "after": "passed"}
    found = read_evidence({"tests": [test], "verification": {"verdict": "verified", "suites": 1}})
    assert found.tests == (("test_a", "failed before, passed after", "def test_a(): ..."),)
    assert found.tested == "verified"


def test_a_row_that_nobody_wrote_tests_for_was_not_tested():
    untold = {"verification": {"verdict": "untestable", "suites": 0}}
    assert read_evidence(untold).tested == ""


@pytest.mark.parametrize(
    ("answers", "judged"),
    [(["PASS"], "passed"), (["FAIL"], "failed"), (["PASS", "FAIL"], "failed"), ([], "")],
)
def test_a_row_was_passed_by_more_than_half_of_its_judges(answers, judged):
    verdicts = [{"answers": dict.fromkeys(QUESTIONS, answer), "reasons": {}} for answer in answers]
    assert read_evidence({"verdicts": verdicts}).judged == judged


def test_figures_of_runs_are_made_of_the_summaries():
    missing = {"numpy": {"rows": 3, "unlocks": 2}, "pandas": {"rows": 1, "unlocks": 0}}
    ran = {"sandbox": "x", "rows_run": 9, "not_runnable": {"package": 3}}
    tested = {
        "verdicts": {"verified": 4, "untestable": 6},
        "rows_without_suite": 5,
        "test_classes": {"fail_to_pass": 7, "flaky": 0},
    }
    summaries = {"ran": ran | {"missing_packages": missing}, "tested": tested, "other": {}}
    found = {figure.key: figure for figure in run_figures(summaries) if figure}
    drawn = {
        key: dict(zip(f.labels, zip(*f.series.values(), strict=True), strict=True))
        for key, f in found.items()
    }
    assert drawn == {
        "verdicts": {"verified": (4,), "untestable": (1,)},
        "test_classes": {"fail to pass": (7,), "flaky": (0,)},
        "not_runnable": {"package": (3,)},
        "missing_packages_ran": {"numpy": (3, 2), "pandas": (1, 0)},
    }


def test_a_file_of_another_stage_has_no_line_of_runs_and_one_not_run_says_so():
    summaries = {
        "ran": {"sandbox": "bubblewrap", "environment": "3.12.1 (main)", "rows_run": 9},
        "passed_on": {"sandbox": None, "rows_run": 0},
        "other": {"rows_in": 3},
    }
    assert run_lines(summaries) == [
        ["ran", "bubblewrap", "3.12.1", 9, None, None, None, None],
        ["passed_on", "none here: nothing was run", "", 0, None, None, None, None],
    ]


def test_judges_and_tests_agree_where_both_say_the_same_of_a_row():
    counts = Counter(
        {
            ("passed", "verified"): 6,
            ("passed", "contradicted"): 2,
            ("failed", "contradicted"): 1,
            ("failed", "verified"): 1,
            ("passed", "vacuous"): 5,
        }
    )
    assert agreement_lines({"a": counts, "b": Counter()}) == [
        ["a", "passed", 6, 2, 5, 0],
        ["a", "failed", 1, 1, 0, 0],
    ]
    assert "agree on 7 of 10 rows (70.0%)" in worded_agreement({"a": counts})
    assert worded_agreement({"a": Counter({("passed", "vacuous"): 5})}) == ""
