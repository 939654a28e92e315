"""How long the code before of a prompt may be, and seeds cut down to what is around their edit."""

from collections import Counter

from utils.code.context_cut import NotCut, cut_to_context
from utils.code.languages import language_of_file
from utils.jsonl import Row
from utils.token_counts import TOO_LONG_BEFORE, TokenCounter


class TokenLimit:
    """Finds why texts are too long to stand before an edit; without a limit none are."""

    def __init__(self, limit: int | None, counter: TokenCounter) -> None:
        self._limit = limit
        self._counter = counter

    def __call__(self, *texts: str) -> str | None:
        if self._limit is None or sum(self._counter.count(texts)) <= self._limit:
            return None
        return TOO_LONG_BEFORE

    def figures(self) -> Row | None:
        """Say the limit and how tokens were counted, for the summary."""
        if self._limit is None:
            return None
        return {"limit": self._limit, "method": self._counter.method}


class SeedCut:
    """Cuts the files of seeds around their edits, or keeps all of them as they are."""

    def __init__(self, context_lines: int | None) -> None:
        self.context_lines = context_lines
        self.files: Counter[str] = Counter()

    def __call__(self, seed: Row) -> Row:
        """Give the seed with both files cut alike, or as it is where they can't be."""
        if self.context_lines is None:
            return seed
        try:
            if language_of_file(seed.get("old_file") or "program.py") != "python":
                raise NotCut("not_python")
            codes = seed["old_contents"], seed["new_contents"]
            cut = cut_to_context(*codes, self.context_lines)
        except NotCut as reason:
            self.files[f"whole: {reason}"] += 1
            return seed
        self.files["cut"] += 1
        return seed | {"old_contents": cut.code_before, "new_contents": cut.code_after}

    def describe(self) -> str:
        """Say how many files were cut, and why the others are whole."""
        whole = ", ".join(
            f"{reason.removeprefix('whole: ').replace('_', ' ')} {count:,}"
            for reason, count in self.files.most_common()
            if reason != "cut"
        )
        kept = self.files.total() - self.files["cut"]
        return f"{self.files['cut']:,} files cut around their edit, {kept:,} kept whole" + (
            f" ({whole})" if whole else ""
        )
