"""Instructions and commit subjects that tell nobody what to do: too short, stock, or beside it."""

import re
from collections.abc import Iterator

MIN_WORDS = 3
LONGEST_STOCK = 300  # characters; what is longer says more than a stock phrase

# Any run of letters and digits, joined by what names are joined with; of scripts that set no blanks
# between words, every two signs count as one.
_WORD = re.compile(r"[^\W_][\w.'’/+#-]*|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2}")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]")
_CODE = re.compile(r"`[^`\n]+`")

_DEEDS = (
    r"(?:fix(?:e[sd]|ing|up)?|clean(?:ed|ing)?[ -]?ups?|cleans?|lint(?:ing|ed|er|s)?"
    r"|format(?:ting|ted)?"
    r"|reformat(?:ted)?|refactor(?:ed|ing)?|improv(?:e[sd]?|ing|ements?)|updat(?:e[sd]?|ing)"
    r"|chang(?:e[sd]?|ing)|tweak(?:s|ed)?|polish(?:ed)?|tid(?:y|ied)(?:[ -]?up)?|bump"
    r"|address(?:ed)?"
    r"|apply|applied|make|do|add(?:ed)?|minor|small|tiny|misc(?:ellaneous)?|various|several|some"
    r"|more|few|other|trivial|general|further|last|final|quick|nits?|wip|work in progress|temp|tmp"
    r"|adjust(?:s|ed|ments?)?|enhanc(?:e[sd]?|ing|ements?)"
    r"|rework(?:s|ed)?|modif(?:y|ied)|upgrade|hotfix|bugfix(?:es)?|polishing|styling|initial|another"
    r"|random|oops|whoops|todo|asdf|auto)"
)
_FILLERS = (
    r"(?:the|this|that|these|a|an|all|my|our|your|it|its|of|to|in|on|for|and|some|any|from|with|up"
    r"|please|just|again|now|new|better|or|bit|lot|little|big|major|old|good|nicer|most"
    r"|everything|something)"
)
_THINGS = (
    r"(?:code(?:base)?|files?|stuff|things?|bugs?|issues?|problems?|errors?|warnings?|typos?"
    r"|lint(?:er)?"
    r"|flake8|pep-?8|black|isort|ruff|pylint|mypy|formatting|style|whitespaces?|spacing|ci|build"
    r"|tests?"
    r"|version|changelog|readme|docs?|mistakes?|source|pyflakes|autopep8|comments?"
    r"|review(?:er)?(?:'?s)?|feedback|suggestions?|nits?"
    r"|changes?|edits?|fix(?:es)?|tweaks?|improvements?|updates?|cleanups?|program|function|script"
    r"|module|implementation|quality|pre-?commit|hooks?|travis|appveyor|imports|unused)"
)
_STOCK = re.compile(
    # Possessive: a word that two of the lists hold must not be tried both ways.
    rf"(?>(?:{_DEEDS}|{_THINGS}|{_FILLERS}\s+{_THINGS})\b)"
    rf"(?:[\s,&/+-]++(?>(?:{_DEEDS}|{_FILLERS}|{_THINGS})\b))*+",
    re.IGNORECASE | re.DOTALL,
)
_COMMIT_ALONE = re.compile(
    r"(?:initial|first|second|another|test|empty|init) commit|checkpoint|backup|save(?: work)?"
    r"|wip\b[\s:;-].{0,40}|(?:run|ran|apply|applied|use)\s+(?:black|isort|ruff|autopep8|yapf"
    r"|pyupgrade"
    r"|pre-?commit)\b.{0,30}|(?:\[?pre-commit(?:\.ci)?\]? )?auto ?(?:fixes|update|format)\b.{0,60}"
    r"|no (?:commit )?(?:message|changes?)|empty (?:log|commit) message",
    re.IGNORECASE | re.DOTALL,
)

