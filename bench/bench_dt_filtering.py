"""Stage 5 against a plain reference on the same file, run by hand; both from start to finish.

The reference does what the stage does in the plainest way and in one process: difflib, Pygments'
tokens with the stop words read anew for each document, gensim's own HdpModel over all documents,
`model[bow]` for each. The aims: 4 times as fast for 10,000 rows and 6 times for 30,000 on two
cores, time linear in rows, a cached run in a tenth of the time, topics as coherent to within 0.02.
    python -m bench.bench_dt_filtering [rows ...]
    python -m bench.bench_dt_filtering --memory 100000
The rows are cut from the Python code on this machine, of about 165 words each.
"""

import argparse
import json
import logging
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from difflib import SequenceMatcher
from itertools import islice
from pathlib import Path
from statistics import median
from typing import TypeVar
from unittest.mock import patch

import yaml
from pygments.token import Name
from tqdm import tqdm

import dt_filtering
from bench.coherence import coherence, word_index
from bench.edit_rows import make_edits
from utils.code.lines import lines_with_ends
from utils.code.topic_words import (
    NO_PYTHON_WORDS,
    StopWords,
    english_stop_words,
    get_lexer,
    instruction_words,
    split_identifier,
)
from utils.jsonl import Row, read_rows, write_rows
from utils.topics import topic_model

# A first run needs both cores for itself; what else the machine does shows in the spread.
REPEATS = 3
ROOT = Path(__file__).resolve().parents[1]
T = TypeVar("T")


class Stopwatch:
    """Times the steps of a run by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def time(self, step: str, work: Callable[[], T]) -> T:
        started = time.perf_counter()
        result = work()
        self.seconds[step] = self.seconds.get(step, 0) + time.perf_counter() - started
        return result

    def watched(self, step: str, work: Callable[..., T]) -> Callable[..., T]:
        return lambda *arguments: self.time(step, lambda: work(*arguments))


def reference_diff(row: Row) -> int:
    before, after = (
        lines_with_ends(row["code_before_purify"]),
        lines_with_ends(row["code_after_purify"]),
    )
    opcodes = SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
    changed = [opcode for opcode in opcodes if opcode[0] != "equal"]
    return sum(max(end - start, to - at) for _, start, end, at, to in changed)


def reference_tokens(row: Row, stop_words_file: Path) -> list[str]:
    stop_words = StopWords("reference", frozenset(stop_words_file.read_text("utf-8").split()))
    tokens = get_lexer("python").get_tokens(row["code_before_purify"])
    words = [word for kind, name in tokens if kind in Name for word in split_identifier(name)]
    names = [word for word in words if len(word) > 1 and word not in NO_PYTHON_WORDS]
    return names + instruction_words(row["instruct_purify"], stop_words)


def run_reference(path: Path, stop_words: Path, watch: Stopwatch) -> dict[int, list[str]]:
    """Find each row's topic in the plain way; gives the top words of the topics in use."""
    from gensim.corpora import Dictionary
    from gensim.models import HdpModel

    logging.getLogger("gensim.models.hdpmodel").setLevel(logging.ERROR)
    rows = watch.time("read", lambda: list(read_rows(path)))
    kept = watch.time("diffs", lambda: [row for row in rows if 0 < reference_diff(row) <= 70])
    documents = watch.time("tokens", lambda: [reference_tokens(row, stop_words) for row in kept])

    def count() -> tuple[Dictionary, list[list[tuple[int, int]]]]:
        dictionary = Dictionary(documents)
        dictionary.filter_extremes(no_below=5, no_above=0.5, keep_n=100_000)
        return dictionary, [dictionary.doc2bow(document) for document in documents]

    dictionary, bags = watch.time("dictionary", count)
    model = watch.time("fit", lambda: HdpModel(bags, dictionary, random_state=42))
    used = watch.time(
        "assignment",
        lambda: {max(model[bag], key=lambda pair: pair[1])[0] for bag in bags if bag},
    )
    return {
        topic: [dictionary[int(word)] for word in (-model.lda_beta[topic]).argsort()[:10]]
        for topic in sorted(used)
    }


