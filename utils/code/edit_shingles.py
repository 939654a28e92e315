"""What near duplicates are compared by: the runs of tokens of two programs, or of the edit alone.

Two edits of one file have nearly the same programs and may have nothing else in common.
"""

from collections.abc import Iterable

from utils.code.lexing import Hashes, code_tokens, united_ngrams
from utils.code.lines import lines_only_in


def code_shingles(tokens: Iterable[list[str]], ngram: int) -> Hashes:
    """Hash the runs of tokens of the code before and of the code after into one set."""
    return united_ngrams(tokens, ngram)


def edit_shingles(code_before: str, code_after: str, ngram: int, language: str) -> Hashes:
    """Hash the runs of tokens of the lines that went and of those that came into one set.

    An edit of blanks alone, which has no such lines, has the runs of its code after.
    """
    removed, added = lines_only_in(code_before, code_after), lines_only_in(code_after, code_before)
    marked = (("-", "\n".join(removed)), ("+", "\n".join(added)))
    if not removed and not added:
        marked = (("", code_before), ("", code_after))
    tokens = ([mark, *code_tokens(code, language)] for mark, code in marked)
    return united_ngrams(tokens, ngram)
