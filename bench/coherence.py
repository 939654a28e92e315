"""How well the top words of topics go together, by the documents they share."""

from collections.abc import Iterable, Sequence
from itertools import combinations
from math import log

WordIndex = tuple[dict[str, set[int]], int]


def word_index(documents: Iterable[list[str]]) -> WordIndex:
    """Note for each word which documents hold it; gives the number of documents too."""
    index: dict[str, set[int]] = {}
    total = 0
    for tokens in documents:
        for word in set(tokens):
            index.setdefault(word, set()).add(total)
        total += 1
    return index, total


def coherence(topics: Iterable[Sequence[str]], index: WordIndex) -> float:
    """Average the NPMI of the pairs of each topic's words, then the topics (Bouma 2009).

    From -1, words that never share a document, to 1, words that always do.
    """
    scores = [
        sum(npmi(first, second, index) for first, second in pairs) / len(pairs)
        for words in topics
        if (pairs := list(combinations(words, 2)))
    ]
    return sum(scores) / len(scores)


def npmi(first: str, second: str, index: WordIndex) -> float:
    """Give the normalised pointwise mutual information of two words over whole documents."""
    documents, total = index
    one, other = documents.get(first, set()), documents.get(second, set())
    both = len(one & other)
    if not both:
        return -1.0
    if both == total:
        return 1.0
    return log(both * total / (len(one) * len(other))) / -log(both / total)
