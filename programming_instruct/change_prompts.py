"""The prompts about a change: judge its blocks, ask for it in words, explain it.

Each is a system text, few-shot turns from `change_examples.yaml`, and a last turn that shows the
history as unified diffs, the code as it stands, and the change. Foreign text is joined to the
templates in fences longer than any run of backticks inside it, and never formatted into them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from programming_instruct.edit_blocks import block_diffs, edit_blocks, edit_diff, history_diffs
from utils.code.fences import fenced, plain_label
from utils.config import load_config
from utils.generation.conversation import Messages

EXAMPLES_FILE = Path(__file__).with_name("change_examples.yaml")
# The headings of the turns; a reply that repeats one has lost its way.
HISTORY, CURRENT, BLOCKS = "History", "Current Code", "Blocks of the Next Edit"
CONTEXT, WANTED, REQUEST, MADE = "Context", "Edit to Ask For", "Request", "Edit to Explain"
HEADINGS = (HISTORY, CURRENT, BLOCKS, CONTEXT, WANTED, REQUEST, MADE)
NO_HISTORY = "There were no edits before; this is all that is known."
NO_CHANGE = "No edit: the code stays as it is."

JUDGE_SYSTEM = """\
You judge which parts of a programmer's next edit a coding assistant could have foreseen.

You are shown what is on the programmer's screen: the edits made so far, oldest first, as unified \
diffs, and the code as it stands now. Then comes the edit that the programmer really made next, \
cut into numbered blocks, each as a diff against the current code. Judge each block by itself: \
could an assistant that sees only the history and the current code, and no word of what the \
programmer has in mind, have suggested this block or one that does the same?

A block is foreseeable (True) if the screen calls for it, for example when it
- carries on what the edits so far have begun: the remaining uses of a renamed name, a new \
parameter passed on by the callers, the same replacement in the next similar place;
- finishes what is visibly unfinished: a function that is called and not there, a body that its \
name, docstring and neighbours settle, a missing import, an unclosed bracket;
- repairs a plain mistake: an undefined name, a syntax error, a wrong index, a leftover of \
debugging;
- removes what the edits so far have left without use.

It is not foreseeable (False) if it rests on what only the programmer knows, for example
- a new feature, option or rule that nothing on the screen asks for;
- a particular text, number, name, path or address that could as well have been another;
- a change of behaviour, style or layout that is one choice among several.

That a block is good does not make it foreseeable. When in doubt, decide False.

Answer for every block, in order, in exactly this form and with nothing around it:

**Block 1**
One sentence with the reason.
**Decision:** True or False"""

INSTRUCTION_SYSTEM = """\
You write what a programmer types to a coding assistant to ask for an edit.

You are shown the edits made so far, oldest first, as unified diffs, the code as it stands now, \
and the edit that was really made next. Sometimes there is context as well: the message of the \
commit, or the problem that the program is to solve. Write the request that would have led to \
this edit, in the words of the programmer who sits before the current code and wants it changed.

- Ask for everything the edit does and for nothing that it does not do.
- Say what is wanted, not how each line is to read. Name functions, classes, variables and values \
where the assistant could not find them otherwise; quote no line of the new code, no diff, no \
fence.
- The assistant sees the history and the current code, but neither the edit nor the context: a \
name or number that only those give must be said, and neither may be mentioned. The context often \
tells of more than this edit; take from it only what helps to say why.
- One to three sentences, as people write to a colleague: plain, direct, imperative.

Answer with the text of the request alone: no heading, no quotation marks, no preamble."""

CHAT_SYSTEM = """\
You are a coding assistant beside a programmer's editor. You have just made an edit to the code, \
and now write the message that goes with it.

You are shown the edits that the programmer made so far, oldest first, as unified diffs, the code \
before your edit, the programmer's request if there was one, and your edit as a unified diff.

- Say what the edit does and why it follows from the request, or, without a request, from the \
code and the edits so far. Name the functions, variables and values it concerns.
- Explain what a reader of the diff would ask about: a consequence, an edge case, a choice made. \
Leave out what anyone can see.
- Speak only of what the edit really does. Promise nothing further and ask nothing back.
- Two to five sentences of prose. A short piece of code is welcome where it helps, but never the \
whole file and never the diff.
- If there is no edit, say in one to three sentences why the code can stay as it is for now: what \
would have to be known first, or that what was begun is complete.

