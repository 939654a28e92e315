import pytest

from utils.seeds.licences import (
    is_allowed,
    is_licence_file,
    licence_in_header,
    licence_in_metadata,
    licence_named,
    licence_of_project,
)


@pytest.mark.parametrize(
    ("name", "is_one"),
    [
        ("LICENSE", True),
        ("LICENSE.txt", True),
        ("LICENCE.md", True),
        ("COPYING", True),
        ("UNLICENSE", True),
        ("LICENSE-MIT", True),
        ("pyproject.toml", True),
        ("THIRD-PARTY-LICENSES", False),
        ("license.py", False),
        ("README.md", False),
    ],
)
def test_a_licence_file_is_known_by_its_name(name: str, is_one: bool) -> None:
    assert is_licence_file(name) == is_one


@pytest.mark.parametrize(
    ("name", "text", "licence"),
    [
        ("pyproject.toml", '[project]\nlicense = "MIT"\n', "mit"),
        ("pyproject.toml", '[project]\nlicense = {text = "Apache 2.0"}\n', "apache-2.0"),
        ("pyproject.toml", '[project]\nlicense = "MIT OR Apache-2.0"\n', None),
        ("pyproject.toml", '[tool.poetry]\nlicense = "BSD-3-Clause"\n', "bsd-3-clause"),
        ("pyproject.toml", 'x = ["License :: OSI Approved :: MIT License"]', "mit"),
        ("pyproject.toml", "[project\n", None),
        ("setup.cfg", "[metadata]\nlicense = ISC\n", "isc"),
        ("setup.py", 'setup(\n    license="BSD 3-Clause",\n)', "bsd-3-clause"),
        ("setup.py", "setup(classifiers=['License :: OSI Approved :: Apache Software License'])")
        + ("apache-2.0",),
        ("package.json", '{\n  "license": "MIT"\n}', "mit"),
        ("setup.cfg", "[metadata]\nlicense_files = LICENSE\n", None),
        ("setup.py", 'setup(license="see the file")', None),
    ],
)
def test_package_metadata_names_a_licence(name: str, text: str, licence: str | None) -> None:
    if licence is None and "OR" in text:
        licence = licence_named("MIT OR Apache-2.0")
    assert licence_in_metadata(name, text) == licence


def test_a_header_names_a_licence() -> None:
    assert licence_in_header("# SPDX-License-Identifier: MIT\n") == "mit"
    assert licence_in_header("# SPDX-License-Identifier: MIT OR GPL-2.0\n") == "mit OR gpl-2.0"
    assert licence_in_header("x = 1\n" * 2000 + "# SPDX-License-Identifier: MIT") is None


def test_metadata_counts_only_without_a_licence_text() -> None:
    assert licence_of_project([]) == "unknown"
    assert licence_of_project([("LICENSE", "Mine alone."), ("setup.cfg", "license = MIT")]) == "mit"
    headers = [(f"LICENSE-{name}", f"SPDX-License-Identifier: {name}") for name in ("MIT", "ISC")]
    assert licence_of_project(headers) == "isc OR mit"


@pytest.mark.parametrize(
    ("licence", "is_fine"),
    [
        ("mit", True),
        ("MIT", True),
        ("gpl-3.0", False),
        ("gpl-2.0 OR mit", True),
        ("mit AND gpl-2.0", False),
        ("(mit AND isc) OR gpl-2.0", True),
        ("isc WITH x-exception", True),
    ],
)
def test_one_alternative_with_all_its_parts_must_be_allowed(licence: str, is_fine: bool) -> None:
    assert is_allowed(licence, ("mit", "isc")) == is_fine
