"""Comments that stand for code left out: `# ... rest of the class unchanged`."""

import re

# A longer comment explains something; the limit also keeps the patterns off very long lines.
_COMMENT = re.compile(
    r"\n[ \t]*+(?:(?:\.\.\.|pass)[ \t]++)?(?:#|//|--|/\*)[ \t]*+([^\n]{1,160})(?=\n|$)"
)
_DOTS = r"(?:\.{3,}+|…|\[\.\.\.\])"
_STANDS_FOR = (
    r"(?:(?:the |your |all )?(?:rest|remainder|remaining|other|existing|previous|original|same"
    r"|unchanged|omitted|more|implementation|code|methods?|functions?|imports?)\b)"
)
_PART = (
    r"(?:code|class|file|program|module|script|function|method|implementation|logic|import|body"
    r"|definition|test)(?:e?s)?"
)
_PLACE = r"(?:above|below|here|goes here|up there|down here)"
_ELISIONS = [
    # `...`, `... (unchanged)`, `... rest of the code ...`
    rf"{_DOTS}\W*(?:{_STANDS_FOR}.*)?$",
    # `existing code ...`, `rest of the methods...`
    rf"\W*{_STANDS_FOR}.*{_DOTS}\W*$",
    # `rest of the code remains unchanged`, `other methods stay the same`
    rf"\W*(?:the |all )?(?:(?:rest|remainder)\b(?: \w+){{0,4}}"
    rf"|(?:remaining|other|existing|previous|original) (?:\w+ )?{_PART})"
    r"\W{0,3}(?:remains?|stays?|is|are)? ?(?:left )?"
    r"(?:unchanged|the same|as before|as is|omitted|goes? here)\b",
    # `same as before`, `unchanged`
    r"\W*(?:(?:code|everything|implementation) )?(?:same as (?:before|above|original)"
    r"|unchanged|omitted for brevity)\W*$",
    # `rest of the code`, `existing code here`
    # `original tests` is a heading
    rf"\W*(?:the |all |your )?(?!(?:original|previous) tests?\W*$)(?:rest of|existing|remaining"
    rf"|original|unchanged|previous|unmodified) (?:the |your )?(?:\w+ )?{_PART}"
    rf"(?: (?:{_PLACE}|(?:continues?|follows?)(?: {_PLACE})?))?\W*$",
    # `code above unchanged`, `(functions below omitted)`, `no changes above`, `unchanged below`
    rf"\W*(?:the |all )?(?:(?:other|rest|{_PART}) )?(?:of the \w+ )?{_PLACE} (?:is |are |stays? "
    r"|remains? )?(?:unchanged|omitted|the same|as before|not changed|unmodified)\W*$",
    rf"\W*(?:(?:no changes?|unchanged|omitted|unmodified)(?: {_PLACE})|\[?snip(?:ped)?\]?"
    r"|no (?:other |further )?changes?(?: needed| required| made)?|omitted|truncated)\W*$",
    # `keep the rest of the file as it is`, `other methods as before`
    rf"\W*(?:keep|leave|include|paste) (?:the )?rest of (?:the |your )?(?:\w+ )?{_PART}"
    r" (?:as|here|unchanged|above|below|the same)\b.{0,20}$",
    r"\W*(?:keep|leave) (?:the |all |your )?(?:existing|other|remaining|original)"
    rf" {_PART} (?:as|unchanged|untouched|here|the same)\b.{{0,20}}$",
    rf"\W*(?:the |all )?(?:rest|remaining|existing|other) (?:of (?:the )?)?(?:\w+ )?(?:{_PART} )?"
    r"(?:as (?:before|above|is|it was|they were|in the original)|(?:is |are )?(?:omitted|skipped))"
    r"\b.{0,20}$",
    # `其余代码保持不变`, `省略`
    r"\W*(?:其余|其他|剩余|原有|现有)?[^\W\d_a-z]{0,8}(?:不变|相同|省略)\W*$",
]
_ELISION = re.compile("|".join(f"(?:{pattern})" for pattern in _ELISIONS), re.IGNORECASE)
# Every match holds one of these.
_HINT = re.compile(
    r"\.\.\.|…|unchanged|same|omitted|as is|before|here|rest|remain|existing|as above"
    r"|original|previous|unmodified|snip|no \w* ?change|truncated|skipped|不变|相同|省略",
    re.IGNORECASE,
)


def elision_comments(code: str) -> set[str]:
    """Collect the comments of a program that stand for code which is not there."""
    comments = (match[1].strip() for match in _COMMENT.finditer("\n" + code))
    return {comment for comment in comments if _HINT.search(comment) and _ELISION.match(comment)}
