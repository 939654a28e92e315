"""How far several raters agree: Fleiss' kappa, overall and per label, and plainer shares.

J. L. Fleiss, "Measuring nominal scale agreement among many raters", Psychological Bulletin 76
(1971) 378-382; the kappa of one category is the kappa of that category against all others, as in
Fleiss, Levin and Paik, "Statistical Methods for Rates and Proportions" (3rd ed.), 18.3.

NLTK's multi-pi is the same number where a rater gives one label. It is not used: it wants all votes
in memory, knows nothing of several labels, and says 1 where kappa is undefined.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

DIGITS = 6


class Agreement:
    """Adds up the labels that the same raters gave to one row after another.

    Where a rater may give several labels, each label is a judgement of its own, yes or no, and the
    overall kappa is the mean of theirs, weighted by p(1-p). With one label each that is Fleiss'
    own kappa.
    """

    def __init__(self, raters: Sequence[str], labels: Sequence[str], is_multi: bool) -> None:
        self._raters = list(raters)
        self._is_multi = is_multi
        # Per label: how often it was given, and how many ordered pairs of raters disagreed on it.
        self._given = dict.fromkeys(labels, 0)
        self._disagreed = dict.fromkeys(labels, 0)
        self._rows = self._unanimous = self._incomplete = 0
        self._voted: Counter[str] = Counter()
        self._with_majority: Counter[str] = Counter()

    def add(self, votes: Mapping[str, Sequence[str] | None]) -> None:
        """Add a row's labels; one that a rater said nothing of counts as incomplete only.

        Fleiss' kappa is defined for as many raters of each row.
        """
        given = [votes.get(rater) for rater in self._raters]
        complete = [labels for labels in given if labels is not None]
        if len(complete) < len(self._raters):
            self._incomplete += 1
            return
        self._rows += 1
        self._unanimous += all(set(labels) == set(complete[0]) for labels in complete)
        for label in self._given:
            count = sum(label in labels for labels in complete)
            self._given[label] += count
            self._disagreed[label] += count * (len(complete) - count)

    def add_majority(
        self, votes: Mapping[str, Sequence[str] | None], majority: Sequence[str]
    ) -> None:
        """Compare each rater's labels with the majority's: all of them, or the one it gave."""
        for rater in self._raters:
            labels = votes.get(rater)
            if labels is not None:
                self._voted[rater] += 1
                said, wanted = set(labels), set(majority)
                self._with_majority[rater] += said == wanted if self._is_multi else said <= wanted

    def kappa(self) -> float | None:
        """Give Fleiss' kappa; None where it is undefined: no rows, one rater, or one label only."""
        return self._kappa(list(self._given))

    def kappa_of(self, label: str) -> float | None:
        """Give the kappa of one label; None where nobody gave it, or everybody always."""
        return self._kappa([label])

    def _kappa(self, labels: list[str]) -> float | None:
        raters = len(self._raters)
        shares = [self._share(label) for label in labels]
        by_chance = sum((p * (1 - p) for p in shares if p is not None), Fraction(0))
        if not self._rows or raters < 2 or not by_chance:
            return None
        pairs = self._rows * raters * (raters - 1)
        seen = Fraction(sum(self._disagreed[label] for label in labels), pairs)
        return round(float(1 - seen / by_chance), DIGITS)

    def _share(self, label: str) -> Fraction | None:
        total = self._rows * len(self._raters)
        return Fraction(self._given[label], total) if total else None

    def figures(self) -> dict[str, Any]:
        """Give all figures; what is undefined is None."""
        return {
            "rows_with_all_votes": self._rows,
            "rows_with_votes_missing": self._incomplete,
            "share_unanimous": _ratio(self._unanimous, self._rows),
            "fleiss_kappa": self.kappa(),
            "by_label": {
                label: {
                    "share_of_votes": _rounded(self._share(label)),
                    "fleiss_kappa": self.kappa_of(label),
                }
                for label in self._given
            },
            "agrees_with_majority": {
                rater: _ratio(self._with_majority[rater], self._voted[rater])
                for rater in self._raters
            },
        }


def _ratio(part: int, whole: int) -> float | None:
    return _rounded(Fraction(part, whole)) if whole else None


def _rounded(value: Fraction | None) -> float | None:
    return None if value is None else round(float(value), DIGITS)
