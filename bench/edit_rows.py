"""Edits to measure with: runs of this machine's own Python code, each changed by rule."""

import random
import re
import sysconfig
import textwrap
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

from utils.jsonl import Row

FOLDERS = ("stdlib", "purelib")
# About 200 words of identifiers a program.
CHARACTERS = range(1200, 6000)
TOP_LEVEL = re.compile(r"^(?=async def |def |class |@)", re.MULTILINE)
METHOD = re.compile(r"^(?=    (?:async def|def|@))", re.MULTILINE)
DOCSTRING = re.compile(r'("""|\'\'\').*?\1', re.DOTALL)
NAME = re.compile(r"(?:def|class) (\w+)")
VERBS = ("Change", "Rework", "Extend", "Simplify", "Fix", "Harden", "Speed up", "Rename parts of")


def make_edits(rows: int) -> Iterator[Row]:
    """Yield that many edits of different programs, in an order drawn by a fixed seed.

    When the machine holds fewer programs, they come again with a name changed.
    """
    programs = sorted(set(find_programs()))
    random.Random(0).shuffle(programs)
    for number, (name, code) in enumerate(islice(repeat(programs), rows)):
        rng = random.Random(number)
        yield {
            "commit": [f"{number:040x}"],
            "code_snippet": [code[:200]],
            "code_before_purify": code,
            "code_after_purify": change(code, rng),
            "instruct_purify": f"{rng.choice(VERBS)} `{name}`. {first_sentence(code)}",
            "instr_type": "bench_descriptive",
            "prompt_id": f"bench-{number}",
        }


def repeat(programs: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield the programs over and over, from the second time on with their name numbered."""
    yield from programs
    for turn in range(2, 1000):
        for name, code in programs:
            yield name, code.replace(name, f"{name}_{turn}")


def find_programs() -> Iterator[tuple[str, str]]:
    """Yield (name of its first function or class, code) of the programs installed here."""
    for folder in FOLDERS:
        for path in sorted(Path(sysconfig.get_path(folder)).rglob("*.py")):
            if folder == "stdlib" and "site-packages" in path.parts:
                continue
            for code in cut(without_long_texts(path.read_text("utf-8", errors="replace"))):
                if len(code) in CHARACTERS and (named := NAME.search(code)):
                    yield named[1], code


def without_long_texts(source: str) -> str:
    """Cut docstrings down to their first sentence: models write short ones."""
    return DOCSTRING.sub(
        lambda text: text[0].split(". ")[0].split("\n\n")[0][:200].rstrip(text[1][0]) + text[1],
        source,
    )


def cut(source: str) -> Iterator[str]:
    """Cut a module into runs of neighbouring definitions; large classes into runs of methods."""
    small: list[str] = []
    for block in definitions(TOP_LEVEL, source):
        if len(block) < CHARACTERS.stop:
            small.append(block)
        else:
            yield from map(textwrap.dedent, join(definitions(METHOD, block)[1:]))
    yield from join(small)


def definitions(start: re.Pattern[str], source: str) -> list[str]:
    """Split a text before each definition, decorators with what they decorate."""
    blocks: list[str] = []
    for part in start.split(source):
        if blocks and blocks[-1].lstrip().startswith("@") and "def " not in blocks[-1]:
            blocks[-1] += part
        else:
            blocks.append(part)
    return blocks


def join(blocks: Iterable[str]) -> Iterator[str]:
    """Join neighbours until each run is long enough."""
    run = ""
    for block in blocks:
        run += block
        if len(run) >= 2 * CHARACTERS.start:
            yield run
            run = ""
    yield run


def first_sentence(code: str) -> str:
    """Take the first sentence of a docstring for the rest of an instruction."""
    found = re.search(r'"""\s*(.{10,200}?[.!?])\s', code, re.DOTALL)
    return " ".join(found[1].split()) if found else "Keep to the style of the code."


def change(code: str, rng: random.Random) -> str:
    """Change a few places of a program: lines replaced, added and removed; one in 30 too many."""
    lines = code.splitlines(keepends=True)
    for _ in range(rng.choice((1, 1, 2, 3, 5))):
        place = rng.randrange(1, len(lines) - 3)
        indent = re.match(r"[ \t]*", lines[place])[0]
        match rng.randrange(4):
            case 0:
                lines[place:place] = [f"{indent}checked = step_{n}()\n" for n in range(1, 4)]
            case 1:
                del lines[place : place + 2]
            case _:
                lines[place] = lines[place].replace("=", "= 1 +", 1).rstrip() + "  # changed\n"
    return "".join(lines + ["pass\n"] * (90 if rng.randrange(30) == 0 else 0))
