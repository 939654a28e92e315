"""What is found out about each row of a file, a few bytes a row, and which rows of a topic stay."""

import hashlib
import random
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np

from utils.errors import PipelineError
from utils.jsonl import Row
from utils.sampling import derive_seed, largest_remainder, level_quotas
from utils.token_counts import TOO_LONG_BEFORE
from utils.topics.edit_texts import EditReader, EditTexts, pack
from utils.topics.settings import FilterSettings

ANY_KIND = ""
UNKNOWN = -1
UNASSIGNED = -2
DIGEST_BYTES = 16
# The columns of `sizes`.
LINES, HUNKS = 0, 1
PERCENTILES = (50, 75, 90, 95, 99, 100)
TopicGroup = tuple[str, int]


class RowFacts:
    """Reasons, edit kinds, sizes and topics by row number; a row's reason is "" while it stays."""

    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.kinds: list[str] = []
        self.digests = bytearray()
        self.sizes = np.empty((0, 2), dtype=np.int32)
        self.topics = np.empty(0, dtype=np.int32)

    def add(self, row: Row, reader: EditReader, settings: FilterSettings) -> bytes:
        """Judge a row by what can be seen without a diff; gives its texts, packed, if it stays."""
        texts = reader.read(row)
        kind = ANY_KIND
        if settings.edit_kind_quota is not None:
            kind = sys.intern(str(row["edit_kind"]))
        self.kinds.append(kind)
        self.reasons.append(sys.intern(judge_texts(texts, kind, reader, settings)))
        packed = pack(texts)
        self.digests += hashlib.sha256(packed).digest()[:DIGEST_BYTES]
        return b"" if self.reasons[-1] else packed

    def staying(self) -> list[int]:
        """List the numbers of the rows that no reason has dropped, in the file's order."""
        return [number for number, reason in enumerate(self.reasons) if not reason]

    def fingerprint(self, numbers: Iterable[int]) -> str:
        """Hash the texts of these rows, in order."""
        joined = hashlib.sha256()
        for number in numbers:
            joined.update(self.digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES])
        return joined.hexdigest()

    def set_sizes(self, numbers: list[int], sizes: np.ndarray) -> None:
        """Note the modified lines and hunks of these rows; the others' stay unknown."""
        self.sizes = np.full((len(self.reasons), 2), UNKNOWN, dtype=np.int32)
        self.sizes[numbers] = sizes

    def set_topics(self, numbers: list[int], topics: np.ndarray) -> None:
        """Note the topics of these rows; the others get none."""
        self.topics = np.full(len(self.reasons), UNASSIGNED, dtype=np.int32)
        self.topics[numbers] = topics

    def judge_lengths(self, numbers: list[int], tokens: list[int], limit: int) -> None:
        """Drop those of these rows whose code before has more tokens than the limit."""
        for number, count in zip(numbers, tokens, strict=True):
            if count > limit:
                self.reasons[number] = TOO_LONG_BEFORE

    def judge_sizes(self, lines_limit: int, hunk_limit: int) -> None:
        """Drop the rows whose edit is empty or over a limit."""
        for number, (lines, hunks) in enumerate(self.sizes.tolist()):
            if not self.reasons[number]:
                self.reasons[number] = judge_size(lines, hunks, lines_limit, hunk_limit)

    def changed(self) -> np.ndarray:
        """Give the sizes of the rows that have an edit in them: rows x 2."""
        return self.sizes[self.sizes[:, LINES] > 0]

    def marks(self, number: int) -> Row:
        """Give the fields a row leaves with: those of its facts that were found out."""
        found: Row = {}
        if len(self.topics) and self.topics[number] != UNASSIGNED:
            found["topic"] = int(self.topics[number])
        if self.sizes[number, LINES] != UNKNOWN:
            found["modified_lines"], found["hunks"] = self.sizes[number].tolist()
        return found


def judge_texts(texts: EditTexts, kind: str, reader: EditReader, settings: FilterSettings) -> str:
    """Say why a row is dropped before its diff is made, "" if it isn't."""
    for text, name in zip(texts, reader.field_names, strict=True):
        if text is None:
            return f"empty_{name}"
    if settings.edit_kind_quota is not None and kind not in settings.edit_kind_quota:
        return "edit_kind_without_quota"
    lines = max((text or "").count("\n") for text in texts[:2])
    return "too_many_code_lines" if lines > settings.max_code_lines else ""


def judge_size(lines: int, hunks: int, lines_limit: int, hunk_limit: int) -> str:
    """Say why an edit of this size is dropped, "" if it isn't."""
    if lines == 0:
        return "no_change"
    if lines > lines_limit:
        return "too_many_modified_lines"
    return "too_many_hunks" if hunks > hunk_limit else ""


def describe_sizes(sizes: np.ndarray) -> dict[str, dict[str, int]]:
    """Give the percentiles of modified lines and of hunks."""
    return {
        name: percentiles(sizes[:, column])
        for name, column in (("modified_lines", LINES), ("hunks", HUNKS))
        if len(sizes)
    }


def percentiles(values: np.ndarray) -> dict[str, int]:
    """Give the percentiles of some values; none of none."""
    return {str(p): percentile(values, p) for p in PERCENTILES} if len(values) else {}


def percentile(values: np.ndarray, share: float) -> int:
    """Give the least value that at least `share` percent of the values don't exceed."""
    return int(np.percentile(values, share, method="inverted_cdf"))


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
    groups: dict[TopicGroup, list[int]] = defaultdict(list)
    for number in facts.staying():
        groups[facts.kinds[number], int(facts.topics[number])].append(number)
    sizes = {group: len(members) for group, members in groups.items()}
    for (kind, topic), quota in group_quotas(sizes, allotted, settings.max_samples_per_topic):
        rng = random.Random(derive_seed(seed, "topic", kind, topic))
        members = groups[kind, topic]
        for number in rng.sample(members, len(members) - quota):
            facts.reasons[number] = "over_topic_quota"


def group_quotas(
    sizes: dict[TopicGroup, int], allotted: dict[str, int], most_per_topic: int | None
) -> Iterator[tuple[TopicGroup, int]]:
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
