"""What a triplet's programs do when they are run, each twice, and what speaks against the edit."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Collection, Iterator
from typing import NamedTuple

from utils.code.syntax import python_tree
from utils.jsonl import Row
from utils.quality.python_program import imported
from utils.records import KEEPING_KINDS
from utils.verify.outcomes import ProgramEnd

REPEATS = 2
SAME_OUTPUT_KINDS = KEEPING_KINDS | {"tests"}
_WELL = "finished"
_ASKS_TO_RAISE = re.compile(r"\b(?:raise|throw|exit|abort|fail|refuse|reject)", re.IGNORECASE)
_ASKS_TO_MEND = re.compile(
    r"\b(?:fix|crash|instead of (?:raising|crashing)|no longer|(?:should|must) not (?:raise|fail)"
    r"|stop(?:s)? with|bug|handle|catch)",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


class Behaviour(NamedTuple):
    """How both programs ended, each time they were run."""

    before: list[ProgramEnd]
    after: list[ProgramEnd]
    missing: list[str]

    @property
    def obstacle(self) -> str:
        """What keeps one of the programs from running here, '' if both can be run."""
        for outcome in (*self.before, *self.after):
            if outcome.status == "refused":
                return "sandbox"
            if outcome.cause:
                return outcome.cause
        is_endless = all(one.status == "timed_out" for one in (*self.before, *self.after))
        return "endless" if is_endless else ""

    @property
    def is_deterministic(self) -> bool:
        """Whether each program ended and wrote the same both times."""
        return all(
            one.ends_like(other) and one.output == other.output
            for one, other in ((self.before[0], self.before[1]), (self.after[0], self.after[1]))
        )

    def record(self) -> Row:
        """Give what travels with the row."""
        row: Row = {
            "before": _program_record(self.before),
            "after": _program_record(self.after),
            "same_output": self.before[0].output == self.after[0].output,
            "deterministic": self.is_deterministic,
            "missing_packages": self.missing,
        }
        return row | ({"not_runnable": self.obstacle} if self.obstacle else {})


def _program_record(outcomes: list[ProgramEnd]) -> Row:
    first = outcomes[0]
    status = "not_runnable" if first.cause else first.status
    slowest = max(one.seconds for one in outcomes)
    return {"status": status, "error": first.error or None, "seconds": slowest}


def objection(seen: Behaviour, edit_kind: str, instruction: str) -> str | None:
    """Say what speaks against an edit whose programs can be run; None if nothing does.

    A failure counts that came both times: one that comes and goes may be the machine's.
    """
    if not (_agree(seen.before) and _agree(seen.after)):
        return None
    before, after = seen.before[0], seen.after[0]
    if after.status == "timed_out" and before.status != "timed_out":
        return "after_times_out"
    if after.status != _WELL and before.status == _WELL and not _is_wanted(after, instruction):
        return "after_crashes"
    if after.status != _WELL and before.ends_like(after):
        return _same_end(after, instruction)
    both_well = before.status == after.status == _WELL
    is_changed = both_well and seen.is_deterministic and before.output != after.output
    return "changed_behaviour" if is_changed and edit_kind in SAME_OUTPUT_KINDS else None


def _agree(outcomes: list[ProgramEnd]) -> bool:
    """Whether a program ended the same way each time; messages may differ, as by an address."""
    return len({(one.status, one.error_name) for one in outcomes}) == 1


def _same_end(after: ProgramEnd, instruction: str) -> str | None:
    if not _names(after, instruction):
        return "same_crash"
    # It speaks of the error: to be rid of it, which failed, or to have it.
    return "still_crashes" if _ASKS_TO_MEND.search(instruction) else None


def _is_wanted(after: ProgramEnd, instruction: str) -> bool:
    """Whether an instruction asks for the end that a program comes to."""
    return _names(after, instruction) and bool(_ASKS_TO_RAISE.search(instruction))


def _names(after: ProgramEnd, instruction: str) -> bool:
    """Whether an instruction names an error: by its class, in words, or by its message."""
    name = after.error_name
    if after.error.startswith("exit code"):
        return bool(re.search(r"\bexit|SystemExit", instruction))
    message = after.error.partition(": ")[2]
    if len(message) > 8 and message.lower() in instruction.lower():
        return True
    spaced = r"\s?".join(map(re.escape, _WORDS.findall(name)))
    return bool(spaced) and bool(re.search(rf"\b{spaced}s?\b", instruction, re.IGNORECASE))


def missing_packages(
    before: str, after: str, outcomes: Collection[ProgramEnd], known: Collection[str]
) -> list[str]:
    """List the packages that programs stopped for lack of, and others that they import at once."""
    stopped_for = {one.missing for one in outcomes if one.missing}
    if not stopped_for:
        return []
    wanted = {name for code in (before, after) for name in _imported_at_once(code)}
    return sorted(stopped_for | (wanted - set(known)))


def _imported_at_once(code: str) -> Iterator[str]:
    """Name the modules that a program imports at its top level, outside of any `try`."""
    tree = python_tree(code)
    for node in tree.body if tree else []:
        if isinstance(node, ast.Import):
            yield from (module.partition(".")[0] for _, module in imported(node))
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0]


class MissingTally:
    """Counts for each package the rows that lack it, and those that lack nothing else."""

    def __init__(self) -> None:
        self._rows: Counter[str] = Counter()
        self._unlocks: Counter[str] = Counter()

    def note(self, missing: list[str]) -> None:
        self._rows.update(missing)
        if len(missing) == 1:
            self._unlocks.update(missing)

    def figures(self) -> Row:
        """Give what each package would unlock, the most useful first."""
        order = sorted(self._rows, key=lambda name: (-self._unlocks[name], -self._rows[name], name))
        return {n: {"rows": self._rows[n], "unlocks": self._unlocks[n]} for n in order}

    def sentence(self) -> str:
        """Word the first of them for the log; '' where nothing is missing."""
        figures = list(self.figures().items())
        said = [f"{name} (would unlock {each['unlocks']:,} rows)" for name, each in figures[:8]]
        more = f" and {len(figures) - 8} more" if len(figures) > 8 else ""
        return f"missing packages: {', '.join(said)}{more}" if said else ""
