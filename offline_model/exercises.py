"""Answers the main line's prompts: an exercise and its solution, and the words for a commit."""

import random
import re
from dataclasses import dataclass, field
from functools import lru_cache

from offline_model.commits import word_commit
from offline_model.compose import compose, known_kind
from offline_model.conversation import Conversation, fenced_blocks
from offline_model.draft import Triplet
from offline_model.misbehaviour import Answer, draw_spoiler, refusal
from utils.code.fences import fenced
from utils.sampling import derive_seed

# A line that names the kind of edit: `Edit kind: bug_fix: ...`.
_EDIT_KIND = re.compile(r"^[^\n:]*\bkind\b[^\n:]*: *([^:\n]+)", re.MULTILINE | re.IGNORECASE)
# The snippets stand last, but for the form of the answer.
_LAST_BLOCKS = 3


@dataclass(frozen=True)
class _FirstTurn:
    """The text that opens a conversation; its seed alone tells two apart."""

    seed: int
    text: str = field(compare=False)


@lru_cache(maxsize=2048)
def _exercise(first: _FirstTurn) -> Triplet:
    """Compose the exercise of a conversation; the second round finds it here again."""
    snippets = [block.text for block in fenced_blocks(first.text)[-_LAST_BLOCKS:]]
    asked = (known_kind(match[1]) for match in _EDIT_KIND.finditer(first.text))
    kind = next((kind for kind in asked if kind), None)
    return compose("\n".join(snippets), kind, first.seed)


def answer_code_extend(conversation: Conversation, share: float) -> Answer:
    """Write the exercise in the first round and its solution in the second."""
    triplet = _exercise(_FirstTurn(conversation.seed, conversation.users[0]))
    if conversation.round == 1:
        sections = {
            "Program Before Edit": fenced(triplet.code_before),
            "Descriptive": triplet.instruct_descriptive,
            "Lazy": triplet.instruct_lazy,
        }
    else:
        sections = {"Program After Edit": fenced(triplet.code_after)}
    return _spoiled(Answer(join_sections(sections)), conversation, share, rounds=2)


def answer_rewrite_commit(conversation: Conversation, share: float) -> Answer:
    """Word both instructions for a commit: the diff is known by its form, the message by its fence.

    Where the fences tell nothing, the message is what stands last.
    """
    diffs = [block.text for block in conversation.blocks if block.is_diff]
    others = [block for block in conversation.blocks if not block.is_diff]
    messages = [block.text for block in others if block.is_prose] or [each.text for each in others]
    diff, message = "\n".join(diffs[-1:]), "\n".join(messages[-1:])
    detailed, hurried = word_commit(diff, message, random.Random(conversation.seed))
    answer = Answer(join_sections({"Descriptive": detailed, "Lazy": hurried}))
    return _spoiled(answer, conversation, share, rounds=1)


def _spoiled(answer: Answer, conversation: Conversation, share: float, rounds: int) -> Answer:
    drawn = draw_spoiler(conversation.seed, share, rounds)
    if drawn is None:
        return answer
    number, spoiler = drawn
    rng = random.Random(derive_seed(conversation.seed, "spoiled"))
    if number == conversation.round:
        return spoiler(answer, rng)
    if spoiler is refusal and conversation.round > number:
        return Answer("<UNREASONABLE>")  # nothing was written that could be carried out
    return answer


def join_sections(sections: dict[str, str]) -> str:
    return "\n\n".join(f"[{name}]\n{text}" for name, text in sections.items()) + "\n"
