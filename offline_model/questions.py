"""Answers prompts about questions and their answers: asks, words anew, evolves, labels, judges.

Which of these is wanted is known from the request; the prompt's words make no difference.
"""

import random
import re
from typing import Any

from offline_model.asked_text import (
    compared_in,
    items_of,
    options_in,
    sections_of,
    subject_of,
    things_in,
)
from offline_model.conversation import Conversation
from offline_model.misbehaviour import Answer, spoiled_text
from offline_model.other_prompts import as_json, asked_fields, value_for
from offline_model.replies import fill_slots, texts_of, word
from offline_model.wording import spell_out
from utils.sampling import derive_seed

# What opens a question, and can't be put into the midst of another sentence.
_LONGEST_KEPT = 900  # characters
_QUESTION_FIELDS = ("input", "question", "query", "instruction", "prompt")


def answer_question(conversation: Conversation, share: float) -> Answer:
    """Answer in a few sentences, or in the fields of an object if the prompt names any."""
    rng = _rng(conversation)
    fields = asked_fields(conversation.last)
    if not fields:
        about = subject_of(conversation.last) or conversation.last
        return spoiled_text(Answer(write_answer(about, rng)), share, rng)
    made: dict[str, Any] = {}
    invented = write_question(conversation.last, rng)
    about = invented if set(_QUESTION_FIELDS) & fields.keys() else subject_of(conversation.last)
    for number, (name, hint) in enumerate(fields.items()):
        if name in _QUESTION_FIELDS:
            made[name] = invented
        else:
            value = value_for(hint, rng)
            is_first = number == 0 or name in ("target", "answer", "output")
            made[name] = write_answer(about, rng) if is_first and " " in str(value) else value
    return spoiled_text(as_json(made, rng), share, rng)


def write_query(conversation: Conversation, share: float) -> Answer:
    """Write what a user might ask, of the domain that the text before it leads to."""
    rng = _rng(conversation)
    if rng.random() < share:
        return Answer(word("answers", "poor_query", rng))
    return Answer(write_question(conversation.last, rng))


def reword_query(conversation: Conversation, share: float) -> Answer:
    """Word a question anew: other phrases, another beginning and end."""
    rng = _rng(conversation)
    query = subject_of(conversation.last) or write_question(conversation.last, rng)
    text = query
    for old, new in texts_of("answers")["phrases"].items():
        if rng.random() < 0.7:
            text = re.sub(rf"\b{old}\b", spell_out(new, rng), text)
    lead, closing = word("answers", "lead", rng), word("answers", "closing", rng)
    text = f"{lead} {text} {closing}".strip()
    fields = asked_fields(conversation.last)
    made = {name: value_for(hint, rng) for name, hint in fields.items()}
    made |= dict.fromkeys(list(fields)[:1], text)
    return spoiled_text(as_json(made, rng) if made else Answer(text), share, rng)


def evolve_query(conversation: Conversation, share: float) -> Answer:
    """Put another demand to a query; where none can be made out, ask for something else."""
    rng = _rng(conversation)
    query = subject_of(conversation.last)
    names = re.findall(r"\bdef (\w+)", "\n".join(block.text for block in conversation.blocks))
    if not query or len(query) > _LONGEST_KEPT:
        text = write_question(conversation.last, rng)
    else:
        slots = {"name": f"`{rng.choice(names)}`"} if names else {"thing": _thing(query, rng)}
        demand = word("answers", "demand_code" if names else "demand", rng, slots)
        text = f"{query} {demand}"
    return spoiled_text(Answer(text), share, rng)


