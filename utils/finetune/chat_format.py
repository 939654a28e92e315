"""Edits as conversations, and conversations laid out as the trainers read them."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from utils.code.fences import fenced
from utils.jsonl import Row
from utils.records import HEADINGS, traced

_TASK = (
    "You are an expert programmer. You are given a program and an instruction. Edit the program "
    "as the instruction asks, leave everything else as it is, and answer with "
)
SYSTEM_PROMPTS = {
    "whole": _TASK + "the whole edited program in one fenced code block.",
    "diff": _TASK + "a unified diff of the program in one fenced code block.",
    "search_replace": _TASK + "search/replace blocks in one fenced code block. The search text of "
    "a block is whole lines that stand in the program exactly once.",
}
# Qwen3's soft switch: no thoughts before the answer to this turn.
NO_THINK = " /no_think"
_HEADING_LINE = re.compile(rf"^(?:{'|'.join(HEADINGS)})", re.MULTILINE)


class TrainingConversation(NamedTuple):
    """The three turns of a training row; an empty system text stands for none."""

    system: str
    user: str
    assistant: str

    def turns(self) -> list[tuple[str, str]]:
        """List (role, text)."""
        turns = [("user", self.user), ("assistant", self.assistant)]
        return [("system", self.system), *turns] if self.system else turns


class TrainingDialogue(NamedTuple):
    """A conversation of any number of turns: (role, text), the role user, assistant or system."""

    spoken: list[tuple[str, str]]

    def turns(self) -> list[tuple[str, str]]:
        """List (role, text)."""
        return self.spoken


class HasTurns(Protocol):
    """What the layouts without an instruction need of a conversation."""

    def turns(self) -> list[tuple[str, str]]: ...


def whole_lines(code: str) -> str:
    """Give code its final newline, which a fenced block shows in any case."""
    return code if not code or code.endswith("\n") else code + "\n"


def user_turn(
    code_before: str, instruction: str, language: str = "python", in_block: bool = True
) -> str:
    """Word the request; the answer continues it with the code after.

    Code that holds one of the headings stands in a block whatever is asked for.
    """
    in_block = in_block or bool(_HEADING_LINE.search(code_before))
    shown = fenced(code_before, language) + "\n" if in_block else whole_lines(code_before)
    before, request, after = HEADINGS
    return f"{before}\n{shown}{request}\n{instruction.strip()}\n{after}"


def to_alpaca(conversation: TrainingConversation) -> Row:
    """Lay a conversation out as Alpaca does; `input` must be there though it holds nothing."""
    return {
        "instruction": conversation.user,
        "input": "",
        "output": conversation.assistant,
        "system": conversation.system,
    }


def to_messages(conversation: HasTurns) -> Row:
    """Lay a conversation out as messages with role and content, which most trainers read."""
    return {"messages": _messages(conversation.turns())}


def to_from_value(conversation: HasTurns) -> Row:
    """Lay a conversation out as ShareGPT did at first, with from and value."""
    names = {"system": "system", "user": "human", "assistant": "gpt"}
    turns = [{"from": names[role], "value": text} for role, text in conversation.turns()]
    return {"conversations": turns}


def to_prompt_completion(conversation: HasTurns) -> Row:
    """Lay a conversation out for TRL, which then trains on the completion alone."""
    *prompt, completion = conversation.turns()
    return {"prompt": _messages(prompt), "completion": _messages([completion])}


def _messages(turns: list[tuple[str, str]]) -> list[Row]:
    return [{"role": role, "content": text} for role, text in turns]


# LLaMA-Factory sets every column and tag to None as soon as one is given, and then drops texts or
# rows without a word: so each one in use is named. Its "openai" formatting adds to the system text.
_ALPACA_INFO = {
    "formatting": "alpaca",
    "columns": {
        "prompt": "instruction",
        "query": "input",
        "response": "output",
        "system": "system",
    },
}
_MESSAGES_INFO = {
    "formatting": "sharegpt",
    "columns": {"messages": "messages"},
    "tags": {
        "role_tag": "role",
        "content_tag": "content",
        "user_tag": "user",
        "assistant_tag": "assistant",
        "system_tag": "system",
    },
}
_FROM_VALUE_INFO = {
    "formatting": "sharegpt",
    "columns": {"messages": "conversations"},
    "tags": {
        "role_tag": "from",
        "content_tag": "value",
        "user_tag": "human",
        "assistant_tag": "gpt",
        "system_tag": "system",
    },
}


@dataclass(frozen=True)
class PromptFormat:
    """A layout of rows."""

    lay_out: Callable[[TrainingConversation], Row]
    # What LLaMA-Factory must know to load it; None if it can't.
    llamafactory: dict[str, Any] | None
    # Whether the fields that say where a row comes from may stand beside the conversation.
    has_origin: bool = True


PROMPT_FORMATS = {
    "alpaca": PromptFormat(to_alpaca, _ALPACA_INFO),
    "share_gpt": PromptFormat(to_messages, _MESSAGES_INFO),
    "share_gpt_from_value": PromptFormat(to_from_value, _FROM_VALUE_INFO),
    "openai": PromptFormat(to_messages, _MESSAGES_INFO, has_origin=False),
    "prompt_completion": PromptFormat(to_prompt_completion, None),
}


def seeds_of(row: Row) -> list[str]:
    """List the seeds of a row; files of the original project join them by commas."""
    commit = row["commit"]
    return commit.split(",") if isinstance(commit, str) else list(commit)


def trace(row: Row) -> str:
    """Write a row's traced fields as one JSON string: the same type in every row."""
    return json.dumps(traced(row), ensure_ascii=False)


def origin(row: Row, code_before: str, code_after: str) -> Row:
    """Name what a training row was made of, in strings alone."""
    return {
        "commit": ",".join(seeds_of(row)),
        "instr_type": row["instr_type"],
        "old_code": code_before,
        "new_code": code_after,
        "meta": trace(row),
    }
