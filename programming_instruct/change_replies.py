"""Replies about a change, read: the judge's decisions, the request in words, the chat message.

A parser takes what models put around an answer for what it is, and raises BadReply with a short
reason where the answer itself is missing, unclear, or gives away what it must not.
"""

import re

from programming_instruct.change_prompts import HEADINGS
from utils.code.apply_edit import looks_like_edit
from utils.code.fences import Block, block_text, fence_lines, only_block, read_blocks
from utils.code.languages import PLAIN_LABELS, label_of
from utils.code.lexing import code_tokens
from utils.code.lines import split_lines
from utils.errors import BadReply
from utils.quality.instruction_rules import shares_run
from utils.replies.answer import read_answer
from utils.replies.instruction import clean_instruction
from utils.replies.sections import ends_in_block, is_declined_instruction

# Characters; the shortest fits languages that write without spaces.
SHORTEST_INSTRUCTION, LONGEST_INSTRUCTION = 6, 1500
SHORTEST_CHAT, LONGEST_CHAT = 12, 4000
# What a longer reply holds besides would take long to look through, and never be worth it.
LONGEST_REPLY = 50_000
# So many tokens of the new code in a row are a quotation, as quality_config.yaml has it.
LONGEST_QUOTATION = 25
# A shorter line is found in any program: `else:`, `return x`.
TELLING_LINE = 12
# A line so long is told as well where it stands within a sentence.
TELLING_QUOTATION = 24
# What is left of a message without its code must be a sentence.
FEWEST_WORDS = 3

_OPENING = re.compile(
    r"(?:sure|certainly|of course|okay|ok|absolutely|got it)(?:[!,.:]|,? here)\s*", re.IGNORECASE
)
_ANNOUNCEMENT = re.compile(
    r"[*_#\s]*(?:(?:here(?:['’]s| is|)|below is|this is) (?:the|an?|my|your|one) [^\n:]{0,40}"
    r"\b(?:instruction|request|message|explanation|prompt|description)\b[^\n:]{0,40}"
    r"|(?:the )?(?:user |programmer['’]s )?(?:instruction|request|message|chat|explanation"
    r"|response|assistant)[*_]*)[:：][*_\s]*",
    re.IGNORECASE,
)
_META = re.compile(
    r"\W*(?:here(?:['’]s| is) (?:the|an?|my|your) |(?:the|this) (?:instruction|request|prompt)"
    r" (?:asks?|tells|is to|is for|would (?:be|read)|could be|should (?:be|read)|for this)\b"
    r"|the (?:programmer|user|developer) (?:wants|asks|asked|has asked|is asking)\b"
    r"|based on the (?:diff|edit|change|history|commit|context)|as an? (?:ai|language model)\b"
    r"|(?:sure|certainly|of course)\b[!,.])",
    re.IGNORECASE,
)
# A request speaks of the code; it can't know the papers it was made from.
_PAPERS = (
    r"the(?: given| provided| above| shown| attached)? "
    r"((?:unified )?diff|patch|commit message|problem statement|final (?:code|version))\b"
)
_POINTS_AT = re.compile(
    r"\b(?:(?:shown|seen|given|described|listed|stated|mentioned|found|done) (?:in|by)|according to"
    rf"|in line with|as per|per|apply|following) {_PAPERS}",
    re.IGNORECASE,
)
_SPEAKS_OF = re.compile(
    rf"\b(?:in|from|of|by|to|with|match(?:es|ing)?|see) {_PAPERS}", re.IGNORECASE
)
_RESIDUE = re.compile(
    r"<\|[a-z_]{2,20}\|>|\[/?INST\]|^[#* \t]*(?:"
    + "|".join(map(re.escape, HEADINGS))
    + r")[*: \t]*$"
    r"|^#{1,3} ?(?:Edit|Block) \d+\s*$|^\**(?:Human|User|Assistant|System)\**:",
    re.IGNORECASE | re.MULTILINE,
)
_WORDS = re.compile(r"[^\W\d_]{2,}|[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")


