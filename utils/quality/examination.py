"""All that is found out about one row by itself, as a worker sends it back."""

from dataclasses import dataclass
from functools import cache
from hashlib import blake2b

from utils.benchmarks import Benchmark
from utils.contamination import ContaminationIndex
from utils.dedup import signature
from utils.jsonl import Row
from utils.lexing import Hashes, code_tokens, jaccard, united_ngrams
from utils.quality.rules import TIME_LIMIT, find_faults, is_fit
from utils.quality.settings import ContaminationSettings, QualityConfig
from utils.quality.triplet import Triplet


@dataclass(frozen=True)
class Examination:
    """A row's faults, reason by what is wrong, and what it is compared with other rows by.

    `digest` and `signature` are empty for a row that can't be compared.
    """

    faults: dict[str, str]
    digest: bytes = b""
    signature: bytes = b""


TIMED_OUT = Examination({TIME_LIMIT: "took too long, or crashed the parser"})


def examine(row: Row, config: QualityConfig, language: str) -> Examination:
    """Judge one row by all rules that need no other row."""
    faults = find_faults(row, config, language)
    if "empty_field" in faults or not _has_texts(row) or not is_fit(faults):
        return Examination(faults)
    triplet = Triplet.of(row, config, language)
    if config.rules.contaminated and config.benchmarks:
        index = contamination_index(config.benchmarks, config.contamination, language)
        tokens = (triplet.tokens_before, triplet.tokens_after)
        if source := index.find(tokens, (triplet.descriptive, triplet.lazy)):
            faults["contaminated"] = source
    digest = exact_digest(triplet) if config.rules.duplicate else b""
    if not config.rules.near_duplicate:
        return Examination(faults, digest)
    found = signature(shingles(triplet), config.dedup.permutations, config.random_seed)
    return Examination(faults, digest, found.tobytes())


@cache
def contamination_index(
    benchmarks: tuple[Benchmark, ...], settings: ContaminationSettings, language: str
) -> ContaminationIndex:
    """Read the benchmarks, once in each process."""
    return ContaminationIndex(benchmarks, settings, language)


def exact_digest(triplet: Triplet) -> bytes:
    """Hash a triplet's texts without regard to spacing, and to case in the instructions.

    Indentation counts, which gives a program its meaning; blank lines and trailing blanks don't.
    """
    codes = (
        [line.rstrip().expandtabs() for line in code.split("\n") if line.strip()]
        for code in triplet.codes.values()
    )
    texts = ("\n".join(lines) for lines in codes)
    instructions = (" ".join(text.lower().split()) for text in triplet.instructions.values())
    content = "\0".join([*texts, *instructions]).encode("utf-8", "surrogatepass")
    return blake2b(content, digest_size=16).digest()


def shingles(triplet: Triplet) -> Hashes:
    """Hash the runs of tokens of the code before and of the code after into one set."""
    return united_ngrams((triplet.tokens_before, triplet.tokens_after), triplet.config.dedup.ngram)


def edit_similarity(one: Triplet, other: Triplet) -> float:
    """Measure how similar two edits are: the Jaccard similarity of their changed lines' tokens."""
    return jaccard(_edit_shingles(one), _edit_shingles(other))


def _edit_shingles(triplet: Triplet) -> Hashes:
    sides = (triplet.removed_lines, triplet.added_lines)
    marked = zip("-+", ("\n".join(lines) for lines in sides), strict=True)
    tokens = ([mark, *code_tokens(code, triplet.language)] for mark, code in marked)
    return united_ngrams(tokens, triplet.config.dedup.ngram)


def _has_texts(row: Row) -> bool:
    return all(isinstance(value, str) and value for value in row.values())
