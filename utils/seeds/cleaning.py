"""The rules that a seed row must pass: pure functions of a row that name what is wrong with it."""

import ast
import re
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated

from pydantic import Field, PositiveInt, StringConstraints

from utils.cli import Flag
from utils.jsonl import Row
from utils.replies.vague import why_trivial
from utils.seeds.emails import CACHED_VERSIONS, mask_emails, mask_emails_in_code
from utils.seeds.licences import UNKNOWN_LICENSE, is_allowed
from utils.seeds.secrets import AllowedSecrets, evidence, holds_secret

# Licences that let the code and what is made of it be passed on with no more than a notice.
PERMISSIVE_LICENSES = (
    "0bsd",
    "apache-2.0",
    "artistic-2.0",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsl-1.0",
    "cc0-1.0",
    "isc",
    "mit",
    "mit-0",
    "psf-2.0",
    "python-2.0",
    "unlicense",
    "zlib",
)

# Folders of code that the project at hand did not write.
VENDORED_FOLDERS = frozenset(
    {
        "vendor",
        "vendored",
        "vendors",
        "_vendor",
        "_vendored",
        "third_party",
        "third-party",
        "thirdparty",
        "3rdparty",
        "extern",
        "externals",
        "node_modules",
        "bower_components",
        "site-packages",
        "dist-packages",
        "__pypackages__",
        "__pycache__",
    }
)
_GENERATED_PATH = re.compile(
    r"(?:_pb2(?:_grpc)?|_rc|/versioneer|/_version|/ez_setup|/get-pip|/six|/_sysconfigdata[\w-]*"
    r"|/migrations/\d{4}_\w+|/(?:alembic|migrations)/versions/\w+)\.py$"
)
# `__version__ = "1.2"`, `version="1.2",` of a call, `VERSION: Final = (1, 2, 0)`.
_VERSION_NUMBER = re.compile(
    r"[\s\"']*(?:\w*_)?(?:version(?:_info|_number)?|release)(?:_*)[\"']?\s*(?::\s*[\w.\[\]]+\s*)?[=:]\s*"
    r"(?:[rbuRBU]?[\"']v?\d+\.[\w.+-]*[\"']|\(\s*\d+\s*,[\w\s,\"'.+-]*\)|\d+\.\d+)\s*[,)]?\s*(?:#.*)?$",
    re.IGNORECASE,
)
# In the first lines only: deeper down, code may well speak of generating.
_GENERATED_HEADER = re.compile(
    r"\bauto(?:matically)?[ -]?generated\b|@generated\b|\bgencodec\b"
    r"|\bdo(?: not|n't) (?:hand[ -]?)?(?:edit|modify)\b"
    r"|\b(?:file|code|module|script|table)s? (?:is|was|has been|are|were) generated\b"
    r"|^\W*generated (?:by|from|on)\b",
    re.IGNORECASE | re.MULTILINE,
)
_HEADER_LINES = 10
# The limits on line length and on the share of letters and digits are those of StarCoder's
# preprocessing (Li et al. 2023, arXiv:2305.06161, section 3).
MAX_LINE_LENGTH = 1000
MAX_MEAN_LINE_LENGTH = 100
MIN_ALPHANUMERIC_SHARE = 0.25

TEXT_FIELDS = ("old_contents", "new_contents", "message", "subject")


@dataclass(frozen=True)
class SeedLimits:
    """What a seed may be; sizes in lines and UTF-8 bytes, per version of the file."""

    min_lines: Annotated[PositiveInt, Field(description="drop shorter files")] = 5
    max_lines: Annotated[PositiveInt, Field(description="drop longer files")] = 2000
    max_bytes: Annotated[PositiveInt, Field(description="drop larger files")] = 100_000
    allowed_licenses: Annotated[
        tuple[Annotated[str, StringConstraints(to_lower=True)], ...],
        Flag(joined=True, metavar="NAMES"),
        Field(
            description="comma-separated; rows of any source that carry another licence are dropped"
        ),
    ] = PERMISSIVE_LICENSES
    lang: Annotated[str, Field(description="language to take from a dataset of hf:")] = "python"
    allowed_secrets: AllowedSecrets = frozenset()


