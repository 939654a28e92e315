"""Words two instructions for a commit out of its message and its diff."""

import random
import re
from dataclasses import dataclass, field

from offline_model.wording import counted, listed, quoted, spell_out

_DEFINITION = re.compile(r"^\s*(?:async\s+)?(?:def|class)\s+(\w+)")
_HUNK = re.compile(r"@@ [^@]*@@ ?(.*)")
# What a message holds that an instruction must not: ticket numbers, links, people, trailers.
_NOISE = re.compile(
    r"\(?#\d+\)?|\b[A-Z]{2,}-\d+\b:?|https?://\S+|\S+@\S+\.\w+|\[[^\]]{0,30}\]"
    r"|\b(?:[Cc]loses?|[Rr]efs?|[Ss]ee)(?=\s*#\d+)"
)
_TRAILER = re.compile(r"^[A-Z][\w-]+-by:.*|^(?:git-svn-id|Change-Id|Reviewed|Bug|Issue):.*", re.M)
_PREFIX = re.compile(r"^(feat|fix|docs|refactor|chore|test|perf|style|build|ci)(?:\([^)]*\))?!?: *")
_IMPERATIVES = {
    "added": "add", "adds": "add", "adding": "add",
    "fixed": "fix", "fixes": "fix", "fixing": "fix",
    "removed": "remove", "removes": "remove", "removing": "remove",
    "changed": "change", "changes": "change", "changing": "change",
    "updated": "update", "updates": "update", "updating": "update",
    "renamed": "rename", "renames": "rename", "renaming": "rename",
    "moved": "move", "moves": "move", "moving": "move",
    "made": "make", "makes": "make", "making": "make",
    "improved": "improve", "improves": "improve", "improving": "improve",
    "used": "use", "uses": "use", "using": "use",
    "replaced": "replace", "replaces": "replace", "replacing": "replace",
    "allowed": "allow", "allows": "allow", "allowing": "allow",
    "refactored": "refactor", "refactors": "refactor", "refactoring": "refactor",
    "handled": "handle", "handles": "handle", "handling": "handle",
    "implemented": "implement", "implements": "implement", "implementing": "implement",
    "corrected": "correct", "corrects": "correct", "supported": "support", "supports": "support",
    "cleaned": "clean", "cleans": "clean", "converted": "convert", "converts": "convert",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]{2,}")
_MERGE = re.compile(r"Merge (?:pull request|branch|remote|tag)\b")
_LONGEST_MESSAGE = 300


@dataclass
class DiffFacts:
    """What a unified diff says: the lines' numbers, and the names its definitions concern."""

    added: int = 0
    removed: int = 0
    touched: list[str] = field(default_factory=list)
    introduced: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)


def read_diff(diff: str) -> DiffFacts:
    """Count a diff's lines and collect the functions and classes that it touches."""
    facts = DiffFacts()
    enclosing: str | None = None
    in_hunk = False
    for line in diff.split("\n"):
        if match := _HUNK.match(line):
            in_hunk, enclosing = True, _defined(match[1])
        elif in_hunk and line[:1] in ("+", "-"):
            facts.added += line[0] == "+"
            facts.removed += line[0] == "-"
            if name := _defined(line[1:]):
                enclosing = name
                _note(facts.introduced if line[0] == "+" else facts.dropped, name)
            elif enclosing:
                _note(facts.touched, enclosing)
        elif in_hunk and (name := _defined(line[1:])):
            enclosing = name
    changed = [name for name in facts.introduced if name in facts.dropped]
    facts.introduced = [name for name in facts.introduced if name not in changed]
    facts.dropped = [name for name in facts.dropped if name not in changed]
    known = {*facts.introduced, *facts.dropped}
    facts.touched = [name for name in dict.fromkeys(changed + facts.touched) if name not in known]
    return facts


