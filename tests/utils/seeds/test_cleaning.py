import warnings
from typing import Any

import pytest

from utils.jsonl import Row
from utils.seeds.cleaning import (
    SeedLimits,
    clean_seed,
    find_version_bump,
    is_generated_code,
    is_generated_path,
    is_minified,
    is_vendored,
    parses,
)

CODE = "import math\n\n\ndef area(radius):\n    return math.pi * radius**2\n"
LIMITS = SeedLimits(max_lines=50, max_bytes=5000)
SECRET_LINE = "KEY = 'AKIA" + "Q3EGRZ7KPLM2VXWT'\n"


def seed(**changes: Any) -> Row:
    return {
        "commit": "c1",
        "old_file": "shapes/area.py",
        "new_file": "shapes/area.py",
        "old_contents": CODE,
        "new_contents": CODE.replace("**2", " ** 2"),
        "subject": "Put spaces around it",
        "message": "Put spaces around it",
        "lang": "Python",
        "license": "mit",
        "repos": "ann/shapes",
    } | changes


def plain_file(**changes: Any) -> Row:
    return seed(new_contents="", message="", subject="", **changes)


def reason_for(row: Row) -> str | None:
    return clean_seed(row, LIMITS)[1]


def test_a_good_commit_and_a_good_file_pass_unchanged() -> None:
    assert clean_seed(seed(), LIMITS) == (seed(), None)
    assert clean_seed(plain_file(), LIMITS) == (plain_file(), None)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"old_contents": None}, "no_text"),
        ({"message": 7}, "no_text"),
        ({"old_contents": CODE + "# caf\udce9\n"}, "not_utf8"),
        ({"message": "caf\udce9"}, "not_utf8"),
        ({"new_contents": CODE + "# more\n" * 1000}, "too_large"),
        ({"old_contents": CODE + SECRET_LINE}, "holds_secret"),
        ({"new_contents": CODE + SECRET_LINE}, "holds_secret"),
        ({"message": "Use " + SECRET_LINE}, "holds_secret"),
        ({"lang": "Java"}, "other_language"),
        ({"license": "gpl-3.0"}, "license_not_allowed"),
        ({"old_file": "lib/third_party/area.py"}, "vendored_path"),
        ({"new_contents": CODE}, "no_change"),
        ({"new_contents": CODE.replace("\n", "\r\n")}, "no_change"),
        ({"new_contents": ""}, "empty_after_edit"),
        ({"message": " "}, "no_message"),
        ({"old_contents": "x = 1\n"}, "too_few_lines"),
        ({"new_contents": CODE + "x = 1\n" * 50}, "too_many_lines"),
        ({"old_file": "api/user_pb2.py"}, "generated"),
        ({"old_contents": "# @generated\n" + CODE}, "generated"),
        ({"old_contents": CODE + f"x = '{'ab' * 600}'\n"}, "minified"),
        ({"old_contents": CODE + "print 'old'\n"}, "does_not_parse"),
        ({"new_contents": CODE + "def f(:\n"}, "does_not_parse"),
    ],
)
def test_a_bad_row_is_dropped_with_its_reason(changes: Row, reason: str) -> None:
    assert reason_for(seed(**changes)) == reason


def test_a_row_with_a_secret_comes_back_without_its_texts() -> None:
    row, reason = clean_seed(seed(message="Use " + SECRET_LINE), LIMITS)
    assert reason == "holds_secret"
    [found] = row.pop("secret_evidence")
    assert (found["field"], found["line"]) == ("message", 1)
    assert row == {
        "commit": "c1",
        "old_file": "shapes/area.py",
        "new_file": "shapes/area.py",
        "lang": "Python",
        "license": "mit",
        "repos": "ann/shapes",
    }


def test_a_row_with_a_secret_and_another_fault_never_shows_the_secret() -> None:
    row, reason = clean_seed(seed(license="gpl-3.0", old_contents=CODE + SECRET_LINE), LIMITS)
    assert (reason, "old_contents" in row) == ("holds_secret", False)


def test_addresses_are_masked_in_kept_and_in_dropped_rows() -> None:
    signed = {"message": "Fix\n\nBy ann@corp.com", "old_contents": CODE + "# bob@corp.com\n"}
    kept, _ = clean_seed(seed(**signed), LIMITS)
    dropped, reason = clean_seed(seed(**signed, license="gpl-3.0"), LIMITS)
    for row in (kept, dropped):
        assert row["message"] == "Fix\n\nBy email@example.com"
        assert row["old_contents"] == CODE + "# email@example.com\n"
    assert reason == "license_not_allowed"


def test_an_edit_of_an_address_alone_is_no_edit() -> None:
    row = seed(old_contents=CODE + "# a@corp.com\n", new_contents=CODE + "# b@corp.com\n")
    assert reason_for(row) == "no_change"


