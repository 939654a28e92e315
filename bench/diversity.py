"""Vendi score and k-center greedy on large embeddings: time and peak memory, run by hand.

Each is measured in a process of its own, on random rows, for which all orders of size are hardest,
and on rows in clusters. The aims on two cores: Vendi of 20,000 x 384 in under 30 s and 2 GB,
k-center of 2,000 out of 50,000 x 384 in under 60 s. What the estimates of the Vendi score miss is
shown beside them.
    python -m bench.diversity [--width 384]
"""

import argparse
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from joydataforge.selection.center_search import k_center
from utils.similarity.vendi import mean_similarity, vendi_score, vendi_score_of_kernel
from utils.similarity.vendi_estimates import (
    low_rank_vendi_score,
    low_rank_vendi_score_of_kernel,
    sampled_vendi_score,
)

Rows = NDArray[np.float32]


def random_rows(count: int, width: int) -> Rows:
    return np.random.default_rng(0).standard_normal((count, width), dtype=np.float32)


def clustered_rows(count: int, width: int) -> Rows:
    """Make rows around 300 centers, some centers far more popular than others."""
    rng = np.random.default_rng(0)
    centers = rng.standard_normal((300, width), dtype=np.float32)
    owners = rng.zipf(1.3, count) % 300
    return centers[owners] + 0.5 * rng.standard_normal((count, width), dtype=np.float32)


KINDS: dict[str, Callable[[int, int], Rows]] = {"random": random_rows, "clusters": clustered_rows}


def unit_rows(kind: str, count: int, width: int) -> Rows:
    rows = KINDS[kind](count, width)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def kernel_of(rows: Rows) -> NDArray[np.float64]:
    """A Gaussian kernel of rows of length 1."""
    return np.exp(4 * (rows.astype(np.float64) @ rows.T.astype(np.float64) - 1))


def vendi(kind: str, width: int) -> str:
    return f"{vendi_score(unit_rows(kind, 20_000, width)):.6f}"


def similarity(kind: str, width: int) -> str:
    return f"{mean_similarity(unit_rows(kind, 20_000, width)):.6f}"


def centers(kind: str, width: int) -> str:
    found = k_center(unit_rows(kind, 50_000, width), 2_000)
    return f"radius {found.radius:.4f}, mean distance {found.distances.mean():.4f}"


def low_rank(kind: str, width: int) -> str:
    rows = unit_rows(kind, 20_000, width)
    found = low_rank_vendi_score(rows, rank=100)
    return f"{found.score:.2f} ({found.low:.2f} to {found.high:.2f}), exact {vendi_score(rows):.2f}"


def kernel(kind: str, width: int) -> str:
    return f"{vendi_score_of_kernel(kernel_of(unit_rows(kind, 3_000, width))):.2f}"


def low_rank_kernel(kind: str, width: int) -> str:
    found = low_rank_vendi_score_of_kernel(kernel_of(unit_rows(kind, 3_000, width)), rank=300)
    return f"{found.score:.2f} ({found.low:.2f} to {found.high:.2f}), {found.method}"


def sampled(kind: str, width: int) -> str:
    rows = unit_rows(kind, 20_000, width)
    found = sampled_vendi_score(
        20_000, lambda drawn: vendi_score_of_kernel(kernel_of(rows[drawn])), 1_000
    )
    return f"{found.score:.2f} ({found.low:.2f} to {found.high:.2f}), growth {found.growth:.3f}"


WORK = {
    "Vendi score, 20,000 rows": vendi,
    "mean similarity, 20,000 rows": similarity,
    "k-center, 2,000 of 50,000 rows": centers,
    "Vendi score by 100 eigenvalues, 20,000 rows": low_rank,
    "Vendi score of a 3,000 x 3,000 kernel": kernel,
    "the same by 300 eigenvalues": low_rank_kernel,
    "Vendi score of 10 samples of 1,000 by a kernel": sampled,
}


def measure(name: str, kind: str, width: int) -> str:
    started = time.perf_counter()
    result = WORK[name](kind, width)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return f"{name} of {width}, {kind}: {seconds:.1f} s, peak {peak:.0f} MB: {result}"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--width", type=int, default=384)
    width = parser.parse_args().width
    for name in WORK:
        for kind in KINDS:
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                tqdm.write(pool.submit(measure, name, kind, width).result())


if __name__ == "__main__":
    main()
