"""Time and peak memory of stage 1 at full size, run by hand.

Makes a seed file of 50,000 rows of about 3 KB and draws 100,000 prompts from it in a process of
its own. The aim is 30 s and 300 MB.
    python -m bench.bench_create_prompt [rows] [prompts]
"""

import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import orjson
from tqdm import tqdm

ROOT = Path(__file__).resolve().parents[1]
WORDS = ["load", "parse", "order", "cache", "token", "user", "index", "batch", "merge", "score"]


def make_seed(number: int, rng: random.Random) -> dict[str, str]:
    lines = []
    while sum(map(len, lines)) < 1200:
        name, argument, other = rng.sample(WORDS, 3)
        lines += [
            f"def {name}_{argument}_{number}({argument}, {other}=None):",
            f'    """Return the {name} of {argument}."""',
            f"    if {argument} is None:",
            f"        return {other}",
            f"    return [{name} for {name} in {argument} if {name} != {rng.randint(0, 999)}]",
            "",
        ]
    code = "\n".join(lines)
    return {
        "commit": f"{number:040x}",
        "old_file": f"{rng.choice(WORDS)}/{number}.py",
        "old_contents": code,
        "new_contents": code.replace("None", "()"),
        "message": f"Return an empty tuple in {number}",
        "license": "mit",
        "repos": f"someone/{rng.choice(WORDS)}",
    }


def make_seeds(rows: int) -> Iterator[dict[str, str]]:
    rng = random.Random(0)
    return (make_seed(number, rng) for number in range(rows))


def main(rows: int = 50_000, prompts: int = 100_000) -> None:
    with tempfile.TemporaryDirectory() as folder:
        seed_file, output_file = Path(folder, "seeds.jsonl"), Path(folder, "prompts.jsonl")
        with seed_file.open("wb") as file:
            file.writelines(orjson.dumps(seed) + b"\n" for seed in make_seeds(rows))
        command = [sys.executable, str(ROOT / "create_prompt.py")]
        flags = {
            "seed_file": seed_file,
            "output_file": output_file,
            "sample_num": prompts,
            "few_shot_file": ROOT / "data/few_shot.jsonl",
            "edit_kinds": ROOT / "edit_kinds.yaml",
            "val_ratio": 0.02,
        }
        started = time.perf_counter()
        subprocess.run(command + [f"--{flag}={value}" for flag, value in flags.items()], check=True)
        seconds = time.perf_counter() - started
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        sizes = [path.stat().st_size / 1e6 for path in (seed_file, output_file)]
    tqdm.write(f"{rows:,} seeds ({sizes[0]:.0f} MB) -> {prompts:,} prompts ({sizes[1]:.0f} MB)")
    tqdm.write(f"{seconds:.1f} s, peak {peak:.0f} MB")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