def read_message(message: str) -> tuple[str, str]:
    """Return a message's subject as an imperative sentence without its noise, and what follows it.

    A subject that says nothing (a version, a merge, a single word) is returned as empty.
    """
    text = _TRAILER.sub("", message[:4000])
    subject, _, body = text.strip().partition("\n")
    prefix = _PREFIX.match(subject.strip())
    subject = _tidy(_PREFIX.sub("", subject.strip()))
    first, blank, rest = subject.partition(" ")
    verb = _IMPERATIVES.get(first.lower().rstrip(":"), first)
    if prefix and prefix[1] == "fix" and verb.lower() not in _IMPERATIVES.values():
        verb = "fix " + verb
    subject = (verb[:1].upper() + verb[1:] + blank + rest).rstrip(".:;,- ")
    if len(_WORD.findall(subject)) < 2 or _MERGE.match(subject):
        subject = ""
    paragraph = _tidy(body.strip().split("\n\n")[0])
    return subject[:_LONGEST_MESSAGE], paragraph[:_LONGEST_MESSAGE].rstrip()


def word_commit(diff: str, message: str, rng: random.Random) -> tuple[str, str]:
    """Word the descriptive and the lazy instruction that ask for a commit's edit."""
    facts = read_diff(diff)
    subject, explanation = read_message(message)
    subject = subject or _subject_of(facts)
    sentences = [subject + "."]
    if re.search(r"[a-zA-Z]{3}", explanation):
        sentences.append(explanation.rstrip(".") + ".")
    sentences += _fact_sentences(facts, rng)
    short = " ".join(subject.split()[:30])
    hurried = rng.choice([short, short + ".", short[:1].lower() + short[1:]])
    return " ".join(sentences), hurried


def _fact_sentences(facts: DiffFacts, rng: random.Random) -> list[str]:
    sentences = []
    if facts.introduced:
        opening = rng.choice(["The file gains", "Introduce", "New in the file:"])
        sentences.append(f"{opening} {quoted(facts.introduced[:4])}.")
    if facts.dropped:
        opening = rng.choice(["Drop", "There is no more need for", "Take out"])
        sentences.append(f"{opening} {quoted(facts.dropped[:4])}.")
    if facts.touched:
        opening = rng.choice(["The change concerns", "Work in", "What has to change is in"])
        sentences.append(f"{opening} {quoted(facts.touched[:4])}.")
    sizes = {"added": facts.added, "removed": facts.removed}
    size = [f"{counted(number, 'line')} {verb}" for verb, number in sizes.items() if number]
    if size:
        opening = rng.choice(["The edit is small:", "Expect roughly", "In all, that makes about"])
        opening = opening if sum(sizes.values()) < 20 else "It is a larger edit, with about"
        sentences.append(f"{opening} {listed(size)}.")
    sentences.append(
        spell_out(
            "{Keep the names, the order and the formatting of the code that this does not"
            " concern.|All other code in the file stays as it is, formatting included.|Leave the"
            " rest of the file, its comments included, untouched.}",
            rng,
        )
    )
    return sentences


def _subject_of(facts: DiffFacts) -> str:
    """Say in a few words what the diff does, for a message that says nothing."""
    if facts.introduced:
        return f"Add {quoted(facts.introduced[:2])}"
    if facts.dropped:
        return f"Remove {quoted(facts.dropped[:2])}"
    if facts.touched:
        return f"Rework {quoted(facts.touched[:2])}"
    return "Revise the code of the module"


def _defined(line: str) -> str | None:
    match = _DEFINITION.match(line)
    return match[1] if match else None


def _note(names: list[str], name: str) -> None:
    if name not in names:
        names.append(name)


def _tidy(text: str) -> str:
    """Take noise and Markdown out of a text, on one line; brackets and braces lose their sense."""
    text = _NOISE.sub("", text).replace("`", "")
    return re.sub(r" +([.,;:])", r"\1", " ".join(text.split())).strip(" -*#:")
