"""Rows of edits made into training rows, or a reason why one can't be."""

import random
from dataclasses import dataclass
from typing import NamedTuple

from utils.code.write_edit import make_answer
from utils.finetune.chat_format import (
    NO_THINK,
    TrainingConversation,
    origin,
    trace,
    user_turn,
    whole_lines,
)
from utils.finetune.trainer_files import lay_out_row
from utils.jsonl import Row
from utils.records import is_unicode, text_id
from utils.sampling import derive_seed

# The input's fields, and what a reject reason calls them.
TEXTS = {
    "code_before_purify": "code_before",
    "code_after_purify": "code_after",
    "instruct_purify": "instruction",
    "instr_type": "instr_type",
}
SPLITS = ("train", "val")


@dataclass(frozen=True)
class RowSettings:
    """How edits are worded and laid out."""

    prompt_format: str
    edit_format: str
    system_prompt: str
    language: str
    codeblock_share: float
    no_think: bool
    final_newline: str
    random_seed: int


class TrainingRow(NamedTuple):
    """A row to be written, and the conversation in it."""

    row: Row
    conversation: TrainingConversation
    # Whether the code differs from the input's by final newlines.
    has_new_newline: bool


def find_fault(row: Row) -> str | None:
    """Say why a row can't be trained on, or None."""
    commit = row["commit"]
    parts = commit if isinstance(commit, list) else [commit]
    if not all(isinstance(part, str) for part in parts) or not any(parts):
        return "empty_commit"
    for field, name in TEXTS.items():
        if not isinstance(row[field], str) or not row[field].strip():
            return f"empty_{name}"
    if row.get("split") not in (*SPLITS, None):
        return "unknown_split"
    texts = [*(row[field] for field in TEXTS), *parts, trace(row)]
    return None if all(map(is_unicode, texts)) else "not_unicode"


def make_training_row(row: Row, settings: RowSettings) -> TrainingRow:
    """Make a sound row of an edit into a conversation; NotProvable if no answer gives the edit.

    A fenced block shows whole lines, so that nobody could tell code that ends without a newline:
    by default both sides get theirs, and the pair as written is the one that is proved.
    """
    given = code_before, code_after = row["code_before_purify"], row["code_after_purify"]
    if settings.final_newline == "add":
        code_before, code_after = whole_lines(code_before), whole_lines(code_after)
    conversation = TrainingConversation(
        settings.system_prompt,
        _user_turn(row, code_before, settings),
        make_answer(settings.edit_format, code_before, code_after, settings.language),
    )
    laid_out = lay_out_row(
        settings.prompt_format, conversation, lambda: origin(row, code_before, code_after)
    )
    return TrainingRow(laid_out, conversation, (code_before, code_after) != given)


def _user_turn(row: Row, code_before: str, settings: RowSettings) -> str:
    instruction = row["instruct_purify"]
    identity = text_id(code_before, row["code_after_purify"], instruction)
    coin = random.Random(derive_seed(settings.random_seed, "codeblock", identity))
    in_block = coin.random() < settings.codeblock_share
    turn = user_turn(code_before, instruction, settings.language, in_block)
    return turn + NO_THINK if settings.no_think else turn
