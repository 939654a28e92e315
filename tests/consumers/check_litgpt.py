"""Does LitGPT take the .pt files of prepare_synthetic, and are their tokens its own?

    python check_litgpt.py FOLDER MODEL ROWS

FOLDER holds train.pt written with --encode apart --mask_inputs --ignore_index -100 and the
rows.jsonl beside it, MODEL the tokenizer, ROWS the instructions that were tokenised. LitGPT's JSON
data module reads the same rows, its collate function ours. Needs the package litgpt.
"""

import json
import sys
from pathlib import Path

import torch
from litgpt.data import JSON
from litgpt.data.base import get_sft_collate_fn
from litgpt.tokenizer import Tokenizer

MAX_SEQ_LENGTH = 2048


def main(folder: Path, model: Path, rows_file: Path) -> None:
    rows = [json.loads(line) for line in rows_file.read_text().splitlines()]
    places = [json.loads(line) for line in (folder / "rows.jsonl").read_text().splitlines()]
    ours = torch.load(folder / "train.pt", weights_only=True)
    order = [rows[one["row"] - 1] for one in places if one["split"] == "train"]
    listed = folder / "litgpt"
    listed.mkdir(exist_ok=True)
    for name in ("train", "val"):
        (listed / f"{name}.json").write_text(json.dumps(order))
    module = JSON(json_path=listed, mask_prompt=True, ignore_index=-100)
    module.connect(Tokenizer(model), batch_size=4, max_seq_length=MAX_SEQ_LENGTH)
    module.setup()
    theirs = module.train_dataset
    assert len(theirs) == len(ours) == len(order)
    for one, other in zip(ours, theirs, strict=True):
        for name in ("input_ids", "labels"):
            assert one[name].tolist() == other[name].tolist(), name
        assert one["token_counts"] == other["token_counts"]
    collate = get_sft_collate_fn(max_seq_length=MAX_SEQ_LENGTH, ignore_index=-100)
    for start in range(0, len(ours), 4):
        mine = collate(ours[start : start + 4])
        expected = collate([theirs[place] for place in range(start, min(start + 4, len(ours)))])
        for name in ("input_ids", "labels"):
            assert torch.equal(mine[name], expected[name])
        for name, counts in mine["token_counts"].items():
            assert torch.equal(counts, expected["token_counts"][name])
    sys.stdout.write(f"LitGPT: {len(ours)} rows are its own by every token, and it collates them\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
