"""What every stage and room takes from a reply: its answer, or the reason why it holds none."""

from typing import NamedTuple

from utils.errors import BadReply
from utils.records import is_unicode
from utils.replies.leaked_tokens import refuse_leaked_tokens, without_end_tokens
from utils.replies.thoughts import split_thoughts


class Answer(NamedTuple):
    """What a model answered, and what it thought before."""

    text: str
    reasoning: str


def read_answer(reply: str, code_before: str = "") -> Answer:
    """Read a reply: thoughts taken out, end tokens cut.

    Raises BadReply: `truncated` if a thought never came to its end, `leaked_token` if tokens of
    turns stand inside that the code before does not hold, `not_unicode` on half a character.
    """
    answer, reasoning, is_cut_off = split_thoughts(reply)
    if is_cut_off:
        raise BadReply("truncated")
    text = without_end_tokens(answer)
    refuse_leaked_tokens(text, code_before)
    refuse_surrogates(text)
    return Answer(text, reasoning)


def refuse_surrogates(text: str) -> None:
    """Raise BadReply if a text holds half a character, which no file of UTF-8 can."""
    if not is_unicode(text):
        raise BadReply("not_unicode")