_NUMBER = r"(?>v?\d+(?:\.\d+)+(?:[.-]?(?:a|b|rc|alpha|beta|dev|post|final)[.-]?\d*)*\+?)"
_VERSION_BUMP = re.compile(
    rf"(?:(?:prepare|preparing|post|pre|start|begin|cut|tag|mark|chore|build|update|bump|back to"
    rf"|next"
    rf"|new|increment|set|upgrade|uprev|dev(?:elopment)?|finali[sz]e)[\s:-]+)*"
    rf"(?:the\s+)?(?:package\s+)?(?:(?:release|version(?: number)?|__version__)\b[\s:=-]*)+"
    rf"(?:(?:for|to|from|of|as|is)\s+|{_NUMBER}\s*|dev(?:elopment)?\s*|bump\s*|prep(?:aration)?\s*"
    r"|notes?\s*|and\s+|changelog\s*|=>?|->|→)*"
    rf"|(?:release\s+)?{_NUMBER}(?:\s+(?:release|prep(?:aration)?|version|is out|final))*"
    # "This is 2.3", "we are at v1.0 now", "here comes 3.0rc1".
    r"|(?:this|that|it|here|now|and now|we)(?:['’]s|['’]re|\s+(?:is|are|comes?|goes))?\s+"
    rf"(?:(?:now|at|on|to|for|release|version)\s+)*{_NUMBER}(?:\s+(?:now|final|release))*"
    r"|(?:bump|uprev|pin|unpin)s?\s+(?:the\s+)?"
    r"(?:[\w./@\[\]`-]+\s+)?(?:(?:version|deps?|dependenc(?:y|ies)|packages?|group|number)\b\s*)*"
    r"(?:(?:from|to|=>|->)\s+[\w.+`-]+\s*)*(?:(?:in|across|with|for)\b.{0,80})?"
    r"|(?:update|upgrade|bump|pin|chore\(deps.*?\):|build\(deps.*?\):)\s+"
    rf"(?:dependency|dependencies|requirements?|[\w./@-]+)(?:\s+[\w./@-]+)?(?:\s+from\s+\S+)?"
    rf"\s+to\s+(?:{_NUMBER}|v\d+)(?:\s+\[security\])?"
    rf"|(?:chore|build)\(deps[^)]*\):.{{0,120}}",
    re.IGNORECASE | re.DOTALL,
)
_MERGE = re.compile(
    r"merged?\s+(?:branch|pull request|remote(?:-tracking)? branch|tag|commit|PR|MR|[#!]\d|in\s"
    r"|(?:changes?|latest|upstream)\b(?:.{0,60}$)"
    # A branch's name may be a function's too: "merge main and helper" is a request.
    r"|(?:master|main|develop|trunk|dev)\b(?=\s*(?:$|[(\[:,;/@]|->)|\s+(?:branch(?:es)?|into|in|to"
    r"|onto|from|with|back|again|at|changes?|updates?|upstream|for|@"
    r"|(?:and|&)\s+(?:master|main|develop|trunk|dev|stag(?:e|ing)|stable|release\S*|fix\w*|resolv\w*"
    r"|updat\w*|bump\w*|clean\w*|regenerat\w*|address\w*))\b)(?:.{0,60}$)"
    r"|\S+ (?:branch )?into\s+(?:master|main|develop|dev|trunk|stable|\w[\w.-]*/[\w./-]+)$)"
    r"|auto-?merge\b|(?:fixup|squash|amend)!\s|revert\s+(?:['\"“]|commit\b|[0-9a-f]{7,40}\b)"
    r"|this reverts commit\b|cherry[- ]pick(?:ed)?\s+(?:from|commit|of)\b"
    r"|back-?port\s+(?:of\s+)?[#!]\d"
    r"|resolve[ds]?\s+(?:the\s+)?(?:merge\s+)?conflicts?\W*$|rebase[ds]?\s+on(?:to)?\b",
    re.IGNORECASE,
)
# Two things to be made one; which ones, the program tells from branches.
_MERGED_TWO = re.compile(
    r"merge\s+(?:the\s+)?`?([^\W\d]\w*)`?(?:\(\))?\s+(?:into|with|and|to|in)\s+(?:the\s+)?"
    r"`?([^\W\d]\w*)",
    re.IGNORECASE,
)

_URL = re.compile(r"\bhttps?://[^\s)>\]]+|\bwww\.[\w-]+\.\w{2,}", re.IGNORECASE)
# What a string of the program may well be: a quoted address is part of the task.
_QUOTED = re.compile(r"`[^`]*`|\"[^\"\n]*\"|“[^”\n]*”|(?<!\w)'[^'\n]*'(?!\w)")
# Where the world discusses changes; no program is asked to hold these.
_DISCUSSION = re.compile(
    r"/(?:issues|pull|pulls|commit|compare|merge_requests|browse|discussions)/\S|bugs?\.|/browse/"
    r"|show_bug|stackoverflow\.com|gist\.github|jira|tracker",
    re.IGNORECASE,
)
_HASH = re.compile(
    r"\b(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])(?:[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{7,12})\b"
    r"|\b(?:commits?|rev(?:ision)?|changeset|sha)\s+[0-9a-f]{7,40}\b",
    re.IGNORECASE,
)

