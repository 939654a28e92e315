"""Instructions that say too little, or speak of what a model can't see.

Commit subjects are judged by the same measure: "lint", "Merge branch 'x'", "Bump version to 2.1".
"""

import re

from utils.code.topic_words import split_identifier

FEWEST_WORDS = 3
_FEWEST_CJK = 4
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_WORD = re.compile(r"[^\W_][\w.'’-]*|`[^`]+`")
# Words that say nothing of what is to be changed, however many stand together.
_EMPTY_WORDS = """
    a an the this that these it its my our your some all any more most of in on to for and or
    with up please just now again another other few bit little lot small minor tiny big major
    various several general quick initial final first last new old misc miscellaneous random fix
    fixes fixed fixing fixup hotfix bugfix bug bugs issue issues error errors problem problems
    mistake mistakes stuff things thing code file files script program module source everything
    something change changes changed edit edits update updates updated updating upgrade modify
    modified improve improved improves improvement improvements enhance enhancement enhancements
    tweak tweaks tweaked adjust adjustments clean cleaning cleaned cleanup cleanups tidy
    refactor refactored refactoring rework reworked polish polishing lint linter linting lints
    pep8 pep flake8 pylint black isort ruff autopep8 pyflakes style styling format formatting
    formatted reformat whitespace nit nits wip tmp temp work working works progress make made do
    done commit commits save saved checkpoint test tests testing tested better good nicer review
    reviews comments comment feedback address addressed apply applied suggestion suggestions
    hooks pre-commit ci auto typo typos oops whoops asdf todo
"""
_EMPTY = frozenset(_EMPTY_WORDS.split())
_VERSION = r"v?\d+(?:\.\d+)+(?:[.-]?\w+)*"
_JUNK = [
    (
        "version bump",
        rf"bump(?:s|ed|ing)?\b.*(?:\bversions?\b|\brelease|\bto\b|\bfrom\b|{_VERSION}).{{0,60}}$"
        rf"|(?:release|prepare|tag|version)\b.*{_VERSION}\W*$"
        rf"|(?:set|update|change|increment|upgrade) (?:\w+ ){{0,3}}version\b.*{_VERSION}\W*$"
        r"|(?:prepare|tag|cut|make)\w* (?:\w+ ){0,3}release\b.{0,20}$"
        r"|(?:set|update|change|increment|upgrade|new)\w* (?:the )?(?:\w+ )?version"
        r"(?: numbers?)?\W*$"
        rf"|(?:version )?{_VERSION}\W*$|(?:pre|post)-?release\b.{{0,30}}$|back to dev\w*",
    ),
    (
        "merge",
        r"merge[sd]? (?:branch|pull request|remote|tag|commit|pr\b|in\b|from\b|master|main\b"
        r"|develop|upstream|#|[0-9a-f]{7,}|\S+/\S+|changes)|auto-?merge|automatic merge"
        r"|merge (?:\S+ )?(?:into|with) (?:master|main|develop|upstream)|merge(?: conflicts?)?\W*$"
        r"|resolve[sd]? (?:merge )?conflicts?",
    ),
    (
        "nothing said",
        r"\W*(?:pre-commit\.ci|no (?:commit )?(?:message|changes?)|empty (?:log|commit) message"
        r"|(?:initial|first) commit|apply suggestions from|address(?:ed|es)? (?:the )?"
        r"(?:review|comments|feedback|pr\b)|(?:code )?review (?:comments|fixes|feedback))\b",
    ),
]
_AT_START = [(name, re.compile(pattern, re.IGNORECASE)) for name, pattern in _JUNK]
_UNSEEN = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"\bas (?:we |you |i |was |were |previously |already |just )?(?:discuss|mention|agree"
        r"|request|suggest|propos|talk|describ|explain|said|promis)\w*(?: (?:in|on|by|with|earlier"
        r"|before|above|previously|yesterday)\b|\W*$)|\bas discussed\b|\bas agreed\b",
        r"\b(?:issues?|tickets?|bugs?|prs?|pull requests?|merge requests?|gh|jira|bpo)[ -]?#?\d+\b",
        r"\b(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?|see|refs?|re|per|from)\W{1,2}#\d+|(?<![\w&`'\"])"
        r"#\d{2,}\b(?![`'\"])|\([^()]{0,20}#\d+\)",
        r"\b(?:this|the|that|your|my|our|previous|last|prior|earlier|original|following|attached)"
        r" (?:diff|patch|commit(?: message)?|pull request|pr|changeset|review|conversation"
        r"|discussion|ticket|email|thread|screenshot|chat)\b",
        r"\b(?:previous|earlier|last|prior|your) (?:message|reply|answer|response|turn|prompt)\b",
        r"\bcode_(?:before|after)\b|\b(?:the )?(?:edited|target|reference|expected|after)"
        r" (?:version|solution|program|code)\b(?= (?:shows?|does|has|is|above|below)\b)",
        r"\b(?:snippet|example|code|version)s? (?:above|below|shown|provided|given)\b",
        r"^(?:signed-off-by|co-authored-by|reviewed-by|acked-by|change-id|git-svn-id)\b",
        r"\(cherry picked from",
    )
]
_LINK = re.compile(r"\b(?:https?://|www\.)[^\s`'\"<>)\]]+")
_HASH = re.compile(
    r"(?<![\w#/.-])(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d[0-9a-f]*\d)[0-9a-f]{7,40}(?![\w.-])"
)
_QUOTED = re.compile(r"`[^`\n]*`|\"[^\"\n]*\"|'[^'\n]*'")


def vagueness(text: str, code: str = "", may_be_general: bool = False) -> str | None:
    """Say why a wish or a commit's subject is no instruction, or None if it is one.

    A link, a hash or a word like "the diff" is the program's own where its code has it too;
    "fix the bug" will do where the code shows which (`may_be_general`).
    """
    text = text.strip()
    if _CJK.search(text):
        return "too few words" if len(_CJK.findall(text)) < _FEWEST_CJK else None
    found = _WORD.findall(text)
    if len(found) < FEWEST_WORDS:
        return "too few words"
    if not may_be_general and all(_is_empty(word) for word in found):
        return "says nothing of what to change"
    for name, pattern in _AT_START:
        if match := pattern.match(text):
            return f"{name}: {match[0]}"
    return _foreign_value(text, code) or _unseen_thing(text, code)


def _is_empty(word: str) -> bool:
    parts = [word.lower().rstrip(".'’-"), *map(str.lower, split_identifier(word))]
    return parts[0] in _EMPTY or len(parts) > 2 and all(part in _EMPTY for part in parts[1:])


def _foreign_value(text: str, code: str) -> str | None:
    """Find a link or a hash that is no value of the program."""
    for pattern, place in ((_LINK, text), (_HASH, _QUOTED.sub("``", text))):
        for match in pattern.finditer(place):
            if match[0].rstrip(".,;:!?") not in code:
                return match[0]
    return None


def _unseen_thing(text: str, code: str) -> str | None:
    """Find what points at a conversation, a ticket or a change that the model is not shown."""
    prose = _QUOTED.sub("``", text)
    for pattern in _UNSEEN:
        if match := pattern.search(prose):
            last = re.findall(r"\w+", match[0])[-1].lower()
            if not (last.isalpha() and last in _words_of(code)):
                return match[0].strip()
    return None


def _words_of(code: str) -> set[str]:
    return {
        part.lower().rstrip("s")
        for word in set(re.findall(r"[^\W\d]\w*", code))
        for part in [word, *split_identifier(word)]
    }
