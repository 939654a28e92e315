"""Rows held out for testing: drawn by seed and content, in groups that must not be parted."""

from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from utils.sampling import derive_seed


class ExampleUse:
    """Which questions stand, with their answers, as examples in the prompts of which rows."""

    def __init__(self) -> None:
        self._questions, self._examples, self._counts = array("Q"), array("Q"), array("I")

    def add(self, question: int, examples: Sequence[int]) -> None:
        """Add the next row, by hashes; `question` is 0 for a row without one."""
        self._questions.append(question)
        self._examples.extend(examples)
        self._counts.append(len(examples))

    def times_shown(self) -> list[int]:
        """Count, for each row, how often its question is an example."""
        shown = Counter(self._examples)
        return [shown[question] if question else 0 for question in self._questions]

    def shown_in(self, readers: Collection[int]) -> set[int]:
        """Give the numbers of rows whose question stands in the prompt of a reader."""
        examples, rows, questions = self._arrays()
        examples = examples[np.isin(rows, list(readers))]
        return _numbers(np.isin(questions, examples) & (questions != 0))

    def readers_of(self, shown: Collection[int]) -> set[int]:
        """Give the numbers of rows whose prompt has one of these rows' questions."""
        examples, rows, questions = self._arrays()
        is_shown = np.isin(np.arange(len(questions)), list(shown)) & (questions != 0)
        return set(rows[np.isin(examples, questions[is_shown])].tolist())

    def pairs(self) -> Iterator[tuple[int, int]]:
        """Yield the numbers of a row and of one whose question is an example of it."""
        examples, rows, _ = self._arrays()
        places: dict[int, list[int]] = defaultdict(list)
        for number, question in enumerate(self._questions):
            if question:
                places[question].append(number)
        for example, reader in zip(examples.tolist(), rows.tolist(), strict=True):
            for shown in places.get(example, ()):
                yield reader, shown

    def _arrays(self) -> tuple[NDArray[np.uint64], NDArray[np.int64], NDArray[np.uint64]]:
        """Give the examples, the number of the row of each, and the rows' questions."""
        rows = np.repeat(np.arange(len(self._counts)), np.array(self._counts, dtype=np.int64))
        examples, questions = (
            np.array(one, dtype=np.uint64) for one in (self._examples, self._questions)
        )
        return examples, rows, questions


def _numbers(chosen: NDArray[np.bool_]) -> set[int]:
    return set(np.flatnonzero(chosen).tolist())


def draw_test_rows(
    groups: Sequence[int],
    fraction: float,
    seed: int,
    times_shown: Sequence[int] = (),
    pairs: Iterable[tuple[int, int]] = (),
) -> set[int]:
    """Draw the numbers of test rows, given each row's group.

    Whole groups are taken in an order that hangs on the seed and on themselves alone, as long as
    they fit into the share of the rows: it comes out exactly where small groups are at hand. If
    none fits, the smallest is taken; a single group is never taken. Groups that are shown
    more often, if that is said of each row, come after the others. Of the `pairs` of rows, no two
    are drawn from two groups.
    """
    members: dict[int, list[int]] = defaultdict(list)
    for number, group in enumerate(groups):
        members[group].append(number)
    if not fraction or len(members) < 2:
        return set()
    wanted = min(max(1, round(len(groups) * fraction)), len(groups) - 1)
    shown = Counter[int]()
    for group, times in zip(groups, times_shown, strict=False):
        shown[group] += times
    order = sorted(
        members, key=lambda group: (shown[group], derive_seed(seed, "test", group), group)
    )
    barred: dict[int, set[int]] = defaultdict(set)
    for one, other in pairs:
        barred[groups[one]].add(groups[other])
        barred[groups[other]].add(groups[one])
    drawn: set[int] = set()
    taken: set[int] = set()
    for group in order:
        fits = len(drawn) + len(members[group]) <= wanted
        if fits and taken.isdisjoint(barred.get(group, set()) - {group}):
            drawn.update(members[group])
            taken.add(group)
    return drawn or set(members[min(order, key=lambda group: len(members[group]))])


class Split(NamedTuple):
    """The numbers of the rows that are not simply trained on."""

    test: set[int]
    # Train rows with a test question among their examples, which are left out.
    left_out: set[int]
    # Test rows that stand as examples in prompts of train rows.
    seen: int


def draw_split(
    groups: Sequence[int], examples: ExampleUse, fraction: float, seed: int, *, by_question: bool
) -> Split:
    """Draw the test rows; by question, train rows that show one of them are left out.

    Nor does a test row show another's question, but where a group cannot be parted.
    """
    times_shown = examples.times_shown() if by_question else ()
    pairs = examples.pairs() if by_question else ()
    test = draw_test_rows(groups, fraction, seed, times_shown, pairs)
    left_out = examples.readers_of(test) - test if by_question else set()
    train = set(range(len(groups))) - test - left_out
    return Split(test, left_out, len(examples.shown_in(train) & test))
