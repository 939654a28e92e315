"""Time and peak memory of stage 3b over 30,000 triplets, run by hand.

Cuts functions and classes out of the standard library and edits each in one of several ways; a
tenth of the triplets repeat an earlier one, nearly or to the letter. `--files` mixes real triplets
in. The aim is 90 s on two cores. `--dedup_only ROWS` measures the near-duplicate search alone, on
random signatures: a million should take well under 8 GB.
    python -m bench.bench_check_quality [--triplets 30000] [--files data/triplets_x.jsonl]
"""

import argparse
import ast
import random
import re
import resource
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import orjson
from tqdm import tqdm

from utils.quality.python_program import Program
from utils.similarity.near_duplicates import SignatureStore, find_near_duplicates

ROOT = Path(__file__).resolve().parents[1]
MODULES = sys.stdlib_module_names
FIELDS = ("code_before", "code_after", "instruct_descriptive", "instruct_lazy")


def definitions() -> list[str]:
    """Cut the top-level definitions of 8 to 80 lines that need no others out of the library."""
    found = []
    for file in sorted(Path(sysconfig.get_paths()["stdlib"]).rglob("*.py")):
        if "site-packages" in file.parts:
            continue
        text = file.read_bytes().decode("utf-8", "ignore").replace("\r", "")
        try:
            tree = ast.parse(text)
        except (SyntaxError, ValueError):
            continue
        lines = text.split("\n")
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef):
                code = "\n".join(lines[node.lineno - 1 : node.end_lineno]) + "\n"
                if 8 <= code.count("\n") <= 80 and not Program(code).unresolved - MODULES:
                    found.append(code)
    return found


def make_program(parts: list[str], rng: random.Random) -> str:
    """Put two or three definitions together below the imports they need."""
    code = "\n\n".join(rng.sample(parts, rng.choice([2, 2, 3])))
    imports = sorted(Program(code).unresolved)
    return "".join(f"import {name}\n" for name in imports) + "\n\n" + code


def edit(code: str, rng: random.Random) -> tuple[str, str, str]:
    """Edit a program: the code after, a descriptive and a lazy instruction."""
    names = sorted(set(re.findall(r"^ +([a-z]\w{3,}) = ", code, re.MULTILINE)))
    name = rng.choice(names or ["value"])
    kind = rng.choice(["add", "rename", "raise"])
    if kind == "rename" and names:
        other = f"{name}_{rng.choice(['value', 'item', 'result'])}"
        after = re.sub(rf"\b{name}\b", other, code)
        wish = f"rename the variable `{name}` to `{other}`"
    elif kind == "raise" and re.search(r"\b\d\b", code):
        after = re.sub(r"\b\d\b", lambda match: str(int(match[0]) + 1), code)
        wish = "raise each one-digit number by one, as the limits were too tight"
    else:
        after = f"{code}\n\ndef show_{name}(value):\n    print(value)\n    return value\n"
        wish = f"add a function `show_{name}` that prints a value and returns it"
    text = f"Please {wish}, wherever it occurs, and leave everything else in the code as it is."
    return after, text, wish


def make_triplets(count: int) -> Iterator[dict[str, str]]:
    rng = random.Random(0)
    parts = definitions()
    recent: list[str] = []
    for number in tqdm(range(count), desc="triplets", disable=None):
        code = rng.choice(recent) if number % 10 == 9 else make_program(parts, rng)
        recent = [*recent[-99:], code]
        row = {"commit": f"{number:040x}", "prompt_id": f"{number:016x}"}
        for field, text in zip(FIELDS, (code, *edit(code, rng)), strict=True):
            row |= {field: text, f"{field}_purify": text}
        yield row


def bench_stage(count: int, files: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "triplets.jsonl"), Path(folder, "checked.jsonl")
        with source.open("wb") as file:
            for name in files:
                file.write(Path(name).read_bytes())
            file.writelines(orjson.dumps(row) + b"\n" for row in make_triplets(count))
        command = [sys.executable, str(ROOT / "check_quality.py"), str(source), str(target)]
        started = time.perf_counter()
        subprocess.run([*command, "--config", str(ROOT / "quality_config.yaml")], check=True)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = source.stat().st_size / 1e6
    tqdm.write(
        f"{count:,} triplets ({size:.0f} MB): {seconds:.1f} s, of processors "
        f"{used.ru_utime + used.ru_stime:.1f} s, peak {used.ru_maxrss / 1024:.0f} MB a process"
    )


def bench_dedup(count: int) -> None:
    """Measure signatures of random sets, a tenth of which nearly repeat an earlier one."""
    rng = np.random.default_rng(0)
    store = SignatureStore(256)
    for number in tqdm(range(count), desc="signatures", disable=None):
        found = rng.integers(0, 2**32, size=256, dtype=np.uint32)
        if number % 10 == 9:
            same = rng.random(256) < 0.85
            found = np.where(same, store.array[number // 2], found)
        store.add(number, found)
    started = time.perf_counter()
    sets = np.arange(4, dtype=np.uint64)
    pairs = find_near_duplicates(store, lambda _: sets, 0.7, lambda _: True)
    found_pairs = sum(1 for _ in tqdm(pairs, desc="pairs", disable=None))
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    tqdm.write(f"{count:,} rows: {found_pairs:,} pairs in {seconds:.1f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--triplets", type=int, default=30_000)
    parser.add_argument("--files", nargs="*", default=[])
    parser.add_argument("--dedup_only", type=int)
    arguments = parser.parse_args()
    if arguments.dedup_only:
        bench_dedup(arguments.dedup_only)
    else:
        bench_stage(arguments.triplets, arguments.files)
