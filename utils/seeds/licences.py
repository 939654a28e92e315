"""Names the licence of code: from licence files, headers in the code, and package metadata."""

import re
import tomllib
from collections.abc import Collection, Iterable, Iterator
from functools import lru_cache

from licenseclassifier import identify_license

UNKNOWN_LICENSE = "unknown"
_LICENSE_FILE = re.compile(r"(?:un)?licen[sc]e\b.*|copying\b.*|licen[sc]e[-_.].*", re.IGNORECASE)
# What carries a licence's name in a file of its own for others' code.
_NOT_OURS = re.compile(
    r"third|3rd|vendor|bundled|notice|header|\.(?:py|js|json|sh)$", re.IGNORECASE
)
METADATA_FILES = ("pyproject.toml", "setup.cfg", "setup.py", "PKG-INFO", "package.json")
_HEADER = re.compile(
    r"SPDX-License-Identifier:\s*([A-Za-z0-9.+-]+(?:\s+(?:AND|OR|WITH)\s+[A-Za-z0-9.+-]+)*)"
)
_HEADER_CHARACTERS = 2000
_LONGEST_FILE = 200_000
_FIELD = re.compile(
    r"^\s*[\"']?license(?:_expression)?(?:-expression)?[\"']?\s*[:=]\s*(?:u?[\"'])?([^\"'\n,{}\[\]]{2,60})",
    re.IGNORECASE | re.MULTILINE,
)
_CLASSIFIER = re.compile(r"License :: (?:OSI Approved :: )?([^\"'\n:]+)")
# How package metadata names what SPDX has identifiers for, without blanks, signs and `license`.
_NAMES = {
    "apache": "apache-2.0",
    "apache2": "apache-2.0",
    "apache20": "apache-2.0",
    "apachesoftware": "apache-2.0",
    "asl20": "apache-2.0",
    "bsd3": "bsd-3-clause",
    "bsd3clause": "bsd-3-clause",
    "newbsd": "bsd-3-clause",
    "modifiedbsd": "bsd-3-clause",
    "bsd2": "bsd-2-clause",
    "bsd2clause": "bsd-2-clause",
    "simplifiedbsd": "bsd-2-clause",
    "mit": "mit",
    "expat": "mit",
    "isc": "isc",
    "iscl": "isc",
    "psf": "psf-2.0",
    "pythonsoftwarefoundation": "psf-2.0",
    "unlicense": "unlicense",
    "theunlicense": "unlicense",
    "zlib": "zlib",
    "cc0": "cc0-1.0",
    "mpl2": "mpl-2.0",
    "mpl20": "mpl-2.0",
    "mozillapublic20mpl20": "mpl-2.0",
    "gplv3": "gpl-3.0",
    "gpl3": "gpl-3.0",
    "gnugeneralpublicv3gplv3": "gpl-3.0",
    "gplv2": "gpl-2.0",
    "gpl2": "gpl-2.0",
    "gnugeneralpublicv2gplv2": "gpl-2.0",
    "lgpl": "lgpl",
    "gpl": "gpl",
    "agplv3": "agpl-3.0",
    "gnuaffferogeneralpublicv3": "agpl-3.0",
    "proprietary": "proprietary",
}


def is_licence_file(name: str) -> bool:
    """Tell whether a file at the top of a project names its licence."""
    is_text = _LICENSE_FILE.fullmatch(name) is not None and not _NOT_OURS.search(name)
    return is_text or name in METADATA_FILES


def licence_of_project(files: Iterable[tuple[str, str]]) -> str:
    """Name a project's licence by its top files, as (name, text); licence texts go first.

    Several licence files give a choice (`LICENSE-MIT`, `LICENSE-APACHE`: `mit OR apache-2.0`),
    several texts in one hold all.
    """
    known = dict(files)
    texts = [name for name in known if name not in METADATA_FILES]
    found = dict.fromkeys(filter(None, (licence_of_text(known[name]) for name in sorted(texts))))
    if found:
        return " OR ".join(
            f"({each})" if " " in each and len(found) > 1 else each for each in found
        )
    for name in METADATA_FILES:
        if licence := licence_in_metadata(name, known.get(name, "")):
            return licence
    return UNKNOWN_LICENSE


@lru_cache(256)
def licence_of_text(text: str) -> str | None:
    """Name the licence, or all licences, that a text spells out."""
    text = text[:_LONGEST_FILE]
    names = dict.fromkeys(match.id.lower() for match in identify_license(text))
    return " AND ".join(names) or licence_in_header(text)


def licence_in_header(code: str) -> str | None:
    """Read an SPDX header out of the first lines of a file."""
    match = _HEADER.search(code[:_HEADER_CHARACTERS])
    return _with_lower_names(match[1]) if match else None


def licence_in_metadata(name: str, text: str) -> str | None:
    """Read a licence out of `pyproject.toml`, `setup.cfg`, `setup.py` or their like."""
    said = [*_said_in_toml(text)] if name == "pyproject.toml" else _FIELD.findall(text)
    for value in [*said, *_CLASSIFIER.findall(text)]:
        if licence := licence_named(value):
            return licence
    return None


def _said_in_toml(text: str) -> Iterator[str]:
    try:
        data = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return
    tools = data.get("tool")
    poetry = tools.get("poetry") if isinstance(tools, dict) else None
    for table in (data.get("project"), poetry):
        value = table.get("license") if isinstance(table, dict) else None
        value = value.get("text") if isinstance(value, dict) else value
        if isinstance(value, str):
            yield value


def licence_named(said: str) -> str | None:
    """Turn a licence's name, as people write it, into its SPDX identifier in lower case."""
    said = said.strip()
    key = re.sub(r"\blicen[sc]ed?\b|\bthe\b|\bversion\b|[^a-z0-9]", "", said.lower())
    if key in _NAMES:
        return _NAMES[key]
    if re.fullmatch(r"[A-Za-z0-9.+-]+-[0-9][A-Za-z0-9.+-]*(?: (?:AND|OR) [A-Za-z0-9.+-]+)*", said):
        return _with_lower_names(said)
    parts = re.split(r" (AND|OR) ", said)
    named = [part if part in ("AND", "OR") else _NAMES.get(part.lower()) for part in parts]
    return " ".join(map(str, named)) if len(named) > 1 and all(named) else None


def _with_lower_names(expression: str) -> str:
    words = expression.split()
    return " ".join(word if word in ("AND", "OR", "WITH") else word.lower() for word in words)


def is_allowed(licence: str, allowed: Collection[str]) -> bool:
    """Tell whether a licence, or one alternative of an SPDX expression with all its parts, is."""
    # The conjunctions stand in upper case, the names may not.
    flat = re.sub(r"[()]", "", licence)
    return any(
        all(_bare(part) in allowed for part in choice.split(" AND "))
        for choice in flat.split(" OR ")
    )


def _bare(name: str) -> str:
    return name.partition(" WITH ")[0].strip().lower()