Answer with the message alone: no heading, no greeting, no preamble."""


@dataclass(frozen=True)
class Screen:
    """What a programmer has before them: the versions so far, oldest first, and the code now."""

    current: str
    history: Sequence[str] = ()
    language: str = ""


@dataclass(frozen=True)
class Example:
    """One few-shot example of the YAML; `versions` ends with the current code."""

    language: str
    versions: list[str]
    after: str
    answer: str
    context: str = ""
    request: str = ""

    def __post_init__(self) -> None:
        if not self.versions:
            raise ValueError("versions needs at least the current code")

    @property
    def screen(self) -> Screen:
        return Screen(self.versions[-1], self.versions[:-1], self.language)


@dataclass(frozen=True)
class Examples:
    """The few-shot examples of the three prompts."""

    judge: list[Example] = field(default_factory=list)
    instruction: list[Example] = field(default_factory=list)
    chat: list[Example] = field(default_factory=list)


def judge_messages(screen: Screen, diffs: Sequence[str]) -> Messages:
    """Ask for one decision on each block of the change that followed."""
    return [*_few_shot(JUDGE_SYSTEM, "judge"), _user(judge_turn(screen, diffs))]


def instruction_messages(screen: Screen, after: str, context: str = "") -> Messages:
    """Ask for the words that would have led from the current code to `after`."""
    turn = instruction_turn(screen, after, context)
    return [*_few_shot(INSTRUCTION_SYSTEM, "instruction"), _user(turn)]


def chat_messages(screen: Screen, after: str, request: str = "") -> Messages:
    """Ask for the message that goes with the edit from the current code to `after`."""
    return [*_few_shot(CHAT_SYSTEM, "chat"), _user(chat_turn(screen, after, request))]


def judge_turn(screen: Screen, diffs: Sequence[str]) -> str:
    """Show the screen, then the numbered blocks, each as a diff against the current code."""
    blocks = [
        f"## Block {number}\n\n{fenced(diff, 'diff')}" for number, diff in enumerate(diffs, 1)
    ]
    return _sections(screen, f"# {BLOCKS}", *blocks)


def instruction_turn(screen: Screen, after: str, context: str) -> str:
    """Show the screen, the context where there is one, and the edit to ask for."""
    parts = [f"# {CONTEXT}\n\n{fenced(context, 'text')}"] if context else []
    return _sections(screen, *parts, f"# {WANTED}\n\n{change_text(screen.current, after)}")


def chat_turn(screen: Screen, after: str, request: str) -> str:
    """Show the screen, the request where there is one, and the edit to explain."""
    parts = [f"# {REQUEST}\n\n{fenced(request, 'text')}"] if request else []
    return _sections(screen, *parts, f"# {MADE}\n\n{change_text(screen.current, after)}")


def change_text(before: str, after: str) -> str:
    """Show a change as a fenced diff, or say that there is none."""
    diff = edit_diff(before, after)
    return fenced(diff, "diff") if diff else NO_CHANGE


def _sections(screen: Screen, *parts: str) -> str:
    return "\n\n".join([*_history(screen), _current(screen), *parts])


def _history(screen: Screen) -> list[str]:
    diffs = history_diffs([*screen.history, screen.current])
    shown = [f"## Edit {number}\n\n{fenced(diff, 'diff')}" for number, diff in enumerate(diffs, 1)]
    return [f"# {HISTORY}", *(shown or [NO_HISTORY])]


def _current(screen: Screen) -> str:
    return f"# {CURRENT}\n\n{fenced(screen.current, plain_label(screen.language))}"


@cache
def load_few_shot() -> Examples:
    return load_config(EXAMPLES_FILE, Examples)


@cache
def _few_shot(system: str, kind: str) -> tuple[dict[str, str], ...]:
    turns = [{"role": "system", "content": system}]
    for example in getattr(load_few_shot(), kind):
        answer = {"role": "assistant", "content": example.answer.strip("\n")}
        turns += [_user(_TURNS[kind](example)), answer]
    return tuple(turns)


def _user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _judge_example(example: Example) -> str:
    current = example.screen.current
    return judge_turn(example.screen, block_diffs(current, edit_blocks(current, example.after)))


_TURNS: dict[str, Callable[[Example], str]] = {
    "judge": _judge_example,
    "instruction": lambda e: instruction_turn(e.screen, e.after, e.context),
    "chat": lambda e: chat_turn(e.screen, e.after, e.request),
}
