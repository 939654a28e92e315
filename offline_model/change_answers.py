"""Answers the prompts about a change: judge its blocks, ask for it in words, explain it.

The history stands in a prompt as fenced diffs, then the code as it is, then the change, again as
diffs. Whatever else is said there makes no difference.
"""

import random

from offline_model.conversation import Conversation
from offline_model.diff_facts import NAME, DiffFacts, read_diff
from offline_model.misbehaviour import Answer, spoiled_text
from offline_model.replies import word
from offline_model.wording import counted, quoted


def judge_blocks(conversation: Conversation, share: float) -> Answer:
    """Decide on each block: foreseeable is what adds no name that the screen does not show."""
    rng = random.Random(conversation.own_seed)
    screen, diffs = _shown(conversation)
    known = set(NAME.findall(screen))
    lines = []
    for number, diff in enumerate(diffs, 1):
        unseen = [name for name in NAME.findall(_added(diff)) if name not in known]
        key = "unforeseen" if unseen else "foreseen"
        reason = word("changes", key, rng, {"name": f"`{unseen[0]}`" if unseen else ""})
        lines.append(f"**Block {number}**\n{reason}\n**Decision:** {not unseen}")
    return spoiled_text(Answer("\n\n".join(lines)), share, rng)


def ask_for_change(conversation: Conversation, share: float) -> Answer:
    """Word the request for the edit."""
    rng = random.Random(conversation.own_seed)
    _, diffs = _shown(conversation)
    key, slots = _deed(read_diff("\n".join(diffs[-1:])))
    text = word("changes", f"ask_{key}", rng, slots) + " " + word("changes", "ask_tail", rng)
    return spoiled_text(Answer(text.strip()), share, rng)


def explain_change(conversation: Conversation, share: float) -> Answer:
    """Explain the edit, or why there is none."""
    rng = random.Random(conversation.own_seed)
    screen, diffs = _shown(conversation)
    facts = read_diff("\n".join(diffs[-1:]))
    if not facts.added and not facts.removed:
        names = [name for name in NAME.findall(screen) if len(name) > 4] or ["code"]
        text = word("changes", "no_change", rng, {"name": f"`{rng.choice(names)}`"})
        return spoiled_text(Answer(text), share, rng)
    key, slots = _deed(facts)
    sizes = ((len(facts.added), "added"), (len(facts.removed), "removed"))
    size = " and ".join(f"{counted(count, 'line')} {verb}" for count, verb in sizes if count)
    parts = (f"explain_{key}", "explain_tail")
    text = " ".join(word("changes", part, rng, slots | {"size": size}) for part in parts)
    return spoiled_text(Answer(text), share, rng)


def _shown(conversation: Conversation) -> tuple[str, list[str]]:
    """Take a prompt apart: what is on the screen, and the diffs of the change."""
    blocks = conversation.blocks
    codes = [n for n, block in enumerate(blocks) if not block.is_diff and block.label != "text"]
    place = codes[-1] if codes else len(blocks) - 1
    screen = "\n".join(block.text for block in blocks[: place + 1])
    return screen, [block.text for block in blocks[place + 1 :] if block.is_diff]


def _added(diff: str) -> str:
    return "\n".join(read_diff(diff).added)


def _deed(facts: DiffFacts) -> tuple[str, dict[str, str]]:
    """Say what kind of change a diff is, and the names to put into the words for it."""
    place = f" in {quoted(facts.touched[:1])}" if facts.touched else ""
    new, gone = facts.new_names(), facts.gone_names()
    if len(new) == len(gone) == 1 and len(facts.added) == len(facts.removed):
        return "rename", {"old": f"`{gone[0]}`", "new": f"`{new[0]}`", "place": place}
    if facts.introduced:
        return "add", {"names": quoted(facts.introduced[:3]), "place": ""}
    if facts.dropped:
        return "remove", {"names": quoted(facts.dropped[:3]), "place": ""}
    if new:
        return "add", {"names": quoted(new[:3]), "place": place}
    if gone:
        return "remove", {"names": quoted(gone[:3]), "place": place}
    known = NAME.findall("\n".join([*facts.added, *facts.removed])) or ["code"]
    return "revise", {"names": quoted(list(dict.fromkeys(known))[:2]), "place": place}
