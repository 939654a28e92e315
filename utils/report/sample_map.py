"""Samples laid out on a plane so that those with similar words lie close together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from utils.sampling import derive_seed

METHOD = "TF-IDF of the words and name parts, 50 singular vectors, t-SNE"
# The parts of snake_case and camelCase names are words too.
WORD_PART = r"[A-Z]+(?![a-z])|[A-Z]?[a-z]{2,}"
VECTORS = 50
PERPLEXITY = 30
FEWEST = 10


def lay_out(texts: Sequence[str], seed: int) -> np.ndarray | None:
    """Place texts on the unit square, an array (n, 2); None for texts too few or without words.

    Runs in one thread: sums in another order would move the points from run to run.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    if len(texts) < FEWEST:
        return None
    vectoriser = TfidfVectorizer(
        token_pattern=WORD_PART, sublinear_tf=True, min_df=2, max_df=0.5, max_features=20_000
    )
    try:
        words = vectoriser.fit_transform(texts)
    except ValueError:  # no word stands in two texts
        return None
    state = derive_seed(seed, "map") % 2**32
    with threadpool_limits(1):
        vectors = words.toarray()
        if min(words.shape) > VECTORS:
            vectors = TruncatedSVD(VECTORS, random_state=state).fit_transform(words)
        perplexity = min(PERPLEXITY, (len(texts) - 1) / 3)
        points = TSNE(
            perplexity=perplexity, init="pca", random_state=state, n_jobs=1
        ).fit_transform(vectors)
    low, high = points.min(axis=0), points.max(axis=0)
    return (points - low) / np.maximum(high - low, 1e-9)
