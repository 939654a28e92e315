"""Time and peak memory of stage 3 at full size, run by hand.

Makes a replies file of 30,000 conversations of about 8 KB and reads it into triplets in a process
of its own. Nine rows in ten are plain, the others are what models do: bold headings, thoughts,
examples in docstrings, diffs, several blocks, elisions, cut-off code. The aim is 10 s on two cores.
    python -m bench.bench_extraction [rows] [workers]
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
WORDS = ["load", "parse", "order", "cache", "token", "user", "index", "batch", "merge", "score"]
Draw = random.Random


def make_function(number: int, draw: Draw) -> str:
    name, argument, other = draw.sample(WORDS, 3)
    return (
        f"def {name}_{argument}_{number}({argument}, {other}=None):\n"
        f'    """Return the {name} of {argument}."""\n'
        f"    if {argument} is None:\n"
        f"        return {other}\n"
        f"    # Keep what is not {draw.randint(0, 999)}.\n"
        f"    return [{name} for {name} in {argument} if {name} != {draw.randint(0, 999)}]\n"
    )


def make_program(draw: Draw) -> str:
    functions = [make_function(number, draw) for number in range(draw.randint(3, 8))]
    return "import os\nimport sys\n\n\n" + "\n\n".join(functions) + '\n\nprint("done")\n'


def make_instruction(draw: Draw, words: int) -> str:
    return " ".join(draw.choices(WORDS + ["the", "`os`", "so that", "a"], k=words)).capitalize()


def with_bold_headings(first: str, second: str) -> tuple[str, str]:
    return first.replace("[", "**[", 1).replace("Edit]", "Edit]**:", 1), second


def with_thoughts(first: str, second: str) -> tuple[str, str]:
    return f"<think>\nFirst, [Lazy] must be short.\n```\nx\n```\n</think>\n{first}", second


def with_example_in_docstring(first: str, second: str) -> tuple[str, str]:
    example = '    """\n    Example:\n\n```python\nload(1)\n```\n\n    '
    return first.replace('    """', example, 1), second.replace('    """', example, 1)


def with_usage(first: str, second: str) -> tuple[str, str]:
    return first, second + "\nUsage:\n\n```python\nload(1)\nload(2)\n```\n"


def as_diff(first: str, second: str) -> tuple[str, str]:
    return first, "```diff\n@@ -1,2 +1,2 @@\n-import os\n+import re\n import sys\n```\n"


def elided(first: str, second: str) -> tuple[str, str]:
    return first, second.replace("    # Keep", "    # ... rest of the code unchanged\n    # Keep")


def cut_off(first: str, second: str) -> tuple[str, str]:
    return first, second[:-40]


HABITS: list[Callable[[str, str], tuple[str, str]]] = [
    with_bold_headings,
    with_thoughts,
    with_example_in_docstring,
    with_usage,
    as_diff,
    elided,
    cut_off,
]


def make_row(number: int, draw: Draw) -> dict[str, Any]:
    before = make_program(draw)
    after = before.replace("is None", "is not None", draw.randint(1, 3))
    first = (
        f"[Program Before Edit]\n```python\n{before}```\n\n[Descriptive]\n"
        f"{make_instruction(draw, 80)}.\n\n[Lazy]\n{make_instruction(draw, 12)}\n"
    )
    second = f"[Program After Edit]\n```python\n{after}```\n"
    if draw.random() < 0.1:
        first, second = draw.choice(HABITS)(first, second)
    return {
        "prompt_id": f"{number:016x}",
        "commit": [f"{number:040x}", f"{number + 1:040x}"],
        "system": make_instruction(draw, 80),
        "user": [make_instruction(draw, 200), make_instruction(draw, 100)],
        "code_snippet": [make_function(number, draw), make_function(number + 1, draw)],
        "response": [first, second],
        "response_1": first,
        "response_2": second,
        "sample_index": 1,
        "model": "offline",
        "finish_reason": ["stop", "stop"],
    }


def main(rows: int = 30_000, workers: int = 2) -> None:
    draw = random.Random(0)
    with tempfile.TemporaryDirectory() as folder:
        replies, triplets = Path(folder, "replies.jsonl"), Path(folder, "triplets.jsonl")
        with replies.open("wb") as file:
            file.writelines(orjson.dumps(make_row(n, draw)) + b"\n" for n in range(rows))
        command = [sys.executable, str(ROOT / "get_instruct_from_response.py")]
        started = time.perf_counter()
        subprocess.run([*command, replies, triplets, f"--num_workers={workers}"], check=True)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = replies.stat().st_size
    tqdm.write(f"{rows:,} replies of {size / rows / 1e3:.1f} KB ({size / 1e6:.0f} MB)")
    tqdm.write(
        f"{seconds:.1f} s; processors busy {used.ru_utime + used.ru_stime:.1f} s; "
        f"peak {used.ru_maxrss / 1024:.0f} MB in one process"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
