"""How many questions each cluster gives, and which.

All draws hang on the seed and the texts alone, so that other clusters, or the order of the sources,
change nothing in a cluster's draw.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from utils.sampling import derive_seed, largest_remainder

# What questions in no cluster are: one stratum by its size, left out, or clusters of one.
Singletons = Literal["share", "leave_out", "one_each"]


class QuestionSample(NamedTuple):
    """The drawn questions in rising order, and what each cluster gave, in the clusters' order."""

    chosen: list[int]
    given: list[int]


def draw_questions(
    clusters: Sequence[Sequence[int]],
    total: int,
    random_seed: int,
    digests: Sequence[bytes],
    singletons: Singletons,
) -> QuestionSample:
    """Draw `total` questions, or all there are, in proportion to the clusters' sizes.

    `clusters` hold every question; those of one are the singletons. A larger sample of a cluster
    holds the smaller ones. `digests` are the hashes of the questions.
    """

    def draw(number: int, purpose: str) -> int:
        return derive_seed(random_seed, digests[number].hex(), purpose)

    strata = _strata(clusters, singletons, digests)
    # Among strata of one size, those go first that the draw puts first.
    strata.sort(key=lambda members: (-len(members), draw(members[0], "cluster")))
    share_out = sample_quotas if singletons == "one_each" else proportional_quotas
    quotas = share_out(total, [len(members) for members in strata])
    chosen: set[int] = set()
    for stratum, quota in zip(strata, quotas, strict=True):
        members = sorted(stratum, key=lambda number: (draw(number, "question"), number))
        chosen.update(members[:quota])
    given = [sum(number in chosen for number in members) for members in clusters]
    return QuestionSample(sorted(chosen), given)


def _strata(
    clusters: Sequence[Sequence[int]], singletons: Singletons, digests: Sequence[bytes]
) -> list[Sequence[int]]:
    if singletons == "one_each":
        return list(clusters)
    grouped = [members for members in clusters if len(members) > 1]
    alone = [number for members in clusters if len(members) == 1 for number in members]
    if not alone or singletons == "leave_out":
        return grouped
    # The first one speaks for all in the draw among equals, so that it hangs on no order of rows.
    return [*grouped, sorted(alone, key=digests.__getitem__)]


def proportional_quotas(total: int, sizes: Sequence[int]) -> list[int]:
    """Share `total` out in proportion to sizes; each quota is its share, rounded up or down.

    Largest remainders are rounded up, but first the shares below one: each cluster gives one where
    that leaves all within one of their shares. The quotas sum to min(total, sum(sizes)).
    """
    rows = sum(sizes)
    total = min(total, rows)
    quotas = [total * size // rows for size in sizes]
    remainders = [total * size % rows for size in sizes]
    order = sorted(range(len(sizes)), key=lambda place: (quotas[place] > 0, -remainders[place]))
    for place in order[: total - sum(quotas)]:
        quotas[place] += 1
    return quotas


def sample_quotas(total: int, sizes: Sequence[int]) -> list[int]:
    """Share `total` out over clusters in proportion to their sizes, the largest first.

    `sizes` fall and are at least 1. Each cluster gives at least one question and at most all it
    has; where `total` is below the number of clusters the first ones give one each. The quotas sum
    to min(total, sum(sizes)).
    """
    if any(later > earlier for earlier, later in zip(sizes, sizes[1:], strict=False)):
        raise ValueError("sizes must fall")
    total = min(total, sum(sizes))
    if total <= len(sizes):
        return [1] * total + [0] * (len(sizes) - total)
    # Clusters whose share is below one give one; as they take more than their share, that of the
    # others shrinks. A share below a cluster's size stays below it when rounded up, at most equal.
    shared, left, rows = len(sizes), total, sum(sizes)
    while left * sizes[shared - 1] < rows:
        shared, left, rows = shared - 1, left - 1, rows - sizes[shared - 1]
    return largest_remainder(left, sizes[:shared]) + [1] * (len(sizes) - shared)
