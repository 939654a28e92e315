"""Time and memory of finding communities, beside sentence-transformers' own function; run by hand.

The rows are made: clusters of sizes that fall as 1/rank, some tight and some wide, and noise. The
package's function, where it is installed, gets 20,000 of them, and must find the same communities.
    python -m bench.communities [--rows 300000]
Measured on two cores that other work shared: 300,000 rows in 693 s and 1.15 GB; 20,000 rows in
1.3 s and 0.21 GB, sentence-transformers 6.2.0 in 8.0 s and 0.71 GB.
"""

import argparse
import resource
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from multiprocessing import get_context
from typing import NamedTuple

import numpy as np

from data_v5.selection.communities import find_communities
from utils.similarity.cosine import Floats

DIMENSIONS = 384
NOISE_SHARE = 0.3
ROWS_PER_CLUSTER = 100
COMPARED_ROWS = 20_000
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss, in bytes


class Outcome(NamedTuple):
    seconds: float
    peak_bytes: int
    communities: list[list[int]]


def make_rows(rows: int, seed: int = 0) -> Floats:
    """Make (rows, 384) rows of length 1; what is common to all lifts the cosine of any two."""
    rng = np.random.default_rng(seed)
    clusters = max(1, rows // ROWS_PER_CLUSTER)
    weights = 1 / np.arange(1, clusters + 1)
    label = rng.choice(clusters, rows, p=weights / weights.sum())
    centres = _directions(rng, clusters)
    made = np.empty((rows, DIMENSIONS), dtype=np.float32)
    for start in range(0, rows, 8192):
        part = slice(start, min(start + 8192, rows))
        size = part.stop - start
        spread = rng.uniform(0.2, 0.8, (size, 1)).astype(np.float32)
        spread[rng.random(size) < NOISE_SHARE] = 20.0
        block = centres[label[part]] + spread * _directions(rng, size)
        made[part] = block / np.linalg.norm(block, axis=1, keepdims=True)
    made += 0.3 * _directions(rng, 1)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def _directions(rng: np.random.Generator, count: int) -> Floats:
    drawn = rng.standard_normal((count, DIMENSIONS), dtype=np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)


def run_ours(rows: int) -> Outcome:
    return measure(find_communities, make_rows(rows))


def run_the_packages(rows: int) -> Outcome:
    from sentence_transformers import util

    return measure(util.community_detection, make_rows(rows))


def measure(function: Callable[[Floats], list[list[int]]], vectors: Floats) -> Outcome:
    started = time.perf_counter()
    found = function(vectors)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * PEAK_UNIT
    return Outcome(seconds, peak, found)


def report(name: str, rows: int, run: Callable[[int], Outcome]) -> Outcome:
    """Run in a process of its own, so that the peak is that of one run, and print a line."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        outcome = pool.submit(run, rows).result()
    members = sum(map(len, outcome.communities))
    sys.stdout.write(
        f"{name}: {rows:,} x {DIMENSIONS}: {outcome.seconds:.1f} s, peak "
        f"{outcome.peak_bytes / 1e9:.2f} GB, {len(outcome.communities):,} communities of "
        f"{members:,} rows, the largest of {max(map(len, outcome.communities), default=0):,}\n"
    )
    sys.stdout.flush()
    return outcome


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=300_000, help="rows of the large run")
    args = parser.parse_args()
    same = True
    if find_spec("sentence_transformers"):
        ours = report("data_v5.selection.communities", COMPARED_ROWS, run_ours)
        theirs = report("sentence-transformers", COMPARED_ROWS, run_the_packages)
        same = as_sets(ours) == as_sets(theirs)
        sys.stdout.write(f"the communities are {'the same' if same else 'NOT the same'}\n")
    else:
        sys.stdout.write("sentence-transformers is not installed: nothing to compare with\n")
    if args.rows != COMPARED_ROWS or not find_spec("sentence_transformers"):
        report("data_v5.selection.communities", args.rows, run_ours)
    return 0 if same else 1


def as_sets(outcome: Outcome) -> list[tuple[int, frozenset[int]]]:
    """Give each community as its centre and its members, in order."""
    return [(members[0], frozenset(members)) for members in outcome.communities]


if __name__ == "__main__":
    sys.exit(main())
