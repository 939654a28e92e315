"""Finds credentials in source text: by a provider's shape, or by the place where they stand.

The detectors of the `detect-secrets` package are called line by line instead of through its own
scanner, which works on files, keeps its settings in globals and is too slow for tens of thousands
of rows; its detectors of passwords and of random strings miss calls, annotations and defaults, so
`given_secrets` takes their part.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import BasePlugin
from detect_secrets.plugins.cloudant import CloudantDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.ibm_cloud_iam import IbmCloudIamDetector
from detect_secrets.plugins.ibm_cos_hmac import IbmCosHmacDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.softlayer import SoftlayerDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector
from pydantic import Field

from utils.cli import Flag
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.seeds.given_secrets import find_given, find_private_keys
from utils.seeds.key_formats import find_keys
from utils.seeds.secret_values import is_placeholder

# Those that look at more than a prefix. Left out for their false alarms in source code: public IP
# addresses (version numbers), Artifactory (any word that begins with `APA`..`APF`).
DETECTORS: tuple[BasePlugin, ...] = (
    AWSKeyDetector(),
    AzureStorageKeyDetector(),
    CloudantDetector(),
    DiscordBotTokenDetector(),
    IbmCloudIamDetector(),
    IbmCosHmacDetector(),
    JwtTokenDetector(),
    MailchimpDetector(),
    OpenAIDetector(),
    SlackDetector(),
    SoftlayerDetector(),
    SquareOAuthDetector(),
    TwilioKeyDetector(),
)
_NPM = NpmDetector()
# A line without a string and without a run like this can hold no secret; most lines end here.
_WORTH_A_LOOK = re.compile(r"['\"][^'\"]{5}|[A-Za-z0-9_\-/+=.:]{16}")
# Nor can the detectors above know anything in a line without this.
_LONG_RUN = re.compile(r"[A-Za-z0-9_\-/+=.:]{20}")
# The value stands in the next line.
_IS_OPEN = re.compile(r"(?:[=(,]|\bor)\s*$")
_LONGEST_CACHED = 1000
# Some detectors take the square of a line's length. What is longer is looked at in windows, which
# share as much as a secret may have in characters.
_WINDOW, _SHARED = 3000, 1000
# Theirs begins with `//` and whatever else: slow on a line of slashes.
_NPM_MARK = "_authToken"
_SHOWN = 4


@dataclass(frozen=True)
class Secret:
    """A credential: which text holds it, in which line, and its characters."""

    text_number: int
    line: int
    value: str

    @property
    def fingerprint(self) -> str:
        """Name the value without telling it: too few digits to guess a password back from."""
        return hashlib.sha256(self.value.encode("utf-8", "surrogatepass")).hexdigest()[:8]

    @property
    def masked(self) -> str:
        """Show as much as tells whose it is: `sk-a*** (108 characters)`."""
        shown = self.value[: min(_SHOWN, len(self.value) // 4)]
        return f"{shown}*** ({len(self.value)} characters)"


def holds_secret(texts: Iterable[str], allowed: Collection[str] = ()) -> bool:
    """Tell whether any of the texts holds a credential that is not allowed."""
    return any(True for _ in locate_secrets(texts, allowed))


def locate_secrets(texts: Iterable[str], allowed: Collection[str] = ()) -> Iterator[Secret]:
    """Yield the credentials in the texts, each once a text, but for the allowed ones.

    `allowed` holds values or fingerprints.
    """
    for number, text in enumerate(texts):
        seen: set[str] = set()
        for start, value in _find(text):
            secret = Secret(number, text.count("\n", 0, start) + 1, value)
            if value not in seen and not {value, secret.fingerprint} & {*allowed}:
                yield secret
            seen.add(value)


def evidence(row: Row, fields: Iterable[str], allowed: Collection[str] = ()) -> list[Row]:
    """Say of each secret in a row's fields where it stands, and what it is, masked."""
    names = tuple(fields)
    return [
        {
            "field": names[secret.text_number],
            "line": secret.line,
            "masked": secret.masked,
            "fingerprint": secret.fingerprint,
        }
        for secret in locate_secrets([row[name] for name in names], allowed)
    ]


def read_allow_list(path: str) -> frozenset[str]:
    """Read values and fingerprints, one a line; blank lines and `#` comments don't count."""
    try:
        lines = Path(path).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8"
        raise PipelineError(
            f"--secrets_allow_list {path}: {reason}; name a text file with a value or a "
            "fingerprint a line"
        ) from None
    return frozenset(line.strip() for line in lines if line.strip() and not line.startswith("#"))


# A field of a script's flags, which holds what its file says.
AllowedSecrets = Annotated[
    frozenset[str],
    Flag("--secrets_allow_list", type=read_allow_list, metavar="FILE"),
    Field(
        description="values, or fingerprints out of secret_evidence, that are no secrets; "
        "one a line"
    ),
]


def _find(text: str) -> Iterator[tuple[int, str]]:
    yield from find_private_keys(text)
    start = 0
    lines = text.split("\n")
    for number, line in enumerate(lines):
        # The versions of a file share most lines; very long ones would fill the cache.
        found = _cached_look(line) if len(line) < _LONGEST_CACHED else _look_in_windows(line)
        if found is None and number + 1 < len(lines):
            left_out = max(0, len(line) - _LONGEST_CACHED)
            both = line[left_out:] + "\n" + lines[number + 1][:_LONGEST_CACHED]
            found = tuple((left_out + begin, value) for begin, value in _cached_secrets(both))
        for begin, value in found or ():
            yield start + begin, value
        start += len(line) + 1


def _look_in_windows(line: str) -> tuple[tuple[int, str], ...] | None:
    """Do as `_look` does with a line of any length; only its end tells whether it is open."""
    found: list[tuple[int, str]] = []
    last: tuple[tuple[int, str], ...] | None = ()
    for start in range(0, max(1, len(line) - _SHARED), _WINDOW - _SHARED):
        last = _look(line[start : start + _WINDOW])
        found += [(start + begin, value) for begin, value in last or ()]
    return None if last is None and not found else tuple(found)


def _look(line: str) -> tuple[tuple[int, str], ...] | None:
    """List the credentials of one line as `secrets_in_line` does; None: see the next line too."""
    if _WORTH_A_LOOK.search(line):
        return secrets_in_line(line)
    return None if _IS_OPEN.search(line) else ()


def secrets_in_line(line: str) -> tuple[tuple[int, str], ...]:
    """List where the credentials of one line begin, and the credentials."""
    found = [(key.start, key.value) for key in find_keys(line)]
    if _LONG_RUN.search(line):
        found += [(0, value) for each in DETECTORS for value in each.analyze_string(line)]
        if _NPM_MARK in line:
            found += [(0, value) for value in _NPM.analyze_string(line)]
    found = [place for place in found if not is_placeholder(place[1])]
    found += find_given(line)
    return tuple((start, value) for start, value in found if not _is_shown(value))


_cached_secrets = lru_cache(1 << 16)(secrets_in_line)
_cached_look = lru_cache(1 << 16)(_look)


def _is_shown(value: str) -> bool:
    """Tell whether a JSON web token is the one that documentation shows."""
    body = value.split(".")[1] if value.count(".") == 2 else ""
    try:
        said = base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))
    except (binascii.Error, ValueError):
        return False
    return b"1234567890" in said or b"John Doe" in said
