"""Vendi scores of sets too large for the exact one, each with its error.

Embeddings seldom need this: the exact score takes O(n d min(n, d)). It is for kernels other than
the cosine, and for embeddings that are many and wide at once.
"""

import math
import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from utils.sampling import derive_seed
from utils.similarity.vendi import (
    BLOCK_NUMBERS,
    Embeddings,
    Numbers,
    check_kernel,
    effective_number,
    one_thread,
    unit_blocks,
    vendi_score,
)

# The smaller side of embeddings up to which the exact score takes a minute or two and 1 GB.
LARGEST_EXACT = 6000
RANK = 400
# Each sharpens the leading eigenvalues (Halko, Martinsson and Tropp 2011, 4.5).
POWER_ROUNDS = 3


@dataclass(frozen=True)
class VendiEstimate:
    """A Vendi score that lies between `low` and `high`, which no chance enters; how it was found.

    An exact score has itself for both.
    """

    score: float
    low: float
    high: float
    method: str


@dataclass(frozen=True)
class SampledVendi:
    """The mean score of samples of `size` rows; `low` and `high` are its 95% confidence interval.

    The score of all rows is higher: a sample lacks what it didn't draw. `growth` hints at how much:
    it is the score of samples over that of their halves, near 1 when more rows would add nothing
    and near 2 when each row adds as much as the first did.
    """

    score: float
    low: float
    high: float
    growth: float
    size: int
    samples: int


@dataclass(frozen=True)
class _Operator:
    """A positive semi-definite matrix of trace 1 by what it does to vectors.

    `rank` bounds its rank; `squares` is the sum of its squared eigenvalues, infinite if not known.
    """

    multiply: Callable[[Numbers], Numbers]
    size: int
    rank: int
    squares: float


def estimate_vendi_score(
    embeddings: Embeddings,
    order: float = 1.0,
    random_seed: int = 42,
    largest_exact: int = LARGEST_EXACT,
    rank: int = RANK,
) -> VendiEstimate:
    """Compute the Vendi score exactly where that is cheap, else by a low-rank spectrum."""
    if min(embeddings.shape) <= largest_exact:
        exact = vendi_score(embeddings, order)
        return VendiEstimate(exact, exact, exact, "exact")
    return low_rank_vendi_score(embeddings, order, random_seed, rank)


def low_rank_vendi_score(
    embeddings: Embeddings, order: float = 1.0, random_seed: int = 42, rank: int = RANK
) -> VendiEstimate:
    """Estimate the Vendi score of n x d embeddings from the `rank` largest eigenvalues."""
    count, width = embeddings.shape

    def multiply(vectors: Numbers) -> Numbers:
        # A row past the last column holds what is one direction to all rows without length.
        product, zeros = np.zeros_like(vectors), 0
        for block, empty in unit_blocks(embeddings):
            product[:-1] += block.T @ (block @ vectors[:-1])
            zeros += empty
        product[-1] = zeros * vectors[-1]
        return product / count

    if not count:
        return VendiEstimate(0.0, 0.0, 0.0, "exact")
    operator = _Operator(multiply, width + 1, min(count, width + 1), math.inf)
    return _estimate(operator, order, random_seed, rank)


