"""What is found out about edits in bulk: their sizes and their words, by several processes."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from tqdm import tqdm

from utils.code.lines import diff_stats
from utils.code.topic_words import StopWords, document_tokens, english_stop_words
from utils.processes import WorkerPool, batched
from utils.topics.bags_of_words import BagsOfWords, count_words, join_bags
from utils.topics.edit_texts import TextStore, unpack

ROWS_AT_ONCE = 128


def measure_edits(store: TextStore, numbers: list[int], pool: WorkerPool) -> np.ndarray:
    """Give the modified lines and the hunks of each of these rows: rows x 2."""
    parts = [np.empty((0, 2), dtype=np.int32)]
    parts += pool.map(_measure, packed_batches(store, numbers, "diffs"))
    return np.concatenate(parts)


def _measure(batch: list[bytes]) -> np.ndarray:
    edits = map(unpack, batch)
    sizes = (diff_stats(edit.code_before or "", edit.code_after or "") for edit in edits)
    return np.array([(size.modified_lines, size.hunks) for size in sizes], dtype=np.int32)


def count_edit_words(
    store: TextStore, numbers: list[int], language: str, pool: WorkerPool
) -> BagsOfWords:
    """Count the words of each of these rows' code before and instruction."""
    count = partial(_count, language, english_stop_words())
    return join_bags(pool.map(count, packed_batches(store, numbers, "words")))


def _count(language: str, stop_words: StopWords, batch: list[bytes]) -> BagsOfWords:
    return count_words(
        document_tokens(edit.code_before or "", edit.instruction or "", stop_words, language)
        for edit in map(unpack, batch)
    )


def packed_batches(store: TextStore, numbers: list[int], task: str) -> Iterator[list[bytes]]:
    """Read texts back, still packed, under a progress bar."""
    packed = (store.read(number) for number in numbers)
    bar = tqdm(packed, desc=task, total=len(numbers), unit="row", disable=None)
    return batched(bar, ROWS_AT_ONCE)
