"""Loads every data set of a folder by `datasets`, and trains two steps on each layout by TRL.

python tests/consumers/check_trl.py FOLDER MODEL
"""

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

os.environ |= {"HF_HUB_OFFLINE": "1", "CUDA_VISIBLE_DEVICES": ""}
os.environ["HF_DATASETS_CACHE"] = tempfile.mkdtemp()

from datasets import Dataset, load_dataset  # noqa: E402
from transformers import AutoTokenizer, PrinterCallback  # noqa: E402
from trl import SFTConfig, SFTTrainer  # noqa: E402

# Alpaca's columns and turns with from and value are not TRL's.
LAYOUTS = ("messages", "prompt")
# The label of a token that is not trained on.
IGNORED = -100


def load(path: Path) -> Dataset:
    kind = "parquet" if path.suffix == ".parquet" else "json"
    loaded = load_dataset(kind, data_files=str(path), split="train")
    nulls = [name for name in loaded.column_names if any(v is None for v in loaded[name])]
    assert not nulls, f"{path.name}: nulls in {nulls}"
    return loaded


def answers_of(rows: Dataset) -> list[str]:
    """List the answers of rows, whatever their layout."""
    if "completion" in rows.column_names:
        return [turns[-1]["content"] for turns in rows["completion"]]
    return [turns[-1]["content"] for turns in rows["messages"]]


def train(rows: Dataset, model: str, folder: str) -> Any:
    """Train two steps on the answers alone, as the README shows."""
    config = SFTConfig(
        output_dir=folder,
        max_steps=2,
        max_length=32768,
        per_device_train_batch_size=1,
        assistant_only_loss="prompt" not in rows.column_names,
        use_cpu=True,
        bf16=False,
        report_to=[],
        save_strategy="no",
        disable_tqdm=True,
    )
    trainer = SFTTrainer(model=model, args=config, train_dataset=rows)
    trainer.remove_callback(PrinterCallback)
    trainer.train()
    return trainer.train_dataset


def check_masks(prepared: Any, answers: list[str], model: str) -> None:
    """Hold what is under the loss against the answers."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    for row, answer in zip(prepared, answers, strict=True):
        trained = [token for token in row["labels"] if token != IGNORED]
        said = tokenizer.decode(trained)
        assert said.removesuffix("\n") == f"{answer}<|im_end|>", f"under the loss: {said!r}"


def main(folder: Path, model: str) -> None:
    files = [p for p in sorted(folder.iterdir()) if p.suffix in (".jsonl", ".parquet")]
    for file in (file for file in files if not file.stem.endswith(".rejected")):
        rows = load(file)
        line = f"datasets {file.name}: {len(rows)} rows"
        if any(name in rows.column_names for name in LAYOUTS):
            with tempfile.TemporaryDirectory() as output:
                prepared = train(rows, model, output)
            check_masks(prepared, answers_of(rows), model)
            line += "; TRL: two steps, the answers alone under the loss"
        sys.stdout.write(line + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
