"""Message trees as OpenAssistant exports them, walked into conversations.

A node is `{text, role: prompter|assistant, lang, deleted, review_result, rank, labels: {name:
{value, count}}, replies: [node]}`; what an export leaves out is no reason to skip a message.
No step recurses: a tree may be as deep as its file could be read.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from data_v5.reading.columns import is_visible
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.records import is_unicode, text_id

ROLES = {"prompter": "user", "assistant": "assistant"}
NEEDED = ("text", "role")


class BadTree(Exception):
    """Why no conversation can be taken from a tree."""


@dataclass(frozen=True)
class TreeRules:
    """Which messages may stand in a conversation, and which replies are followed."""

    is_best: bool = False
    # None takes every language; `pt` takes `pt-BR` too.
    languages: Sequence[str] | None = None
    # Labels are the mean of people's votes, from 0 to 1.
    at_most: Mapping[str, float] = field(default_factory=dict)
    at_least: Mapping[str, float] = field(default_factory=dict)
    skips_synthetic: bool = False

    def skip_reason(self, message: Row) -> str | None:
        """Say why a message may not be used, or None."""
        if message.get("deleted") is True:
            return "deleted"
        if message.get("review_result") is False:
            return "failed_review"
        if self.skips_synthetic and message.get("synthetic") is True:
            return "synthetic"
        if isinstance(message.get("text"), str) and not is_visible(message["text"]):
            return "empty_text"
        if self.languages is not None and not self._has_language(message.get("lang")):
            return "other_language"
        return self._bad_label(message.get("labels"))

    def _has_language(self, language: Any) -> bool:
        if not isinstance(language, str):
            return False
        name = language.lower()
        wanted = [one.lower() for one in self.languages or ()]
        return any(name == one or name.startswith(f"{one}-") for one in wanted)

    def _bad_label(self, labels: Any) -> str | None:
        for name, limit in self.at_most.items():
            value = _label_value(labels, name)
            if value is not None and value > limit:
                return f"high_{name}"
        for name, limit in self.at_least.items():
            value = _label_value(labels, name)
            if value is not None and value < limit:
                return f"low_{name}"
        return None


def _label_value(labels: Any, name: str) -> float | None:
    label = labels.get(name) if isinstance(labels, dict) else None
    value = label.get("value") if isinstance(label, dict) else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return value if is_number else None


@dataclass(frozen=True, eq=False)
class Node:
    """A message and the way back to its root."""

    message: Row
    parent: "Node | None" = None

    def path(self) -> list["Node"]:
        """List the nodes from the root to this one."""
        nodes = []
        node: Node | None = self
        while node is not None:
            nodes.append(node)
            node = node.parent
        return nodes[::-1]


def check_tree(prompt: Any, place: str) -> None:
    """Check the form of every message; BadTree, or PipelineError where a key is missing."""
    waiting = [prompt]
    while waiting:
        message = waiting.pop()
        if not isinstance(message, dict):
            raise BadTree("message_is_no_object")
        for name in NEEDED:
            if name not in message:
                raise PipelineError(
                    f"{place}: a message has no '{name}' (has: {', '.join(message)}); "
                    "is this a file of message trees?"
                )
        if not isinstance(message.get("replies"), list | None):
            raise BadTree("replies_are_no_list")
        waiting.extend(message.get("replies") or ())


@dataclass
class TreeWalk:
    """Takes the conversations of trees, and counts what was left out on the way."""

    rules: TreeRules
    skipped: Counter[str] = field(default_factory=Counter)
    paths: int = 0
    merged: int = 0
    shortened: int = 0

    def conversations(self, prompt: Row) -> Iterator[tuple[list[Row], str | None]]:
        """Yield each path of a checked tree as `(messages, fault)`, the fault None if it is sound.

        A path ends before a skipped message, and never with a turn of the user. Paths that are
        equal then are one; a path that is the beginning of another stays.
        """
        seen: set[str] = set()
        for end in self._ends(prompt):
            self.paths += 1
            path = [node.message for node in end.path()]
            messages = [_as_turn(message) for message in path]
            fault = _order_fault(messages)
            if not fault and messages[-1]["role"] == "user":
                messages.pop()
                self.shortened += 1
            if not messages:
                continue
            key = text_id(*(str(part) for turn in messages for part in turn.values()))
            if key in seen:
                self.merged += 1
                continue
            seen.add(key)
            yield messages, fault or _text_fault(messages)

    def _ends(self, prompt: Row) -> Iterator[Node]:
        """Yield the last node of each path, in the order of the replies."""
        # A node that may not be used waits too: the path that it cuts ends before it.
        waiting = [(Node(prompt), self.rules.skip_reason(prompt))]
        while waiting:
            node, reason = waiting.pop()
            if reason:
                self.skipped[reason] += 1
                if node.parent is not None:
                    yield node.parent
                continue
            replies = self._followed(node)
            if not replies:
                yield node
            waiting.extend(reversed(replies))

    def _followed(self, node: Node) -> list[tuple[Node, str | None]]:
        judged = [
            (Node(reply, node), self.rules.skip_reason(reply))
            for reply in node.message.get("replies") or ()
        ]
        if not self.rules.is_best:
            return judged
        usable = [one for one in judged if not one[1]]
        self.skipped.update(reason for _, reason in judged if reason)
        # `min` takes the first of equals.
        return [min(usable, key=lambda one: _rank(one[0].message))] if usable else []


def _rank(message: Row) -> float:
    """Give the place among its siblings that people voted for, from 0; without one, the last."""
    rank = message.get("rank")
    return rank if isinstance(rank, int | float) else float("inf")


def _as_turn(message: Row) -> Row:
    role = message["role"]
    known = ROLES.get(role) if isinstance(role, str) else None
    return {"role": known or role, "content": message["text"]}


def _order_fault(messages: Sequence[Row]) -> str | None:
    roles = [turn["role"] for turn in messages]
    if any(role not in ROLES.values() for role in roles):
        return "unknown_role"
    if roles[0] != "user":
        return "begins_with_assistant"
    if any(one == other for one, other in zip(roles, roles[1:], strict=False)):
        return "adjacent_same_role"
    return None


def _text_fault(messages: Sequence[Row]) -> str | None:
    texts = [turn["content"] for turn in messages]
    if not all(isinstance(text, str) and is_visible(text) for text in texts):
        return "empty_text"
    return None if all(map(is_unicode, texts)) else "not_unicode"
