"""Near duplicates among texts of any kind: the first of each cluster stands for it.

Texts are compared by the Jaccard similarity of their sets of shingles, runs of words, characters or
tokens of code. MinHash finds the pairs, an exact comparison decides.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Literal

from utils.code.lexing import Hashes, code_tokens, ngram_hashes
from utils.processes import batched, map_in_order
from utils.similarity.counted_diversity import text_characters, text_tokens
from utils.similarity.near_duplicates import (
    Match,
    Signature,
    SignatureStore,
    find_near_duplicates,
    signatures,
)

Unit = Literal["word", "character", "code"]
BATCH = 1000


@dataclass(frozen=True)
class Shingling:
    """What texts are compared by: runs of `ngram` units.

    "word" is for prose and for scripts without blanks, of which each letter is a word; "character"
    forgives misspelt and inflected words, and wants runs of 5 or more; "code" is for Python, or for
    other languages by name, and leaves out comments and layout.
    """

    unit: Unit = "word"
    ngram: int = 3
    language: str = "python"

    def of(self, text: str) -> Hashes:
        """Hash the shingles of a text; a shorter text is one, a blank one has none."""
        return ngram_hashes(self._units(text), self.ngram)

    def _units(self, text: str) -> list[str]:
        if self.unit == "code":
            return code_tokens(text, self.language)
        return text_tokens(text) if self.unit == "word" else text_characters(text)


def sign_texts(
    texts: Iterable[str],
    shingling: Shingling,
    permutations: int = 256,
    random_seed: int = 42,
    num_workers: int = 1,
) -> SignatureStore:
    """Compute the signatures of texts by their numbers; texts without shingles have none."""
    store = SignatureStore(permutations)
    sign = partial(_sign, shingling=shingling, permutations=permutations, seed=random_seed)
    number = 0
    for signed in map_in_order(sign, batched(texts, BATCH), num_workers):
        for found in signed:
            if found is not None:
                store.add(number, found)
            number += 1
    return store


def find_duplicate_texts(
    store: SignatureStore,
    text_of: Callable[[int], str],
    shingling: Shingling,
    threshold: float = 0.7,
) -> Iterator[tuple[int, Match]]:
    """Yield each text that is a near duplicate of an earlier one that stays, with the match.

    `text_of` gives a text again, for the exact similarity.
    """
    return find_near_duplicates(
        store, lambda number: shingling.of(text_of(number)), threshold, lambda number: True
    )


def clusters(duplicates: Iterable[tuple[int, Match]]) -> dict[int, list[Match]]:
    """Group duplicates by the row that stands for them, both in the order of their numbers.

    Each is given with its similarity to that row.
    """
    groups: dict[int, list[Match]] = defaultdict(list)
    for number, match in duplicates:
        groups[match.number].append(Match(number, match.similarity))
    return {
        first: sorted(groups[first], key=lambda member: member.number) for first in sorted(groups)
    }


def _sign(
    texts: list[str], shingling: Shingling, permutations: int, seed: int
) -> list[Signature | None]:
    sets = [shingling.of(text) for text in texts]
    signed = iter(signatures([found for found in sets if len(found)], permutations, seed))
    return [next(signed) if len(found) else None for found in sets]
