"""gensim's online HDP, with the inference over a chunk's documents as two matrix products.

gensim's `doc_e_step` starts a document's K atoms all alike. Its first rounds keep them alike, so
its second round finds the likelihood unchanged and it stops: nine documents in ten never get
further, and which of the others do is up to the rounding of the last digit, hence to the processor
and its number of threads. The estimate they stop at has a closed form,

    q(topic) ~ exp(sum over the words of count * E[log beta] / K),

which this model computes for all documents, and for a whole chunk at once. With no likelihood to
watch, `likelihood is decreasing!` is never said. Importing this module imports gensim.
"""

from __future__ import annotations

import numpy as np
from gensim.models import HdpModel
from gensim.models.hdpmodel import SuffStats
from scipy.sparse import csr_matrix
from scipy.special import psi

Chunk = list[list[tuple[int, int]]]


class ChunkedHdp(HdpModel):
    """An `HdpModel` whose every document stops where gensim's E-step first comes to rest."""

    def update_chunk(self, chunk: Chunk, update: bool = True, opt_o: bool = True) -> None:
        """Learn from a chunk of documents, none of them empty, as gensim's method does."""
        counts, word_ids = count_table(chunk)
        self._refresh(word_ids)
        statistics = SuffStats(self.m_T, len(word_ids), len(chunk))
        topics = self.chunk_topics(counts, self.m_Elogbeta[:, word_ids])
        # All K atoms of a document are alike, each with a K-th of its words.
        statistics.m_var_sticks_ss = self.m_K * topics.sum(axis=0)
        statistics.m_var_beta_ss = np.asarray((counts.T @ topics).T)
        if update:
            self.update_lambda(statistics, word_ids, opt_o)

    def chunk_topics(self, counts: csr_matrix, log_beta: np.ndarray) -> np.ndarray:
        """Estimate the topics of each document's atoms: documents x topics, rows sum to 1."""
        scores = (counts @ log_beta.T) / self.m_K
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        return np.asarray(weights / weights.sum(axis=1, keepdims=True))

    def _refresh(self, word_ids: np.ndarray) -> None:
        """Bring the columns of these words up to date, as `HdpModel.update_chunk` begins."""
        decay = np.asarray(self.m_r)
        self.m_lambda[:, word_ids] *= np.exp(decay[-1] - decay[self.m_timestamp[word_ids]])
        self.m_Elogbeta[:, word_ids] = psi(self.m_eta + self.m_lambda[:, word_ids]) - psi(
            self.m_W * self.m_eta + self.m_lambda_sum[:, np.newaxis]
        )


def count_table(chunk: Chunk) -> tuple[csr_matrix, np.ndarray]:
    """Lay a chunk out as documents x its different words; gives these words' ids too."""
    starts = np.cumsum([0] + [len(document) for document in chunk])
    pairs = np.array([pair for document in chunk for pair in document], dtype=np.int64)
    word_ids, columns = np.unique(pairs[:, 0], return_inverse=True)
    data = pairs[:, 1].astype(np.float64), columns, starts
    return csr_matrix(data, shape=(len(chunk), len(word_ids))), word_ids
