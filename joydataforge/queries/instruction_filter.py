"""Which of the instructions that a model writes by itself are worth an answer."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from pydantic import PositiveInt

from joydataforge.methods.query_cache import normalised
from joydataforge.methods.refusals import declines
from utils.errors import BadReply

# A token for turns or tools in any template's style; `a <|> b` is none.
_CONTROL = re.compile(r"<[|｜][\w▁:.-]{1,60}[|｜]>|</?(?:start|end)_of_turn>|\[/?INST\]|</s>")
# A line that names a speaker and says nothing: the model went on with the other side's turn.
_ROLE_LINE = re.compile(r"^(?:user|assistant|system|model|human):?[ \t]*$", re.M | re.I)


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
    instruction = text.strip()
    if not instruction:
        raise BadReply("empty")
    if _CONTROL.search(instruction) or any(each in instruction for each in control):
        raise BadReply("control_tokens")
    if _ROLE_LINE.search(instruction):
        raise BadReply("role_residue")
    if len(instruction) < limits.min_chars:
        raise BadReply("too_short")
    if len(instruction) > limits.max_chars:
        raise BadReply("too_long")
    if not any(map(str.isalnum, instruction)):
        raise BadReply("no_words")
    if declines(instruction):
        raise BadReply("refusal")
    if normalised(instruction) in map(normalised, earlier):
        raise BadReply("repeats_earlier_turn")
    return instruction
