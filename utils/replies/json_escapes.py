r"""Backslashes in a model's JSON that stand for themselves, though JSON would take them as escapes.

Models write `{"answer": "\frac{1}{2} \times \alpha"}` where it must be `\\frac`. JSON refuses
`\alpha`, and reads a form feed and a tab in the others; Python reads a bell in it.
"""

import re
from functools import partial

from utils.errors import BadReply

# Commands of TeX that begin like a new line or a tab, and whose rest is no word.
_COMMANDS = re.compile(
    r"n(?:abla|atural|cong|earrow|eq|ewcommand|ewline|exists|geq|leq|mid|oindent|olimits|onumber"
    r"|ormalfont|ormalsize|ot|otin|parallel|sim|subseteq|warrow)"
    r"|t(?:ag|anh|au|binom|ext(?:bf|color|it|normal|rm|sc|sf|style|subscript|superscript|tt|up|width)?"
    r"|frac|herefore|heta|hickapprox|hicksim|ilde|imes|iny|itle|riangle(?:left|q|right)?)"
)
# Those whose rest may be one: a name in code, a word on a new line.
_UNCLEAR = ("ne", "neg", "ni", "nu", "tan", "to", "top", "tt")
_ESCAPE = re.compile(
    r"\\(?:(?P<code>u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|x[0-9a-fA-F]{2})"
    r"|(?P<word>[a-zA-Z]+)|(?P<sign>.))",
    re.DOTALL,
)
# A line does not end after these, nor is a tab put there.
_MIDST = " $^_"


def escape_backslashes(text: str, is_python: bool = False) -> str:
    r"""Double those backslashes in the text of an object that are meant as such.

    Backspaces, form feeds and bells are in no answer, nor carriage returns before a letter; `\n`
    and `\t` are told from a command of TeX by its name. BadReply (`unclear_escape`) where it may be
    either.
    """
    if "\\" not in text:
        return text
    found = list(_ESCAPE.finditer(text))
    has_bare = any(_is_bare(match, is_python) for match in found)
    for match in found:
        is_in_midst = has_bare or text[match.start() - 1] in _MIDST
        if match["word"] in _UNCLEAR and is_in_midst:
            raise BadReply("unclear_escape")
    return _ESCAPE.sub(partial(_escaped, is_python=is_python), text)


def _escaped(match: re.Match[str], is_python: bool) -> str:
    if match["sign"] == "'" and not is_python:
        return "'"
    return f"\\{match[0]}" if _is_bare(match, is_python) else match[0]


def _is_bare(match: re.Match[str], is_python: bool) -> bool:
    """Tell whether a backslash stands for itself."""
    code, word, sign = match.groups()
    if code:
        return not is_python and code[0] != "u"
    if sign:
        return sign not in ("\"'\\\n" if is_python else "\"'\\/")
    if word[0] in "nt":
        return _COMMANDS.fullmatch(word) is not None
    if word[0] in "fr":
        return len(word) > 1
    return True
