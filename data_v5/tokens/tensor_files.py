"""PyTorch files; the only module that imports torch for them, and only when need be."""

import pickle
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO, Any

from numpy.typing import NDArray

from utils.errors import PipelineError

TOKEN_COUNTS = "token_counts"


def require_torch() -> Any:
    """Import torch, or raise a PipelineError that says how to install it."""
    try:
        import torch
    except ImportError:
        raise PipelineError(
            ".pt files (--output_format pt) need the package 'torch'; pip install torch, or write "
            "parquet or jsonl, which hold the same"
        ) from None
    return torch


def save_tensors(
    file: IO[bytes],
    rows: Iterable[Mapping[str, NDArray[Any]]],
    counts: Iterable[Mapping[str, int]],
) -> None:
    """Save rows of arrays as a list of dicts of tensors, which is held in memory whole.

    Each has its `token_counts`, which LitGPT's collate function asks for since 2025. The tensors
    take the arrays' memory over. Equal rows make equal bytes.
    """
    torch = require_torch()
    held = [
        {name: torch.from_numpy(array) for name, array in row.items()} | {TOKEN_COUNTS: dict(count)}
        for row, count in zip(rows, counts, strict=True)
    ]
    torch.save(held, file)


def load_tensors(path: Path, fields: Sequence[str]) -> list[dict[str, list[int]]]:
    """Read what `save_tensors` wrote, as lists of numbers; nothing of the file is run."""
    torch = require_torch()
    try:
        rows = torch.load(path, weights_only=True, map_location="cpu")
        return [{name: row[name].tolist() for name in fields} for row in rows]
    except FileNotFoundError:
        raise PipelineError(f"{path}: no such file; run prepare_synthetic") from None
    except (OSError, EOFError, RuntimeError, pickle.UnpicklingError, KeyError, TypeError,
            AttributeError) as error:  # fmt: skip
        reason = str(error).strip().split("\n")[0]
        raise PipelineError(f"{path}: is no .pt file of prepare_synthetic ({reason})") from None
