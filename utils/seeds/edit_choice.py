"""Which edits of a history are worth words: so many of a file, and none nearly twice."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from utils.code.edit_shingles import edit_shingles
from utils.code.lexing import Hashes
from utils.jsonl import Row
from utils.similarity.near_duplicates import SignatureStore, find_near_duplicates, signature

# As in quality_config.yaml, so that the gate finds no more of them.
THRESHOLD, NGRAM, PERMUTATIONS = 0.7, 5, 256


def choose_edits(
    order: Iterable[int],
    read: Callable[[int], Row],
    max_per_file: int | None,
    random_seed: int,
    left_out: Counter[str],
) -> Iterator[int]:
    """Yield the seeds of an order whose edit repeats no earlier one and whose file is not full.

    `left_out` counts the others by reason.
    """
    numbers = list(order)
    repeated = _repeated(numbers, read, random_seed)
    files: Counter[tuple[str, str]] = Counter()
    for position, number in enumerate(numbers):
        if position in repeated:
            left_out["near_duplicate_edit"] += 1
            continue
        seed = read(number)
        if max_per_file and seed.get("old_file"):
            file = str(seed.get("repos")), str(seed["old_file"])
            if files[file] >= max_per_file:
                left_out["max_per_file"] += 1
                continue
            files[file] += 1
        yield number


def _repeated(numbers: list[int], read: Callable[[int], Row], random_seed: int) -> set[int]:
    """Collect the places of the seeds whose edit is nearly that of an earlier one."""

    def shingles(position: int) -> Hashes:
        seed = read(numbers[position])
        return edit_shingles(seed["old_contents"], seed["new_contents"], NGRAM, "python")

    store = SignatureStore(PERMUTATIONS)
    for position in range(len(numbers)):
        store.add(position, signature(shingles(position), PERMUTATIONS, random_seed))
    found = find_near_duplicates(store, shingles, THRESHOLD, lambda _: True)
    return {position for position, _ in found}