def low_rank_vendi_score_of_kernel(
    kernel: Embeddings, order: float = 1.0, random_seed: int = 42, rank: int = RANK
) -> VendiEstimate:
    """Estimate the Vendi score from an n x n kernel and its `rank` largest eigenvalues.

    O(n^2 rank) where the exact score takes O(n^3), and no second matrix of that size.
    """
    check_kernel(kernel)
    count = len(kernel)
    if not count:
        return VendiEstimate(0.0, 0.0, 0.0, "exact")
    rows = max(1, BLOCK_NUMBERS // count)
    starts = range(0, count, rows)

    def block(start: int) -> Numbers:
        return np.asarray(kernel[start : start + rows], dtype=np.float64)

    def multiply(vectors: Numbers) -> Numbers:
        return np.concatenate([block(start) @ vectors for start in starts]) / count

    squares = math.fsum(float(np.vdot(b, b)) for b in map(block, starts)) / count**2
    return _estimate(_Operator(multiply, count, count, squares), order, random_seed, rank)


def sampled_vendi_score(
    count: int,
    score_of: Callable[[NDArray[np.int64]], float],
    size: int,
    samples: int = 10,
    random_seed: int = 42,
) -> SampledVendi:
    """Score several samples of `size` rows out of `count`; `score_of` scores the rows of numbers.

    For kernels whose full matrix is too large. On average a sample's score is below that of all
    rows, as the entropy is concave: samples of one size compare files of different sizes.
    """
    if not 2 <= size <= count or samples < 2:
        raise ValueError(f"can't draw {samples} samples of {size} out of {count} rows")
    scores, halves = np.empty(samples), np.empty(samples)
    for number in range(samples):
        rng = random.Random(derive_seed(random_seed, number, "vendi sample"))
        drawn = np.array(rng.sample(range(count), size), dtype=np.int64)
        scores[number] = score_of(np.sort(drawn))
        halves[number] = score_of(np.sort(drawn[: size // 2]))
    mean = float(scores.mean())
    margin = _student(samples) * float(scores.std(ddof=1)) / math.sqrt(samples)
    growth = mean / float(halves.mean())
    return SampledVendi(mean, mean - margin, mean + margin, growth, size, samples)


def _student(samples: int) -> float:
    from scipy.stats import t

    return float(t.ppf(0.975, samples - 1))


def _estimate(operator: _Operator, order: float, seed: int, rank: int) -> VendiEstimate:
    """Bound the score by what the eigenvalues left out may be.

    The Ritz values are below the eigenvalues, one by one (Cauchy), and together with the rest of
    the trace spread evenly they are more even than the spectrum: `high`. The least even spectrum
    puts the rest on the largest, as far as the sum of squares lets it: `low`. `score` has the rest
    in equal parts that fit the sum of squares.
    """
    with one_thread():
        found = _ritz_values(operator, min(rank, operator.size), seed)
    left = max(0.0, 1 - float(found.sum()))
    places = operator.rank - len(found)
    if places <= 0 or left < len(found) * np.finfo(np.float64).eps:
        exact = effective_number(found, order)
        return VendiEstimate(exact, exact, exact, "exact")
    squares = max(0.0, operator.squares - float(found @ found))
    high = _score_with_tail(found, left, left / places, order)
    low = _lowest(found, left, squares, order)
    part = squares / left if math.isfinite(squares) else float(found[-1])
    score = _score_with_tail(found, left, max(part, left / places), order)
    method = f"low rank: {len(found)} eigenvalues hold {1 - left:.1%} of the spectrum"
    return VendiEstimate(min(max(score, low), high), low, high, method)


def _ritz_values(operator: _Operator, rank: int, seed: int) -> Numbers:
    """Find the largest eigenvalues by subspace iteration, from below, in descending order."""
    rng = np.random.default_rng(derive_seed(seed, "low rank"))
    basis = np.linalg.qr(rng.standard_normal((operator.size, rank)))[0]
    for _ in range(POWER_ROUNDS):
        basis = np.linalg.qr(operator.multiply(basis))[0]
    return np.linalg.eigvalsh(basis.T @ operator.multiply(basis))[::-1].clip(min=0.0)


def _score_with_tail(found: Numbers, left: float, part: float, order: float) -> float:
    """Score a spectrum whose rest is cut into equal parts."""
    shares, repeats = np.append(found, part), np.append(np.ones(len(found)), left / part)
    return effective_number(shares, order, repeats)


def _lowest(found: Numbers, left: float, squares: float, order: float) -> float:
    """Score the least even spectrum: no value grows its square by more than `squares`."""
    room = np.minimum(np.sqrt(found**2 + squares) - found, left)
    taken = np.clip(left - np.append(0.0, np.cumsum(room)[:-1]), 0.0, room)
    rest = left - float(taken.sum())
    part = min(math.sqrt(squares), left)
    if rest <= 0 or part <= 0:
        return effective_number(found + taken, order)
    whole, remainder = divmod(rest, part)
    shares = np.concatenate([found + taken, [part, remainder]])
    return effective_number(shares, order, np.append(np.ones(len(found)), [whole, 1.0]))
