"""Where an instruction that a model makes up runs on into an answer, or is none of a user's.

What is plainly the other side's turn is cut; where it could be a part of the question, the whole is
refused: another sample costs less than a wrong one.
"""

import re
from collections import Counter

from utils.errors import BadReply
from utils.similarity.counted_diversity import text_tokens

_ASSISTANT = r"(?:assistant|model|chatbot|bot|AI|助手|助理)"
_USER = r"(?:user|human|用户)"
_SENTENCE_END = r"[.?!。？！…)\]\"”'’]"
# `...in Rust?assistant\n\nYou can`: the name of the next turn, whose token was left out.
_GLUED_TURN = re.compile(rf"(?<={_SENTENCE_END}){_ASSISTANT}(?=\s*\n|\s*\Z|[A-Z])")
_SPOKEN_TURN = re.compile(
    rf"(?:(?<={_SENTENCE_END})[ \t]+|^[ \t]*){_ASSISTANT}[ \t]*[:：]", re.I | re.M
)
_SPEAKER_LINE = re.compile(rf"^[ \t]*(?:{_USER}|{_ASSISTANT}|system)[ \t]*[:：]", re.I | re.M)


def _label(names: str) -> str:
    """Give the pattern of a label before a text: `### Answer:`, `**Solution:**`, `Human: `."""
    return rf"(?:#{{1,6}}[ \t]*)?[*_]{{0,2}}(?:{names})[*_]{{0,2}}[ \t]*[:：]"


_OPENING_LABEL = re.compile(
    _label(rf"{_USER}|instruction|question|query|prompt|Q") + r"[*_]{0,2}\s*", re.IGNORECASE
)
_ANSWER_LABEL = re.compile(
    r"^[ \t]*" + _label(r"(?:correct )?(?:answer|response|solution)|答案|解答|回答|参考答案"),
    re.IGNORECASE | re.MULTILINE,
)
_OWN_ANSWER = re.compile(
    r"\b(?:my|this|the following|given|below|his|her|their|student'?s?|these)\s+(?:\w+\s+)?"
    r"(?:answer|response|solution)s?\b|我的(?:答案|解答|回答)|以下(?:答案|解答|回答)",
    re.IGNORECASE,
)
_GREETING = re.compile(
    r"(?:[^\n?？。]{0,60}[!,.！，。]\s*)?(?:[^\n.!?]{0,60}[,.!]\s*)?"
    r"(?:how (?:can|may|could) I (?:help|assist|be of)|what can I (?:do for|help)|"
    r"what would you like (?:me|to)|(?:请问)?有什么(?:我)?(?:可以|能)帮|我(?:可以|能)(?:怎么)?帮)"
    r"[^\n]{0,60}",
    re.IGNORECASE,
)
_ASSISTANTS_WORDS = re.compile(
    r"(?:sure|certainly|of course|absolutely|great question)[!,.:]|as an AI\b"
    r"|I(?:[’']m| am) (?:an AI (?:assistant|(?:language )?model|chatbot)|"
    r"(?:a|your) [\w ]{0,20}assistant)\b|I(?:[’']d| would) be (?:happy|glad) to (?:help|assist)\b"
    r"|(?:好的|当然)[，。！,!]|(?:作为|我是)(?:一[个名])?(?:AI|人工智能)",
    re.IGNORECASE,
)
_FRAGMENT = re.compile(
    r"(?-i:and|or|but|nor|which|whose|because|than|of|that|who|while|whereas)\b|[,;:)\]}.，。；：、）]"
)
_COMMENTED = re.compile(
    r"[\"“「](?P<inside>[^\"”」\n]+)[\"”」]\s*(?:[-–—,(]\s*)?(?:this|that|it)\b[^\n]*",
    re.IGNORECASE,
)
# Words or letters of a text that may be told by how few differ.
_LOOP_WORDS = 12
_LOOP_SHARE = 0.3


def without_run_on(text: str, is_first: bool) -> str:
    """Give the user's turn that a text holds; BadReply with the reason where it is none.

    A turn that is not the first may begin with "and".
    """
    text = text.strip()
    if (glued := _GLUED_TURN.search(text)) is not None:
        text = text[: glued.start()].rstrip()
    text = _without_label(text)
    if _GREETING.fullmatch(text) or _ASSISTANTS_WORDS.match(text):
        raise BadReply("assistants_words")
    if is_first and _FRAGMENT.match(text) and not text.endswith(("?", "？")):
        raise BadReply("fragment")
    if _COMMENTED.fullmatch(text):
        raise BadReply("commented")
    _refuse_other_turn(text)
    return _without_answer(text)


def _without_label(text: str) -> str:
    label = _OPENING_LABEL.match(text)
    return text[label.end() :] if label else text


def _refuse_other_turn(text: str) -> None:
    """Refuse a text in which the assistant speaks, unless it is a transcript that was announced."""
    spoken = _SPOKEN_TURN.search(text)
    if spoken is None:
        return
    first = _SPEAKER_LINE.search(text)
    announced = first is not None and text[: first.start()].rstrip().endswith((":", "："))
    if not announced:
        raise BadReply("role_residue")


def _without_answer(text: str) -> str:
    """Cut the answer to a question off it; an answer that is asked about stays."""
    labels = list(_ANSWER_LABEL.finditer(text))
    if not labels or _OWN_ANSWER.search(text[: labels[0].start()]):
        return text
    if len(labels) > 1 or not text[: labels[0].start()].strip():
        raise BadReply("answer_included")
    return text[: labels[0].start()].rstrip()


def is_loop(text: str) -> bool:
    """Tell whether a text says the same few words over and over."""
    words = text_tokens(text.casefold())
    if len(words) < _LOOP_WORDS:
        return False
    pairs = Counter(zip(words, words[1:], strict=False))
    return len(pairs) < _LOOP_SHARE * (len(words) - 1)
