"""How many rows of each topic stay, and which."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

from utils.errors import PipelineError
from utils.filter_config import FilterSettings
from utils.row_facts import ANY_KIND, RowFacts
from utils.sampling import derive_seed, largest_remainder, level_quotas

Group = tuple[str, int]


def allot(facts: RowFacts, settings: FilterSettings, source: Path) -> dict[str, int]:
    """Say how many rows of each edit kind may stay; PipelineError if a kind has too few."""
    shares = settings.edit_kind_quota
    if shares is None:
        return {ANY_KIND: settings.total}
    parts = largest_remainder(settings.total, list(shares.values()))
    allotted = dict(zip(shares, parts, strict=True))
    supply = Counter(facts.kinds[number] for number in facts.staying())
    short = [
        f"{supply[kind]:,} rows of edit kind {kind!r} pass the diff filter, {needed:,} are needed"
        for kind, needed in allotted.items()
        if supply[kind] < needed
    ]
    if short:
        possible = min(int(supply[kind] / Fraction(str(s))) for kind, s in shares.items() if s)
        raise PipelineError(
            f"{source}: {'; '.join(short)}; lower max_samples_total to {possible:,} "
            "or change edit_kind_quota"
        )
    return allotted


def level_topics(
    facts: RowFacts, allotted: dict[str, int], settings: FilterSettings, seed: int
) -> None:
    """Drop rows at random from the larger topics, down to what each topic is given."""
    groups: dict[Group, list[int]] = defaultdict(list)
    for number in facts.staying():
        groups[facts.kinds[number], int(facts.topics[number])].append(number)
    sizes = {group: len(members) for group, members in groups.items()}
    for (kind, topic), quota in group_quotas(sizes, allotted, settings.max_samples_per_topic):
        rng = random.Random(derive_seed(seed, "topic", kind, topic))
        members = groups[kind, topic]
        for number in rng.sample(members, len(members) - quota):
            facts.reasons[number] = "over_topic_quota"


def group_quotas(
    sizes: dict[Group, int], allotted: dict[str, int], most_per_topic: int | None
) -> Iterator[tuple[Group, int]]:
    """Yield how many rows each topic of each edit kind gives.

    Either all give up to `most_per_topic`, or the kind's allotment is levelled over its topics.
    """
    if most_per_topic is not None:
        yield from ((group, min(size, most_per_topic)) for group, size in sizes.items())
        return
    for kind, total in allotted.items():
        groups = sorted(group for group in sizes if group[0] == kind)
        quotas = level_quotas(total, [sizes[group] for group in groups])
        yield from zip(groups, quotas, strict=True)
