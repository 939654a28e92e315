"""What is found out about edits in bulk: their sizes and their words, by several processes."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from tqdm import tqdm

from utils.code.lines import diff_stats
from utils.code.topic_words import StopWords, document_tokens, english_stop_words
from utils.jsonl import RowIndex
from utils.processes import WorkerPool, batched
from utils.topics.bags_of_words import BagsOfWords, count_words, join_bags
from utils.topics.edit_texts import EditReader

ROWS_AT_ONCE = 128


def measure_edits(
    index: RowIndex, numbers: list[int], reader: EditReader, pool: WorkerPool
) -> np.ndarray:
    """Give the modified lines and the hunks of each of these rows: rows x 2."""
    parts = [np.empty((0, 2), dtype=np.int32)]
    parts += pool.map(partial(_measure, reader), line_batches(index, numbers, "diffs"))
    return np.concatenate(parts)


def _measure(reader: EditReader, lines: list[bytes]) -> np.ndarray:
    texts = (reader.read_line(line) for line in lines)
    sizes = (diff_stats(edit.code_before or "", edit.code_after or "") for edit in texts)
    return np.array([(size.modified_lines, size.hunks) for size in sizes], dtype=np.int32)


def count_edit_words(
    index: RowIndex, numbers: list[int], reader: EditReader, language: str, pool: WorkerPool
) -> BagsOfWords:
    """Count the words of each of these rows' code before and instruction."""
    count = partial(_count, reader, language, english_stop_words())
    return join_bags(pool.map(count, line_batches(index, numbers, "words")))


def _count(
    reader: EditReader, language: str, stop_words: StopWords, lines: list[bytes]
) -> BagsOfWords:
    edits = (reader.read_line(line) for line in lines)
    return count_words(
        document_tokens(edit.code_before or "", edit.instruction or "", stop_words, language)
        for edit in edits
    )


def line_batches(index: RowIndex, numbers: list[int], task: str) -> Iterator[list[bytes]]:
    """Read rows back unparsed, under a progress bar."""
    lines = (index.read_line(number) for number in numbers)
    bar = tqdm(lines, desc=task, total=len(numbers), unit="row", disable=None)
    return batched(bar, ROWS_AT_ONCE)
