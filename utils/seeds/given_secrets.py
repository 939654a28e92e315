"""Finds secrets by their place: values given to a name such as `password`, in a header or a URL."""

import base64
import binascii
import re
from collections.abc import Iterator
from urllib.parse import unquote

from utils.seeds.secret_values import (
    is_placeholder,
    is_random,
    looks_like_password,
    looks_like_strong_password,
)

_PASSWORD_WORDS = {"password", "passwords", "passwd", "passphrase", "passcode", "pwd", "pass"} | {
    "passw", "psw", "pw", "contrasena", "contraseña", "userpass", "dbpass", "kennwort"
}  # fmt: skip
_SECRET_WORDS = {"secret", "secrets", "token", "tokens", "credential", "credentials", "auth"} | {
    "apikey", "bearer", "authorization", "authtoken", "accesskey", "secretkey", "privatekey",
    "dsn", "webhook", "pat", "apitoken",
}  # fmt: skip
_KEY_OWNERS = {"api", "access", "secret", "private", "auth", "encryption", "signing", "master"} | {
    "account", "storage", "session", "client", "service", "app", "application", "shared", "hmac",
    "aes", "fernet", "jwt", "openai", "anthropic", "google", "aws", "azure", "stripe", "server",
    "license", "subscription", "consumer",
}  # fmt: skip
# What may stand behind the word; any other word (`env`, `field`, `hasher`, `url`) speaks about it.
_TAIL_WORDS = {"default", "value", "prod", "production", "dev", "development", "staging"} | {
    "live", "old", "new", "backup", "main", "primary", "secondary", "raw", "b64", "base64", "hex",
    "str", "string", "base", "test", "current", "admin", "root", "db", "plain", "text", "plaintext",
    "api", "key", "bytes", "const", "s", "id",
}  # fmt: skip
_ID_ONLY = {"id"}

_MENTION = re.compile(
    r"p(?:ass(?:w|phrase|code|(?![a-z]))|wd|sw|w(?![a-z])|at(?![a-z]))|contrase|kennwort|secret"
    r"|token|credential|auth(?:orization)?(?![a-z])|authtoken|bearer|webhook|dsn|key"
)
_NAME_CHARS = re.compile(r"[\w-]*")
_NAME_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-zñ]+|\d+")
_STRING = r"[rbuRBU]{0,2}\\{0,2}(?P<quote>\"{1,3}|'{1,3})(?P<value>[^\n]{1,2000}?)\\{0,2}(?P=quote)"
_WRAPPED = (
    r"(?:\(\s*|[\w.]*(?:Secret|Str|str|bytes|Field|Value|quote|fromhex|decode|unhexlify)\w*\(\s*"
    r"(?:default\s*=\s*)?)?"
)
# `password = "…"`, `"password": "…"`, `["password"] = "…"`, `password: str = "…"`, `==`, `:=`.
_GIVEN = re.compile(
    r"(?:\\{0,2}['\"])?\s{0,8}\]?\s{0,8}(?::\s*[\w.]+(?:\[[^\n=]{0,60}\])?(?:\s*\|\s*\w+)*\s*(?==))?"
    rf"(?:=>|:=|===?|!==?|=|:)\s{{0,60}}{_WRAPPED}{_STRING}"
)
# `get("PASSWORD", "…")`, `("password", "…")`.
_LISTED = re.compile(rf"['\"]\s{{0,8}},\s{{0,60}}{_STRING}")
# `config("PASSWORD", cast=str, default="…")`, `getenv("PASSWORD") or "…"`, `Field(default="…")`.
_DEFAULT = re.compile(
    rf"[^\n;]{{0,120}}?(?:\bdefault(?:_value)?\s*=|\bor\b|\|\||\?\?|\belse\b)\s{{0,8}}{_STRING}"
)
_UNQUOTED = re.compile(r"\s?[:=]\s?(?P<value>[A-Za-z0-9_+/-]{16,}={0,2})(?![\w.(\[])")
_PAIR = re.compile(
    r"(?:\bauth\s*=\s*\(|\w*BasicAuth\(|\.(?:login|authenticate)\()\s*"
    rf"[rbuRBU]{{0,2}}(?P<q>['\"])[^'\"\n]{{1,80}}(?P=q)\s*,\s*(?:password\s*=\s*)?{_STRING}"
)
_HEADER = re.compile(
    r"\b(?:bearer|authorization['\"]?\s*[:=,]\s*f?['\"]?\s*(?:token|apikey|api-key))\s+"
    r"(?P<value>[A-Za-z0-9._~+/-]{16,}={0,2})",
    re.IGNORECASE,
)
_BASIC = re.compile(r"\bBasic\s+(?P<value>[A-Za-z0-9+/]{12,}={0,2})", re.IGNORECASE)
_ADDRESS = re.compile(
    r"(?<![A-Za-z0-9])[A-Za-z][A-Za-z0-9+.-]{1,30}://[^\s/:@\"'`<>]{0,80}:(?P<value>[^\s/@\"'`]{1,200})"
    r"@(?P<host>[^\s/\"'`:?#,)]{1,200})"
)
_PRIVATE_KEY = re.compile(
    r"-----BEGIN (?:[A-Z]+ ){0,2}(?P<value>PRIVATE KEY)(?: BLOCK)?-----"
    r"(?P<rest>[^\n]{0,200}\n?[^\n]{0,200})"
    r"|(?P<putty>PuTTY-User-Key-File-\d)"
)
_RESERVED_HOST = re.compile(r"(?:^|\.)(?:example(?:\.\w+)?|test|invalid|host)$", re.IGNORECASE)

