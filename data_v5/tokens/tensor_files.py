"""PyTorch files; the only module that imports torch for them, and only when one is written."""

from collections.abc import Iterable, Mapping
from typing import IO, Any

from numpy.typing import NDArray

from utils.errors import PipelineError


def require_torch() -> Any:
    """Import torch, or raise a PipelineError that says how to install it."""
    try:
        import torch
    except ImportError:
        raise PipelineError(
            "--output_format pt needs the package 'torch'; pip install torch, or write parquet "
            "or jsonl, which hold the same"
        ) from None
    return torch


def save_tensors(file: IO[bytes], rows: Iterable[Mapping[str, NDArray[Any]]]) -> None:
    """Save rows of arrays as a list of dicts of tensors, which is held in memory whole.

    The tensors take the arrays' memory over. Equal rows make equal bytes.
    """
    torch = require_torch()
    held = [{name: torch.from_numpy(array) for name, array in row.items()} for row in rows]
    torch.save(held, file)
