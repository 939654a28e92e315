"""Shows by rule the stages through which a given piece of code may have come about.

The finished code is taken back change by change: Python by its syntax tree, other languages by
lines and words. Which changes, and in which order, depends on the programmer who is played.
"""

import random
import re
from functools import partial

from offline_model import line_changes, python_changes
from offline_model.conversation import Conversation
from offline_model.line_changes import TakeBack
from offline_model.misbehaviour import Answer
from offline_model.python_source import Change, Finder, read_source, unmake
from utils.code.fences import fenced
from utils.sampling import derive_seed

SYSTEM_MARK = "You act out how a piece of code was written."
QUESTION_MARK = "The finished code:\n\n"
_PERSONA = re.compile(r"^Who you are: an? (novice|expert|programmer)\b", re.MULTILINE)
_QUESTION = re.compile(r"\n\n(`{3,})([^\n`]*)\n")
_OPENERS = {
    "novice": "I don't know yet how to do this, so I try something.",
    "programmer": "A first version that does the main thing.",
    "expert": "I put down the outline first.",
}

# The changes each programmer makes, the last first, as (chance, the kinds of which one is made).
_Kinds = tuple[Finder, ...]
_TIDY: _Kinds = (
    python_changes.comprehensions,
    python_changes.conditional_values,
    python_changes.returned_tests,
    python_changes.short_sums,
    python_changes.none_tests,
    python_changes.counted_loops,
)
_HABITS: dict[str, tuple[tuple[float, _Kinds], ...]] = {
    "novice": (
        (0.5, (python_changes.docstrings,)),
        (0.8, (python_changes.poor_names,)),
        (0.6, (python_changes.left_prints,)),
        (0.7, _TIDY),
        (0.6, (python_changes.near_misses,)),
        (0.6, (python_changes.forgotten_returns,)),
        (0.5, (python_changes.guards, python_changes.caught_errors)),
        (0.4, (python_changes.poor_names,)),
    ),
    "programmer": (
        (0.6, (python_changes.docstrings, python_changes.annotations)),
        (0.7, (python_changes.poor_names,)),
        (0.8, (python_changes.guards, python_changes.caught_errors)),
        (0.7, _TIDY),
        (0.3, (python_changes.near_misses,)),
        (0.4, (python_changes.missing_definitions,)),
    ),
    "expert": (
        (0.8, _TIDY),
        (0.6, (python_changes.guards, python_changes.caught_errors)),
        (0.5, (python_changes.poor_names,)),
        (0.5, (python_changes.missing_definitions,)),
        (0.7, (python_changes.bodies,)),
    ),
}
_LINE_HABITS: dict[str, tuple[tuple[float, TakeBack], ...]] = {
    "novice": (
        (0.5, line_changes.comments),
        (0.8, line_changes.poor_names),
        (0.7, line_changes.near_misses),
        (0.5, line_changes.wrong_numbers),
        (0.6, line_changes.missing_lines),
        (0.5, line_changes.poor_names),
    ),
    "programmer": (
        (0.7, line_changes.comments),
        (0.8, line_changes.missing_lines),
        (0.7, line_changes.poor_names),
        (0.5, line_changes.near_misses),
    ),
    "expert": (
        (0.7, line_changes.poor_names),
        (0.5, line_changes.other_order),
        (0.8, line_changes.missing_lines),
    ),
}
# Made, in this order, where the habits left nothing that was rewritten.
_PYTHON_LAST_RESORTS: tuple[_Kinds, ...] = (
    (python_changes.poor_names,),
    _TIDY,
    (python_changes.near_misses, python_changes.forgotten_returns),
    (python_changes.function_names,),
    (python_changes.left_prints,),
)
_LAST_RESORTS = (
    line_changes.poor_names,
    line_changes.near_misses,
    line_changes.wrong_numbers,
    line_changes.other_order,
)
STUBS = ("pass", "raise NotImplementedError")
MOST_CHANGES = 5

Stage = tuple[str, str]


def is_coding_stages(conversation: Conversation) -> bool:
    return conversation.system.startswith(SYSTEM_MARK) and conversation.users[-1].startswith(
        QUESTION_MARK
    )


def answer_coding_stages(conversation: Conversation, share: float) -> Answer:
    """Show the stages of the code in the last turn; a share of the answers is spoiled."""
    code, lang = _read_question(conversation.users[-1])
    persona = _PERSONA.search(conversation.system)
    # The first turns are the same in all such requests.
    seed = derive_seed(conversation.seed, conversation.users[-1])
    stages = make_stages(code, persona[1] if persona else "programmer", random.Random(seed))
    if len(stages) < 2:
        return Answer("I'm sorry, but I can't make up a history for so little code.")
    rng = random.Random(derive_seed(seed, "spoiled"))
    if rng.random() < share:
        return rng.choice(_SPOILERS)(stages, lang, rng)
    return _word(stages, lang)