def read_instruction(reply: str, current: str, after: str, language: str = "") -> str:
    """Give the request for the edit from `current` to `after`, freed of what stands around it."""
    text = clean_instruction(_without_label(_answer(reply, current)))
    if not text:
        raise BadReply("empty")
    if is_declined_instruction(text):
        raise BadReply("refusal")
    if ends_in_block(text):
        raise BadReply("truncated")
    if _META.match(text) or _RESIDUE.search(text):
        raise BadReply("meta_talk")
    if _leaks(text, current, after, language):
        raise BadReply("leaks_solution")
    if _POINTS_AT.search(text) or _names_paper(text, current):
        raise BadReply("meta_talk")
    _check_length(text, SHORTEST_INSTRUCTION, LONGEST_INSTRUCTION)
    return text


def read_chat(reply: str, current: str, after: str) -> str:
    """Give the message that explains the edit; it may hold code but must be more than code."""
    text = _without_label(_answer(reply, current))
    blocks = read_blocks(fence_lines(text)).blocks
    if only_block(text) is not None and label_of(blocks[0].info) in {"", *PLAIN_LABELS}:
        text, blocks = block_text(text, blocks[0]).strip(), []
    if not text:
        raise BadReply("empty")
    if ends_in_block(text):
        raise BadReply("truncated")
    prose = _outside(text, blocks)
    if is_declined_instruction(text):
        raise BadReply("refusal")
    if _RESIDUE.search(prose):
        raise BadReply("prompt_residue")
    if len(_WORDS.findall(prose)) < FEWEST_WORDS or _is_code(text, current, after):
        raise BadReply("only_code")
    _check_length(text, SHORTEST_CHAT, LONGEST_CHAT)
    return text


def _answer(reply: str, current: str) -> str:
    text = read_answer(reply, current).text
    if len(text) > LONGEST_REPLY:
        raise BadReply("too_long")
    return text.replace("\r\n", "\n").strip()


def _without_label(text: str) -> str:
    """Take off `Sure!`, `Here is the request:`, `**Instruction:**`, as often as they stand there.

    A label with nothing below it is an empty answer.
    """
    start = 0
    while found := _OPENING.match(text, start) or _ANNOUNCEMENT.match(text, start):
        is_label = found.re is _ANNOUNCEMENT
        if not is_label and not _ANNOUNCEMENT.match(text, _here(found)):
            break
        start = found.end() if is_label else _here(found)
    return text[start:].strip()


def _here(opening: re.Match[str]) -> int:
    """Find where an opening ends; `Sure, here` leaves its `here` to the announcement."""
    return opening.end() - (4 if opening[0].lower().endswith("here") else 0)


def _check_length(text: str, shortest: int, longest: int) -> None:
    if len(text) < shortest:
        raise BadReply("too_short")
    if len(text) > longest:
        raise BadReply("too_long")


def _names_paper(text: str, current: str) -> bool:
    """Tell whether a request speaks of a diff or the like that is none of the code's own."""
    found = _SPEAKS_OF.search(text)
    return found is not None and found[1].lower().split()[-1] not in current.lower()


def _leaks(text: str, current: str, after: str, language: str) -> bool:
    """Tell whether a request gives the edit away: as a diff, in lines of it, or in a long run."""
    blocks = read_blocks(fence_lines(text)).blocks
    if any(looks_like_edit(block_text(text, block), block.info) for block in blocks):
        return True
    before = {line.strip() for line in split_lines(current)}
    added = [line for line in split_lines(after) if line.strip() not in before]
    said = {line.strip("+ \t\r") for line in split_lines(text)}
    told = any(
        len(line) >= TELLING_LINE
        and (line in said or (len(line) >= TELLING_QUOTATION and line in text))
        for line in map(str.strip, added)
    )
    if told or looks_like_edit(text) or _is_code(text, current, after):
        return True
    name = language.lower()
    new = code_tokens("\n".join(added), name)
    return shares_run(code_tokens(text, name), new, LONGEST_QUOTATION + 1)


def _outside(text: str, blocks: list[Block]) -> str:
    parts, start = [], 0
    for block in blocks:
        parts.append(text[start : block.opener.start])
        start = block.closer.end
    return "".join([*parts, text[start:]])


def _is_code(text: str, current: str, after: str) -> bool:
    """Tell whether a message is a piece of the code, or of the edit, without a fence."""
    lines = [line.strip() for line in split_lines(text) if line.strip()]
    code = {line.strip() for version in (current, after) for line in split_lines(version)}
    return looks_like_edit(text) or all(line in code for line in lines)
