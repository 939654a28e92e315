"""What an instruction asks for, as against what it wants left as it is.

"Add a cache, and leave comments and docstrings untouched" asks for nothing about comments. A text
is read clause by clause: each asks, keeps, or says neither and goes with its neighbours.
"""

import re
from collections.abc import Iterable, Iterator

_QUOTED = re.compile(r"`[^`\n]*`|\"[^\"\n]{1,80}\"|“[^”\n]{1,80}”")
_SENTENCE = re.compile(r"(?<=[.!?])\s+|[。！？]|\n\s*(?:[-*•]|\d+[.)]|\n)\s*|[;；]")
# Verbs that begin a wish, in the forms "add" and "adding".
_WISH = (
    r"(?:(?:also|then|instead|please|just|simply|only) )?(?:add|append|adjust|allow|apply|build"
    r"|call|chang|clarif|clean|clear|combin|convert|correct|cover|creat|defin|delet|deprecat|describ"
    r"|document|drop|eliminat|ensur|explain|extend|extract|fix|giv|handl|implement|improv|inlin"
    r"|insert|introduc|let|log|mak|mark|mention|merg|mov|nam|not|pass|port|print|put|rais|reflow"
    r"|reformat|refactor|remov|renam|reorder|replac|return|reword|rewrit|say|set|simplif|sort"
    r"|split|spell|stat|stor|strip|support|switch|swap|tak|test|translat|tidy|turn|updat|us|writ"
    r"|wrap)(?:e|y|ing|ting|ping|s|es)?\b(?! (?:of|is|are|was)\b)"
)
_KEEPING = (
    r"(?:leav(?:e|es|ing)|keep(?:s|ing)?|preserv(?:e|es|ing)|retain(?:s|ing)?|maintain(?:s|ing)?"
    r"|without|do(?:es)? not|don['’]?t|never|avoid(?:ing)?|nothing|no|not|rather than|only)\b"
)
_CLAUSE = re.compile(
    rf"[,，:：](?:\s*(?:and|but|or|so|then|while|yet)\b)?\s*|\s+[-–—]+\s+"
    rf"|(?<!everything)(?<!nothing)(?<!anything)(?<! all)\s+but\s+"
    rf"|\s+(?:while|whereas|though|although|yet)\s+"
    rf"|\s+(?:and|then|so)\s+(?={_WISH}|{_KEEPING})"
    rf"|\s+(?=(?:leaving|keeping|preserving|retaining|without (?:any\b|\w+ing\b|changes?\b)))"
    rf"|\s+(?=(?:except|besides|apart from|aside from|other than|save for)\b)"
    rf"|\s+(?=rather than\b)|(?<=\))\s*(?=and\b)",
    re.IGNORECASE,
)
_CHANGE = (
    r"(?:chang|touch|modif|edit|remov|alter|add|updat|rewrit|reword|delet|drop|mov|renam|reformat"
    r"|introduc|strip|affect|adjust|disturb|break|bother|worry|tamper|mess|writ|clean|fix|lose"
    r"|losing|replac|refactor)\w*"
)
_NOT = (
    r"(?:(?:do|does|did|should|must|need|may|can|shall|will|would) ?n(?:o|['’])?t|dont|cannot|never"
    r"|no need to|not to|no longer needs? to|avoid|refrain from|isn['’]t|aren['’]t|is not|are not)"
)
_KEEPS = re.compile(
    # `leave` and `keep` what is there, but not "leave a comment", "keep the docstring in sync".
    r"\b(?:leav(?:e|es|ing)|left)\b(?! (?:a|an|some|one|short|brief|behind|out|no|room)\b)"
    r"|\b(?:keep(?:s|ing)?|kept|maintain\w*)\b(?! (?:a|an|track|count)\b)"
    r"(?!.* (?:instead|in sync|in line|in step|up[- ]to[- ]date|current|accurate|consistent)\b)"
    r"|\b(?:preserv\w+|retain\w*|ignor(?:e|ing) (?:the|all|any|existing)|regardless of"
    r"|unaffected|unchanged|untouched|unmodified|unaltered|intact|verbatim"
    r"|nothing else|nothing to do with|off[- ]limits|out of scope|not in scope"
    r"|remains?|stays?|staying|remaining (?:as|the same))\b"
    r"|\b(?:stay|remain|be)(?:s|ing)? (?:exactly |just )?(?:as|the same|put|alone|identical)\b"
    r"|\bas(?: they| it)?(?:[- ]is| are| was| were| stands?)\b"
    rf"|\b{_NOT} (?:\w+ )?(?:be )?{_CHANGE}|\b(?:is|are) (?:un|ir)(?:related|relevant|concerned)\b"
    rf"|\bwithout (?:any |further |other )?(?:\w+ ){{0,3}}?{_CHANGE}"
    rf"|\brather than {_CHANGE}|\binstead of {_CHANGE}ing\b"
    rf"|\b{_NOT} (?:want|like)\b.*\b{_CHANGE}"
    rf"|\bno (?!longer)(?:\w+ ){{0,3}}(?:(?:is|are|be) {_CHANGE}|chang\w+|edits?|needed|necessary"
    r"|required|wanted|please)\b|\b(?:need|want|ask)\w* no\b"
    r"|^(?:and |or |but )?(?:not|no|nor)\b(?!.*\b(?:exist|yet|there)\b)"
    rf"|\b(?:is|are) (?:fine|ok|okay|good|correct)\b"
    rf"|\b(?:needn['’]t|need not) (?:be )?{_CHANGE}|保持|保留|不变|不要|不改|勿",
    re.IGNORECASE,
)
# "do not add, remove or reword comments"
_GOES_ON = re.compile(rf"\b(?:{_NOT}|without)(?: \w+)? {_CHANGE}$", re.IGNORECASE)
_EXCEPTS = re.compile(
    r"^(?:except|besides|apart from|aside from|other than|save for|but not)\b"
    r"|\b(?:everything|nothing|anything|all) (?:but|except|besides|other than)\b",
    re.IGNORECASE,
)
_IS_SAID = re.compile(
    r"\b(?:should|must|shall|can|could|may|will|would|needs?|is|are|was|were|has|have|do|does|says?"
    r"|states?|lacks?|wants?)\b"
    r"|\bcomment (?:on|out|the|this|each|every|all)\b"
    rf"|^(?:and |or |so )?{_WISH}",
    re.IGNORECASE,
)


