"""What a unified diff says: its size, and the names it brings, drops and concerns."""

import re
from dataclasses import dataclass, field

NAME = re.compile(r"[A-Za-z_]\w{2,}")
_DEFINITION = re.compile(r"^\s*(?:async\s+)?(?:def|class|function|func)\s+(\w+)")
_HUNK = re.compile(r"@@ [^@]*@@ ?(.*)")


@dataclass
class DiffFacts:
    """The changed lines, and the names of the definitions that they concern."""

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    introduced: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)

    def new_names(self) -> list[str]:
        """List the names that stand in added lines alone."""
        return _names_beyond(self.added, self.removed)

    def gone_names(self) -> list[str]:
        return _names_beyond(self.removed, self.added)


def read_diff(diff: str) -> DiffFacts:
    """Collect a diff's lines, and the functions and classes that it touches."""
    facts = DiffFacts()
    enclosing: str | None = None
    in_hunk = False
    for line in diff.split("\n"):
        if match := _HUNK.match(line):
            in_hunk, enclosing = True, _defined(match[1])
            continue
        if not in_hunk:
            continue
        enclosing = _defined(line[1:]) or enclosing
        if line[:1] not in ("+", "-"):
            continue
        (facts.added if line[0] == "+" else facts.removed).append(line[1:])
        if name := _defined(line[1:]):
            _note(facts.introduced if line[0] == "+" else facts.dropped, name)
        elif enclosing:
            _note(facts.touched, enclosing)
    changed = [name for name in facts.introduced if name in facts.dropped]
    facts.introduced = [name for name in facts.introduced if name not in changed]
    facts.dropped = [name for name in facts.dropped if name not in changed]
    known = {*facts.introduced, *facts.dropped}
    facts.touched = [name for name in dict.fromkeys(changed + facts.touched) if name not in known]
    return facts


def _names_beyond(lines: list[str], others: list[str]) -> list[str]:
    known = set(NAME.findall("\n".join(others)))
    found = dict.fromkeys(NAME.findall("\n".join(lines)))
    return [name for name in found if name not in known]


def _defined(line: str) -> str | None:
    match = _DEFINITION.match(line)
    return match[1] if match else None


def _note(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)
