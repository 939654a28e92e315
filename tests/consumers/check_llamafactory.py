"""Loads every data set of a folder by LLaMA-Factory's own loader, and misses nothing.

For each entry of `dataset_info.json`: as many rows come out as the file holds; system, user and
answer reach the tokens unaltered; the answer, and nothing before it, is under the loss; and the
lengths are those that stage 6 counted with the same tokenizer.
    python tests/consumers/check_llamafactory.py FOLDER MODEL
"""

import json
import os
import sys
import tempfile
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": "", "LLAMAFACTORY_VERBOSITY": "ERROR"}
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()

import pyarrow.parquet  # noqa: E402
from llamafactory.data import get_dataset, get_template_and_fix_tokenizer  # noqa: E402
from llamafactory.data.template import TEMPLATES  # noqa: E402
from llamafactory.extras.constants import IGNORE_INDEX  # noqa: E402
from llamafactory.hparams import get_train_args  # noqa: E402
from llamafactory.model import load_tokenizer  # noqa: E402

CUTOFF_LEN = 32768
NO_THINK = " /no_think"
EMPTY_THOUGHT = "<think>\n\n</think>\n\n"


def load(folder: Path, name: str, model: str, template: str) -> tuple[Any, list[dict[str, Any]]]:
    """Run the loader as a training would; returns the tokenizer and the tokenised rows."""
    # The loader prints its first row.
    with tempfile.TemporaryDirectory() as output, redirect_stdout(sys.stderr):
        arguments = get_train_args(
            {
                "stage": "sft",
                "do_train": True,
                "model_name_or_path": model,
                "template": template,
                "dataset_dir": str(folder),
                "dataset": name,
                "cutoff_len": CUTOFF_LEN,
                "output_dir": output,
                "overwrite_cache": True,
                "report_to": "none",
                "use_cpu": True,
            }
        )
        model_args, data_args, training_args = arguments[:3]
        module = load_tokenizer(model_args)
        wording = get_template_and_fix_tokenizer(module["tokenizer"], data_args)
        loaded = get_dataset(wording, model_args, data_args, training_args, stage="sft", **module)
    return module["tokenizer"], list(loaded["train_dataset"])


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Read a file without the library that the loader reads it with."""
    if path.suffix == ".parquet":
        return pyarrow.parquet.read_table(path).to_pylist()
    return [json.loads(line) for line in path.read_bytes().split(b"\n") if line]


def texts_of(row: dict[str, Any]) -> list[str]:
    """List system, user and answer of a row, whatever its layout."""
    if "instruction" in row:
        return [row["system"], row["instruction"], row["output"]]
    turns = row.get("messages") or row["conversations"]
    texts = [turn.get("content") or turn["value"] for turn in turns]
    return texts if len(texts) == 3 else ["", *texts]


def find_faults(row: dict[str, Any], loaded: dict[str, Any], tokenizer: Any) -> list[str]:
    """Compare a row of the file with what would be trained on."""
    system, user, answer = texts_of(row)
    # A conversation without a system text is given the template's.
    system = system or TEMPLATES["qwen"].default_system
    if user.endswith(NO_THINK):
        answer = EMPTY_THOUGHT + answer
    trained = [token for token in loaded["labels"] if token != IGNORE_INDEX]
    everything, under_loss = tokenizer.decode(loaded["input_ids"]), tokenizer.decode(trained)
    expected = (
        f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n{user}<|im_end|>\n"
        f"<|im_start|>assistant\n{answer}<|im_end|>\n"
    )
    faults = []
    if everything != expected:
        faults.append("the conversation was altered")
    if under_loss != f"{answer}<|im_end|>\n":
        faults.append("not the answer alone is under the loss")
    return faults


def check(folder: Path, name: str, file: Path, model: str) -> list[str]:
    rows = read_rows(file)
    template = "qwen3" if texts_of(rows[0])[1].endswith(NO_THINK) else "qwen"
    tokenizer, loaded = load(folder, name, model, template)
    if len(rows) != len(loaded):
        return [f"{len(rows)} rows in the file, {len(loaded)} loaded"]
    faults = [
        f"row {number}: {fault}"
        for number, (row, one) in enumerate(zip(rows, loaded, strict=True))
        for fault in find_faults(row, one, tokenizer)
    ]
    if texts_of(rows[0])[0]:
        faults += check_lengths(file, [len(one["input_ids"]) for one in loaded])
    return faults


def check_lengths(file: Path, lengths: list[int]) -> list[str]:
    """Compare the lengths with those in the summary, where there is one for the file."""
    summary = file.with_suffix(".summary.json")
    if not summary.exists():
        return []
    counted = json.loads(summary.read_text())["preflight"]
    found = sum(lengths), min(lengths), max(lengths)
    said = counted["tokens"], counted["lengths"]["min"], counted["lengths"]["max"]
    return [] if found == said else [f"tokens (sum, min, max): loaded {found}, counted {said}"]


def main(folder: Path, model: str) -> int:
    entries = json.loads((folder / "dataset_info.json").read_text())
    failed = 0
    for name, entry in entries.items():
        file = folder / entry["file_name"]
        faults = check(folder, name, file, model)
        failed += bool(faults)
        sys.stdout.write(f"LLaMA-Factory {name}: {len(read_rows(file))} rows, ")
        sys.stdout.write("; ".join(faults[:5]) + "\n" if faults else "all whole\n")
    return int(failed > 0 or not entries)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
