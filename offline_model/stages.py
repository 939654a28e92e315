"""Shows the stages through which a given piece of code may have come about.

The finished code is the last fenced block of the question. It is taken back change by change, as
lines and words, so that it may be of any language.
"""

import random
import re
from collections import Counter
from collections.abc import Callable

from offline_model.conversation import Conversation
from offline_model.misbehaviour import Answer
from offline_model.replies import word
from utils.code.fences import fenced

# A version of the code, and the slots of the sentence that leads on from it.
Change = tuple[str, dict[str, str]]
TakeBack = Callable[[str, random.Random], Change | None]
Stage = tuple[str, str]

_COMMENT = re.compile(r"[ \t]*(?://|--|%|#(?![!a-z]))")
_SIGN = re.compile(r" (<=|>=|==|!=|<|>|&&|\|\||\+|-) ")
_NEAR_MISSES = {
    "<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||", "||": "&&",
    "+": "-", "-": "+",
}  # fmt: skip
_NUMBER = re.compile(r"(?<![\w.#])\d{1,4}(?![\w.])")
_WORD = re.compile(r"(?<![\w.\"'#<@$/-])[a-z_]\w{3,}(?![\w\"'>/-])")
# A name is bound where it is assigned, looped over or taken as an argument.
_BOUND = re.compile(r"\b([a-z_]\w{3,})(?=\s*(?::=|=(?!=)|\bin\b|[,);]))")
_KEYWORDS_TEXT = """
    async await bool break byte case catch char class const continue default double echo elif else
    enum except false final finally float from func function import include interface lambda long
    match none null object pass print private public raise return select self short static string
    struct super switch this throw true type undefined union unsigned void while with yield
"""
_KEYWORDS = frozenset(_KEYWORDS_TEXT.split())


def answer_stages(conversation: Conversation, share: float) -> Answer:
    """Show the stages of the code in the last turn; a share of the answers is spoiled."""
    rng = random.Random(conversation.own_seed)
    blocks = conversation.blocks
    if not blocks:
        return Answer("There is no code here whose stages could be shown.")
    stages = make_stages(blocks[-1].text, rng)
    if len(stages) < 2:
        return Answer("I'm sorry, but I can't make up a history for so little code.")
    if rng.random() < share:
        return rng.choice(_SPOILERS)(stages, blocks[-1].label, rng)
    return _shown(stages, blocks[-1].label)


def make_stages(code: str, rng: random.Random) -> list[Stage]:
    """Give the stages of a piece of code as (sentence, code), the finished code last.

    Only the finished code is given where nothing in it could have been otherwise: lines that were
    not there yet make no history by themselves.
    """
    versions, sentences, is_rewritten = [code.rstrip("\n") + "\n"], [], False
    ways = rng.sample(_REWRITES, 2) + rng.sample(_ADDITIONS, rng.randint(0, 2))
    rng.shuffle(ways)
    for number, way in enumerate((*ways, *_REWRITES)):
        if number >= len(ways) and is_rewritten:
            break
        change = way(versions[-1], rng)
        if change and change[0].strip() and change[0] not in versions:
            versions.append(change[0])
            sentences.append(word("stages", way.__name__, rng, change[1]))
            is_rewritten = is_rewritten or way in _REWRITES
    if not is_rewritten:
        return [("", versions[0])]
    return list(zip([*sentences, word("stages", "first", rng)], versions, strict=True))[::-1]


def comments(code: str, rng: random.Random) -> Change | None:
    """The comments were written last."""
    lines = code.split("\n")
    kept = [line for line in lines if not _COMMENT.match(line)]
    return ("\n".join(kept), {}) if len(kept) < len(lines) else None


def missing_lines(code: str, rng: random.Random) -> Change | None:
    """A line in the midst was not there yet; it stands for itself, brackets and all."""
    lines = code.split("\n")
    places = [at for at in range(1, len(lines) - 2) if _stands_alone(lines[at])]
    if not places:
        return None
    at = rng.choice(places)
    return "\n".join(lines[:at] + lines[at + 1 :]), {"line": f"`{lines[at].strip()}`"}


def near_misses(code: str, rng: random.Random) -> Change | None:
    """A sign was the wrong one."""
    found = list(_SIGN.finditer(code))
    if not found:
        return None
    match = rng.choice(found)
    wrong = _NEAR_MISSES[match[1]]
    before = code[: match.start(1)] + wrong + code[match.end(1) :]
    return before, {"right": f"`{match[1]}`", "wrong": f"`{wrong}`"}


def wrong_numbers(code: str, rng: random.Random) -> Change | None:
    """A number was another one."""
    found = list(_NUMBER.finditer(code))
    if not found:
        return None
    match = rng.choice(found)
    wrong = str(int(match[0]) + rng.choice((1, 2, 10)))
    before = code[: match.start()] + wrong + code[match.end() :]
    return before, {"right": f"`{match[0]}`", "wrong": f"`{wrong}`"}


def poor_names(code: str, rng: random.Random) -> Change | None:
    """A name was a poor one."""
    counts = Counter(_WORD.findall(code))
    bound = {name for name in _BOUND.findall(code) if counts[name] > 1}
    names = sorted(name for name in bound if name not in _KEYWORDS)
    for name in rng.sample(names, len(names)):
        stem = name.strip("_")
        choices = (stem[:1], stem[:3], stem[:1] + "1", "tmp")
        free = [poor for poor in choices if poor and not re.search(rf"\b{poor}\b", code)]
        if free:
            before = re.sub(rf"\b{name}\b", free[0], code)
            return before, {"right": f"`{name}`", "wrong": f"`{free[0]}`"}
    return None


_REWRITES: list[TakeBack] = [poor_names, near_misses, wrong_numbers]
_ADDITIONS: list[TakeBack] = [comments, missing_lines]


def _stands_alone(line: str) -> bool:
    """Tell whether a line holds words, and closes the brackets that it opens and no others."""
    if not 3 < len(line.strip()) <= 60 or "`" in line or not re.search(r"\w", line):
        return False
    depth = 0
    for character in line:
        depth += (character in "([{") - (character in ")]}")
        if depth < 0:
            return False
    return depth == 0


def _shown(stages: list[Stage], label: str) -> Answer:
    return Answer("\n\n".join(f"{said}\n\n{fenced(code, label)}" for said, code in stages))


def _refusal(stages: list[Stage], label: str, rng: random.Random) -> Answer:
    return Answer("I'm sorry, but I can't help with that request.")


def _other_end(stages: list[Stage], label: str, rng: random.Random) -> Answer:
    """Stop before the last stage."""
    return _shown(stages[:-1], label)


def _standstill(stages: list[Stage], label: str, rng: random.Random) -> Answer:
    """Show one of the early stages twice."""
    at = rng.randrange(len(stages) - 1)
    return _shown([*stages[: at + 1], *stages[at:]], label)


def _cut_off(stages: list[Stage], label: str, rng: random.Random) -> Answer:
    text = _shown(stages, label).text
    return Answer(text[: int(len(text) * rng.uniform(0.3, 0.9))], "length")


_SPOILERS = (_refusal, _other_end, _standstill, _cut_off)
