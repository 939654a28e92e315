"""Words two instructions for a commit out of its message and its diff."""

import random
import re

from offline_model.diff_facts import DiffFacts, read_diff
from offline_model.wording import counted, listed, quoted, spell_out

# What a message holds that an instruction must not: ticket numbers, links, people, trailers.
_NOISE = re.compile(
    r"\(?#\d+\)?|\b[A-Z]{2,}-\d+\b:?|https?://\S+|\S+@\S+\.\w+|\[[^\]]{0,30}\]"
    r"|\b(?:[Cc]loses?|[Rr]efs?|[Ss]ee)(?=\s*#\d+)"
)
_TRAILER = re.compile(r"^[A-Z][\w-]+-by:.*|^(?:git-svn-id|Change-Id|Reviewed|Bug|Issue):.*", re.M)
_PREFIX = re.compile(r"^(feat|fix|docs|refactor|chore|test|perf|style|build|ci)(?:\([^)]*\))?!?: *")
_VERBS_TEXT = """
    add allow change clean convert correct fix handle implement improve make move refactor remove
    rename replace support update use
"""
_VERBS = _VERBS_TEXT.split()
_IMPERATIVES = {"made": "make"} | {
    stem + ending: verb
    for verb in _VERBS
    for stem, endings in ((verb, ("s", "es", "ed", "ing")), (verb.rstrip("e"), ("ed", "ing")))
    for ending in endings
}
_WORD = re.compile(r"[^\W\d_]{2,}")
_MERGE = re.compile(r"Merge (?:pull request|branch|remote|tag)\b")
_LONGEST_MESSAGE = 300


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
    if prefix and prefix[1] == "fix" and verb.lower() not in _VERBS:
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
    sizes = {"added": len(facts.added), "removed": len(facts.removed)}
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


def _tidy(text: str) -> str:
    """Take noise and Markdown out of a text, on one line; brackets and braces lose their sense."""
    text = _NOISE.sub("", text).replace("`", "")
    return re.sub(r" +([.,;:])", r"\1", " ".join(text.split())).strip(" -*#:")
