"""What a model thinks before it answers, taken out of the reply and kept.

Servers are meant to give thoughts apart; many leave them in the text, with or without the mark that
opens them, which some chat templates write into the prompt. The marks are those that the reasoning
parsers of vLLM and SGLang know, and the models' own cards.
"""

import re
from collections.abc import Iterator
from heapq import merge
from typing import NamedTuple

from utils.code.fences import FenceLine, fence_lines, pass_line


class Mark(NamedTuple):
    """How a family of models marks its thoughts: patterns of the beginning and of the end.

    `alone` says that the end may stand without a beginning.
    """

    name: str
    opening: str
    closing: str
    alone: bool = True


def _tags(names: str, alone: bool = True) -> Mark:
    return Mark(names, rf"<(?:{names})>", rf"</(?:{names})>", alone)


_HARMONY = r"(?:<\|start\|>\s*+assistant[^<\n]{0,80})?<\|channel\|>\s*+"
_MESSAGE = r"(?:[^<\n]{0,80}(?:<\|constrain\|>[^<\n]{0,40})?<\|message\|>)?"
MARKS = (
    # <think>, <thinking>; with a prefix Seed-OSS's <seed:think>, MiniMax's <mm:think>, LongCat's.
    _tags(r"(?:[a-z]{1,12}[:_])?think(?:ing)?"),
    _tags("thoughts?"),
    _tags("reasoning"),
    _tags("reflection", alone=False),
    Mark("Kimi", "◁think▷", "◁/think▷"),
    Mark("Magistral", r"(?-i:\[THINK\])", r"(?-i:\[/THINK\])"),
    Mark(
        "gpt-oss (harmony)",
        rf"{_HARMONY}(?:analysis|commentary){_MESSAGE}",
        rf"(?:<\|end\|>\s*+)?{_HARMONY}final{_MESSAGE}",
    ),
    Mark(
        "gpt-oss, its special tokens left out",
        r"(?-i:\A(?:analysis|commentary)(?=[A-Z][a-z'’]*[ ,][a-z]))",
        r"(?-i:(?<!_)assistantfinal)",
    ),
    Mark(
        "Sky-T1, OpenThinker",
        r"<\|begin_of_thought\|>",
        r"<\|end_of_thought\|>(?:\s*+<\|begin_of_solution\|>)?|<\|begin_of_solution\|>",
    ),
    Mark(
        "Cohere",
        r"<\|START_THINKING\|>",
        r"<\|END_THINKING\|>(?:\s*+<\|START_(?:RESPONSE|TEXT)\|>)?|<\|START_(?:RESPONSE|TEXT)\|>",
    ),
    Mark("MedGemma", r"<unused94>(?:thought\b)?", "<unused95>"),
    Mark("Gemma 4", r"<\|channel>(?:thought\b)?", r"<channel\|>"),
    Mark("<|thinking|>", r"<\|think(?:ing)?\|>", r"<\|/think(?:ing)?\|>"),
    Mark("Apertus", r"<\|inner_prefix\|>", r"<\|inner_suffix\|>"),
    Mark(
        "Granite",
        r"\Ahere(?: is|['’]s) my thought process:",
        r"(?<=\n)here(?: is|['’]s) my response:",
        alone=False,
    ),
)
# Where a mark may stand; looked for first, since most places hold none of them.
_PLACE = re.compile(r"<|◁|\[THINK|\[/THINK|assistantfinal|analysis|commentary|Here|here")
_MARK = re.compile(
    "|".join(
        [rf"(?P<o{n}>{mark.opening})" for n, mark in enumerate(MARKS)]
        + [rf"(?P<c{n}>(?:{mark.closing})[ \t\r]*+\n?)" for n, mark in enumerate(MARKS)]
    ),
    re.IGNORECASE,
)
_SIGNS = ("|>", "think", "thought", "<unused9", "reasoning>", "reflection>")
_DEEPEST_MARGIN = 40
_LONGEST_LINE = 200
_QUOTES = ('"', "'", "`")
# What some put around the answer below their thoughts.
_ANSWER = re.compile(r"\s*+<(answer|response|output)>", re.IGNORECASE)