def run_stage(path: Path, folder: Path, watch: Stopwatch, step: str) -> dict[int, list[str]]:
    """Run the stage as a user does; gives the top words of the topics in use."""
    config = folder / "filter.yaml"
    settings = {
        "jsonl_path": str(path),
        "output_dir": str(folder),
        "cache_dir": str(folder / "cache"),
        "num_workers": 2,
    }
    config.write_text(yaml.safe_dump(settings))
    command = [sys.executable, str(ROOT / "dt_filtering.py"), "--config", str(config)]
    watch.time(step, lambda: subprocess.run(command, check=True, stderr=subprocess.DEVNULL))
    summary = json.loads((folder / f"{path.stem}_dt_filtered.summary.json").read_text())
    return {topic["topic"]: topic["words"] for topic in summary["topics"] if topic["words"]}


def compare(rows: int, folder: Path) -> None:
    """Time both over one file of so many rows and say how coherent their topics are."""
    path = folder / f"edits_{rows}.jsonl"
    write_rows(path, make_edits(rows))
    stop_words = folder / "stop_words.txt"
    stop_words.write_text("\n".join(sorted(english_stop_words().words)), "utf-8")
    plain, stage = Stopwatch(), Stopwatch()
    firsts = []
    for _ in range(REPEATS):
        shutil.rmtree(folder / "cache", ignore_errors=True)
        words = run_stage(path, folder, stage, "first run")
        firsts.append(stage.seconds.pop("first run"))
    stage.seconds["first run"] = first = median(firsts)
    run_stage(path, folder, stage, "cached run")
    reference_words = run_reference(path, stop_words, plain)
    rows_read = islice(read_rows(path), 10_000)
    index = word_index(reference_tokens(row, stop_words) for row in rows_read)
    report(f"reference, {rows:,} rows", plain.seconds)
    report(f"stage, {rows:,} rows", stage.seconds)
    report("where the stage's time goes", time_steps(folder))
    runs = ", ".join(f"{seconds:.1f}" for seconds in sorted(firsts))
    ratio = sum(plain.seconds.values()) / first
    tqdm.write(f"{ratio:.1f} times as fast (first runs: {runs} s)")
    tqdm.write(f"cached run: {stage.seconds['cached run'] / first:.3f} of the first")
    for name, topics in (("stage", words), ("reference", reference_words)):
        score = coherence(topics.values(), index)
        tqdm.write(f"NPMI of the {name}'s {len(topics)} topics: {score:.3f}")


STEPS = (
    (dt_filtering, "survey_file"),
    (dt_filtering, "measure_edits"),
    (dt_filtering, "count_edit_words"),
    (topic_model, "fit"),
    (topic_model, "assign"),
    (dt_filtering, "write_filtered"),
)


def time_steps(folder: Path) -> dict[str, float]:
    """Run the stage once more, in this process and without its cache, and time its steps."""
    watch = Stopwatch()
    shutil.rmtree(folder / "cache")
    with ExitStack() as patches:
        for module, name in STEPS:
            step = watch.watched(name, getattr(module, name))
            patches.enter_context(patch.object(module, name, step))
        started = time.perf_counter()
        dt_filtering.main(["--config", str(folder / "filter.yaml")])
        total = time.perf_counter() - started
    return watch.seconds | {"the rest": total - sum(watch.seconds.values())}


def report(title: str, seconds: dict[str, float]) -> None:
    steps = ", ".join(f"{step} {value:.1f}" for step, value in seconds.items())
    tqdm.write(f"{title}: {steps}; total {sum(seconds.values()):.1f} s")


def measure_memory(rows: int, folder: Path) -> None:
    """Run the stage over many rows; the peak is that of its largest process."""
    path, watch = folder / "edits.jsonl", Stopwatch()
    write_rows(path, make_edits(rows))
    run_stage(path, folder, watch, "first run")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    tqdm.write(f"{rows:,} rows: {watch.seconds['first run']:.1f} s, peak {peak:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", nargs="*", type=int, default=[10_000, 30_000])
    parser.add_argument("--memory", type=int, help="measure the memory at so many rows instead")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if arguments.memory:
            measure_memory(arguments.memory, Path(folder))
            return
        for rows in arguments.rows:
            compare(rows, Path(folder))


if __name__ == "__main__":
    main()
