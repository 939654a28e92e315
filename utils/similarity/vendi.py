"""How diverse a set of embeddings is: the Vendi score and the mean similarity of its pairs.

Similarity is the cosine. A vector of zeros has none, so all such rows count as copies of one thing
that is like nothing else: 1 among themselves, 0 to every other row.

Sets too large for the exact score get estimates, each with its error. Embeddings seldom need them:
the exact score takes O(n d min(n, d)). They are for kernels other than the cosine, and for
embeddings that are many and wide at once.
"""

import math
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from utils.sampling import derive_seed

# The smaller side of embeddings up to which the exact score takes a minute or two and 1 GB.
LARGEST_EXACT = 6000
RANK = 400
# Each sharpens the leading eigenvalues (Halko, Martinsson and Tropp 2011, 4.5).
POWER_ROUNDS = 3
Embeddings = NDArray[np.floating]
Numbers = NDArray[np.float64]

# Numbers of a block of rows that is held in double precision: 32 MB.
BLOCK_NUMBERS = 4_000_000
# A kernel in single precision may miss 1 on its diagonal, and 0 in its spectrum, by this much.
KERNEL_TOLERANCE = 1e-4


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


def vendi_score(embeddings: Embeddings, order: float = 1.0) -> float:
    """Compute the Vendi score of n rows of d numbers: how many wholly different rows they equal.

    It is the effective number of the eigenvalues of K / n, K the cosines of all pairs (Friedman and
    Dieng 2023), from 1 for n equal rows to n for n orthogonal ones, and 0 for no rows; `order` is
    that of the entropy (Pasarkar and Dieng 2024). K has the non-zero eigenvalues of the d x d
    matrix that its rows make the other way round, so the smaller of the two is solved: exact in
    O(n d min(n, d)), and 20,000 x 384 never needs the 20,000 x 20,000 matrix.
    """
    return effective_number(spectrum(embeddings), order)


def vendi_score_of_kernel(kernel: Embeddings, order: float = 1.0) -> float:
    """Compute the Vendi score of n rows from their n x n similarities of any kind.

    The matrix is symmetric, positive semi-definite and has ones on its diagonal; ValueError if not.
    """
    check_kernel(kernel)
    if not len(kernel):
        return 0.0
    with one_thread():
        values = np.linalg.eigvalsh(np.divide(kernel, len(kernel), dtype=np.float64))
    if values[0] < -KERNEL_TOLERANCE:
        raise ValueError(f"the kernel has a negative eigenvalue, {values[0]:.2g} of its trace")
    return effective_number(values, order)


def effective_number(shares: Numbers, order: float = 1.0, repeats: Numbers | float = 1.0) -> float:
    """Compute Hill's number of shares that sum to 1: the exponential of their Rényi entropy.

    Order 0 counts the shares, 1 is Shannon's entropy, 2 the inverse of Simpson's concentration and
    infinity the inverse of the largest share. Each share may stand for several equal ones, even for
    a fraction of one: `repeats`. Shares within rounding of zero, or below it, don't count.
    """
    if not order >= 0:
        raise ValueError(f"the order of an entropy can't be {order}; write 0 or more")
    shares = np.asarray(shares, dtype=np.float64)
    rounding = shares.max(initial=0.0) * len(shares) * np.finfo(np.float64).eps
    is_counted = shares > rounding
    counts = np.broadcast_to(repeats, shares.shape)[is_counted]
    shares = shares[is_counted]
    if not len(shares):
        return 0.0
    if order == math.inf:
        return float(1 / shares.max())
    if order == 1:
        return math.exp(-(counts * shares * np.log(shares)).sum())
    return float((counts * shares**order).sum() ** (1 / (1 - order)))


def spectrum(embeddings: Embeddings) -> Numbers:
    """Compute the eigenvalues, those that may differ from zero, of the rows' cosines over n."""
    count, width = embeddings.shape
    if not count:
        return np.empty(0)
    with one_thread():
        matrix, zeros = _cosines(embeddings) if count < width else _covariance(embeddings)
        matrix /= count
        return np.append(np.linalg.eigvalsh(matrix), zeros / count)


