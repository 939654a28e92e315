"""Time and peak memory of stage 6 at full size, run by hand.

Exports 60,000 edits of real programs, each with two instructions, in a process of its own, with the
flags given. The aim is 15 s on two cores.
    python -m bench.bench_finetune [rows] [flags of generate_finetune_dataset.py]
"""

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tqdm import tqdm

from bench.edit_rows import make_edits
from utils.jsonl import Row, write_rows

ROOT = Path(__file__).resolve().parents[1]


def make_rows(rows: int) -> Iterator[Row]:
    """Yield each edit as a mix holds it: with a detailed and with a short instruction."""
    for row in make_edits((rows + 1) // 2):
        yield row
        yield row | {"instr_type": "bench_lazy", "instruct_purify": row["instruct_purify"][:40]}


def main(rows: int = 60_000, *flags: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        mix = Path(folder, "mix.jsonl")
        count = write_rows(mix, make_rows(rows))
        command = [sys.executable, str(ROOT / "generate_finetune_dataset.py"), str(mix)]
        started = time.perf_counter()
        subprocess.run([*command, str(Path(folder, "ft.jsonl")), *flags], check=True)
        seconds = time.perf_counter() - started
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        size = mix.stat().st_size
    tqdm.write(
        f"{count:,} rows of {size / count / 1e3:.1f} KB ({size / 1e6:.0f} MB) {' '.join(flags)}"
    )
    tqdm.write(
        f"{seconds:.1f} s; processors busy {used.ru_utime + used.ru_stime:.1f} s; "
        f"peak {used.ru_maxrss / 1024:.0f} MB"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]), *sys.argv[2:])
