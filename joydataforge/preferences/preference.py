"""Pairs of a preferred and a rejected answer: chosen by score, laid out as trainers read them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from joydataforge.methods.refusals import declines
from utils.cli import log
from utils.finetune.chat_format import PROMPT_FORMATS
from utils.jsonl import Row

Turn = tuple[str, str]
# Above this share of longer chosen answers a trainer should be told.
MOSTLY = 0.8
_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant"}


class NoPair(Exception):
    """A row of which no pair can be made; the message is the reason."""


@dataclass(frozen=True)
class Pair:
    """Numbers of two candidates, and by how much the score of the first is above the other's."""

    chosen: int
    rejected: int
    margin: float


def same_as(texts: Sequence[str]) -> list[int]:
    """Give each text the number of the first one that equals it but for space."""
    seen: dict[str, int] = {}
    return [seen.setdefault(" ".join(text.split()), n) for n, text in enumerate(texts)]


def distinct(texts: Sequence[str]) -> list[int]:
    """List the numbers of the texts that equal no earlier one."""
    return [number for number, first in enumerate(same_as(texts)) if number == first]


def choose_pairs(
    texts: Sequence[str],
    scores: Mapping[int, float],
    min_margin: float,
    max_pairs: int,
    preferred: Mapping[tuple[int, int], float] | None = None,
) -> list[Pair]:
    """Choose the pairs of widest margin; raises NoPair with the reason if there is none.

    `scores` holds those of the distinct texts. A refusal is never chosen. Where `preferred` is
    given, the chosen answer must also have been preferred to the rejected one itself.
    """
    numbers = distinct(texts)
    if len(texts) < 2:
        raise NoPair("too_few_candidates")
    if len(numbers) < 2:
        raise NoPair("all_equal")
    may_be_chosen = [n for n in numbers if not declines(texts[n])]
    if not may_be_chosen:
        raise NoPair("only_refusals")
    found = [
        Pair(chosen, rejected, scores[chosen] - scores[rejected])
        for chosen in may_be_chosen
        for rejected in numbers
        if scores[chosen] > scores[rejected] and _beats(chosen, rejected, preferred)
    ]
    # A margin that is exactly as wide as asked for isn't lost to rounding.
    wide = [pair for pair in found if pair.margin >= min_margin - 1e-9]
    if not wide:
        raise NoPair("no_margin")
    return sorted(wide, key=lambda pair: (-pair.margin, pair.chosen, pair.rejected))[:max_pairs]


def _beats(chosen: int, rejected: int, preferred: Mapping[tuple[int, int], float] | None) -> bool:
    if preferred is None:
        return True
    if chosen < rejected:
        return preferred[chosen, rejected] > 0
    return preferred[rejected, chosen] < 0


def history_turns(history: Any) -> list[Turn]:
    """List (question, answer) of a history: pairs, messages, or texts in turn.

    Raises NoPair if it can't be read as whole turns.
    """
    if not history:
        return []
    if not isinstance(history, list):
        raise NoPair("unreadable_history")
    if all(isinstance(turn, list) for turn in history):
        turns = history
    else:
        texts = [_text_of(turn, ("user", "assistant")[n % 2]) for n, turn in enumerate(history)]
        turns = [texts[start : start + 2] for start in range(0, len(texts), 2)]
    for turn in turns:
        if len(turn) != 2 or not all(isinstance(text, str) and text.strip() for text in turn):
            raise NoPair("unreadable_history")
    return [(question, answer) for question, answer in turns]


def _text_of(turn: Any, role: str) -> Any:
    """Take the text of one message of a history; None if its role is not the one due."""
    if isinstance(turn, str):
        return turn
    if not isinstance(turn, Mapping):
        return None
    said = _ROLES.get(str(turn.get("role", turn.get("from"))))
    return turn.get("content", turn.get("value")) if said == role else None


@dataclass(frozen=True)
class PreferenceTexts:
    """What a preference row tells a trainer; an empty system text stands for none."""

    system: str
    history: list[Turn]
    user: str
    chosen: str
    rejected: str


def to_sharegpt_pair(texts: PreferenceTexts) -> Row:
    """Lay a pair out as LLaMA-Factory's ShareGPT preference data."""
    turns = [("system", texts.system)] if texts.system else []
    for question, answer in texts.history:
        turns += [("human", question), ("gpt", answer)]
    turns.append(("human", texts.user))
    return {
        "conversations": [{"from": name, "value": text} for name, text in turns],
        "chosen": {"from": "gpt", "value": texts.chosen},
        "rejected": {"from": "gpt", "value": texts.rejected},
    }


def to_alpaca_pair(texts: PreferenceTexts) -> Row:
    """Lay a pair out as Alpaca preference data; that has no turns before the question.

    An empty history has no type by which a loader could tell its column, so none is written.
    """
    if texts.history:
        raise NoPair("history_in_alpaca")
    return {
        "instruction": texts.user,
        "input": "",
        "system": texts.system,
        "chosen": texts.chosen,
        "rejected": texts.rejected,
    }


LAYOUTS = {"sharegpt": to_sharegpt_pair, "alpaca": to_alpaca_pair}


def ranking_info(layout: str) -> dict[str, Any]:
    """Describe a file of pairs to LLaMA-Factory: every column in use is named, as it must be."""
    base = PROMPT_FORMATS["alpaca" if layout == "alpaca" else "share_gpt_from_value"].llamafactory
    assert base is not None
    columns = {name: column for name, column in base["columns"].items() if name != "response"}
    columns |= {"chosen": "chosen", "rejected": "rejected"}
    return {"ranking": True, **base, "columns": columns}


class PairFigures:
    """What the pairs of a file have in common, counted as they are written."""

    def __init__(self) -> None:
        self._margins: list[float] = []
        self._lengths = {"chosen": 0, "rejected": 0}
        self._chosen_longer = 0
        self._models: dict[str, dict[str, int]] = defaultdict(lambda: {"chosen": 0, "rejected": 0})

    def add(self, pair: Pair, candidates: Sequence[Row]) -> None:
        chosen, rejected = candidates[pair.chosen], candidates[pair.rejected]
        self._margins.append(pair.margin)
        self._models[chosen["model"]]["chosen"] += 1
        self._models[rejected["model"]]["rejected"] += 1
        self._lengths["chosen"] += len(chosen["text"])
        self._lengths["rejected"] += len(rejected["text"])
        self._chosen_longer += len(chosen["text"]) > len(rejected["text"])

    def warn_of_length(self) -> None:
        """Say so where nearly all chosen answers are the longer ones: that is what is learnt."""
        share = self._chosen_longer / max(1, len(self._margins))
        if share > MOSTLY:
            log.warning(
                "the chosen answer is the longer one in %.0f%% of the pairs; a model trained on "
                "them may learn length alone",
                100 * share,
            )

    def as_data(self) -> dict[str, Any]:
        """Sum up for the summary file."""
        count = len(self._margins)
        if not count:
            return {"pairs": 0}
        ordered = sorted(self._margins)
        return {
            "pairs": count,
            "margin": {
                "lowest": round(ordered[0], 4),
                "median": round(ordered[count // 2], 4),
                "highest": round(ordered[-1], 4),
            },
            "chosen_longer_share": round(self._chosen_longer / count, 4),
            "mean_characters": {
                name: round(total / count, 1) for name, total in self._lengths.items()
            },
            "models": {name: self._models[name] for name in sorted(self._models)},
        }
