"""Answers questions better or worse, and judges such answers, both by rule.

How good an answer is depends on the model's name and the seed. The judge counts what can be
counted: the question's own words, length, refusals. At times it takes the answer shown first.
"""

import json
import random
import re
from collections.abc import Iterable

from offline_model.conversation import Conversation
from offline_model.misbehaviour import Answer, refusal
from offline_model.wording import spell_out
from utils.replies.sections import is_declined_instruction
from utils.sampling import derive_seed
from utils.similarity.noun_phrases import noun_phrases

ANSWERING = "Answer the question below for the person who asked it."
COMPARING = "Compare two answers to the same question."
RATING = "Rate an answer to a question by each criterion"
SPOILED = (
    "Both have their merits, and much depends on the reader.",
    "I like the first one better, but it is close.",
)
# From 0 to 1; a name that isn't here has a skill of its own.
SKILLS = {"offline-strong": 0.85, "offline": 0.6, "offline-a": 0.6, "offline-b": 0.45}
REFUSAL_SHARE, BIAS_SHARE = 0.06, 0.12
# Points by which one of two answers must be ahead to win a criterion.
TIE_POINTS = 1.0

_WORD = re.compile(r"[^\W\d_]{4,}")
_CRITERION = re.compile(r"^- (\w+): ", re.MULTILINE)
_OPENINGS = (
    "{In short|Briefly}: look at A first, since {most|much} of it {turns|depends} on that.",
    "It {mostly comes down|comes down} to A.",
    "The {main|first} thing to settle is A.",
)
_STEPS = (
    "{Write down|Note} what you know about A, and since when.",
    "Change one thing about A at a time, and {see|watch} what it does to B.",
    "Compare A with B before and after, under the same {conditions|circumstances}.",
    "{Check|Test} A on a small example whose result you know.",
    "If A stays as it is for {a week|some days}, ask someone who can look at it.",
    "Keep B out of it until A is {clear|settled}.",
)
_CLOSINGS = (
    "I am not sure about B; that {needs|takes} a closer look.",
    "What I can't tell from here is how far B matters.",
)
_EMPTY_TALK = (
    "That is a {great|good} question.",
    "There are many {opinions|views} on this, and it depends.",
    "{Generally|Usually} it is best to do some research of your own.",
    "Every case is different, so there is no single answer.",
    "{Opinions|Views} differ, and what holds for one person need not hold for another.",
    "It is {always|mostly} wise to look at such things from several sides before one decides.",
)
# What a long-winded answer goes on with.
_RAMBLING = (
    "{Of course|Naturally} all of this has to be seen in context, and the context differs from case"
    " to case, which is why one should be {careful|cautious} with general statements.",
    "{Many|Several} people have thought about similar questions before, and they came to quite"
    " different conclusions, each of which has something to be said for it.",
    "Whatever you decide in the end, it {matters|helps} that you feel comfortable with it, and that"
    " you have taken the time to think about it.",
    "I hope this helps, and please don't hesitate to ask if anything else comes to mind!",
)


def is_candidate(conversation: Conversation) -> bool:
    return ANSWERING in conversation.last and "<question>\n" in conversation.last


def answer_candidate(conversation: Conversation, share: float) -> Answer:
    """Write an answer of some quality; a share of them refuses besides those that do anyway."""
    rng = _rng(conversation, "answer")
    question = _between(conversation.last, "question")
    if rng.random() < share + REFUSAL_SHARE:
        return refusal(Answer(""), rng)
    quality = min(1.0, max(0.0, rng.gauss(skill(conversation.model), 0.25)))
    return Answer(write_answer(question, quality, rng))


def skill(model: str) -> float:
    """Say how good a model's answers are on the whole: 0 to 1."""
    known = [name for name in SKILLS if model == name]
    return SKILLS[known[0]] if known else 0.3 + derive_seed("skill", model) % 50 / 100


def write_answer(question: str, quality: float, rng: random.Random) -> str:
    """Word an answer: the better, the more of the question's things and the less empty talk."""
    things = list(dict.fromkeys(noun_phrases(question))) or ["the question"]
    count = round(1 + 4 * quality)
    steps = [_filled(text, things, rng) for text in rng.sample(_STEPS, count)]
    talk = [spell_out(text, rng) for text in rng.sample(_EMPTY_TALK, round(3 * (1 - quality)))]
    if quality < 0.35:
        # The worse answers are not the shorter ones for that.
        rambling = [spell_out(text, rng) for text in _RAMBLING] if rng.random() < 0.6 else []
        return " ".join([*talk, *steps[:1], *rambling])
    listed = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    opening = _filled(rng.choice(_OPENINGS), things, rng)
    closing = [_filled(rng.choice(_CLOSINGS), things, rng)] if quality > 0.6 else []
    return "\n\n".join([" ".join([*talk[:1], opening]), listed, *closing, *talk[1:]])


