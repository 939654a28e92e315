"""Instructions as users would write them, and answers to them, by rule and seed."""

import random
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from offline_model.conversation import Conversation
from offline_model.misbehaviour import Answer
from offline_model.wording import spell_out
from utils.config import read_yaml
from utils.sampling import derive_seed
from utils.similarity.noun_phrases import noun_phrases

# What many users begin with; a model is fond of them.
STOCK = (
    "Hello! How are you today?",
    "What can you do for me?",
    "Tell me something interesting about yourself.",
)
LONGEST_INSTRUCTION = 400  # characters; no sentence of the lists comes near
_PLACE = re.compile(r"<(\w+)>")
_FOLLOW_UPS = (
    "Thanks. Can you say more about A?",
    "{And how|How} does that change if A {is not there|is not an option}?",
    "I do not understand the part about A. {Explain|Put} it {again|differently}, with an example.",
    "{Which|What} would you do first, and what could go wrong with A?",
    "Shorten that to {two|three} sentences, but keep {A|what you said about A}.",
    "Is that still true for {children|beginners|large groups}? I am asking because of A.",
    "Please {turn|make} that into a {table|list} and leave out A.",
)
_ANSWERS = (
    "The short answer is that it depends on A, so begin there.",
    "There are two parts to this: A, and what it means for B.",
    "Let us take A first, because B follows from it.",
    "Most of the work lies in A; B is the smaller part.",
)
_STEPS = (
    "Write down what you know about A and {mark|underline} what you only suppose.",
    "Check B against it, and change one thing at a time.",
    "{Compare|Put} A {and|next to} B {side by side|in a small table}.",
    "{Keep|Note} each result with its date, so that B can be traced later.",
    "Look for a case in which A is missing, and see whether B still holds.",
    "Ask someone who deals with A every day to look over it.",
)
_ENDS = (
    "If that does not settle it, tell me more about A.",
    "With that done, B should hold no surprises.",
    "The limit of this is plain: it says nothing about B in unusual cases.",
)


@dataclass(frozen=True)
class _Domain:
    known_by: tuple[str, ...]
    sentences: tuple[str, ...]
    places: dict[str, tuple[str, ...]]


@cache
def _domains() -> dict[str, _Domain]:
    numbers = tuple(str(number) for number in range(2, 13))
    read: dict[str, dict[str, Any]] = read_yaml(Path(__file__).parent / "instructions.yaml")
    return {
        name: _Domain(
            tuple(entry["known_by"]),
            tuple(entry["sentences"]),
            {"number": numbers} | {key: tuple(words) for key, words in entry["places"].items()},
        )
        for name, entry in read.items()
    }


def write_instruction(steering: str, rng: random.Random) -> str:
    """Write what a user might ask first, of the domain that the text above it leads to."""
    domains = _domains()
    lower = steering.lower()
    known = [d for d in domains.values() if any(word in lower for word in d.known_by)]
    domain = known[0] if known else rng.choice(list(domains.values()))
    text = spell_out(rng.choice(domain.sentences), rng)
    left = {name: rng.sample(words, len(words)) for name, words in domain.places.items()}
    text = _PLACE.sub(lambda match: left[match[1]].pop(), text)
    return text[0].upper() + text[1:]


def write_follow_up(question: str, answer: str, rng: random.Random) -> str:
    """Write what a user might ask next, about things of the conversation so far."""
    opening = answer.strip().split("\n")[0]
    return _with_things(rng.choice(_FOLLOW_UPS), f"{question}\n{opening}", rng)


def write_answer(question: str, rng: random.Random) -> str:
    """Answer an instruction in a few sentences about the things it names."""
    steps = rng.sample(_STEPS, rng.randint(2, 4))
    listed = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    texts = (rng.choice(_ANSWERS), listed, rng.choice(_ENDS))
    return "\n\n".join(_with_things(text, question, rng) for text in texts)


def is_instruction(conversation: Conversation) -> bool:
    """Tell whether the last message is an instruction from the lists here."""
    text = conversation.last.strip()
    return len(text) <= LONGEST_INSTRUCTION and any(p.fullmatch(text) for p in _patterns())


def answer_instruction(conversation: Conversation, share: float) -> Answer:
    seed = derive_seed(conversation.seed, conversation.model, conversation.last)
    return Answer(write_answer(conversation.last, random.Random(seed)))


def _with_things(text: str, about: str, rng: random.Random) -> str:
    found = list(dict.fromkeys(noun_phrases(about[:2000]))) or ["that"]
    first = rng.choice(found)
    second = rng.choice([each for each in found if each != first] or ["the rest of it"])
    lines = [spell_out(line, rng) for line in text.split("\n")]
    named = re.sub(r"\b[AB]\b", lambda m: {"A": first, "B": second}[m[0]], "\n".join(lines))
    return named[0].upper() + named[1:]


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    sentences = [text for domain in _domains().values() for text in domain.sentences]
    return tuple(_pattern(text) for text in (*sentences, *_FOLLOW_UPS, *STOCK))


def _pattern(sentence: str) -> re.Pattern[str]:
    """Match whatever a sentence may become: its fixed parts in order."""
    fixed = re.split(r"\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|<\w+>|\bA\b", sentence)
    return re.compile(r"[^\n]{1,80}?".join(map(re.escape, fixed)), re.IGNORECASE)
