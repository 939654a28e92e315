"""Which of the instructions that a model writes by itself are worth an answer."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pydantic import PositiveInt

from joydataforge.methods.query_cache import normalised
from joydataforge.methods.refusals import declines
from joydataforge.queries.run_on import is_loop, without_run_on
from utils.errors import BadReply
from utils.replies.answer import refuse_surrogates
from utils.replies.thoughts import split_thoughts

# A token for turns or tools in any template's style; `a <|> b` is none.
_CONTROL = re.compile(r"<[|｜][\w▁:.-]{1,60}[|｜]>|</?(?:start|end)_of_turn>|\[/?INST\]|</s>")
# A line that names a speaker and says nothing.
_ROLE_LINE = re.compile(r"^(user|assistant|system|model|human):?[ \t]*$", re.M | re.I)
LONGEST_RUN_ON = 10  # times what an instruction may hold, with the answer that is cut off it
_SENTENCE_ENDS = ".?!。？！…)\"'`”’"
_LETTERS_THAT_SAY_MORE = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af]")
_SAYS_AS_MANY = 3  # letters of Latin script, about


@dataclass(frozen=True)
class InstructionLimits:
    """How long an instruction may be, in characters."""

    min_chars: PositiveInt = 10
    max_chars: int = 4000

    def __post_init__(self) -> None:
        if self.min_chars > self.max_chars:
            raise ValueError("min_chars must not be above max_chars")


def check_instruction(
    text: str, limits: InstructionLimits, control: Iterable[str], earlier: Iterable[str] = ()
) -> str:
    """Return the instruction that a completion holds; BadReply with the reason if it is none.

    `control` are texts of the template that belong to no message, `earlier` the user's turns before
    this one.
    """
    text = text.strip()
    if not text:
        raise BadReply("empty")
    refuse_surrogates(text)
    if len(text) > LONGEST_RUN_ON * limits.max_chars:
        raise BadReply("too_long")
    spoken = split_thoughts(text)
    if spoken.reasoning or spoken.is_cut_off:
        raise BadReply("thoughts")
    if any(not _is_mentioned(found) for found in _control_texts(text, control)):
        raise BadReply("control_tokens")
    if any(_is_turn(found) for found in _ROLE_LINE.finditer(text)):
        raise BadReply("role_residue")
    instruction = without_run_on(text, is_first=not list(earlier))
    if _length(instruction) < limits.min_chars:
        raise BadReply("too_short")
    if len(instruction) > limits.max_chars:
        raise BadReply("too_long")
    if is_loop(instruction):
        raise BadReply("loop")
    if not any(map(str.isalnum, instruction)):
        raise BadReply("no_words")
    if declines(instruction):
        raise BadReply("refusal")
    if normalised(instruction) in map(normalised, earlier):
        raise BadReply("repeats_earlier_turn")
    return instruction


def _control_texts(text: str, control: Iterable[str]) -> Iterator[re.Match[str]]:
    yield from _CONTROL.finditer(text)
    for each in control:
        yield from re.finditer(re.escape(each), text)


def _is_mentioned(found: re.Match[str]) -> bool:
    """Tell a question about `[INST]` from one that a template's mark ended; `<|...|>` is none.

    The trainer would take what is written like a token for one, so that those may not even be
    spoken of.
    """
    if not found[0].startswith("["):
        return False
    before, after = found.string[: found.start()].rstrip(), found.string[found.end() :].lstrip()
    is_in_sentence = bool(before) and (before[-1].isalnum() or before[-1] in ",\"'`(“")
    return is_in_sentence and not after[:1].isupper()


def _is_turn(found: re.Match[str]) -> bool:
    """Tell a turn that the model went on with from a word that has a line of its own."""
    before, after = found.string[: found.start()], found.string[found.end() :]
    if before.count("```") % 2:
        return False
    if not before.strip() or before.rstrip()[-1] in _SENTENCE_ENDS:
        return True
    stands_apart = before.endswith("\n\n") or after.startswith("\n\n")
    return stands_apart and found[1].lower() in ("assistant", "model")


def _length(text: str) -> int:
    """Count characters as of Latin script; one of Chinese, Japanese or Korean says about three."""
    return len(text) + (_SAYS_AS_MANY - 1) * len(_LETTERS_THAT_SAY_MORE.findall(text))
