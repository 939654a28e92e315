"""Answers and queries that decline."""

import re

from joydataforge.methods.answers import plain_answer
from utils.errors import BadReply
from utils.replies.sections import is_declined_instruction

_AS_A_MODEL = re.compile(
    r"[^\n]{0,40}\bas an? (?:AI|(?:AI |large )?language model)\b[^\n]{0,40}?"
    r"\b(?:can[’']?t|cannot|can not|unable|not able|do not|don[’']?t|won[’']?t)\b",
    re.IGNORECASE,
)


def declines(text: str) -> bool:
    """Tell whether a text opens with a model declining, where a user's words should stand too."""
    return is_declined_instruction(text) or _AS_A_MODEL.match(text) is not None


def answer_that_answers(text: str) -> str:
    """Give an answer without the model's thoughts; BadReply if it is empty or a refusal."""
    answer = plain_answer(text)
    if declines(answer):
        raise BadReply("answer_refused")
    return answer