def edit_reason(line: str, other: str, **changes: Any) -> str | None:
    """Judge a commit that changes one line of a file."""
    before, after = (f"{CODE}{text}\n" for text in (line, other))
    return reason_for(seed(old_contents=before, new_contents=after, **changes))


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ('__version__ = "1.2.0"', '__version__ = "1.2.1.dev0"'),
        ("VERSION = '0.2'", "VERSION = '0.3'  # the first with a schema"),
        ('VERSION: Final = "0.2"', 'VERSION: Final = "0.3"'),
        ("version_info = (1, 2, 0)", "version_info = (1, 2, 1, 'rc1')"),
        ('    version="2.0b4",', '    version="2.0b5-dev",'),
        ('meta = 1\n"version": "1.0",', 'meta = 1\n"version": "1.1",'),
        ("release = u'1.0'", "release = u'1.1'"),
    ],
)
def test_an_edit_that_sets_a_version_number_alone_is_left_out(line: str, other: str) -> None:
    row = seed(old_contents=f"{CODE}{line}\n", new_contents=f"{CODE}{other}\n")
    assert find_version_bump(row, LIMITS) == "version_bump"
    other += "\nlimit = 3\n"
    assert find_version_bump(row | {"new_contents": f"{CODE}{other}"}, LIMITS) is None


def test_a_version_bump_is_told_by_the_edit_whatever_the_message_says() -> None:
    message = {"message": "Support the chaining of methods", "subject": "Support the chaining"}
    assert edit_reason("VERSION = '0.4'", "VERSION = '0.5'", **message) == "version_bump"


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("version = '1.0'", "version = read_version('pyproject.toml')"),
        ("limit = 1.0", "limit = 2.0"),
        ("api_versions = ['1.0']", "api_versions = ['1.0', '1.1']"),
        ("if version == '1.0': pass", "if version >= '1.0': pass"),
        ("release = 1", "release = 2"),
    ],
)
def test_an_edit_of_what_a_version_is_made_of_passes(line: str, other: str) -> None:
    assert edit_reason(line, other) is None


def test_line_ends_and_byte_order_marks_are_brought_to_one_form() -> None:
    row, reason = clean_seed(plain_file(old_contents="\ufeff" + CODE.replace("\n", "\r\n")), LIMITS)
    assert (row["old_contents"], reason) == (CODE, None)


def test_the_license_rule_looks_at_rows_that_carry_a_license() -> None:
    limits = SeedLimits(allowed_licenses=("isc",))
    reasons = [clean_seed(seed(license=name), limits)[1] for name in ("ISC", "unknown", "mit")]
    assert reasons == [None, None, "license_not_allowed"]


@pytest.mark.parametrize(
    "header",
    [
        "# Generated by Django 4.2 on 2023-05-01 10:00",
        '"""This file was generated by a tool."""',
        "# -*- coding: utf-8 -*-\n# AUTO-GENERATED, do not change",
        "# DO NOT EDIT!",
        "# Autogenerated by Sphinx",
        "# @generated from schema.proto",
    ],
)
def test_headers_of_generators_are_known(header: str) -> None:
    assert is_generated_code(header + "\nx = 1\n")


def test_code_that_speaks_of_generating_is_not_generated() -> None:
    assert not is_generated_code('"""Generates reports; the ids are generated lazily."""\n')
    assert not is_generated_code("import os\n" * 20 + "# this file was generated\n")


@pytest.mark.parametrize(
    "path", ["_version.py", "versioneer.py", "app/migrations/0001_initial.py", "a/b_pb2_grpc.py"]
)
def test_paths_of_generated_files_are_known(path: str) -> None:
    assert is_generated_path(path)


@pytest.mark.parametrize(
    "path", ["conversion.py", "my_version.py", "migrations/run.py", "six/a.py"]
)
def test_paths_like_those_of_generated_files_are_not(path: str) -> None:
    assert not is_generated_path(path)


def test_a_vendored_folder_counts_at_any_depth_and_a_file_of_that_name_does_not() -> None:
    assert is_vendored("a/node_modules/b/c.py")
    assert not is_vendored("a/vendor.py")


def test_long_lines_and_tables_of_signs_are_minified() -> None:
    assert is_minified("a=1;" * 40 + "\n" + "b=2;" * 40)
    assert is_minified("[[[((()))]]], \n" * 20)
    assert not is_minified(CODE)
    assert not is_minified("")


@pytest.mark.parametrize("code", ["x = (", "x = '\0'", "(" * 5000 + ")" * 5000, "x = '\udce9'"])
def test_what_the_parser_refuses_does_not_parse(code: str) -> None:
    assert not parses(code)


def test_parsing_prints_no_warnings() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert parses("x = '\\d'\nassert (x, 1)\n")


def test_addresses_in_code_of_other_languages_are_masked_wherever_they_stand() -> None:
    # To Python's tokenizer, this is an integer division and a matrix product.
    code = "// by ann@corp.com\nint x;\n"
    row, _ = clean_seed(seed(lang="c", old_contents=code), LIMITS)
    assert row["old_contents"] == "// by email@example.com\nint x;\n"


def test_the_rules_for_safe_rows_can_be_replaced_and_those_for_secrets_cannot() -> None:
    assert clean_seed(seed(old_contents="def f(:\n"), LIMITS, [])[1] is None
    assert clean_seed(seed(old_contents=SECRET_LINE), LIMITS, [])[1] == "holds_secret"
