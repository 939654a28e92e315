"""Tells a random or chosen secret from the words, names and stand-ins that stand in its place."""

import math
import re
from collections import Counter
from functools import lru_cache
from urllib.parse import unquote

# Anywhere in a value, these say that it stands for another.
_STAND_IN = re.compile(
    r"example|sample|dummy|placeholder|change[-_ ]?(?:me|this|it)|\byour|redacted|replace|insert"
    r"|_here\b|-here\b|goes[-_]?here|<[^<>]*>|\{[^{}]*\}|\{\{|\$\(|%\(|^%[sdr]$|\*{3}|\.{3}|…"
    r"|^\$\{?[A-Za-z_]\w*\}?$|not[-_]?a[-_]?(?:real|secret)"
    # A pattern that secrets are checked against.
    r"|\(\?[:=!<P]|\[(?:\^|a-z|A-Z|0-9|\\w)",
    re.IGNORECASE,
)
# Taken out of a value before it is asked whether enough is left to be a secret.
_STOCK = re.compile(
    r"passwords?|passwd|passphrase|pass(?:word)?|pwd|pw|secrets?|tokens?|bearer|basic|keys?"
    r"|apikey|api"
    r"|user(?:name)?|admin(?:istrator)?|root|login|tests?(?:ing)?|fake|mock|stub|foo|bar|baz|qux"
    r"|spam"
    r"|eggs|hello|world|hunter|some(?:thing)?|random|value|string|none|null|true|false|default"
    r"|valid"
    r"|wrong|correct|super|letmein|qwerty\w?|asdf\w*|hash(?:ed)?|x{3,}|(?P<run>.)(?P=run){3,}"
    r"|0?1234?5?6?7?8?9?0?|9?8?7654?3?2?1?0?|abcd?e?f?g?h?i?j?k?|cafe|dead|beef|babe|foobar",
    re.IGNORECASE,
)
_MIN_LEFT = 5
_ALNUM = re.compile(r"[^\W_]")
_SEGMENTS = re.compile(r"[_.\-/:\\@ ,|+&]+")
# `sha256`, `v2`, `2fa`, `OAuth2`, `utf8`: a word with a number at an end.
_WORD_AND_NUMBER = re.compile(r"\d{0,4}[A-Za-z]*|[A-Za-z]+\d{1,4}|[A-Za-z]+\d[A-Za-z]*")
_NO_WORD = re.compile(r"[bcdfghjklmnpqrstvwxz]{6}|[a-z][A-Z]{2}[a-z][A-Z]", re.IGNORECASE)
_UPPER_NAME = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
_CAMEL = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
MIN_RANDOM = 16
_MIN_ENTROPY = 3.0  # bits a character; 16 different hex digits have 4


def is_placeholder(value: str) -> bool:
    """Tell whether a value only stands for a secret: `<token>`, `{key}`, `your-password`."""
    if _STAND_IN.search(value):
        return True
    letters = _ALNUM.findall(value)
    left = _ALNUM.findall(_STOCK.sub("", value))
    return len(left) < _MIN_LEFT or len(set(letters)) < _MIN_LEFT


def looks_like_password(value: str) -> bool:
    """Tell whether a string given to a name like `password` is one, not a word or a sentence."""
    if re.search(r"\s", value) or not re.search(r"[A-Za-z]", value):
        return False
    if is_placeholder(value) or is_words(value):
        return False
    if len(value) < 8:
        return len(value) >= 6 and _count_classes(value) >= 3
    has_no_letter = re.search(r"[^A-Za-z_./:\-]", value) is not None
    return has_no_letter or (len(value) >= 10 and _breaks_words(value))


def looks_like_strong_password(value: str) -> bool:
    """Tell the same where a value's place alone says less: in a list, after a comma."""
    return looks_like_password(value) and (
        is_random(value) or (_count_classes(value) >= 3 and re.search(r"\d", value) is not None)
    )


def is_random(value: str, min_length: int = MIN_RANDOM) -> bool:
    """Tell whether a string is drawn at random: long, of many signs, and no words."""
    if len(value) < min_length or re.search(r"\s", value) or is_words(value):
        return False
    if is_placeholder(value) or entropy(value) < _MIN_ENTROPY:
        return False
    if re.search(r"\d", value):
        # `release20240101version`: a few words and one number are no draw.
        return len(re.findall(r"[A-Za-z]\d|\d[A-Za-z]", value)) >= 3 or _breaks_words(value)
    return _breaks_words(value)


def _breaks_words(value: str) -> bool:
    pieces = _CAMEL.findall(value)
    return bool(pieces) and sum(map(len, pieces)) / len(pieces) < 2.7


@lru_cache(1 << 12)
def is_words(value: str) -> bool:
    """Tell whether a string is made of words and numbers, as names, paths and algorithms are."""
    if _UPPER_NAME.fullmatch(value):
        return True
    segments = [part for part in _SEGMENTS.split(unquote(value)) if part]
    if len(segments) < 2:
        return value.isalpha() and not _breaks_words(value)
    return all(_WORD_AND_NUMBER.fullmatch(part) for part in segments) and not any(
        _NO_WORD.search(part) or (len(part) > 12 and _breaks_words(part)) for part in segments
    )


def entropy(value: str) -> float:
    """Measure Shannon's entropy in bits a character."""
    counts = Counter(value).values()
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts)


def _count_classes(value: str) -> int:
    patterns = (r"[a-z]", r"[A-Z]", r"\d", r"[^\w\s./:\-]")
    return sum(re.search(pattern, value) is not None for pattern in patterns)
