"""Rows set apart for validation: as marked by stage 1, or by groups that must not be parted."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from utils.code.lexing import ngram_hashes
from utils.errors import PipelineError
from utils.sampling import derive_seed
from utils.similarity.near_duplicates import SignatureStore, shared_buckets, signature

# Programs that share this much of their runs of words count as near duplicates, estimated from
# MinHash signatures. It is low on purpose: a row too many in a group does no harm. Words are what
# blanks set apart: coarser than the tokens of a language, and made four times as fast.
THRESHOLD = 0.7
WORDS_A_RUN = 3
PERMUTATIONS = 128


class Groups:
    """Sets of rows that must stay together, as a forest of row numbers."""

    def __init__(self) -> None:
        self._parents: list[int] = []

    def __len__(self) -> int:
        return len(self._parents)

    def add(self) -> int:
        """Add a row in a group of its own; returns its number."""
        self._parents.append(len(self._parents))
        return len(self._parents) - 1

    def root(self, row: int) -> int:
        """Give the row that stands for a row's group: its first, whatever the joins' order."""
        while self._parents[row] != row:
            self._parents[row] = row = self._parents[self._parents[row]]
        return row

    def join(self, one: int, other: int) -> None:
        """Put the groups of two rows together."""
        # The first row of a group stands for it, whatever order the joins come in.
        low, high = sorted((self.root(one), self.root(other)))
        self._parents[high] = low

    def members(self) -> list[list[int]]:
        """List the groups, each in the order of its rows, by their first ones."""
        groups: dict[int, list[int]] = defaultdict(list)
        for row in range(len(self)):
            groups[self.root(row)].append(row)
        return list(groups.values())


class RowGrouping:
    """Groups rows by their prompt, by their commit, and by code before that is nearly the same."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.groups = Groups()
        self._first_of: dict[str, int] = {}
        self._first_of_commit: dict[str, int] = {}
        self._first_with: dict[int, int] = {}
        self._signatures = SignatureStore(PERMUTATIONS)

    def add(self, prompt: str, code_before: str, commits: Sequence[str] = ()) -> None:
        """Take in the next row; rows of one prompt, or of one commit's files, stay together.

        The two seeds of a synthetic row tie nothing.
        """
        row = self.groups.add()
        if len(commits) == 1 and commits[0]:
            self.groups.join(row, self._first_of_commit.setdefault(commits[0], row))
        self.groups.join(row, self._first_of.setdefault(prompt, row))
        # Two instructions to one program: one signature does.
        program = hash(code_before)
        if program in self._first_with:
            self.groups.join(row, self._first_with[program])
            return
        self._first_with[program] = row
        _sign(self._signatures, row, code_before, self._seed)

    def finish(self) -> Groups:
        """Join what is nearly the same, and give the groups."""
        if len(self._signatures):
            for one, other in self._near_duplicates():
                self.groups.join(one, other)
        return self.groups

    def _near_duplicates(self) -> Iterator[tuple[int, int]]:
        numbers, signatures = self._signatures.numbers, self._signatures.array
        for bucket in _buckets(shared_buckets(self._signatures, THRESHOLD)):
            for i, position in enumerate(bucket[1:], 1):
                root = self.groups.root(numbers[position])
                apart = [p for p in bucket[:i] if self.groups.root(numbers[p]) != root]
                if apart:
                    alike = (signatures[apart] == signatures[position]).mean(axis=1) >= THRESHOLD
                    for other in np.flatnonzero(alike).tolist():
                        yield numbers[apart[other]], numbers[position]


class SplitCheck:
    """Finds the rows marked for validation whose code before is nearly that of a training row."""

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self._signatures = SignatureStore(PERMUTATIONS)
        self._program_of: dict[int, int] = {}
        # By program: the validation rows that have it, and whether a training row does.
        self._validation: list[list[int]] = []
        self._is_trained = bytearray()

    def add(self, row: int, code_before: str, is_val: bool) -> None:
        """Take in a row by its number."""
        program = self._program_of.setdefault(hash(code_before), len(self._is_trained))
        if program == len(self._is_trained):
            self._validation.append([])
            self._is_trained.append(False)
            _sign(self._signatures, program, code_before, self._seed)
        if is_val:
            self._validation[program].append(row)
        else:
            self._is_trained[program] = True

    def validation_like_training(self) -> list[int]:
        """List the validation rows that should not be."""
        alike = {n for n, rows in enumerate(self._validation) if rows and self._is_trained[n]}
        if any(self._validation) and len(self._signatures):
            alike |= self._near_training()
        return sorted(row for program in alike for row in self._validation[program])

    def _near_training(self) -> set[int]:
        numbers, signatures = self._signatures.numbers, self._signatures.array
        found: set[int] = set()
        for bucket in _buckets(shared_buckets(self._signatures, THRESHOLD)):
            trained = [p for p in bucket if self._is_trained[numbers[p]]]
            for place in bucket if trained else ():
                program = numbers[place]
                if self._validation[program] and program not in found:
                    shares = (signatures[trained] == signatures[place]).mean(axis=1)
                    if (shares >= THRESHOLD).any():
                        found.add(program)
        return found


def _sign(store: SignatureStore, number: int, code: str, seed: int) -> None:
    runs = ngram_hashes(code.split(), WORDS_A_RUN)
    if len(runs):
        store.add(number, signature(runs, PERMUTATIONS, seed))


def _buckets(table: NDArray[np.uint32]) -> Iterator[list[int]]:
    """Yield the rows of each shared bucket, band by band."""
    for column in table.T:
        order = np.argsort(column, kind="stable")
        sorted_buckets = column[order]
        starts = np.flatnonzero(np.diff(sorted_buckets, prepend=0)).tolist()
        for start, end in pairwise([*starts, len(order)]):
            yield order[start:end].tolist()


def draw_validation(groups: Groups, val_ratio: float, seed: int) -> set[int]:
    """Draw whole groups, in random order, as long as they fit into the share of the rows."""
    wanted = round(len(groups) * val_ratio)
    members = groups.members()
    random.Random(derive_seed(seed, "validation")).shuffle(members)
    drawn: set[int] = set()
    for group in members:
        if len(drawn) + len(group) <= wanted:
            drawn.update(group)
    if not drawn:
        smallest = min(map(len, members), default=0)
        raise PipelineError(
            f"--val_ratio {val_ratio:g}: asks for {wanted} of {len(groups)} rows, and the smallest "
            f"group of rows that belong together has {smallest}; raise it, or set seeds apart "
            "with create_prompt.py --val_ratio"
        )
    return drawn


def largest_group(groups: Groups) -> int:
    """Count the rows of the largest group."""
    return max(map(len, groups.members()), default=0)
