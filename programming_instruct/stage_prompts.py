"""The prompt that has a model play a programmer and show how a piece of code came about."""

from programming_instruct.stage_dialogues import DIALOGUES, PERSONAS, Dialogue
from utils.code.fences import fenced, plain_label
from utils.generation.conversation import Messages

SYSTEM = """\
You act out how a piece of code was written. The user shows you code in its finished state. You \
play the programmer who wrote it and go back to the beginning: you show the stages that the file \
went through on the way there, oldest first.

How to answer:
- Each stage is one sentence, in the words of the programmer at work, that says what you do next, \
and below it the whole file as it stands then, in one fenced block. Nothing is left out of a block \
and nothing is abbreviated.
- Write 3 to 6 stages, fewer for very short code. Each one has to differ from the one before it.
- The last block is the finished code, character for character: same indentation, same blank \
lines, same comments, and the same mistakes if it has any. Write nothing below it.
- Do not just cut the finished code into pieces and type them out from top to bottom. People \
change what they have written: names, conditions, the order of things, whole approaches. Some \
stages must hold code that is different in the end, or is gone.
- Use the same fence as the user does. Where it is longer than three backticks, the code itself \
holds backticks, and a shorter fence would end too early.
- Every stage is code that someone could have had on the screen at that moment, in the same \
language as the finished code.
"""

FINISHED = "The finished code:"


def stage_messages(snippet: str, lang: str, persona: str) -> Messages:
    """Build the request for a snippet's stages as one of the PERSONAS would have written them."""
    turns = [{"role": "system", "content": f"{SYSTEM}\nWho you are: {PERSONAS[persona]}"}]
    for dialogue in DIALOGUES[persona]:
        turns.append({"role": "user", "content": _question(dialogue.finished, dialogue.lang)})
        turns.append({"role": "assistant", "content": reply_of(dialogue)})
    return [*turns, {"role": "user", "content": _question(snippet, lang)}]


def reply_of(dialogue: Dialogue) -> str:
    """Write a dialogue's stages as a model should."""
    return "\n\n".join(
        f"{sentence}\n\n{fenced(code, dialogue.lang)}" for sentence, code in dialogue.stages
    )


def _question(code: str, lang: str) -> str:
    return f"{FINISHED}\n\n{fenced(code, plain_label(lang))}"