def _filled(text: str, things: list[str], rng: random.Random) -> str:
    first = rng.choice(things)
    second = rng.choice([each for each in things if each != first] or ["the rest"])
    values = {"A": first, "B": second}
    sentence = re.sub(r"\b[AB]\b", lambda match: values[match[0]], spell_out(text, rng))
    return sentence[0].upper() + sentence[1:]


def is_comparing(conversation: Conversation) -> bool:
    text = conversation.last
    return COMPARING in text and "<answer_a>\n" in text and "<answer_b>\n" in text


def answer_comparing(conversation: Conversation, share: float) -> Answer:
    """Compare two answers; a share of the verdicts can't be read."""
    text = conversation.last
    rng = _rng(conversation, "compare")
    if rng.random() < share:
        return Answer(rng.choice(SPOILED))
    question = _between(text, "question")
    first, second = _between(text, "answer_a"), _between(text, "answer_b")
    # The same two answers meet the same fate in either order.
    pair = random.Random(derive_seed("pair", conversation.model, *sorted((first, second))))
    is_biased = pair.random() < BIAS_SHARE
    verdict: dict[str, str] = {}
    for name in _CRITERION.findall(text):
        ahead = points(name, question, first) - points(name, question, second)
        winner = "A" if ahead > 0 else "B"
        verdict[name] = "A" if is_biased else winner if abs(ahead) >= TIE_POINTS else "tie"
    wins = [*verdict.values()]
    better = "A" if wins.count("A") > wins.count("B") else "B"
    reason = (
        f"Answer {better} takes up more of what was asked."
        if wins.count("A") != wins.count("B")
        else "The two answers say much the same."
    )
    return _as_json({"reason": reason, **verdict}, rng)


def is_rating_answer(conversation: Conversation) -> bool:
    return RATING in conversation.last and "<answer>\n" in conversation.last


def answer_rating_answer(conversation: Conversation, share: float) -> Answer:
    """Give one answer its points; a share of the verdicts can't be read."""
    text = conversation.last
    rng = _rng(conversation, "rate answer")
    if rng.random() < share:
        return Answer(rng.choice(SPOILED))
    question, said = _between(text, "question"), _between(text, "answer")
    found = {name: round(points(name, question, said)) for name in _CRITERION.findall(text)}
    lowest = min(found, key=lambda name: found[name], default="none")
    return _as_json({"reason": f"Its weakest side is {lowest}.", **found}, rng)


def points(criterion: str, question: str, said: str) -> float:
    """Score an answer from 1 to 10: by the question's words in it, for clarity by its length."""
    if is_declined_instruction(said):
        return 1.0
    words = said.split()
    if criterion == "clarity":
        return _within(10 - abs(len(words) - 60) / 12)
    asked = _words([question])
    covered = len(asked & _words([said])) / max(1, len(asked))
    empty = sum(spell_out(text, random.Random(0))[:20] in said for text in _EMPTY_TALK)
    steps = len(re.findall(r"^\d\. ", said, re.MULTILINE))
    return _within(2 + 5 * covered + 0.7 * steps - 0.8 * empty)


def _words(texts: Iterable[str]) -> set[str]:
    return {word.lower() for text in texts for word in _WORD.findall(text)}


def _within(value: float) -> float:
    return min(10.0, max(1.0, value))


def _between(text: str, tag: str) -> str:
    inner = text.partition(f"<{tag}>\n")[2]
    return inner.partition(f"\n</{tag}>")[0]


def _as_json(found: dict[str, object], rng: random.Random) -> Answer:
    text = json.dumps(found)
    return Answer(f"```json\n{text}\n```" if rng.random() < 0.2 else text)


def _rng(conversation: Conversation, purpose: str) -> random.Random:
    # Other turns may stand before the question, which the seed doesn't know.
    parts = (conversation.seed, conversation.model, conversation.last, purpose)
    return random.Random(derive_seed(*parts))


# What `offline_model.answers` looks through.
PREFERENCE_ANSWERERS = (
    (is_candidate, answer_candidate),
    (is_comparing, answer_comparing),
    (is_rating_answer, answer_rating_answer),
)
