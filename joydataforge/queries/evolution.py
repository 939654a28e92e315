"""Evolved queries: which kind each round takes, and which evolutions have failed.

After Xu et al., "WizardLM: Empowering Large Language Models to Follow Complex Instructions"
(arXiv:2304.12244); what counts as a failure goes beyond the paper's rules.
"""

import random
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, field
from functools import cache
from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, PositiveInt

from joydataforge.methods.refusals import declines
from joydataforge.methods.templates import places
from utils.errors import BadReply
from utils.sampling import derive_seed
from utils.similarity.counted_diversity import text_tokens

# A run of this many words of a prompt in an answer is no chance.
COPIED_WORDS = 8
# What chat models put before the query they were asked for.
_PREAMBLE = re.compile(
    r"(?:sure|certainly|of course|absolutely)\b[^\n]{0,40}?[!,.:]"
    r"|here(?:'s| is| are)\b[^\n]{0,120}:|answer:"
    # "I've rewritten your question to be harder: ..."
    r"|I(?:[’']ve| have)?\s+\w+\s+(?:the|your|this)\s+(?:\w+\s+)?"
    r"(?:query|prompt|question|instruction)\b[^\n:]{0,80}:",
    re.IGNORECASE,
)
# The order to evolve a query, in place of the evolved one.
_ORDER = re.compile(
    r"(?:please\s+)?(?:add|include|introduce|impose|insert|append)\s+(?:one|an?|some|more|another|the"
    r"|\d+)?\s*(?:more |new |extra |additional |further |following )?"
    r"(?:constraint|requirement|condition|restriction|limitation|reasoning step)s?\s*"
    r"(?::|：|that\b|to the (?:given |original )?(?:query|prompt|question)\b)",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(r"(?:please\s+)?(?:add|include|introduce|impose|insert|append)\b", re.I)
# A table or list right after the sentence that asks for one is its answer.
_ASKED_AND_GIVEN = re.compile(
    r"\b(?:give|show|make|create|provide|draw|produce|write|list|return|present)\b"
    r"(?:(?!\b(?:following|this|these|that|those|below|given)\b)[^.!?\n]){0,120}"
    r"\b(?:table|list|chart|overview)\b(?:(?!\b(?:following|below)\b)[^.!?:\n]){0,80}"
    r"[.!?]?[ \t]*\n\s*(?:\||[-*•] |1[.)] )",
    re.IGNORECASE,
)
_HEADING = re.compile(r"(?:\*\*|#{1,4} )[^\n]{1,60}\n")
_PLACE = re.compile(r"\{\w+\}")


@dataclass(frozen=True)
class Evolution:
    """One kind of evolution: its prompt, and how often it is drawn beside the others."""

    prompt: str
    weight: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 1.0
    direction: Literal["depth", "breadth"] = "depth"

    def __post_init__(self) -> None:
        if "input" not in places(self.prompt):
            raise ValueError("the prompt has no place for '{input}'; add it")


@dataclass(frozen=True)
class EvolutionLimits:
    """What an evolved query may be; lengths are in characters.

    It may hold `growth_factor` times as many as its parent, and `always_allowed_chars` in any case.
    """

    max_chars: PositiveInt = 4000
    growth_factor: Annotated[float, Field(ge=1)] = 3.0
    always_allowed_chars: NonNegativeInt = 600
    min_new_words: NonNegativeInt = 3
    residue: list[str] = field(default_factory=list)

    def longest(self, parent: str) -> int:
        grown = max(int(self.growth_factor * len(parent)), self.always_allowed_chars)
        return min(self.max_chars, grown)


# A task's id hashes the repr: what was paid for under the older name is found again.
EvolutionLimits.__qualname__ = "Limits"


def draw_kind(evolutions: dict[str, Evolution], seed: int, prompt_id: str, number: int) -> str:
    """Draw the kind of evolution of a row's round by the weights."""
    rng = random.Random(derive_seed(seed, prompt_id, "evolution", number))
    return rng.choices(list(evolutions), [each.weight for each in evolutions.values()])[0]


def check_evolution(query: str, parent: str, prompt: str, limits: EvolutionLimits) -> None:
    """Raise BadReply with the reason if a query is no evolution of its parent."""
    if not query:
        raise BadReply("empty")
    if declines(query) and not declines(parent):
        raise BadReply("refusal")
    if len(query) > limits.longest(parent):
        raise BadReply("too_long")
    if _words(query) == _words(parent):
        raise BadReply("equal_to_parent")
    if _ORDER.match(query) and not _IMPERATIVE.match(parent):
        raise BadReply("prompt_residue")
    if _ASKED_AND_GIVEN.search(query) and not _ASKED_AND_GIVEN.search(parent):
        raise BadReply("answer_included")
    if (_PREAMBLE.match(query) and not _PREAMBLE.match(parent)) or _HEADING.match(query):
        raise BadReply("prompt_residue")
    if _holds_residue(query, parent, limits.residue) or copies(prompt, query, parent):
        raise BadReply("prompt_residue")
    if new_words(query, parent) < limits.min_new_words:
        raise BadReply("near_equal_to_parent")


def check_code(query: str, parent: str, code: str) -> None:
    """Raise BadReply if an instruction carries the program itself, whose place is elsewhere."""
    has_fence = "```" in query and "```" not in parent
    has_code = "\n" in code.strip() and code.strip() in query and code.strip() not in parent
    if has_fence or has_code:
        raise BadReply("code_in_query")


def new_words(query: str, parent: str) -> int:
    """Count the words that a query has beyond its parent's; a letter of Chinese is a word."""
    return (Counter(_words(query)) - Counter(_words(parent))).total()


def copies(prompt: str, query: str, parent: str) -> bool:
    """Tell whether a query repeats a run of the prompt's own words."""
    return bool(_own_runs(prompt).intersection(_runs(query)).difference(_runs(parent)))


@cache
def _own_runs(prompt: str) -> frozenset[tuple[str, ...]]:
    return frozenset(run for piece in _PLACE.split(prompt) for run in _runs(piece))


def _holds_residue(query: str, parent: str, residue: list[str]) -> bool:
    folded, before = query.casefold(), parent.casefold()
    return any(each.casefold() in folded and each.casefold() not in before for each in residue)


def _words(text: str) -> list[str]:
    return text_tokens(unicodedata.normalize("NFKC", text).casefold())


def _runs(text: str) -> list[tuple[str, ...]]:
    from nltk import ngrams

    return list(ngrams(_words(text), COPIED_WORDS))