Place = tuple[int, str]


def find_given(line: str) -> Iterator[Place]:
    """Yield where each secret of a line begins, and the secret; private keys are not looked for.

    What is broken over two lines has to come as one.
    """
    # Lower case and a pattern that minds it are far faster than one that does not.
    low = line.lower()
    if len(low) == len(line) and _MENTION.search(low):
        yield from _named(line, low)
    if "(" in line and ("auth" in low or "login(" in low):
        for match in _PAIR.finditer(line):
            if looks_like_strong_password(match["value"]):
                yield match.start("value"), match["value"]
    if "bearer" in low or "authorization" in low or "basic " in low:
        yield from _in_headers(line)
    if "://" in line:
        yield from _in_addresses(line)


def _named(line: str, low: str) -> Iterator[Place]:
    end = 0
    for mention in _MENTION.finditer(low):
        if mention.start() < end:
            continue
        start = mention.start()
        while start > 0 and (line[start - 1].isalnum() or line[start - 1] in "_-"):
            start -= 1
        rest = _NAME_CHARS.match(line, mention.end())
        end = rest.end() if rest else mention.end()
        is_password = what_name_holds(line[start:end])
        if is_password is not None:
            yield from _values_after(line, end, is_password)


def what_name_holds(name: str) -> bool | None:
    """Tell what a name promises: True a password, False a drawn secret, None neither."""
    words = [word.lower() for word in _NAME_WORDS.findall(name)]
    found = None
    for number, word in enumerate(words):
        is_key = word == "key" and number > 0 and words[number - 1] in _KEY_OWNERS
        if word in _PASSWORD_WORDS or word in _SECRET_WORDS or is_key:
            found = number
    if found is None or words[-1] in _ID_ONLY:
        return None
    if any(word not in _TAIL_WORDS and not word.isdigit() for word in words[found + 1 :]):
        return None
    return any(word in _PASSWORD_WORDS for word in words)


def _values_after(text: str, end: int, is_password: bool) -> Iterator[Place]:
    judge = looks_like_password if is_password else is_random
    listed = looks_like_strong_password if is_password else is_random
    for pattern, accepts in ((_GIVEN, judge), (_LISTED, listed), (_DEFAULT, judge)):
        match = pattern.match(text, end)
        if match:
            # The one that fits first is the one that is meant.
            if accepts(match["value"]):
                yield match.start("value"), match["value"]
            return
    match = _UNQUOTED.match(text, end)
    if match and is_random(match["value"]):
        yield match.start("value"), match["value"]


def _in_headers(text: str) -> Iterator[Place]:
    for match in _HEADER.finditer(text):
        if is_random(match["value"]):
            yield match.start("value"), match["value"]
    for match in _BASIC.finditer(text):
        try:
            said = base64.b64decode(match["value"], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            continue
        if looks_like_password(said.partition(":")[2]):
            yield match.start("value"), match["value"]


def _in_addresses(text: str) -> Iterator[Place]:
    for match in _ADDRESS.finditer(text):
        value = unquote(match["value"])
        if looks_like_password(value) and not _RESERVED_HOST.search(match["host"]):
            yield match.start("value"), match["value"]


def find_private_keys(text: str) -> Iterator[Place]:
    """Yield where each private key begins; a mark that a program compares with is none."""
    if "PRIVATE KEY" not in text and "PuTTY" not in text:
        return
    for match in _PRIVATE_KEY.finditer(text):
        if match["putty"]:
            yield match.start(), match["putty"]
            continue
        has_body = any(
            not is_placeholder(run) for run in re.findall(r"[A-Za-z0-9+/]{24,}", match["rest"])
        )
        if has_body or not match["rest"].strip():
            yield match.start("value"), match["value"]
