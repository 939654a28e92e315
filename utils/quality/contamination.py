"""Training texts that overlap with benchmarks: where benchmarks stand, and how they are compared.

Code is contaminated by one shared 20-gram of tokens or by a fifth of a benchmark's 13-grams, an
instruction by one shared 13-gram of words. A benchmark's code shorter than that counts as one gram
of its own, so that only the same code as a whole matches it. Where the benchmarks' texts stand is
said by presets or by the config.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from utils.code.lexing import Hashes, code_tokens, ngram_hashes, united_ngrams, words
from utils.errors import PipelineError
from utils.jsonl import Row, read_document, read_json, read_rows

# One text of a benchmark: a field by its dotted path, or several to be put together.
FieldPath = str | tuple[str, ...]


@dataclass(frozen=True)
class BenchmarkFields:
    """Where the texts of a benchmark stand in its rows, or in a folder's files (as globs)."""

    code: tuple[FieldPath, ...] = ()
    instruction: tuple[FieldPath, ...] = ()


@dataclass(frozen=True)
class Preset:
    """A published benchmark: where to get it from, the name to keep it by, what to read of it."""

    source: str
    file: str
    fields: BenchmarkFields


PRESETS: Mapping[str, Preset] = {
    "canitedit": Preset(
        "https://huggingface.co/datasets/nuprl/CanItEdit (data/test-00000-of-00001.parquet)",
        "data/benchmarks/canitedit.parquet",
        BenchmarkFields(("before", "after"), ("instruction_descriptive", "instruction_lazy")),
    ),
    "humanevalfix": Preset(
        "https://huggingface.co/datasets/bigcode/humanevalpack"
        " (data/python/data/humanevalpack.jsonl)",
        "data/benchmarks/humanevalpack.jsonl",
        BenchmarkFields(
            (
                ("declaration", "canonical_solution"),
                ("declaration", "buggy_solution"),
                ("prompt", "canonical_solution"),
                ("prompt", "buggy_solution"),
            ),
            ("docstring", "instruction"),
        ),
    ),
    "editeval": Preset(
        "https://github.com/qishenghu/InstructCoder (edit_eval/edit_eval.jsonl)",
        "data/benchmarks/edit_eval.jsonl",
        BenchmarkFields(("input", "output"), ("instruction",)),
    ),
    "apeval": Preset(
        "https://github.com/TechxGenus/CursorCore (benchmark/apeval.json)",
        "data/benchmarks/apeval.json",
        BenchmarkFields(("current.code", "history[].code"), ("user",)),
    ),
    "aider_polyglot": Preset(
        "https://github.com/Aider-AI/polyglot-benchmark (a clone of the whole)",
        "data/benchmarks/polyglot-benchmark",
        BenchmarkFields(
            (
                "python/exercises/practice/*/.meta/example.py",
                "python/exercises/practice/*/*.py",
            ),
            ("python/exercises/practice/*/.docs/*.md",),
        ),
    ),
}


@dataclass(frozen=True)
class Benchmark:
    """An entry of `benchmarks`: a preset, or a file with its fields; a preset's file may differ."""

    name: str | None = None
    preset: str | None = None
    file: str | None = None
    fields: BenchmarkFields | None = None

    def __post_init__(self) -> None:
        if self.preset is not None and self.preset not in PRESETS:
            raise ValueError(f"no preset {self.preset!r}; there are {', '.join(PRESETS)}")
        if self.preset is None and (self.file is None or self.fields is None):
            raise ValueError("name a preset, or a file and its fields")
        if not (self.wanted.code or self.wanted.instruction):
            raise ValueError("fields: name at least one of code and instruction")

    @property
    def path(self) -> Path:
        """Where its file stands: as the config says, else the preset's place."""
        return Path(self.file or PRESETS[str(self.preset)].file)

    @property
    def wanted(self) -> BenchmarkFields:
        return self.fields or PRESETS[str(self.preset)].fields

    @property
    def title(self) -> str:
        """What rows that overlap with it name it by."""
        return self.name or self.preset or self.path.stem


def read_benchmark_texts(benchmark: Benchmark) -> Iterator[tuple[str, str, str]]:
    """Yield each text of a benchmark as its kind, a name for it and the text."""
    wanted = {"code": benchmark.wanted.code, "instruction": benchmark.wanted.instruction}
    read = _read_folder if benchmark.path.is_dir() else _read_file
    for kind, paths in wanted.items():
        for path in paths:
            found = False
            for name, text in read(benchmark, path):
                found = True
                if text.strip():
                    yield kind, f"{benchmark.title} {name}", text
            if not found:
                raise PipelineError(
                    f"{benchmark.path}: no text in {path!r}; check the fields of the benchmark "
                    f"{benchmark.title!r}"
                )


def _read_folder(benchmark: Benchmark, pattern: FieldPath) -> Iterator[tuple[str, str]]:
    patterns = [pattern] if isinstance(pattern, str) else pattern
    for glob in patterns:
        for file in sorted(benchmark.path.glob(glob)):
            text = read_document(file).decode("utf-8", "replace")
            yield str(file.relative_to(benchmark.path)), text


def _read_file(benchmark: Benchmark, path: FieldPath) -> Iterator[tuple[str, str]]:
    for number, row in enumerate(_read_benchmark_rows(benchmark), 1):
        for text in _texts_at(row, path):
            yield f"row {number}", text


def _texts_at(row: Row, path: FieldPath) -> list[str]:
    if isinstance(path, str):
        return [value for value in _values_at([row], path.split(".")) if isinstance(value, str)]
    parts = [_texts_at(row, part) for part in path]
    return ["".join(texts) for texts in zip(*parts, strict=False)]


def _values_at(values: list[Any], steps: list[str]) -> list[Any]:
    """Follow a path like `history[].code`, where `[]` stands for all items of a list."""
    for step in steps:
        key = step.removesuffix("[]")
        values = [value[key] for value in values if isinstance(value, dict) and key in value]
        if step.endswith("[]"):
            values = [item for value in values if isinstance(value, list) for item in value]
    return values


def _read_benchmark_rows(benchmark: Benchmark) -> Iterator[Row]:
    path = benchmark.path
    if not path.exists() and benchmark.preset:
        source = PRESETS[benchmark.preset].source
        raise PipelineError(
            f"{path}: no such file; get the benchmark {benchmark.title!r} from {source}"
        )
    if path.suffix == ".json":
        yield from _read_array(path)
    else:
        yield from read_rows(path)


def _read_array(path: Path) -> Iterator[Row]:
    rows = read_json(path, "mend it or get it again")
    if isinstance(rows, dict):
        # A data set exported with its splits: {"test": [...]}.
        rows = [row for part in rows.values() if isinstance(part, list) for row in part]
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise PipelineError(f"{path}: must hold a list of objects")
    yield from rows


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
            for kind, name, text in read_benchmark_texts(benchmark):
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
