"""LLaMA-Factory's `dataset_info.json`: entries merged in, all others left as they are."""

import json
from pathlib import Path
from typing import Any

from utils.errors import PipelineError
from utils.jsonl import open_input, write_json

DATASET_INFO = "dataset_info.json"


def load_dataset_info(path: Path) -> dict[str, Any]:
    """Read the entries that are there already; none if there is no such file."""
    if not path.exists():
        return {}
    with open_input(path) as file:
        try:
            entries = json.load(file)
        except ValueError as error:
            raise PipelineError(f"{path}: not valid JSON ({error}); mend or move it") from None
    if not isinstance(entries, dict):
        raise PipelineError(
            f"{path}: must be one JSON object, an entry a data set; mend or move it"
        )
    return entries


def merge_dataset_info(path: Path, changes: dict[str, dict[str, Any] | None]) -> None:
    """Add or replace entries by name; None takes one out. Others and their order stay."""
    entries = load_dataset_info(path)
    for name, entry in changes.items():
        if entry is None:
            entries.pop(name, None)
        else:
            entries[name] = entry
    if entries or path.exists():
        write_json(path, entries)