def mean_similarity(embeddings: Embeddings) -> float | None:
    """Average the cosine over all pairs of different rows, exactly; None if there is no pair.

    The sum over all pairs is the square of the sum of the unit vectors, which takes O(n d).
    """
    count, width = embeddings.shape
    if count < 2:
        return None
    total, zeros = np.zeros(width), 0
    for block, empty in unit_blocks(embeddings):
        total += block.sum(axis=0)
        zeros += empty
    pairs = float(total @ total) - (count - zeros) + zeros * (zeros - 1)
    return pairs / (count * (count - 1))


def unit_blocks(embeddings: Embeddings) -> Iterator[tuple[Numbers, int]]:
    """Yield blocks of rows in double precision, of length 1, and how many have no length.

    ValueError if a number is not finite. A memory map is read once, in order.
    """
    count, width = embeddings.shape
    rows = max(1, BLOCK_NUMBERS // max(1, width))
    for start in range(0, count, rows):
        block = np.array(embeddings[start : start + rows], dtype=np.float64)
        lengths = np.sqrt(np.einsum("ij,ij->i", block, block))
        check_finite(lengths, start)
        is_empty = lengths == 0
        lengths[is_empty] = 1.0
        block /= lengths[:, None]
        yield block, int(is_empty.sum())


def one_thread() -> threadpool_limits:
    """Keep products of matrices to one thread within a block.

    Sums are then made in the same order on any number of cores, and no thread waits for another on
    a busy machine, which can cost ten times the work itself.
    """
    return threadpool_limits(1, user_api="blas")


def check_finite(lengths: NDArray[np.floating], start: int = 0) -> None:
    """Raise ValueError if the length of a row is not finite; `start` is the first row's number."""
    if not np.isfinite(lengths).all():
        row = start + int(np.flatnonzero(~np.isfinite(lengths))[0])
        raise ValueError(f"row {row} of the embeddings holds a number that is not finite")


def check_kernel(kernel: Embeddings) -> None:
    """Raise ValueError unless the matrix is square and symmetric, with ones on its diagonal."""
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1]:
        raise ValueError(f"a kernel is a square matrix, not {kernel.shape}")
    # Written so that NaN fails too.
    if not (np.abs(kernel.diagonal() - 1) <= KERNEL_TOLERANCE).all():
        raise ValueError("a kernel has ones on its diagonal: each row is wholly like itself")
    rows = max(1, BLOCK_NUMBERS // max(1, len(kernel)))
    for start in range(0, len(kernel), rows):
        block, mirrored = kernel[start : start + rows], kernel[:, start : start + rows].T
        if not (np.abs(block - mirrored) <= KERNEL_TOLERANCE).all():
            raise ValueError("a kernel is symmetric; this matrix is not")


def _covariance(embeddings: Embeddings) -> tuple[Numbers, int]:
    """Sum the d x d products of the unit rows, and count the rows without length."""
    width = embeddings.shape[1]
    matrix, zeros = np.zeros((width, width)), 0
    for block, empty in unit_blocks(embeddings):
        matrix += block.T @ block
        zeros += empty
    return matrix, zeros


def _cosines(embeddings: Embeddings) -> tuple[Numbers, int]:
    """Compute the n x n cosines, zeros for rows without length, and count those."""
    count, width = embeddings.shape
    matrix = np.zeros((count, count))
    columns = max(1, BLOCK_NUMBERS // count)
    for start in range(0, width, columns):
        block = np.asarray(embeddings[:, start : start + columns], dtype=np.float64)
        matrix += block @ block.T
    lengths = np.sqrt(matrix.diagonal())
    check_finite(lengths)
    is_empty = lengths == 0
    lengths[is_empty] = 1.0
    matrix /= lengths[:, None]
    matrix /= lengths
    return matrix, int(is_empty.sum())