def make_stages(code: str, persona: str, rng: random.Random) -> list[Stage]:
    """Give the stages of a piece of code as (sentence, code), the finished code last.

    Only the finished code is given where nothing can be thought of that came before.
    """
    finished = code.replace("\r\n", "\n").rstrip("\n") + "\n"
    changes: list[Change] = []
    for take_back in _habits(finished, persona, rng):
        if len(changes) < MOST_CHANGES:
            _take_back(finished, changes, take_back, rng)
    if not any(_is_rewritten(change.code, finished) for change in changes):
        for take_back in _last_resorts(finished):
            _take_back(finished, changes, take_back, rng)
            if changes and _is_rewritten(changes[-1].code, finished):
                break
        else:
            return [("", finished)]
    versions = [finished, *(change.code for change in changes)]
    sentences = [*(change.sentence for change in changes), _OPENERS[persona]]
    return list(zip(sentences, versions, strict=True))[::-1]


def _habits(code: str, persona: str, rng: random.Random) -> list[TakeBack]:
    if read_source(code) is None:
        return [step for chance, step in _LINE_HABITS[persona] if rng.random() < chance]
    drawn = [kinds for chance, kinds in _HABITS[persona] if rng.random() < chance]
    return [partial(_unmake_one_of, kinds) for kinds in drawn]


def _last_resorts(code: str) -> list[TakeBack]:
    if read_source(code) is None:
        return list(_LAST_RESORTS)
    return [partial(_unmake_one_of, kinds) for kinds in _PYTHON_LAST_RESORTS]


def _unmake_one_of(kinds: _Kinds, code: str, rng: random.Random) -> Change | None:
    """Take back the first change that the code offers, the kinds tried in a drawn order."""
    tries = (unmake(code, kind, rng) for kind in rng.sample(kinds, len(kinds)))
    return next((change for change in tries if change), None)


def _take_back(
    finished: str, changes: list[Change], take_back: TakeBack, rng: random.Random
) -> None:
    """Add one more change before the others, if there is one that leads to new code."""
    versions = [finished, *(change.code for change in changes)]
    change = take_back(versions[-1], rng)
    if change and change.code.strip() and all(map(partial(_differ, change.code), versions)):
        changes.append(change)


def _differ(code: str, other: str) -> bool:
    return [line.rstrip() for line in code.rstrip().split("\n")] != [
        line.rstrip() for line in other.rstrip().split("\n")
    ]


def _is_rewritten(code: str, finished: str) -> bool:
    """Tell whether a version holds what is nowhere in the finished code, or in another order.

    Stubs do not count: they are only what is not written yet.
    """
    lines = [line for line in map(str.strip, code.split("\n")) if line not in ("", *STUBS)]
    if any(line not in finished for line in lines):
        return True
    later = map(str.strip, finished.split("\n"))
    # Each `in` takes the lines up to its own from the iterator.
    return set(lines) <= set(map(str.strip, finished.split("\n"))) and not all(
        line in later for line in lines
    )


def _read_question(text: str) -> tuple[str, str]:
    """Take the finished code and its label out of a question."""
    opening = _QUESTION.search(text)
    if opening is None:
        return "", ""
    # The fence is longer than any within.
    end = text.find("\n" + opening[1], opening.end() - 1) + 1
    return text[opening.end() : max(opening.end(), end)], opening[2]


def _word(stages: list[Stage], lang: str) -> Answer:
    return Answer("\n\n".join(f"{said}\n\n{fenced(code, lang)}" for said, code in stages))


def _refusal(stages: list[Stage], lang: str, rng: random.Random) -> Answer:
    return Answer("I'm sorry, but I can't help with that request.")


def _other_end(stages: list[Stage], lang: str, rng: random.Random) -> Answer:
    """Stop before the last stage."""
    return _word(stages[:-1], lang)


def _standstill(stages: list[Stage], lang: str, rng: random.Random) -> Answer:
    """Show one of the early stages twice."""
    at = rng.randrange(len(stages) - 1)
    return _word(
        [*stages[: at + 1], ("Let me look at it again.", stages[at][1]), *stages[at + 1 :]], lang
    )


def _typed_down(stages: list[Stage], lang: str, rng: random.Random) -> Answer:
    """Cut the finished code into pieces, as if it had been typed from top to bottom."""
    finished = stages[-1][1]
    lines = finished.split("\n")
    halves = ("\n".join(lines[: len(lines) * part // 3]) + "\n" for part in (1, 2))
    typed = [("Then I go on.", half) for half in halves if half.strip()]
    return _word([*typed, ("And that is all.", finished)], lang)


def _cut_off(stages: list[Stage], lang: str, rng: random.Random) -> Answer:
    text = _word(stages, lang).text
    return Answer(text[: int(len(text) * rng.uniform(0.3, 0.9))], "length")


_SPOILERS = (_refusal, _other_end, _standstill, _typed_down, _cut_off)
