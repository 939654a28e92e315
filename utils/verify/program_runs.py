"""The runs of a triplet's two programs: which there are to be, and what they showed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from utils.files.paid_log import PaidLog
from utils.jsonl import Row, read_rows
from utils.records import first_empty_field, is_unicode
from utils.verify.behaviour import REPEATS, Behaviour, missing_packages
from utils.verify.outcomes import ProgramEnd, unreadable_program
from utils.verify.place import Place
from utils.verify.run_log import Key, Planned, run_key
from utils.verify.triplet_texts import CODE_FIELDS, REQUIRED

RUN_PROGRAM = ("{python}", "-I", "program.py")


def planned_runs(input_file: str, scope: str) -> Iterator[Planned]:
    """Plan the runs of each row: either program, twice."""
    for row in read_rows(input_file, REQUIRED):
        if first_empty_field(row, CODE_FIELDS):
            continue
        for code in (row[name] for name in CODE_FIELDS):
            if is_unicode(code):
                for key in program_keys(scope, code):
                    yield Planned(key, {"program.py": code}, RUN_PROGRAM)


def program_keys(scope: str, code: str) -> list[Key]:
    return [run_key(scope, "program", code, number) for number in range(REPEATS)]


def behaviour_of(row: Row, place: Place, runs: PaidLog[Key]) -> Behaviour:
    """Read how both programs of a row ended."""
    before, after = (row[name] for name in CODE_FIELDS)
    ends_before, ends_after = (_outcomes(code, place, runs) for code in (before, after))
    missing = missing_packages(before, after, [*ends_before, *ends_after], place.known)
    return Behaviour(ends_before, ends_after, missing)


def _outcomes(code: str, place: Place, runs: PaidLog[Key]) -> list[ProgramEnd]:
    if not is_unicode(code):
        return [unreadable_program("UnicodeEncodeError: half a character is no text")] * REPEATS
    found = [_logged(runs, key) for key in program_keys(place.scope, code)]
    # A part of a package that is there, or the program's own module, is no package to install.
    return [
        ProgramEnd(**asdict(one) | {"cause": "", "missing": ""})
        if one.missing in place.known
        else one
        for one in found
    ]


def _logged(runs: PaidLog[Key], key: Key) -> ProgramEnd:
    if key not in runs:
        return ProgramEnd("refused", "the sandbox could not run it", "", 0.0)
    row: dict[str, Any] = runs.read(key)
    row.pop("key")
    return ProgramEnd(**row)