CleaningRule = Callable[[Row, SeedLimits], str | None]


def clean_seed(
    row: Row, limits: SeedLimits, rules: Sequence[CleaningRule] | None = None
) -> tuple[Row, str | None]:
    """Return the row as it may be written, and the reason to drop it, or None.

    A row that falls before it is known to hold no secret comes back without its texts, so that
    the file of rejected rows never holds one, but with what was found, masked, in
    `secret_evidence`; the others come back with e-mail addresses masked.
    `rules` replaces those that judge a safe row (default: CLEANING_RULES).
    """
    for rule in RULES_BEFORE_CONTENTS_ARE_SAFE:
        if reason := rule(row, limits):
            found = {}
            if rule is find_secret:
                found["secret_evidence"] = evidence(row, TEXT_FIELDS, limits.allowed_secrets)
            return without_texts(row) | found, reason
    row = mask_row(normalise_row(row))
    for rule in CLEANING_RULES if rules is None else rules:
        if reason := rule(row, limits):
            return row, reason
    return row, None


def without_texts(row: Row) -> Row:
    """Keep what tells where a row came from."""
    return {field: value for field, value in row.items() if field not in TEXT_FIELDS}


def normalise_row(row: Row) -> Row:
    """Bring the texts to `\\n` line ends without a byte order mark."""
    return row | {field: normalise_text(row[field]) for field in TEXT_FIELDS}


def normalise_text(text: str) -> str:
    """Bring a text to `\\n` line ends without a byte order mark."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def mask_row(row: Row) -> Row:
    """Mask the e-mail addresses in the contents and the message."""
    return row | {
        "old_contents": mask_code(row["old_contents"], row["lang"]),
        "new_contents": mask_code(row["new_contents"], row["lang"]),
        "message": mask_emails(row["message"]),
        "subject": mask_emails(row["subject"]),
    }


def mask_code(code: str, language: str) -> str:
    """Mask the e-mail addresses in code; in other languages than Python, anywhere in it."""
    is_python = language.lower() == "python"
    return mask_emails_in_code(code) if is_python else mask_emails(code)


def has_edit(row: Row) -> bool:
    """Tell whether a row is a commit, and not a plain file."""
    return bool(row["new_contents"] or row["message"])


def versions(row: Row) -> list[str]:
    """List the versions of the file that a row holds: one, or before and after."""
    return [row["old_contents"], *([row["new_contents"]] if has_edit(row) else [])]


def find_missing_text(row: Row, limits: SeedLimits) -> str | None:
    """Reject rows whose texts are null or no texts; all later checks rely on it."""
    return None if all(isinstance(row[field], str) for field in TEXT_FIELDS) else "no_text"


def find_bad_encoding(row: Row, limits: SeedLimits) -> str | None:
    """Reject what has no UTF-8 form, in any field: lone surrogates."""
    try:
        for value in row.values():
            str(value).encode()
    except UnicodeEncodeError:
        return "not_utf8"
    return None


def find_large_file(row: Row, limits: SeedLimits) -> str | None:
    """Reject rows of which one version is too large, in bytes of UTF-8."""
    # Before the scan for secrets, so that a file of many megabytes costs no time.
    too_large = any(len(code.encode()) > limits.max_bytes for code in versions(row))
    return "too_large" if too_large else None


def find_secret(row: Row, limits: SeedLimits) -> str | None:
    texts = (row[field] for field in TEXT_FIELDS)
    return "holds_secret" if holds_secret(texts, limits.allowed_secrets) else None


def find_other_language(row: Row, limits: SeedLimits) -> str | None:
    return None if row["lang"].lower() == limits.lang.lower() else "other_language"


def find_forbidden_license(row: Row, limits: SeedLimits) -> str | None:
    """Reject licences not allowed; one that nobody knows passes, and is marked so."""
    allowed = (UNKNOWN_LICENSE, *limits.allowed_licenses)
    return None if is_allowed(str(row["license"]), allowed) else "license_not_allowed"


def find_trivial_subject(row: Row, limits: SeedLimits) -> str | None:
    """Reject commits whose subject tells nothing of the edit; files pass."""
    subject = row["subject"] or row["message"].partition("\n")[0]
    return "trivial_subject" if has_edit(row) and why_trivial(subject) else None


def find_vendored_path(row: Row, limits: SeedLimits) -> str | None:
    return "vendored_path" if is_vendored(row["old_file"]) else None


def find_generated_code(row: Row, limits: SeedLimits) -> str | None:
    """Reject what a tool has written, told by the path or by what the code says of itself."""
    is_generated = is_generated_path(row["old_file"]) or any(map(is_generated_code, versions(row)))
    return "generated" if is_generated else None


def find_minified_code(row: Row, limits: SeedLimits) -> str | None:
    return "minified" if any(map(is_minified, versions(row))) else None


def find_wrong_length(row: Row, limits: SeedLimits) -> str | None:
    """Reject a short old version and a long one of either; a commit may delete lines."""
    counts = [len(code.splitlines()) for code in versions(row)]
    if counts[0] < limits.min_lines:
        return "too_few_lines"
    return "too_many_lines" if max(counts) > limits.max_lines else None


def find_useless_edit(row: Row, limits: SeedLimits) -> str | None:
    """Reject commits that change nothing, empty the file or say nothing; files pass."""
    if not has_edit(row):
        return None
    if row["old_contents"] == row["new_contents"]:
        return "no_change"
    if not row["new_contents"].strip():
        return "empty_after_edit"
    return None if row["message"].strip() else "no_message"


def find_version_bump(row: Row, limits: SeedLimits) -> str | None:
    """Reject commits that set a version number and nothing else, whatever the message says."""
    if not has_edit(row):
        return None
    before, after = (row[field].splitlines() for field in ("old_contents", "new_contents"))
    # A number is replaced in its line; so is a date beside it.
    if len(before) != len(after):
        return None
    changed = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    numbers = [line for pair in changed for line in pair]
    return "version_bump" if numbers and all(map(_VERSION_NUMBER.match, numbers)) else None


def find_broken_code(row: Row, limits: SeedLimits) -> str | None:
    """Reject rows of which one version the running Python can't parse."""
    return None if all(map(parses, versions(row))) else "does_not_parse"


