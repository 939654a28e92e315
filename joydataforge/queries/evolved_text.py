"""The evolved query alone, out of what a model wraps it in: labels, tags, JSON, quotes, remarks.

Only what says of itself that it belongs to no query is taken off; what is unclear stays, for the
checks of an evolution to judge.
"""

import json
import re

from utils.replies.answer import read_answer

_QUOTES = {'"': '"', "“": "”", "「": "」", "『": "』", "«": "»"}
_NOUN = r"(?:query|prompt|question|instruction|request)"
_MADE = r"(?:re-?written|re-?phrased|new|evolved?|revised|updated|modified|improved|final|created)"
_LABELLED = rf"(?:(?:the|my|your|here is the)\s+)?(?:{_MADE}\s+){{0,2}}{_NOUN}"
_LABELLED_CHINESE = (
    r"(?:新的?|改写后?的?|重写后?的?|修改后的?|演化后?的?)?(?:查询|问题|提示词?|指令|请求)"
)
# `**Rewritten Prompt:**`, `#Rewritten Prompt#:`, `### New query`, `Query:`, `新问题：`.
_LABEL = re.compile(
    rf"(?:[#>]{{1,6}}[ \t]*)?[*_]{{0,3}}(?:{_LABELLED}|{_LABELLED_CHINESE})[*_]{{0,3}}"
    rf"(?:[ \t]*#?[ \t]*[:：][*_]{{0,3}}[ \t]*\n*|[ \t]*#?[*_]{{0,3}}[ \t]*\n+)\s*",
    re.IGNORECASE,
)
_HAS_MARK = re.compile(r"[#*_:：]")
_TAGGED = re.compile(
    rf"<(?P<tag>(?:{_MADE}[_ -]?)?{_NOUN})>(?P<inside>.*)</(?P=tag)>", re.IGNORECASE | re.DOTALL
)
_FIELD = re.compile(rf"(?:{_MADE}[_ -]?)?{_NOUN}|text|output|result", re.IGNORECASE)
_FENCED = re.compile(r"```(?:text|markdown|md|plaintext)?[ \t]*\n(?P<inside>[^`]*)\n```")
# A paragraph at the end that speaks of the rewriting.
_REMARK_NAME = (
    r"note|remark|explanation|rationale|reasoning|justification|comment|注|注意|说明|解释"
)
_OF_REWRITING = (
    rf"\b(?:I|we)(?:[’']ve| have)?\s+(?:now\s+|also\s+)?(?:added|changed|made|rewr\w+|increased|"
    rf"introduced|included|modified|kept|replaced|turned|expanded|deepened|raised)\b"
    rf"|\b{_MADE}\s+(?:{_NOUN}|version)\b|\boriginal\s+{_NOUN}\b"
    rf"|\bthis\s+(?:version|{_NOUN}|rewrite|change)\s+(?:now\s+)?(?:adds|requires|is|makes|asks)\b"
    r"|我(?:增加|添加|加入|修改|改写)了|(?:改写|修改)后"
)
_CHANGES = r"changes?(?: made)?|what (?:I )?changed|added constraints?"
_REMARK = re.compile(
    rf"[*_(\[【（]{{0,3}}(?:(?:{_CHANGES})[*_]{{0,2}}[ \t]*[:：]"
    rf"|(?:(?:{_REMARK_NAME})[*_]{{0,2}}[ \t]*[:：])?[^\n]{{0,300}}?(?:{_OF_REWRITING}))",
    re.IGNORECASE,
)
_BLANK_LINE = re.compile(r"\n[^\S\n]*(?=\n)")
MOST_WRAPPINGS = 4


def read_query(answer: str, parent: str = "") -> str:
    """Give the query that an answer is, without what the model put around it.

    A label that the parent begins with as well is the query's own.
    """
    text = read_answer(answer).text.strip()
    for _ in range(MOST_WRAPPINGS):
        inner = _unwrapped(text, parent)
        if inner == text:
            break
        text = inner
    return text


def _unwrapped(text: str, parent: str) -> str:
    if (label := _label_of(text)) and not _label_of(parent):
        return text[len(label) :].strip()
    for pattern in (_TAGGED, _FENCED):
        if (found := pattern.fullmatch(text)) is not None:
            return found["inside"].strip()
    if (kept := _without_remark(text)) != text and _without_remark(parent) == parent:
        return kept
    return _unquoted(_out_of_json(text))


def _label_of(text: str) -> str:
    found = _LABEL.match(text)
    # "Query\nwhat ..." is a label only with a mark of one.
    is_label = found and found.end() < len(text) and _HAS_MARK.search(found[0])
    return found[0] if found and is_label else ""


def _without_remark(text: str) -> str:
    """Cut the last paragraph off a text if it speaks of the rewriting."""
    ends = [found.start() for found in _BLANK_LINE.finditer(text)]
    while ends and not text[ends[-1] :].strip():
        ends.pop()
    if ends and _REMARK.match(text[ends[-1] :].lstrip()):
        return text[: ends[-1]].strip()
    return text


def _out_of_json(text: str) -> str:
    """Give the one text that an object holds under a query's name."""
    if not (text.startswith("{") and text.endswith("}")):
        return text
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    texts = [found[name] for name in found if _FIELD.fullmatch(name)]
    return texts[0].strip() if len(texts) == 1 and isinstance(texts[0], str) else text


def _unquoted(text: str) -> str:
    closing = _QUOTES.get(text[:1])
    is_quoted = (
        closing
        and len(text) > 1
        and text.endswith(closing)
        and not {text[0], closing} & set(text[1:-1])
    )
    return text[1:-1].strip() if is_quoted else text
