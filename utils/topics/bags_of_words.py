"""Documents as word counts, in three flat arrays."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class BagsOfWords:
    """Documents as word counts: document i is the slice starts[i]:starts[i + 1] of both arrays."""

    words: list[str]
    starts: np.ndarray
    ids: np.ndarray
    counts: np.ndarray

    def __len__(self) -> int:
        return len(self.starts) - 1

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Yield the documents as gensim takes them: lists of (word id, count)."""
        for start, end in zip(self.starts[:-1], self.starts[1:], strict=True):
            pair = self.ids[start:end].tolist(), self.counts[start:end].tolist()
            yield list(zip(*pair, strict=True))

    def lengths(self) -> np.ndarray:
        """Count the different words of each document."""
        return np.diff(self.starts)

    def take(self, numbers: np.ndarray) -> BagsOfWords:
        """Pick documents, in the order of `numbers`."""
        lengths = self.lengths()[numbers]
        starts = np.concatenate(([0], np.cumsum(lengths)))
        places = np.repeat(self.starts[numbers] - starts[:-1], lengths) + np.arange(starts[-1])
        return BagsOfWords(self.words, starts, self.ids[places], self.counts[places])


def count_words(documents: Iterable[list[str]]) -> BagsOfWords:
    """Count the words of each document; ids go by first appearance."""
    vocabulary: dict[str, int] = {}
    starts, ids, counts = array("q", [0]), array("i"), array("i")
    for tokens in documents:
        bag: dict[int, int] = {}
        for token in tokens:
            word_id = vocabulary.setdefault(token, len(vocabulary))
            bag[word_id] = bag.get(word_id, 0) + 1
        ids.extend(bag.keys())
        counts.extend(bag.values())
        starts.append(len(ids))
    return BagsOfWords(
        list(vocabulary),
        np.array(starts, dtype=np.int64),
        np.array(ids, dtype=np.int32),
        np.array(counts, dtype=np.int32),
    )


def join_bags(parts: Iterable[BagsOfWords]) -> BagsOfWords:
    """Put documents counted apart together, as if they had been counted in one go."""
    vocabulary: dict[str, int] = {}
    lengths, ids, counts = [], [np.empty(0, np.int32)], [np.empty(0, np.int32)]
    for part in parts:
        new_ids = [vocabulary.setdefault(word, len(vocabulary)) for word in part.words]
        lengths.append(part.lengths())
        ids.append(np.array(new_ids, dtype=np.int32)[part.ids])
        counts.append(part.counts)
    starts = np.cumsum(np.concatenate([np.zeros(1, np.int64), *lengths]))
    return BagsOfWords(list(vocabulary), starts, np.concatenate(ids), np.concatenate(counts))


def usual_words(bags: BagsOfWords, no_below: int, no_above: float, keep_n: int) -> np.ndarray:
    """Pick the ids of words in at least `no_below` documents and at most a share `no_above`.

    Of these the `keep_n` that most documents hold stay, as in gensim's `filter_extremes`.
    """
    frequency = np.bincount(bags.ids, minlength=len(bags.words))
    usual = (frequency >= no_below) & (frequency <= no_above * len(bags))
    by_frequency = np.argsort(-frequency, kind="stable")
    return np.sort(by_frequency[usual[by_frequency]][:keep_n])


def keep_words(bags: BagsOfWords, kept: np.ndarray) -> BagsOfWords:
    """Drop all words but those of the ids `kept`, which are numbered anew in that order."""
    new_ids = np.full(len(bags.words), -1, dtype=np.int32)
    new_ids[kept] = np.arange(len(kept), dtype=np.int32)
    ids = new_ids[bags.ids]
    stays = ids >= 0
    kept_before = np.concatenate(([0], np.cumsum(stays)))
    return BagsOfWords(
        [bags.words[i] for i in kept], kept_before[bags.starts], ids[stays], bags.counts[stays]
    )
