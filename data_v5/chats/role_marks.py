"""Conversations as one text with a mark before each turn, and back."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from data_v5.reading.columns import is_visible
from utils.jsonl import Row

# (role, text), the role user or assistant; system for what stands before the first of them.
Turn = tuple[str, str]
# The names that exports give the roles.
KNOWN_ROLES = {
    "user": "user",
    "human": "user",
    "prompter": "user",
    "assistant": "assistant",
    "bot": "assistant",
    "gpt": "assistant",
    "system": "system",
}
MESSAGE_LISTS = ("messages", "conversations")
ROLE_KEYS = ("role", "from")
TEXT_KEYS = ("content", "text", "value")


class BadConversation(Exception):
    """Why a conversation can't be turned into rows."""


@dataclass(frozen=True)
class RoleMarks:
    """What stands before a turn of the user, before one of the bot, and after one of the bot.

    With marks for it, what the system says is the beginning of the user's first turn.
    """

    user: str = "<Role user>"
    bot: str = "<Role bot>"
    bot_end: str = ""
    system: str = ""
    system_end: str = ""

    def fault(self) -> str | None:
        """Say why texts with these marks could not be read back, or None."""
        if not self.user or not self.bot:
            return "a mark is empty; give both roles one"
        if self.user in self.bot or self.bot in self.user:
            return "a mark is part of another; choose marks that differ"
        if self.user in self.bot_end or self.bot in self.bot_end:
            return "--bot_end holds a mark; choose another"
        return None

    def are_in(self, text: str) -> bool:
        """Tell whether a text holds what only a mark may say; blanks may be anywhere."""
        marks = (self.user, self.bot, self.bot_end, self.system, self.system_end)
        return any(mark in text for mark in marks if mark.strip())

    def fold_system(self, turns: Sequence[Turn]) -> list[Turn]:
        """Put what the system says into the first turn of the user, if there are marks for it."""
        if not self.system or len(turns) < 2 or turns[0][0] != "system":
            return list(turns)
        folded = f"{self.system}{turns[0][1]}{self.system_end}{turns[1][1]}"
        return [("user", folded), *turns[2:]]

    def wrap(self, turn: Turn) -> str:
        """Write a turn with its marks; system text has none."""
        role, text = turn
        if role == "system":
            return text
        return self.user + text if role == "user" else self.bot + text + self.bot_end

    def join(self, turns: Sequence[Turn]) -> str:
        """Write turns as one text, in which the last one is not ended."""
        text = "".join(map(self.wrap, turns))
        return text.removesuffix(self.bot_end) if turns[-1][0] == "assistant" else text

    def split(self, text: str) -> list[Turn]:
        """Read the turns of a text that `join` wrote."""
        first, *pieces = re.split(f"({re.escape(self.user)}|{re.escape(self.bot)})", text)
        marked = zip(pieces[::2], pieces[1::2], strict=True)
        turns = [("user" if mark == self.user else "assistant", text) for mark, text in marked]
        ended = [
            (role, text.removesuffix(self.bot_end) if role == "assistant" else text)
            for role, text in turns[:-1]
        ]
        said = ended + turns[-1:]
        if self.system and said and said[0][1].startswith(self.system):
            inside, _, asked = said[0][1].removeprefix(self.system).partition(self.system_end)
            return [("system", inside), ("user", asked), *said[1:]]
        return ([("system", first)] if first else []) + said


# Mistral 7B Instruct ends each answer, and a space sets the text apart from the mark before it.
TEMPLATES = {
    "roles": RoleMarks(),
    "mistral": RoleMarks("[INST] ", " [/INST] ", "</s>"),
    # Llama 2 Chat begins each exchange anew.
    "llama2": RoleMarks("<s>[INST] ", " [/INST] ", " </s>", "<<SYS>>\n", "\n<</SYS>>\n\n"),
}


def read_turns(row: Row) -> list[Turn]:
    """Read a conversation as OpenAI, OpenAssistant or ShareGPT lay it out; BadConversation.

    A system turn that is blank says nothing, and is left out.
    """
    messages = next((row[name] for name in MESSAGE_LISTS if name in row), None)
    if not isinstance(messages, list):
        raise BadConversation("messages_are_no_list")
    turns = [_read_turn(message) for message in messages]
    return [(role, text) for role, text in turns if role != "system" or text.strip()]


def _read_turn(message: object) -> Turn:
    if not isinstance(message, dict):
        raise BadConversation("message_is_no_object")
    role = next((message[key] for key in ROLE_KEYS if key in message), None)
    text = next((message[key] for key in TEXT_KEYS if key in message), None)
    if not isinstance(role, str) or role not in KNOWN_ROLES:
        raise BadConversation("unknown_role")
    if role == "system" and text is None:
        return role, ""
    if not isinstance(text, str) or not (role == "system" or is_visible(text)):
        raise BadConversation("empty_text")
    return KNOWN_ROLES[role], text


def cut_unanswered(turns: Sequence[Turn]) -> list[Turn]:
    """Leave out what the user says last; BadConversation if no answer is left."""
    end = len(turns)
    while end and turns[end - 1][0] == "user":
        end -= 1
    if turns and not any(role == "assistant" for role, _ in turns[:end]):
        raise BadConversation("no_answer")
    return list(turns[:end])


def check_turns(turns: Sequence[Turn], marks: RoleMarks, min_turns: int = 1) -> None:
    """Raise BadConversation if turns are out of order or could not be read back."""
    if not turns:
        raise BadConversation("no_messages")
    roles = [role for role, _ in turns]
    if "system" in roles[1:]:
        raise BadConversation("system_turn_not_first")
    if roles[0] == "system":
        del roles[0]
    if len(roles) < min_turns:
        raise BadConversation("too_few_turns")
    if roles[:1] == ["assistant"]:
        raise BadConversation("begins_with_bot")
    if any(one == other for one, other in pairwise(roles)):
        raise BadConversation("adjacent_same_role")
    if roles[-1:] != ["assistant"]:
        raise BadConversation("ends_with_user")
    if any(marks.are_in(text) for _, text in turns):
        raise BadConversation("holds_role_mark")
    # A mark may also come about where a text meets one.
    if marks.split(marks.join(turns)) != list(turns):
        raise BadConversation("holds_role_mark")


def to_rows(turns: Sequence[Turn], marks: RoleMarks, is_every: bool) -> list[Row]:
    """Give a row for each turn of the bot, or for the last; `Input` ends with the bot's mark.

    Joined, the last row's `Input` and `Output` are the whole conversation. Takes checked turns.
    """
    rows, context = [], ""
    for number, turn in enumerate(turns, 1):
        if turn[0] == "assistant" and (is_every or number == len(turns)):
            rows.append({"Input": context + marks.bot, "Output": turn[1]})
        context += marks.wrap(turn)
    return rows
