"""Classes of tests by how they went before and after an edit, and a triplet's verdict by them."""

from __future__ import annotations

from collections import Counter
from typing import Literal, NamedTuple

from utils.jsonl import Row
from utils.records import KEEPING_KINDS
from utils.verify.one_test import OneEnd
from utils.verify.suites import SuiteTest

REPEATS_AFTER = 3
FEWEST_KEPT = 3  # tests that must pass on both sides of an edit that is to change nothing
CLASSES = ("fail_to_pass", "pass_to_pass", "pass_to_fail", "fail_to_fail", "flaky", "broken")
VerdictByTests = Literal["verified", "contradicted", "vacuous", "untestable"]
_LACKS_NAME = ("NameError", "AttributeError", "ImportError")


class ClassedTest(NamedTuple):
    """A test of one suite with its class, and how it went on either side."""

    suite: int
    test: SuiteTest
    kind: str
    before: str = ""
    after: str = ""
    error: str = ""
    lacks_name: bool = False  # before the edit, the name that it tests was not there

    def record(self) -> Row:
        return {
            "name": self.test.name,
            "code": self.test.code,
            "before": self.before,
            "after": self.after,
        }


def classify(suite: int, test: SuiteTest, before: OneEnd, after: list[OneEnd]) -> ClassedTest:
    """Tell a test's class; its own fault is one that it has on the edited program."""
    ends = {one.outcome for one in after}
    error = next((one.error for one in (*after, before) if one.error), "")
    # What the program before has not yet is a reason to fail, and no fault of the test.
    lacks_name = before.outcome == "broken" and before.error.startswith(_LACKS_NAME)
    was = "failed" if lacks_name else before.outcome
    if len(ends) > 1:
        kind = "flaky"
    elif "broken" in ends or was == "broken":
        kind = "broken"
    else:
        kind = f"{was[:4]}_to_{after[0].outcome[:4]}"
    return ClassedTest(suite, test, kind, was, after[0].outcome, error, lacks_name)


def broken_test(suite: int, test: SuiteTest) -> ClassedTest:
    return ClassedTest(suite, test, "broken", error=test.fault)


class Verification(NamedTuple):
    """What all suites of a triplet say together."""

    verdict: VerdictByTests
    suites: int
    tests: list[ClassedTest]

    @property
    def usable(self) -> list[ClassedTest]:
        return usable_of(self.tests)

    def record(self) -> Row:
        counts = Counter(each.kind for each in self.tests)
        return {
            "verdict": self.verdict,
            "suites": self.suites,
            "classes": {kind: counts[kind] for kind in CLASSES},
        }


def usable_of(tests: list[ClassedTest]) -> list[ClassedTest]:
    return [each for each in tests if each.kind not in ("flaky", "broken")]


def verify(tests: list[ClassedTest], suites: int, edit_kind: str, min_pass: float) -> Verification:
    """Give the verdict on a triplet."""
    usable = usable_of(tests)
    decide = _of_keeping if edit_kind in KEEPING_KINDS else _of_changing
    verdict = decide(usable, suites, min_pass) if usable else "untestable"
    return Verification(verdict, suites, tests)


def _of_changing(usable: list[ClassedTest], suites: int, min_pass: float) -> VerdictByTests:
    counts = Counter(each.kind for each in usable)
    against = {each.suite for each in usable if each.kind == "pass_to_fail"}
    passing = counts["fail_to_pass"] + counts["pass_to_pass"]
    if 2 * len(against) > suites:
        return "contradicted"
    if not counts["fail_to_pass"] and not counts["fail_to_fail"]:
        return "vacuous"
    is_enough = bool(counts["fail_to_pass"]) and passing >= min_pass * len(usable)
    return "verified" if is_enough else "contradicted"


def _of_keeping(usable: list[ClassedTest], suites: int, min_pass: float) -> VerdictByTests:
    """A test by a name that only the edited program has tells nothing of a change."""
    kinds = Counter(each.kind for each in usable if not each.lacks_name)
    if kinds["fail_to_pass"] or kinds["pass_to_fail"]:
        return "contradicted"
    return "verified" if kinds["pass_to_pass"] >= FEWEST_KEPT else "untestable"