_ISSUE = re.compile(
    r"\b(?:issues?|bug|ticket|pr|pull requests?|gh|mr|merge request|task|story|jira|bpo|case)"
    r"[\s:-]*#?\d{1,7}\b(?!\s*(?:times|items|of))|(?<![\w&/#`\"'])[#!]\d{2,6}(?![\w;])"
    r"|\b(?:fix(?:es|ed)?|close[sd]?|resolve[sd]?|see|refs?|re|per|from)\W{1,2}#\d+"
    r"|\([^()]{0,20}#\d+\)",
    re.IGNORECASE,
)
_DIGIT = re.compile(r"\d")
_SAID_ELSEWHERE = re.compile(
    r"\bas (?:we |previously |earlier |already |was |were |I |you )*(?:discussed|agreed|talked"
    r"|requested"
    r"|suggested|mentioned|noted|proposed|pointed out|explained"
    r"|reported)(?: (?:by (?:the )?(?:review|maint|team|@)|in|on"
    r"|with|earlier|before|previously|above|elsewhere|yesterday|during)|\s*[.,;:!]|\s*$)"
    r"|\b(?:per|following|after|based on|according to|address(?:es|ing)?|incorporat(?:e|es|ing)"
    r"|apply"
    r"|from|in response to) (?:the |our |my |your |his |her |their |a |last |latest |previous "
    r"|code |PR )*"
    r"(?:review(?:er)?(?:'?s)?(?: comments?| feedback| suggestions?)?|feedback|discussions?"
    r"|conversation"
    r"|meeting|call|thread|mailing list|standup)(?:\s*[.,;:!)]|\s*$|\s+(?:with|from|in|on|of|and"
    r"|about)\b)"
    r"|\b(?:see|described|listed|shown|mentioned|given|linked|attached|outlined) (?:in )?(?:the )?"
    r"(?:ticket|thread|discussion|mailing list|attachment|screenshot|linked issue|bug report"
    r"|changelog entry|pr description|description above|message above)\b"
    r"|\b(?:same|like|what) (?:as |we did |you did |was done )*(?:last time|yesterday)\b"
    r"|\b(?:the|this) attached (?:file|patch|screenshot|log|image|diff)\b",
    re.IGNORECASE,
)
# What stands around the task where it is set, of which a program may have some of its own.
_AROUND_THE_TASK = re.compile(
    r"\b(?:previous|earlier|last|prior|your) (?:reply|answer|turn|prompt)\b(?=\s*[.,;:!)]|\s*$)"
    r"|\bcode_(?:before|after)\b|\b(?:above|below) (?:snippet|example|code)\b"
    r"|\b(?:snippet|example|code|version)s? (?:above|below)(?=\s*[.,;:!)]|\s*$)"
    r"|^(?:signed-off-by|co-authored-by|reviewed-by|acked-by|change-id|git-svn-id)\b"
    r"|\b(?:edited|target|reference|expected) (?:version|solution|program|code)\b"
    r"(?= (?:shows?|does|has|is)\b)",
    re.IGNORECASE | re.MULTILINE,
)
# Nouns of the change itself; a program may be about them too, so its words excuse them.
_THE_CHANGE = re.compile(
    r"\b(?:the|this|that|your|my|our|above|given|provided|attached|following|original|upstream"
    r"|previous|last|prior|earlier) (?:unified |code |git |provided |given |above |attached"
    r" |following )*"
    r"(?:(?P<diff>diff|patch|hunk)s?|(?P<commit>commit(?: message| log)?)|(?P<pull>pull request"
    r"|PR|MR))\b"
    r"(?! (?:between|of|lines?|output|tool|viewer|view|algorithm|function|method|class|object"
    r"|file|parser"
    r"|command|endpoint|event|hash|author|date|history|list|queue|operation|call|callback"
    r"|handler))",
    re.IGNORECASE,
)
_MADE_OF_IT = re.compile(
    r"\b(?:compute|calculate|return|print|show|display|render|parse|build|format|colou?r|count"
    r"|write|create|store|send|roll back|log)s?(?:ing)? (?:the|this|that) "
    r"(?:diff|patch|hunk|commit|pull request)s?\b(?!\s+(?:above|below|shown|given|provided)"
    r"|\s*[.!]?$)",
    re.IGNORECASE,
)


# What a subject says beside its own words: numbers in brackets, `fixes #12`, addresses.
_REFERENCE = re.compile(
    rf"\((?:[^()]*[#!]\d+|(?:gh|bpo)-\d+|{_URL.pattern})[^()]*\)"
    r"|\b(?:fix(?:e[sd])?|close[sd]?|resolve[sd]?|refs?|see|re|for|related to)[\s:]+"
    rf"(?:(?:issues?|pr|bug|ticket)\s*)?(?:[\w./-]*#\d+|(?:gh|bpo)-\d+|{_URL.pattern})"
    rf"|{_URL.pattern}|\[(?:[A-Z]+-)?#?\d+\]",
    re.IGNORECASE,
)
_TRAILING_REFERENCE = re.compile(r"(?:^|\s)[\w./-]*[#!]\d+[\s.,;:)-]*$|^[\w./-]*[#!]\d+[\s.,;:-]*")