def rate_difficulty(conversation: Conversation, share: float) -> Answer:
    """Rate how hard a query is: the longer, the harder."""
    rng = _rng(conversation)
    words = len(subject_of(conversation.last).split())
    points = min(10, 2 + words // 15 + rng.randint(0, 2))
    return _judged({"difficulty": points}, "difficulty", rng, share)


def vote(conversation: Conversation, share: float) -> Answer:
    """Label a text; models mostly agree, and each errs now and then on its own."""
    labels = items_of(conversation.last) or ["general"]
    common = random.Random(derive_seed("vote", subject_of(conversation.last) or conversation.last))
    rng = _rng(conversation)
    label = common.choice(labels)
    if rng.random() < 0.15:
        label = rng.choice(labels)
    return _judged({"label": label, "labels": [label]}, "label", rng, share)


def pick_option(conversation: Conversation, share: float) -> Answer:
    """Pick one of the numbered options, by what it says."""
    rng = _rng(conversation)
    options = options_in(conversation.last)
    best = max(options, key=lambda option: _worth(option.text, "pick"), default=None)
    number = int(best.name) if best else 1
    return _judged({"choice": number}, "choice", rng, share)


def compare_answers(conversation: Conversation, share: float) -> Answer:
    """Compare two answers by each criterion; the order they are shown in makes no difference."""
    rng = _rng(conversation)
    shown = compared_in(conversation.last)
    verdicts: dict[str, Any] = {}
    for name in _criteria(conversation):
        worths = [_worth(text, name) for text in shown] or [0.5, 0.5]
        is_tie = abs(worths[0] - worths[-1]) < 0.05
        verdicts[name] = "tie" if is_tie else "AB"[worths[1] > worths[0]]
    return _judged(verdicts, "compare", rng, share)


def rate_answer(conversation: Conversation, share: float) -> Answer:
    """Give an answer points from 1 to 10 by each criterion."""
    rng = _rng(conversation)
    text = (sections_of(conversation.last) or [None])[-1]
    points = {
        name: 1 + int(9.99 * _worth(text.text if text else conversation.last, name))
        for name in _criteria(conversation)
    }
    return _judged(points, "compare", rng, share)


def write_question(steering: str, rng: random.Random) -> str:
    """Write a question of the domain that a text leads to, with what the text speaks of."""
    domains = texts_of("questions")
    lower = steering.lower()
    known = [each for each in domains.values() if any(w in lower for w in each["known_by"])]
    domain = known[0] if known else rng.choice(list(domains.values()))
    numbers = [str(number) for number in range(2, 13)]
    left = {"number": numbers} | domain["places"]
    left = {name: rng.sample(words, len(words)) for name, words in left.items()}
    text = fill_slots(spell_out(rng.choice(domain["sentences"]), rng), lambda n: left[n].pop())
    return text[0].upper() + text[1:]


def write_answer(question: str, rng: random.Random) -> str:
    """Answer a question in a few sentences about the things it names."""
    texts = texts_of("answers")
    steps = rng.sample(texts["step"], rng.randint(2, 4))
    numbered = enumerate((_about(step, question, rng) for step in steps), 1)
    listed = "\n".join(f"{number}. {step}" for number, step in numbered)
    opening, end = (_about(rng.choice(texts[key]), question, rng) for key in ("opening", "end"))
    return f"{opening}\n\n{listed}\n\n{end}"


def _about(text: str, question: str, rng: random.Random) -> str:
    things = things_in(question)
    given = dict(zip(("a", "b"), rng.sample(things * 2, 2), strict=True))
    return fill_slots(spell_out(text, rng), lambda name: given[name])


def _thing(text: str, rng: random.Random) -> str:
    return rng.choice(things_in(text))


def _criteria(conversation: Conversation) -> list[str]:
    return [name for name in items_of(conversation.last) if name.isidentifier()] or ["quality"]


def _worth(text: str, criterion: str) -> float:
    """Say how good a text is by a criterion, from 0 to 1: a matter of its letters alone."""
    own = derive_seed("worth", " ".join(text.split()))
    return (0.7 * (own % 997) + 0.3 * (derive_seed(own, criterion) % 997)) / 997


def _judged(verdict: dict[str, Any], key: str, rng: random.Random, share: float) -> Answer:
    reason = word("answers", f"reason_{key}", rng)
    return spoiled_text(as_json({"reason": reason, **verdict}, rng), share, rng)


def _rng(conversation: Conversation) -> random.Random:
    return random.Random(conversation.own_seed)
