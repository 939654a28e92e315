"""Secrets known to the program, kept out of every file, every line of the log and every error.

A secret becomes known where it is read: out of the model map, an address or the environment. What
is written then holds asterisks in its place, as many as it had characters, so that no place in a
file moves; what is said holds three.
"""

import base64
import html
import json
import os
import re
from typing import Any
from urllib.parse import quote, unquote, urlsplit

MASK = "***"
# Shorter ones are only kept out of what is said: in data they are words as any others.
_RARE, _RARE_WORD, _SAID = 8, 9, 5
# What people write for a server that wants any key: not secret, and words of many a program.
_STAND_INS = {"anything", "changeme", "dummy-key", "fake-key", "lm-studio", "no-key-required"} | {
    "none-needed", "not-needed", "not-required", "password", "placeholder", "required", "test-key",
    "whatever", "undefined", "your-api-key", "api-key", "api_key",
}  # fmt: skip
_SECRET_NAME = re.compile(
    r"(?:^|[_-])(?:api|token|secrets?|passw(?:or)?d|pwd|credentials?|auth(?:orization)?|bearer"
    r"|signature|sig|(?:(?:api|access|secret|private|auth|subscription|license|functions?)[_-]?)"
    r"?key)$|^apikey$",
    re.IGNORECASE,
)
_SECRET_VARIABLE = re.compile(r"(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)$", re.IGNORECASE)
# What providers' keys begin with.
_MARKS = r"(?:sk|rk|gsk|xai|r8|nvapi|pplx|glpat|gh[opsu]|github_pat|tgp|csk)[-_]"
_KEY_SHAPE = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    rf"{_MARKS}(?=[A-Za-z_-]*\d)[A-Za-z0-9_-]{{16,}}"
    r"|hf_[A-Za-z0-9]{30,}|AIza[\w-]{30,}|AKIA[A-Z0-9]{16}|eyJ[\w-]{10,}\.[\w-]+\.[\w-]*"
    r"|Bearer [\w.~+/-]{16,}=*)"
)
_KEY_START = re.compile(rf"{_MARKS}\S{{6,}}")
_DRAWN = re.compile(r"[A-Za-z0-9]{20,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LETTER_BY_DIGIT = re.compile(r"(?<=[A-Za-z])(?=\d)|(?<=\d)(?=[A-Za-z])")
_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_USER_IN_TEXT = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*:/{1,3})[^\s/?#@'\"<>]+(?:@[^\s/?#@'\"<>]+)*@")
_QUERY_IN_TEXT = re.compile(
    r"([?&][\w.-]*(?:key|token|secret|passw|auth|sig)[\w.-]*=)[^\s&#'\"<>;,]+", re.IGNORECASE
)
_HOST = re.compile(r"(?:\[[\w:.%]+\]|[^\s:@\[\]]+)(?::\d*)?")

_said: list[str] = []
_written: list[bytes] = []


def keep_secret(*values: object) -> None:
    """Note secrets; what is too short or too common to be told from other text stays as it is."""
    for value in values:
        if not isinstance(value, str) or len(value.strip()) < _SAID:
            continue
        for form in _forms(value.strip()):
            if form not in _said:
                _said.append(form)
                _said.sort(key=len, reverse=True)
            if is_rare(form) and (written := form.encode("utf-8", "surrogatepass")) not in _written:
                _written.append(written)
                _written.sort(key=len, reverse=True)


def _forms(secret: str) -> set[str]:
    """List how a secret may stand in JSON, in an address and on a page."""
    escaped = json.dumps(secret, ensure_ascii=False)[1:-1]
    return {secret, escaped, quote(secret, safe=""), unquote(secret), html.escape(secret)}


def is_rare(secret: str) -> bool:
    """Ask whether a secret can be told from the words and numbers of other people's code."""
    if secret.lower() in _STAND_INS or len(set(secret)) < 5:
        return False
    if secret.isdigit():
        return len(secret) >= 2 * _RARE
    return len(secret) >= (_RARE_WORD if secret.isalpha() else _RARE)


def forget_secrets() -> None:
    """Know no secret any more."""
    _said.clear()
    _written.clear()


def note_environment() -> None:
    """Note what variables hold that are called like secrets, and the users of proxies."""
    for name, value in os.environ.items():
        if name.lower().endswith("_proxy"):
            note_address(value)
        elif _SECRET_VARIABLE.search(name) and len(value) >= 12 and not value.startswith("/"):
            keep_secret(value)


def note_address(address: str) -> None:
    """Note the user and password of an address, and what its query holds under such names."""
    user = address.partition("://")[2].removesuffix(_after_user(address))[:-1]
    name, _, password = user.partition(":")
    if user:
        keep_secret(password or name, base64.b64encode(unquote(user).encode()).decode())
    for each in address.partition("?")[2].partition("#")[0].split("&"):
        name, _, value = each.partition("=")
        if _SECRET_NAME.search(name) or looks_like_key(value):
            keep_secret(unquote(value))


def note_secrets_in(settings: Any, name: str = "") -> None:
    """Note what settings hold under a secret's name, in an address, or in the shape of a key."""
    if isinstance(settings, dict):
        for key, value in settings.items():
            if isinstance(key, str) and looks_like_key(key):
                keep_secret(key)
            note_secrets_in(value, str(key))
    elif isinstance(settings, list):
        for each in settings:
            note_secrets_in(each, name)
    elif isinstance(settings, str) and not _names_no_secret(name, settings):
        note_address(settings)
        if _SECRET_NAME.search(name) or looks_like_key(settings):
            keep_secret(settings, settings.removeprefix("Bearer ").removeprefix("Basic "))


def _names_no_secret(name: str, value: str) -> bool:
    """Ask whether a value names a variable, as it should, and no key that was put there."""
    return name.endswith("_env") and is_variable_name(value)


def is_variable_name(text: str) -> bool:
    """Ask whether a text is the name of a variable, and not a key in its place."""
    return bool(_PLAIN_NAME.fullmatch(text)) and not looks_like_key(text)


def looks_like_key(text: str) -> bool:
    """Tell by its shape alone that a text is a key: a provider's prefix, or drawn at random."""
    if _KEY_START.fullmatch(text) or _KEY_SHAPE.fullmatch(text):
        return True
    drawn = max(_DRAWN.findall(text), key=len, default="") if len(text) < 500 else ""
    return len(drawn) * 2 > len(text) and len(_LETTER_BY_DIGIT.findall(drawn)) >= 4


def without_secrets(settings: Any, name: str = "") -> Any:
    """Copy settings with a mask for each secret in them, so that they may be kept and compared."""
    if isinstance(settings, dict):
        return {key: without_secrets(value, str(key)) for key, value in settings.items()}
    if isinstance(settings, list):
        return [without_secrets(each, name) for each in settings]
    if not isinstance(settings, str):
        return settings
    is_secret = bool(settings) and (_SECRET_NAME.search(name) or looks_like_key(settings))
    return MASK if is_secret else redacted(settings)


def redacted(text: str) -> str:
    """Take the secrets out of what is said: those known, and all that look like one."""
    for secret in _said:
        if secret in text:
            text = text.replace(secret, MASK)
    text = _USER_IN_TEXT.sub(r"\1", text)
    return _KEY_SHAPE.sub(MASK, _QUERY_IN_TEXT.sub(rf"\1{MASK}", text))


def redacted_bytes(data: bytes) -> bytes:
    """Take the known secrets out of what is written or was received, byte for byte."""
    for secret in _written:
        if secret in data:
            data = data.replace(secret, b"*" * len(secret))
    return data


def worded_address(address: str) -> str:
    """Word an address without its user and its query, as it may be shown."""
    scheme, separator, _ = address.partition("://")
    return redacted((scheme + separator if separator else "") + without_user(address))


def without_user(address: str) -> str:
    """Give the host and path of an address, without scheme, user and query."""
    return re.split(r"[?#]", _after_user(address))[0]


def _after_user(address: str) -> str:
    """Give what of an address follows its scheme and user, of a malformed one too."""
    _, separator, after = address.partition("://")
    rest = after if separator else address
    host = re.split(r"[/?#]", rest)[0]
    if "@" in host:
        return rest[host.rindex("@") + 1 :]
    return rest if _HOST.fullmatch(host) else rest.rpartition("@")[2]


def is_http_address(text: str) -> bool:
    """Ask whether a text is an address that requests can be sent to."""
    try:
        url = urlsplit(text)
        return url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:  # a port or a bracket that can't be read
        return False
