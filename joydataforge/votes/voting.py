"""What several models' labels amount to: counts, the quorum, ties."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

TieRule = Literal["reject", "first_model", "strongest", "all"]
# The labels of each model that has voted, in the order of the models.
Votes = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Count:
    """The labels that won, and those that are tied: with enough votes, and none ahead."""

    won: list[str]
    tied: list[str]


def check_quorum(quorum: int | float, models: int) -> None:
    """Raise ValueError unless the quorum is a number of votes or a share that can be reached."""
    if isinstance(quorum, int) and not 1 <= quorum <= models:
        raise ValueError(f"quorum {quorum}: must be 1 to {models}, the number of models")
    if isinstance(quorum, float) and not 0 < quorum <= 1:
        raise ValueError(f"quorum {quorum}: a share must be above 0, and at most 1.0")


def needed_votes(quorum: int | float, models: int) -> int:
    """Say how many votes a label needs: a whole number as it is, a share of all the models.

    A model that gave no label counts as well, so that a single voter never makes a majority.
    """
    if isinstance(quorum, int):
        return quorum
    return max(1, math.ceil(Fraction(str(quorum)) * models))


def count_votes(votes: Votes, labels: Sequence[str]) -> dict[str, int]:
    """Count the votes of each label that has any; most votes first, then as in `labels`."""
    counts = {label: sum(label in given for given in votes.values()) for label in labels}
    order = sorted(labels, key=lambda label: -counts[label])
    return {label: counts[label] for label in order if counts[label]}


def count_one(votes: Votes, labels: Sequence[str], needed: int) -> Count:
    """Find the label with the most votes; those that share the first place are tied."""
    counts = count_votes(votes, labels)
    most = max(counts.values(), default=0)
    if most < needed:
        return Count([], [])
    first = [label for label, count in counts.items() if count == most]
    return Count(first, []) if len(first) == 1 else Count([], first)


def count_each(votes: Votes, labels: Sequence[str], needed: int) -> Count:
    """Decide on each label alone: it wins with more votes for than against it.

    As many against as for it is a tie. A model that gave no label at all is neither.
    """
    won: list[str] = []
    tied: list[str] = []
    for label in labels:
        votes_for = sum(label in given for given in votes.values())
        votes_against = len(votes) - votes_for
        if votes_for < needed or votes_for < votes_against:
            continue
        (won if votes_for > votes_against else tied).append(label)
    return Count(won, tied)


def break_tie(
    rule: TieRule, count: Count, votes: Votes, casting: Iterable[str], is_multi: bool
) -> list[str]:
    """Give the labels that stand after a tie was broken; none means that it was not.

    `all` takes every tied label. `first_model` takes what the first of the models says: of one
    label, the first that voted for a tied one. `strongest` takes what the `casting` vote holds.
    """
    match rule:
        case "all":
            return [*count.won, *count.tied]
        case "strongest":
            chosen = list(casting)
        case "first_model":
            voters = [given for given in votes.values() if is_multi or set(given) & set(count.tied)]
            chosen = list(voters[0]) if voters else []
        case "reject":
            return []
    return [*count.won, *(label for label in count.tied if label in chosen)]
