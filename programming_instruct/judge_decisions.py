"""The judge's reply, read: one decision, True or False, on every numbered block.

Models write `**Decision:** True` below a block's number, `Block 2: False`, a table, or a JSON list.
All of them are read; a reply that leaves a block out, decides one twice, decides one that is not
there, or leaves open which is meant is a BadReply.
"""

import ast
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from utils.code.fences import block_text, fence_lines, only_block, read_blocks
from utils.code.lines import split_lines
from utils.errors import BadReply
from utils.replies.answer import read_answer
from utils.replies.sections import is_refusal

# Markdown's signs, quotes, bullets and table bars; a decision is read without them.
_SIGNS = re.compile(r"[*_`\"'>#|•✓✔✅❌✗\u200b]+")
_BLOCK_LINE = re.compile(
    r"(?:[-+] )?\W{0,2}(?:edit |code |diff )?block ?(?:no\.? ?|number )?(\d{1,4})\b"
    r"(?P<rest>\s*(?:$|[^\w\s,/&'’].*| +(?:decision|true|false)\b.*))",
    re.IGNORECASE,
)
_NUMBERED_VALUE = re.compile(
    r"(?:[-+] )?\W{0,2}(\d{1,4})\b[\s.):\]=–—-]*(?=(?:decision\b|true\b|false\b))", re.IGNORECASE
)
_LABEL = re.compile(
    r"\b(?:decision|verdict)\b(?: (?:for|on))?(?: (?:the )?block)?(?: ?\(?(\d{1,4})\)?)?"
    r"\s*(?:[:=]|is\b|[-–—]+>?|→)",
    re.IGNORECASE,
)
_VALUE = re.compile(r"\b(?:true|false)\b", re.IGNORECASE)
_LIST = re.compile(r"\[\s*(?:true|false)(?:\s*,\s*(?:true|false))*\s*,?\s*\]", re.IGNORECASE)
_KEY = re.compile(r"\s*(?:block|decision)?[ _#]*(\d{1,4})\s*", re.IGNORECASE)
_NUMBER_KEYS = ("block", "number", "id", "index", "block_number", "block_id")
_VALUE_KEYS = ("decision", "foreseeable", "value", "verdict", "answer")
_LIST_KEYS = ("decisions", "blocks", "answers", "results")
LONGEST_JSON = 100_000


class Decision(NamedTuple):
    """One decision as the reply gives it; `block` counts from 1, None where none is named."""

    block: int | None
    value: bool


def read_decisions(reply: str, count: int) -> list[bool]:
    """Give the decisions on `count` blocks, in the blocks' order."""
    text = read_answer(reply).text
    found = list(_decisions(text))
    if not found and is_refusal(text):
        raise BadReply("refusal")
    return _one_each(found, count)


def _one_each(found: list[Decision], count: int) -> list[bool]:
    """Put the decisions in order, or say why they do not answer the question."""
    if len(found) < count:
        raise BadReply("missing_decision")
    if all(decision.block is None for decision in found):
        found = [Decision(number, decision.value) for number, decision in enumerate(found, 1)]
    by_block: dict[int, bool] = {}
    for block, value in found:
        if block is None:
            raise BadReply("unclear_decision")
        if not 1 <= block <= count:
            raise BadReply("surplus_decision")
        if block in by_block:
            is_same = by_block[block] == value
            raise BadReply("doubled_decision" if is_same else "contradictory_decisions")
        by_block[block] = value
    if len(by_block) < count:
        raise BadReply("missing_decision")
    return [by_block[number] for number in range(1, count + 1)]


def _decisions(text: str) -> Iterator[Decision]:
    """Yield what a reply decides: in JSON, bare or in its only block, and in its lines."""
    inner = only_block(text)
    whole = _load((text if inner is None else inner).strip())
    if whole is not None:
        yield from _from_json(whole)
        return
    if inner is not None:
        text = inner
    blocks = read_blocks(fence_lines(text)).blocks
    start, prose = 0, []
    for block in blocks:
        prose.append(text[start : block.opener.start])
        start = block.closer.end
        # Other blocks quote code.
        if (value := _load(block_text(text, block).strip())) is not None:
            yield from _from_json(value)
    yield from _from_lines("".join([*prose, text[start:]]))


def _load(text: str) -> Any:
    """Parse JSON or a Python literal that is a list or an object; None if it is neither."""
    if text[:1] not in ("[", "{") or len(text) > LONGEST_JSON:
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        pass
    try:
        value = ast.literal_eval(text)
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    return value if isinstance(value, list | dict) else None


def _from_json(value: Any) -> Iterator[Decision]:
    if isinstance(value, list):
        for entry in value:
            yield _entry(entry)
        return
    for key in _LIST_KEYS:
        if isinstance(value.get(key), list | dict):
            yield from _from_json(value[key])
            return
    if any(key in value for key in _VALUE_KEYS):
        yield _entry(value)
        return
    for key, inner in value.items():
        number = _KEY.fullmatch(str(key))
        if not number:
            raise BadReply("unclear_decision")
        yield Decision(int(number[1]), _entry(inner).value)


def _entry(entry: Any) -> Decision:
    """Read one entry: a truth value, or an object with a number and a truth value."""
    if not isinstance(entry, dict):
        return Decision(None, _truth(entry))
    values = [entry[key] for key in _VALUE_KEYS if key in entry]
    numbers = [entry[key] for key in _NUMBER_KEYS if key in entry]
    if len(values) != 1 or len(numbers) > 1:
        raise BadReply("unclear_decision")
    number = _KEY.fullmatch(str(numbers[0])) if numbers else None
    if numbers and not number:
        raise BadReply("unclear_decision")
    return Decision(int(number[1]) if number else None, _truth(values[0]))


def _truth(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    raise BadReply("unclear_decision")


def _from_lines(text: str) -> Iterator[Decision]:
    """Yield the decisions of plain lines; one without a number belongs to the block above it."""
    block: int | None = None
    for raw in split_lines(text):
        line = " ".join(_SIGNS.sub(" ", raw).split())
        line = re.sub(r" (?=[:.,)])", "", line)
        if listed := _LIST.search(line):
            yield from (Decision(None, _truth(word)) for word in _VALUE.findall(listed[0]))
            continue
        if heading := _BLOCK_LINE.fullmatch(line):
            block, line = int(heading[1]), heading["rest"].strip(" :.–—->=→")
        elif numbered := _NUMBERED_VALUE.match(line):
            block, line = int(numbered[1]), line[numbered.end() :]
        yield from _on_line(line, block)


def _on_line(line: str, block: int | None) -> Iterator[Decision]:
    labels = list(_LABEL.finditer(line))
    if not labels:
        bare = line.strip(" .!:;,()[]")
        if bare.lower() in ("true", "false"):
            yield Decision(block, _truth(bare))
        elif (value := _VALUE.match(bare)) and re.match(r"[ ]*[:;,.(–—-]", bare[value.end() :]):
            # `Block 2: False, nothing speaks of it`
            yield _decided(bare, block)
        return
    ends = [*(label.start() for label in labels[1:]), len(line)]
    for label, end in zip(labels, ends, strict=True):
        rest = line[label.end() : end].strip(" .:([")
        if _VALUE.match(rest):
            yield _decided(rest, int(label[1]) if label[1] else block)


def _decided(text: str, block: int | None) -> Decision:
    """Read a decision and what is said after it on the line, which must not take it back."""
    values = {value.lower() for value in _VALUE.findall(text)}
    if len(values) > 1:
        raise BadReply("contradictory_decisions")
    return Decision(block, "true" in values)