class Spoken(NamedTuple):
    """A reply in two: its answer, and the thoughts before it.

    With `is_cut_off`, a thought never came to its end, and there is no answer.
    """

    answer: str
    reasoning: str
    is_cut_off: bool = False


def split_thoughts(reply: str) -> Spoken:
    """Part a reply into its answer and its thoughts; marks inside fenced code are code.

    Takes linear time, whatever marks the reply repeats.
    """
    if not _may_think(reply):
        return Spoken(reply, "")
    kept: list[str] = []
    thoughts: list[str] = []
    nesting: list[FenceLine] = []
    opened, start = "", 0
    for found in _fences_and_marks(reply):
        if isinstance(found, FenceLine):
            # A fence inside a thought opens no code.
            if not opened:
                pass_line(nesting, found)
            continue
        kind, number = found.lastgroup[0], found.lastgroup[1:]  # type: ignore[index]
        if opened and (kind, number) == ("c", opened):
            thoughts.append(reply[start : found.start()])
            opened = ""
        elif opened or nesting:
            continue
        elif kind == "o":
            kept.append(reply[start : found.start()])
            opened = number
        elif MARKS[int(number)].alone:
            # All that was said so far was thought.
            thoughts.append("".join([*kept, reply[start : found.start()]]))
            kept.clear()
        else:
            continue
        start = found.end()
    (thoughts if opened else kept).append(reply[start:])
    answer = "".join(kept)
    reasoning = "\n\n".join(filter(None, map(str.strip, thoughts)))
    return Spoken(_unwrapped(answer) if thoughts else answer, reasoning, bool(opened))


def _may_think(reply: str) -> bool:
    """Look for what stands in every mark: in far less time than it takes to look for marks."""
    if "assistantfinal" in reply or "THINK]" in reply or "◁" in reply:
        return True
    if reply.startswith(("analysis", "commentary", "Here", "here")):
        return True
    if "<" not in reply:
        return False
    lowered = reply.lower()
    return any(sign in lowered for sign in _SIGNS)


def _fences_and_marks(reply: str) -> Iterator[FenceLine | re.Match[str]]:
    return merge(fence_lines(reply), _marks(reply), key=_place)


def _place(found: FenceLine | re.Match[str]) -> int:
    return found.start if isinstance(found, FenceLine) else found.start()


def _marks(reply: str) -> Iterator[re.Match[str]]:
    """Yield the marks of a reply; one that begins a thought must open its line."""
    for place in _PLACE.finditer(reply):
        mark = _MARK.match(reply, place.start())
        if mark is None:
            continue
        is_end = mark.lastgroup[0] == "c"  # type: ignore[index]
        if not _is_quoted(mark) if is_end else _opens_line(reply, mark.start()):
            yield mark


def _opens_line(text: str, position: int) -> bool:
    margin = text[max(0, position - _DEEPEST_MARGIN) : position].rpartition("\n")
    is_at_top = position <= _DEEPEST_MARGIN
    return not margin[2].strip(" \t") and bool(margin[1] or is_at_top)


def _is_quoted(mark: re.Match[str]) -> bool:
    """Tell whether a mark stands in quotes: it is part of a program then, or spoken of.

    What follows may be the quotes of the answer.
    """
    text, start, end = mark.string, mark.start(), mark.end()
    line = text[max(0, start - _LONGEST_LINE) : start].rpartition("\n")[2]
    after = text[end : end + 1]
    if line[-1:] in _QUOTES or after not in _QUOTES:
        return line[-1:] in _QUOTES
    # Not the apostrophe of a word.
    return len(re.findall(rf"(?<!\w){after}|{after}(?!\w)", line)) % 2 == 1


def _unwrapped(answer: str) -> str:
    """Take `<answer>` and its end off an answer."""
    opening = _ANSWER.match(answer)
    if not opening:
        return answer
    inner = answer[opening.end() :]
    endings = [ending.start() for ending in re.finditer(f"(?i)</{opening[1]}>", inner)]
    return inner[: endings[-1]] if endings else inner
