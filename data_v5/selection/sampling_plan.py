"""How many questions each cluster gives, and which.

Questions in no cluster count as clusters of one. All draws hang on the seed and the texts alone, so
that other clusters, or the order of the sources, change nothing in a cluster's draw.
"""

from collections.abc import Sequence
from typing import NamedTuple

from utils.sampling import derive_seed, largest_remainder


class QuestionSample(NamedTuple):
    """The drawn questions in rising order, and what each cluster gave, in the clusters' order."""

    chosen: list[int]
    given: list[int]


def draw_questions(
    clusters: Sequence[Sequence[int]], total: int, random_seed: int, digests: Sequence[bytes]
) -> QuestionSample:
    """Draw `total` questions, or all there are, in proportion to the clusters' sizes.

    A larger sample of a cluster holds the smaller ones. `digests` are the hashes of the questions.
    """

    def draw(number: int, purpose: str) -> int:
        return derive_seed(random_seed, digests[number].hex(), purpose)

    # Among clusters of one size, those go first that the draw puts first.
    order = sorted(
        range(len(clusters)),
        key=lambda place: (-len(clusters[place]), draw(clusters[place][0], "cluster")),
    )
    quotas = sample_quotas(total, [len(clusters[place]) for place in order])
    given = [0] * len(clusters)
    chosen: list[int] = []
    for place, quota in zip(order, quotas, strict=True):
        given[place] = quota
        members = sorted(clusters[place], key=lambda number: (draw(number, "question"), number))
        chosen += members[:quota]
    return QuestionSample(sorted(chosen), given)


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
