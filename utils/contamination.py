"""Training texts that overlap with benchmarks, found by n-grams of tokens and words.

Code is contaminated by one shared 20-gram of tokens or by a fifth of a benchmark's 13-grams, an
instruction by one shared 13-gram of words. A benchmark's code shorter than that counts as one gram
of its own, so that only the same code as a whole matches it.
"""

from collections.abc import Iterable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from utils.benchmarks import Benchmark, read_texts
from utils.lexing import Hashes, code_tokens, ngram_hashes, united_ngrams, words


class Sizes(Protocol):
    """The lengths of the n-grams, and the share of a benchmark's 13-grams that is too much."""

    @property
    def code_ngram(self) -> int: ...
    @property
    def containment_ngram(self) -> int: ...
    @property
    def max_containment(self) -> float: ...
    @property
    def instruction_ngram(self) -> int: ...


class GramTable:
    """Which documents hold which n-gram: three arrays, twelve bytes an occurrence."""

    def __init__(self, documents: Iterable[Hashes]) -> None:
        grams = list(documents)
        self.sizes = np.array([len(found) for found in grams], dtype=np.int64)
        flat = np.concatenate([np.empty(0, dtype=np.uint64), *grams])
        owners = np.repeat(np.arange(len(grams), dtype=np.int32), self.sizes)
        order = np.argsort(flat, kind="stable")
        self.grams: Hashes = flat[order]
        self.owners: NDArray[np.int32] = owners[order]

    def shared(self, grams: Hashes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Count the n-grams shared with each document that has any: documents and counts."""
        first = np.searchsorted(self.grams, grams, side="left")
        last = np.searchsorted(self.grams, grams, side="right")
        hits = np.flatnonzero(last > first)
        owners = [self.owners[first[hit] : last[hit]] for hit in hits]
        found = np.concatenate(owners) if owners else np.empty(0, dtype=np.int32)
        documents, counts = np.unique(found, return_counts=True)
        return documents.astype(np.int64), counts.astype(np.int64)


class ContaminationIndex:
    """The n-grams of all benchmarks named in a config."""

    def __init__(self, benchmarks: Iterable[Benchmark], sizes: Sizes, language: str) -> None:
        """Read the benchmarks; PipelineError if one is missing or holds no text where it should."""
        self.sizes = sizes
        self.language = language
        self.code_names: list[str] = []
        self.instruction_names: list[str] = []
        codes: list[list[str]] = []
        instructions: list[list[str]] = []
        for benchmark in benchmarks:
            for kind, name, text in read_texts(benchmark):
                if kind == "code" and (tokens := code_tokens(text, language)):
                    codes.append(tokens)
                    self.code_names.append(name)
                elif kind == "instruction":
                    instructions.append(words(text))
                    self.instruction_names.append(name)
        self.runs = GramTable(ngram_hashes(code, sizes.code_ngram) for code in codes)
        self.parts = GramTable(ngram_hashes(code, sizes.containment_ngram) for code in codes)
        self.sentences = GramTable(self._sentence_grams(text) for text in instructions)

    def find(self, codes: Iterable[list[str]], instructions: Iterable[str]) -> str | None:
        """Name the first benchmark that a triplet's tokens or instructions overlap with."""
        tokens = list(codes)
        runs = united_ngrams(tokens, self.sizes.code_ngram)
        documents, _ = self.runs.shared(runs)
        if len(documents):
            return f"code of {self.code_names[documents[0]]}"
        parts = united_ngrams(tokens, self.sizes.containment_ngram)
        documents, counts = self.parts.shared(parts)
        contained = documents[counts >= self.sizes.max_containment * self.parts.sizes[documents]]
        if len(contained):
            return f"code of {self.code_names[contained[0]]}"
        sentences = np.concatenate([self._sentence_grams(words(text)) for text in instructions])
        documents, _ = self.sentences.shared(sentences)
        return f"instruction of {self.instruction_names[documents[0]]}" if len(documents) else None

    def _sentence_grams(self, text: list[str]) -> Hashes:
        """Hash the word runs of an instruction; "Fix the bug" is too common to be anyone's."""
        size = self.sizes.instruction_ngram
        return ngram_hashes(text if len(text) >= size else [], size)
