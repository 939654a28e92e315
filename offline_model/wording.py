"""Instructions in words: free choices spelled out, and sentences that fit any edit."""

import ast
import random
import re
from collections.abc import Sequence

_CHOICE = re.compile(r"\{([^{}]*)\}")

_SAME_OUTPUT = (
    "What the program prints must stay exactly as it is.",
    "Nothing that the program prints may change.",
    "The output of the program itself stays the same.",
    "Run as a script, the program has to print what it prints now.",
)
_NOTHING_ELSE = (
    "Leave everything else as it is.",
    "The rest of the file stays untouched.",
    "Do not change anything beyond that.",
    "No other function needs to change its behaviour.",
    "Keep the remaining code exactly as it stands.",
)
_LAZY_TAILS = ("", "", "", "", " Nothing else.", " Keep the rest.", " Rest stays as is.")


def spell_out(text: str, rng: random.Random) -> str:
    """Resolve each `{a|b}` to one of its branches; branches may hold choices themselves."""
    text = " ".join(text.split())
    while _CHOICE.search(text):
        text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text)
    return " ".join(text.split())


def descriptive(says: str, same_output: bool, rng: random.Random) -> str:
    """Word the detailed instruction: what to do, then what must stay."""
    return spell_out(says, rng) + " " + rng.choice(_SAME_OUTPUT if same_output else _NOTHING_ELSE)


def lazy(text: str, rng: random.Random) -> str:
    """Word the hurried instruction, now and then as carelessly as people type."""
    words = spell_out(text, rng)
    tail = rng.choice(_LAZY_TAILS)
    style = rng.random()
    if style < 0.25 and not words[:2].isupper() and words[0] != "`":
        words = words[0].lower() + words[1:]
    if style < 0.6:
        words = words.replace("`", "")
    if words[-1] not in ".?!" and (tail or style > 0.4):
        words += "."
    return words + tail


def listed(parts: Sequence[str]) -> str:
    """Join parts as prose: `a`, `a and b`, `a, b and c`."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def quoted(names: Sequence[str]) -> str:
    return listed([f"`{name}`" for name in names])


def counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def definitions(code: str) -> list[tuple[str, ast.AST]]:
    """List the classes, functions and methods of a module, as (`Class.method`, node)."""
    found: list[tuple[str, ast.AST]] = []
    for node in ast.parse(code).body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.append((node.name, node))
        if isinstance(node, ast.ClassDef):
            found += [
                (f"{node.name}.{child.name}", child)
                for child in node.body
                if isinstance(child, ast.FunctionDef)
            ]
    return found


def describe_signature(name: str, function: ast.FunctionDef) -> str:
    """Say which types a function takes and returns, in prose."""
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    takes = [
        f"`{argument.arg}` as `{ast.unparse(argument.annotation)}`"
        for argument in arguments
        if argument.annotation
    ]
    returned = ast.unparse(function.returns) if function.returns else "None"
    returns = "returns nothing" if returned == "None" else f"returns `{returned}`"
    return f"`{name}` takes {listed(takes)} and {returns}" if takes else f"`{name}` {returns}"
