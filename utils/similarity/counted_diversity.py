"""Diversity by counting: distinct n-grams of texts, and how evenly labels are spread.

Texts may be of any language, with formulas and code; they are counted as sequences of tokens. These
are no spaCy tokens, whose rules for English leave a Chinese sentence whole.

Distinct-n is the share of different ones among the n-grams of a set of texts. The plain share (Li
et al. 2016) falls with the amount of text, whatever the text is: of a million words few are new.
`rarefied_share` compares files of any size: it is the share to be expected in so many n-grams drawn
out of all (Hurlbert 1971), computed exactly, without drawing.

How evenly labels, or the entities of texts, are spread: Shannon's entropy, Simpson's index. Labels
are counted in a `Counter`. No labels, and one alone, have no diversity: each measure is 0, but the
effective number, which counts the labels themselves: 0 and 1.
"""

import math
import re
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utils.code.lexing import run_hashes

# Scripts that set no blanks between words; each of their letters is a token. Thai, Lao, Myanmar,
# Khmer; kana; Han, with its extensions.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"
    "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)
# Operators count, or "3 + 4" would be "3 * 4" and C would be C#; marks of sentences don't. A hyphen
# is an operator before a number only.
_TOKEN = re.compile(rf"[{_UNSPACED}]|[^\W{_UNSPACED}]+|[+*/=<>^%&|~$#\\]|-(?=\s?\d)")
_BLANKS = re.compile(r"\s+")
Counts = Mapping[Hashable, int]


def text_tokens(text: str) -> list[str]:
    """List the words, numbers and operators of a text, lower-cased.

    In a text of other marks alone each run of them is a token; a blank text has none.
    """
    lower = text.lower()
    return _TOKEN.findall(lower) or lower.split()


def text_characters(text: str) -> list[str]:
    """List the characters of a text, lower-cased, any run of blanks as one."""
    return list(_BLANKS.sub(" ", text.lower()).strip())


@dataclass(frozen=True)
class NgramCounts:
    """How often the n-grams occur: `numbers[i]` of them occur `times[i]` times."""

    times: NDArray[np.int64]
    numbers: NDArray[np.int64]

    @property
    def total(self) -> int:
        """The n-grams of all texts, repeats counted."""
        return int(self.times @ self.numbers)

    @property
    def distinct(self) -> int:
        return int(self.numbers.sum())

    @property
    def distinct_share(self) -> float:
        """Distinct-n: distinct n-grams over all, 0 if there are none."""
        return self.distinct / self.total if self.total else 0.0


def count_ngrams(texts: Iterable[str], size: int) -> NgramCounts:
    """Count the runs of `size` tokens of texts, none across two; a shorter text has none."""
    runs = [run_hashes(tokens, size) for tokens in map(text_tokens, texts) if len(tokens) >= size]
    found = np.concatenate([np.empty(0, dtype=np.uint64), *runs])
    _, occurrences = np.unique(found, return_counts=True)
    times, numbers = np.unique(occurrences, return_counts=True)
    return NgramCounts(times.astype(np.int64), numbers.astype(np.int64))


def rarefied_share(counts: NgramCounts, drawn: int) -> float | None:
    """Compute the expected share of distinct ones among `drawn` n-grams, without replacement.

    None if there aren't so many. Of N n-grams, one that occurs k times is missed with the chance
    C(N - k, drawn) / C(N, drawn).
    """
    from scipy.special import gammaln

    total = counts.total
    if not 1 <= drawn <= total:
        return None
    rest = total - drawn
    times = counts.times
    is_missable = times <= rest
    k = np.where(is_missable, times, 0)
    logs = gammaln(total - k + 1) - gammaln(rest - k + 1) + gammaln(rest + 1) - gammaln(total + 1)
    missed = np.where(is_missable, np.exp(logs), 0.0)
    return float(counts.numbers @ (1 - missed)) / drawn


def shannon_entropy(counts: Counts) -> float:
    """Compute Shannon's entropy in nats, the plug-in estimate, as `scipy.stats.entropy`."""
    total = _total(counts)
    # fsum makes the result the same in whatever order labels came.
    terms = (count * (math.log(total) - math.log(count)) for count in counts.values() if count)
    return math.fsum(terms) / total if total else 0.0


def normalised_entropy(counts: Counts) -> float:
    """Compute the entropy as a share of what it could be with as many labels (Pielou 1966)."""
    labels = sum(count > 0 for count in counts.values())
    return shannon_entropy(counts) / math.log(labels) if labels > 1 else 0.0


def effective_labels(counts: Counts) -> float:
    """Compute how many equally frequent labels have the same entropy (Hill 1973, order 1)."""
    return math.exp(shannon_entropy(counts)) if _total(counts) else 0.0


def simpson_index(counts: Counts) -> float:
    """Compute the chance that two draws with replacement differ: 1 - sum p^2.

    Also called Gini-Simpson; it is what scikit-bio's `simpson(counts)` computes.
    """
    total = _total(counts)
    same = sum(count * count for count in counts.values())
    return 1 - same / total**2 if total else 0.0


def unbiased_simpson_index(counts: Counts) -> float:
    """Compute the chance that two draws without replacement differ; 0 below two labels.

    Free of bias for the population that the rows are a sample of (Simpson 1949); scikit-bio has it
    as `simpson(counts, finite=True)`.
    """
    total = _total(counts)
    same = sum(count * (count - 1) for count in counts.values())
    return 1 - same / (total * (total - 1)) if total > 1 else 0.0


def _total(counts: Counts) -> int:
    if any(count < 0 for count in counts.values()):
        raise ValueError("a label can't be counted less than 0 times")
    return sum(counts.values())
