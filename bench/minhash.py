"""Near duplicates among instructions: time, peak memory and what is found, run by hand.

Writes instructions of 10 to 80 words, a tenth of which repeat an earlier one with a few words
changed, and times the whole search. The aim is 100,000 in under 60 s on two cores. `--check` takes
a file of texts instead (JSON or JSONL) and compares what is found with the Jaccard similarity of
all pairs: the aim is a recall of 0.98 for pairs within 0.05 above the threshold, and that no pair
below it is reported.
    python -m bench.minhash [--texts 100000] [--num_workers 2]
    python -m bench.minhash --check instructions.jsonl --field instruction
"""

import argparse
import random
import resource
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import orjson
from tqdm import tqdm

from joydataforge.selection.text_dedup import Shingling, clusters, find_duplicate_texts, sign_texts
from utils.code.lexing import Hashes
from utils.similarity.near_duplicates import Match, SignatureStore

OPENINGS = ("Write a function that", "Explain how to", "Given a list,", "What is the", "Create a")


def make_texts(count: int) -> list[str]:
    """Write instructions of words as frequent as those of a language (Zipf)."""
    rng = random.Random(0)
    texts: list[str] = []
    for number in tqdm(range(count), desc="texts", disable=None):
        if number % 10 == 9:
            words = rng.choice(texts).split()
            for _ in range(rng.randint(0, 1 + len(words) // 8)):
                words[rng.randrange(len(words))] = f"word{rng.randrange(20_000)}"
        else:
            drawn = (int(rng.paretovariate(0.8)) % 20_000 for _ in range(rng.randint(8, 78)))
            words = [*rng.choice(OPENINGS).split(), *(f"word{word}" for word in drawn)]
        texts.append(" ".join(words))
    return texts


@dataclass(frozen=True)
class Search:
    """How texts are compared."""

    shingling: Shingling
    threshold: float
    permutations: int
    num_workers: int

    def run(self, texts: Sequence[str]) -> tuple[SignatureStore, dict[int, Match]]:
        """Find the near duplicates and say what it took."""
        started = time.perf_counter()
        store = sign_texts(texts, self.shingling, self.permutations, num_workers=self.num_workers)
        signed = time.perf_counter()
        found = self.find(store, texts)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        tqdm.write(
            f"{len(texts):,} texts, {self}: {seconds:.1f} s, of which signatures "
            f"{signed - started:.1f} s, peak {peak:.0f} MB; {len(found):,} duplicates in "
            f"{len(clusters(found.items())):,} clusters"
        )
        return store, found

    def find(self, store: SignatureStore, texts: Sequence[str]) -> dict[int, Match]:
        return dict(find_duplicate_texts(store, texts.__getitem__, self.shingling, self.threshold))


def similar_pairs(sets: Sequence[Hashes], threshold: float) -> dict[tuple[int, int], float]:
    """Compute the Jaccard similarity of all pairs that share a shingle, and keep the similar."""
    holders: dict[int, list[int]] = defaultdict(list)
    pairs = {}
    for number, own in enumerate(tqdm(sets, desc="all pairs", disable=None)):
        shared: Counter[int] = Counter()
        for shingle in own.tolist():
            shared.update(holders[shingle])
            holders[shingle].append(number)
        for other, both in shared.items():
            similarity = both / (len(own) + len(sets[other]) - both)
            if similarity >= threshold:
                pairs[other, number] = similarity
    return pairs


def check(texts: Sequence[str], search: Search) -> None:
    """Compare the rows found and the pairs met with those of a comparison of all."""
    store, found = search.run(texts)
    pairs = similar_pairs([search.shingling.of(text) for text in texts], search.threshold)
    earlier: dict[int, list[int]] = defaultdict(list)
    for one, other in pairs:
        earlier[other].append(one)
    expected: set[int] = set()
    for number in range(len(texts)):
        if any(other not in expected for other in earlier[number]):
            expected.add(number)
    right = sum((match.number, number) in pairs for number, match in found.items())
    tqdm.write(f"rows: {len(expected & found.keys())} of {len(expected)} found; ", end="")
    tqdm.write(f"{right} of {len(found)} matches right")
    places = {number: place for place, number in enumerate(store.numbers)}
    for name, least in (("all", 2.0), ("the closest", search.threshold + 0.05)):
        some = [pair for pair, similarity in pairs.items() if similarity < least]
        met = 0
        for pair in tqdm(some, desc="pairs", disable=None):
            # Alone, as in the whole file a third row may stand for one of the two.
            alone = SignatureStore(store.permutations)
            for number in pair:
                alone.add(number, store.array[places[number]])
            met += bool(search.find(alone, texts))
        share = met / len(some) if some else 1.0
        tqdm.write(f"pairs, {name}: {met:,} of {len(some):,} found, recall {share:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--check", type=Path, help="compare all pairs of this file's texts")
    parser.add_argument("--field", default="instruction")
    parser.add_argument("--unit", choices=("word", "character", "code"), default="word")
    parser.add_argument("--ngram", type=int, default=3)
    parser.add_argument("--threshold", type=float, default=0.7)
    parser.add_argument("--permutations", type=int, default=256)
    parser.add_argument("--num_workers", type=int, default=2)
    options = parser.parse_args()
    shingling = Shingling(options.unit, options.ngram)
    search = Search(shingling, options.threshold, options.permutations, options.num_workers)
    if options.check is None:
        search.run(make_texts(options.texts))
        return
    data = options.check.read_bytes()
    lines = data.splitlines() if options.check.suffix == ".jsonl" else ()
    rows = [orjson.loads(line) for line in lines] or orjson.loads(data)
    check([row[options.field] for row in rows], search)


if __name__ == "__main__":
    main()