def wishes(instruction: str) -> list[str]:
    """List the clauses of an instruction that ask for something; what must stay is left out."""
    return [
        clause
        for sentence in _split(_SENTENCE, instruction)
        for clause, asks in _read_sentence(sentence)
        if asks
    ]


def _split(boundary: re.Pattern[str], text: str) -> list[str]:
    """Split a text at each boundary that stands outside of quotes and backticks."""
    masked = _QUOTED.sub(lambda match: "Q" * len(match[0]), text)
    starts = [0, *(match.end() for match in boundary.finditer(masked))]
    ends = [*(match.start() for match in boundary.finditer(masked)), len(text)]
    parts = (text[start:end].strip() for start, end in zip(starts, ends, strict=True))
    return [part for part in parts if part]


def _read_sentence(sentence: str) -> Iterator[tuple[str, bool]]:
    """Yield each clause of a sentence with whether it asks for something."""
    clauses = _split(_CLAUSE, sentence)
    said = list(_carried_on(clauses))
    # A list before its verb, "comments, names and layout stay as they are", goes with the verb.
    first = next((asks for asks in said if asks is not None), True)
    for clause, asks in zip(clauses, said, strict=True):
        yield clause, first if asks is None else asks


def _carried_on(clauses: Iterable[str]) -> Iterator[bool | None]:
    """Give clauses that say neither what the clause before them says."""
    said: bool | None = None
    before = ""
    for clause in clauses:
        own = None if _GOES_ON.search(before) else _asks(clause)
        if own == "other":
            said = not said
        elif own is not None:
            said = bool(own)
        yield said
        before = clause


def _asks(clause: str) -> bool | str | None:
    """Tell whether a clause asks; "other" than the one before it, None if it does not say."""
    masked = _QUOTED.sub("Q", clause)
    if _EXCEPTS.search(masked):
        # "leave everything but the docstrings alone", "change nothing but comments"
        return "other" if _EXCEPTS.match(masked) else True
    if _KEEPS.search(masked):
        return False
    return True if _IS_SAID.search(masked) else None
