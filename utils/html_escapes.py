"""Replies that were escaped for HTML on their way: `if a &lt; b`."""

import re
from html import unescape

_ESCAPE = re.compile(r"&(?:lt|gt|quot|apos|#0?39|#x27);")
_QUOTED = re.compile(r"\"[^\"\n]*+\"|'[^'\n]*+'|`[^`\n]*+`")
_BARE_AMPERSAND = re.compile(r"&(?!(?:lt|gt|amp|quot|apos|nbsp|#\d{1,6}|#x[0-9a-fA-F]{1,6});)")


def without_escapes(reply: str) -> str:
    """Undo the escaping of a reply that was escaped as a whole, and leave any other as it is.

    Such a reply holds no bare `<`, `>` or `&`, and escapes outside quotes; one about HTML does
    not. Left alone, `a &lt; b` would even parse as Python.
    """
    if "&" not in reply or "<" in reply or ">" in reply or _BARE_AMPERSAND.search(reply):
        return reply
    return unescape(reply) if _ESCAPE.search(_QUOTED.sub("", reply)) else reply