RULES_BEFORE_CONTENTS_ARE_SAFE: tuple[CleaningRule, ...] = (
    find_missing_text,
    find_bad_encoding,
    find_large_file,
    find_secret,
)
# The cheap ones first; exact duplicates need more than one row and are the caller's to drop.
CLEANING_RULES: tuple[CleaningRule, ...] = (
    find_other_language,
    find_forbidden_license,
    find_vendored_path,
    find_useless_edit,
    find_version_bump,
    find_trivial_subject,
    find_wrong_length,
    find_generated_code,
    find_minified_code,
    find_broken_code,
)


def is_vendored(path: str) -> bool:
    """Tell whether a path lies in a folder of other people's code."""
    return any(part.lower() in VENDORED_FOLDERS for part in path.split("/")[:-1])


def is_generated_path(path: str) -> bool:
    """Tell whether a path names a file that a tool writes."""
    return _GENERATED_PATH.search("/" + path) is not None


def is_generated_code(code: str) -> bool:
    """Tell whether the first lines say that a tool wrote the rest."""
    head = "\n".join(code.split("\n", _HEADER_LINES)[:_HEADER_LINES])
    return _GENERATED_HEADER.search(head) is not None


def is_minified(code: str) -> bool:
    """Tell whether code is packed or is data rather than something people read."""
    lines = code.splitlines()
    if not lines:
        return False
    if max(map(len, lines)) > MAX_LINE_LENGTH:
        return True
    letters = sum(map(str.isalnum, code))
    return len(code) / len(lines) > MAX_MEAN_LINE_LENGTH or letters < MIN_ALPHANUMERIC_SHARE * len(
        code
    )


@lru_cache(CACHED_VERSIONS)
def parses(code: str) -> bool:
    """Tell whether the running interpreter's parser takes the code."""
    try:
        with warnings.catch_warnings():
            # Invalid escapes and the like would be printed, once per file.
            warnings.simplefilter("ignore")
            ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
