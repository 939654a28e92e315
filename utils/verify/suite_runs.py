"""The runs of the tests that models wrote for a triplet, and the verdict by them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

from utils.files.paid_log import PaidLog
from utils.jsonl import Row, read_rows
from utils.records import is_unicode
from utils.verify.one_test import OneEnd, command_of_test, files_of_test
from utils.verify.place import Place
from utils.verify.replied_suites import RepliedSuites
from utils.verify.run_log import Key, Planned, run_key
from utils.verify.suites import SuiteTest, top_level_names
from utils.verify.triplet_texts import CODE_FIELDS, REQUIRED, with_test_ids
from utils.verify.verdict_rules import (
    REPEATS_AFTER,
    ClassedTest,
    Verification,
    broken_test,
    classify,
    verify,
)


class TripletWithSuites(NamedTuple):
    """A triplet with the suites that were written for it."""

    row: Row
    suites: list[list[SuiteTest]]


def tested_triplets(
    input_file: str, replied: RepliedSuites, counts: Counter[str]
) -> Iterator[TripletWithSuites]:
    """Yield each triplet with its suites, counting what the replies were."""
    for prompt_id, row in with_test_ids(read_rows(input_file, REQUIRED)):
        codes = [row[name] for name in CODE_FIELDS if isinstance(row[name], str)]
        suites, found = replied.of(prompt_id, frozenset().union(*map(top_level_names, codes)))
        counts.update(found)
        can_run = len(codes) == len(CODE_FIELDS) and all(map(is_unicode, codes))
        yield TripletWithSuites(row, suites if can_run else [])


def planned_tests(tested: TripletWithSuites, scope: str, nonce: str) -> Iterator[Planned]:
    """Plan the runs of each test: once before, three times after."""
    for test in (each for suite in tested.suites for each in suite):
        for program, keys in sides(tested.row, test, scope):
            for key in keys:
                files = files_of_test(test, program, nonce)
                yield Planned(key, files, command_of_test(test))


def sides(row: Row, test: SuiteTest, scope: str) -> Iterator[tuple[str, list[Key]]]:
    """Give both programs, each with the keys of a test's runs against it."""
    if test.fault or not is_unicode(test.code):
        return
    for name, repeats in zip(CODE_FIELDS, (1, REPEATS_AFTER), strict=True):
        numbers = range(repeats)
        parts = (row[name], test.code, test.name)
        yield row[name], [run_key(scope, "test", *parts, number) for number in numbers]


def verification_of(
    tested: TripletWithSuites, place: Place, runs: PaidLog[Key], min_pass: float
) -> Verification:
    """Classify the tests of a triplet by their runs, and give the verdict."""
    tests = []
    for number, suite in enumerate(tested.suites):
        for test in suite:
            keys = [keys for _, keys in sides(tested.row, test, place.scope)]
            tests.append(_classed(number, test, keys, runs) if keys else broken_test(number, test))
    edit_kind = str(tested.row.get("edit_kind") or "")
    return verify(tests, len(tested.suites), edit_kind, min_pass)


def _classed(suite: int, test: SuiteTest, keys: list[list[Key]], runs: PaidLog[Key]) -> ClassedTest:
    [before], after = ([_end(runs, key) for key in side] for side in keys)
    return classify(suite, test, before, after)


def _end(runs: PaidLog[Key], key: Key) -> OneEnd:
    if key not in runs:
        return OneEnd("broken", "the sandbox could not run it", 0.0)
    row = runs.read(key)
    return OneEnd(row["status"], row["error"], row["seconds"])
