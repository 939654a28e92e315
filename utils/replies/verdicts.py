"""Judges' verdicts on triplets: read from replies, voted on, and how far the judges agree."""

from collections import Counter, defaultdict
from itertools import combinations
from typing import Any, NamedTuple

from utils.errors import BadReply
from utils.jsonl import Row, read_rows
from utils.replies.finish_reasons import unfinished_words
from utils.replies.json_object import find_json_object

QUESTIONS = ("before_lacks_it", "after_fulfills_it", "no_unrelated_changes")
ANSWERS = ("PASS", "FAIL", "UNCERTAIN")


class Verdict(NamedTuple):
    """A judge's answers to the three questions, each with its reason."""

    answers: dict[str, str]
    reasons: dict[str, str]

    @property
    def passes(self) -> bool:
        """Whether all questions were answered PASS; UNCERTAIN is no pass."""
        return all(answer == "PASS" for answer in self.answers.values())


# What judges said of one triplet; None is a reply that can't be read as a verdict.
Verdicts = list[Verdict | None]


def read_verdict(reply: Any) -> Verdict | None:
    """Read a judge's reply; None if it does not answer all three questions."""
    try:
        found = find_json_object(reply) if isinstance(reply, str) else None
    except BadReply:
        found = None
    if found is None:
        return None
    answers, reasons = {}, {}
    for question in QUESTIONS:
        entry = found.get(question)
        entry = entry if isinstance(entry, dict) else {"verdict": entry}
        answer = str(entry.get("verdict")).strip().upper()
        if answer not in ANSWERS:
            return None
        answers[question], reasons[question] = answer, str(entry.get("reason") or "")
    return Verdict(answers, reasons)


class JudgedTriplets:
    """The verdicts of several files of replies by judging id, and what the files held."""

    def __init__(self, paths: list[str]) -> None:
        self._said: dict[str, dict[tuple[str, int], Verdict | None]] = defaultdict(dict)
        self.counts: Row = {path: self._read(path) for path in paths}
        # The most verdicts that one triplet has; whoever has fewer lacks some.
        self.judges = max(map(len, self._said.values()), default=0)

    def _read(self, path: str) -> dict[str, int]:
        tally: Counter[str] = Counter()
        for row in read_rows(path, ["prompt_id", "response"]):
            words = unfinished_words([_last(row.get("finish_reason"))])
            verdict = None if words else read_verdict(_last(row["response"]))
            self._note(str(row["prompt_id"]), str(row.get("model")), verdict)
            tally.update(f"unfinished_{word}" for word in words)
            tally["unreadable" if verdict is None else "readable"] += 1
            tally.update(
                f"{q}_{a.lower()}" for q, a in (verdict.answers.items() if verdict else ())
            )
        return dict(sorted(tally.items()))

    def _note(self, judging_id: str, model: str, verdict: Verdict | None) -> None:
        """Add a verdict; it takes the place of one of the same model that could not be read."""
        said = self._said[judging_id]
        places = [place for place in said if place[0] == model]
        unread = next((place for place in places if said[place] is None), None)
        said[unread or (model, len(places))] = verdict

    def of(self, judging_id: str) -> Verdicts:
        """List what was said of one triplet; empty if nobody was asked or answered."""
        return list(self._said[judging_id].values()) if judging_id in self._said else []

    def agreement(self) -> Row:
        """Say by question how often two judges of one triplet gave the same answer.

        `share` is None where no triplet has two verdicts that can be read.
        """
        pairs, same = 0, Counter[str]()
        for said in self._said.values():
            for one, other in combinations(filter(None, said.values()), 2):
                pairs += 1
                same.update(q for q in QUESTIONS if one.answers[q] == other.answers[q])
        shares = {q: round(same[q] / pairs, 4) if pairs else None for q in QUESTIONS}
        return {"pairs": pairs, "share": shares}


def _last(rounds: Any) -> Any:
    return rounds[-1] if isinstance(rounds, list) and rounds else rounds


def decide(verdicts: Verdicts, votes: int | None) -> tuple[str, ...]:
    """Say why a triplet is dropped: () if it passes.

    `votes` passing verdicts are needed, without it more than half of those that can be read.
    """
    readable = [verdict for verdict in verdicts if verdict is not None]
    passing = sum(verdict.passes for verdict in readable)
    if readable and passing >= (votes or _majority(len(readable))):
        return ()
    if not verdicts:
        return ("not_judged",)
    if can_change(verdicts, len(verdicts), votes):
        return ("unreadable_verdict",)
    if passing == len(readable):
        return ("too_few_votes",)
    return tuple(
        f"judged_{answer.lower()}_{question}"
        for question in QUESTIONS
        for answer in ANSWERS[1:]
        if any(verdict.answers[question] == answer for verdict in readable)
    )


def can_change(verdicts: Verdicts, judges: int, votes: int | None) -> bool:
    """Whether a dropped triplet would pass if all that is missing or unreadable were a pass."""
    readable = [verdict for verdict in verdicts if verdict is not None]
    passing = sum(verdict.passes for verdict in readable)
    asked = max(judges, len(verdicts), 1)
    lacking = asked - len(readable)
    return bool(lacking) and passing + lacking >= (votes or _majority(asked))


def _majority(count: int) -> int:
    return count // 2 + 1
