"""Finds credentials in source text, with the detectors of the `detect-secrets` package.

The detectors are called line by line instead of through the package's own scanner, which works on
files, keeps its settings in globals and is too slow for tens of thousands of rows.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from detect_secrets.filters import heuristic
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.base import BasePlugin
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.cloudant import CloudantDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.gitlab_token import GitLabTokenDetector
from detect_secrets.plugins.high_entropy_strings import (
    Base64HighEntropyString,
    HexHighEntropyString,
)
from detect_secrets.plugins.ibm_cloud_iam import IbmCloudIamDetector
from detect_secrets.plugins.ibm_cos_hmac import IbmCosHmacDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.keyword import KeywordDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.openai import OpenAIDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.pypi_token import PypiTokenDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.softlayer import SoftlayerDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.telegram_token import TelegramBotTokenDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

# Detectors that know a credential by its own form. Left out for their false alarms in source code:
# public IP addresses (version numbers), Artifactory (any word that begins with `APA`..`APF`).
TOKEN_DETECTORS: tuple[BasePlugin, ...] = (
    AWSKeyDetector(),
    AzureStorageKeyDetector(),
    BasicAuthDetector(),
    CloudantDetector(),
    DiscordBotTokenDetector(),
    GitHubTokenDetector(),
    GitLabTokenDetector(),
    IbmCloudIamDetector(),
    IbmCosHmacDetector(),
    JwtTokenDetector(),
    MailchimpDetector(),
    NpmDetector(),
    OpenAIDetector(),
    PrivateKeyDetector(),
    PypiTokenDetector(),
    SendGridDetector(),
    SlackDetector(),
    SoftlayerDetector(),
    SquareOAuthDetector(),
    StripeDetector(),
    TelegramBotTokenDetector(),
    TwilioKeyDetector(),
)
KEYWORD_DETECTOR = KeywordDetector()
# Random-looking strings are everywhere in code (hashes, tables), so these two judge only a string
# that is given to a name such as `api_token`.
ENTROPY_DETECTORS = (Base64HighEntropyString(limit=4.5), HexHighEntropyString(limit=3.0))

# A line without any of these can hold nothing that a detector above knows; most lines end here.
_WORTH_A_LOOK = re.compile(
    r"[A-Za-z0-9_\-/+=.:]{20}|(?i:_?key|pass|pwd|secret|contrase|token)|://|BEGIN|PuTTY"
)
_KEYWORD = re.compile(r"key|pass|pwd|secret|contrase", re.IGNORECASE)
_CREDENTIAL_NAME = re.compile(
    r"(?:token|credential|access_?key|auth)\w*['\"\]]*\s*[:=]\s*['\"]", re.IGNORECASE
)
_PLACEHOLDER = re.compile(
    r"example|sample|dummy|placeholder|change_?(?:me|this|it)|your|insert|replace|redacted|fake"
    r"|mock|test|x{4}|\*{3}|\.{3}|1234|abcd|%[sdr(]|\{|\$\(",
    re.IGNORECASE,
)
# What documentation writes for a password in a URL: `http://user:password@host`.
_STOCK_PASSWORDS = frozenset({"password", "passwd", "pass", "pwd", "pw", "secret", "token", "key"})


def holds_secret(texts: Iterable[str]) -> bool:
    """Tell whether any line of the texts holds a credential."""
    return any(True for _ in find_secrets(texts))


def find_secrets(texts: Iterable[str]) -> Iterator[str]:
    """Yield the credentials in the texts."""
    for text in texts:
        for line in text.split("\n"):
            # The versions of a file share most lines; very long ones would fill the cache.
            yield from _cached_secrets(line) if len(line) < 1000 else secrets_in_line(line)


def secrets_in_line(line: str) -> tuple[str, ...]:
    """List the credentials in one line."""
    return tuple(_detect(line)) if _WORTH_A_LOOK.search(line) else ()


_cached_secrets = lru_cache(1 << 16)(secrets_in_line)


def _detect(line: str) -> Iterator[str]:
    for detector in TOKEN_DETECTORS:
        for secret in detector.analyze_string(line):
            if isinstance(detector, PrivateKeyDetector) or not is_placeholder(secret):
                yield secret
    if _KEYWORD.search(line) and not heuristic.is_indirect_reference(line):
        yield from filter(looks_like_password, KEYWORD_DETECTOR.analyze_string(line))
    if _CREDENTIAL_NAME.search(line):
        for entropy_detector in ENTROPY_DETECTORS:
            for found in entropy_detector.analyze_line(filename="", line=line):
                if found.secret_value and not is_placeholder(found.secret_value):
                    yield found.secret_value


def looks_like_password(value: str) -> bool:
    """Tell whether a string given to a name like `password` is one, not a word or a sentence."""
    return (
        len(value) >= 8
        and not re.search(r"\s", value)
        and re.search(r"[A-Za-z]", value) is not None
        and re.search(r"[^A-Za-z_./:\-]", value) is not None
        and not is_placeholder(value)
    )


def is_placeholder(secret: str) -> bool:
    """Tell whether a value only stands for a secret: `<token>`, `{key}`, `your-password`."""
    return (
        heuristic.is_templated_secret(secret)
        or heuristic.is_sequential_string(secret)
        or heuristic.is_prefixed_with_dollar_sign(secret)
        or heuristic.is_not_alphanumeric_string(secret)
        or secret.lower() in _STOCK_PASSWORDS
        or _PLACEHOLDER.search(secret) is not None
    )