def why_vague(text: str, code: str = "", may_be_general: bool = False) -> str | None:
    """Say why an instruction tells no one what to do, or None.

    `code` is the program it is about: a word such as `diff` or `commit` that stands in it is the
    program's, not the change's. "Fix the bug" will do where it shows which (`may_be_general`).
    """
    return next(_reasons(text, code, may_be_general), None)


def _reasons(text: str, code: str, may_be_general: bool) -> Iterator[str]:
    bare = _bare(text[:LONGEST_STOCK])
    if _MERGE.match(bare) and not _merges_two_of(code, bare):
        yield "merge"
    is_short = len(text) < LONGEST_STOCK
    if is_short and _VERSION_BUMP.fullmatch(bare):
        yield "version_bump"
    if is_short and _is_stock(bare, may_be_general) and not _CODE.search(text):
        yield "stock_phrase"
    if count_words_and_signs(bare) < MIN_WORDS:
        yield "few_words"
    if holds_url(text, code):
        yield "url"
    unquoted = _QUOTED.sub(" ", _URL.sub(" ", text))
    if any(match[0] not in code for match in _HASH.finditer(unquoted)):
        yield "hash"
    if refers_to_unseen(unquoted, code):
        yield "unseen_reference"


def why_trivial(subject: str) -> str | None:
    """Say why a commit's subject promises no edit worth learning, or None.

    References are no fault in it: they are cut off, and what is left must say something.
    """
    subject = subject[:LONGEST_STOCK]
    said = re.sub(r"^\w+(?:\([^)]*\))?!?:\s+(?=\S)", "", subject.strip())
    said = _TRAILING_REFERENCE.sub("", _REFERENCE.sub(" ", said))
    judged = (_bare(subject), _bare(said))
    if any(map(_MERGE.match, judged)):
        return "merge"
    if any(map(_VERSION_BUMP.fullmatch, judged)):
        return "version_bump"
    if any(map(_is_stock, judged)) and not _CODE.search(said):
        return "stock_phrase"
    return "few_words" if count_words_and_signs(judged[1]) < MIN_WORDS else None


def _merges_two_of(code: str, bare: str) -> bool:
    """Tell whether both things to be merged are names that the program has."""
    two = _MERGED_TWO.match(bare)
    return two is not None and all(
        re.search(rf"\b{re.escape(name)}\b", code) for name in two.groups()
    )


def _is_stock(bare: str, may_be_general: bool = False) -> bool:
    is_general = not may_be_general and _STOCK.fullmatch(bare)
    return bool(is_general or _COMMIT_ALONE.fullmatch(bare))


def count_words_and_signs(text: str) -> int:
    """Count words; of scripts without blanks between them, two signs count as one."""
    spaced = _UNSPACED.sub(" ", text)
    signs = len(_UNSPACED.findall(text))
    return len(_WORD.findall(spaced)) + signs // 2


def holds_url(text: str, code: str = "") -> bool:
    """Tell whether a text points to the web; an address that the program holds is its data."""
    for match in _URL.finditer(text) if "://" in text or "www." in text.lower() else ():
        address = match[0].rstrip(".,;:'\"`")
        is_data = address in code or any(address in quoted for quoted in _QUOTED.findall(text))
        if _DISCUSSION.search(address) or not is_data:
            return True
    return False


def refers_to_unseen(text: str, code: str = "") -> bool:
    """Tell whether a text leans on an issue, a talk or the change itself, which no reader has."""
    if _SAID_ELSEWHERE.search(text):
        return True
    if any(match[0].split()[-1] not in code for match in _AROUND_THE_TASK.finditer(text)):
        return True
    numbers = _ISSUE.finditer(text) if _DIGIT.search(text) else ()
    if any(re.sub(r"\D", "", match[0]) not in code for match in numbers):
        return True
    made = [match.span() for match in _MADE_OF_IT.finditer(text)]
    return any(
        not _is_the_programs(match, code)
        and not any(begin <= match.start() < end for begin, end in made)
        for match in _THE_CHANGE.finditer(text)
    )


def _is_the_programs(match: re.Match[str], code: str) -> bool:
    noun = match["diff"] or match["commit"] or match["pull"]
    word = noun.split()[0].lower()
    return re.search(rf"(?i){re.escape(word)}", code) is not None


def _bare(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip(" .!,;:-*_'\"“”")
