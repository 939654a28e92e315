"""The rows of a step written for a trainer too, and entered in its `dataset_info.json`."""

from collections.abc import Callable, Iterable
from pathlib import Path

from utils.errors import PipelineError
from utils.finetune.chat_format import PROMPT_FORMATS, Conversation
from utils.finetune.dataset_card import DATASET_INFO, load_dataset_info, merge_dataset_info
from utils.jsonl import Row
from utils.row_files import ROW_SUFFIXES, WriteRow
from utils.stage_output import StageOutput, refuse_overwriting_inputs, written_files


def check_finetune_output(path: Path, output_file: Path, inputs: Iterable[Path]) -> None:
    """Raise PipelineError if a trainer can't read the file, or the step reads or writes it."""
    if path.suffix not in ROW_SUFFIXES:
        raise PipelineError(
            f"--finetune_output {path}: must end in {' or '.join(ROW_SUFFIXES)}, by which "
            "trainers know its kind"
        )
    info = path.with_name(DATASET_INFO)
    written = {one.resolve() for one in written_files(output_file)}
    for one in (path, info):
        if one.resolve() in written:
            raise PipelineError(
                f"--finetune_output {path}: {one} is written for {output_file} already; name "
                "another"
            )
    refuse_overwriting_inputs(path, inputs)
    load_dataset_info(info)


def open_finetune_output(
    output: StageOutput, path: Path | None, lay_out: Callable[[Row], Row]
) -> WriteRow:
    """Open the trainer's file beside the step's others; without one, rows go nowhere."""
    if path is None:
        return lambda row: None
    write = output.open_also(path)
    return lambda row: write(lay_out(row))


def enter_in_dataset_info(path: Path, prompt_format: str, kept: int) -> None:
    """Describe the file to LLaMA-Factory; one that it can't load, or without rows, has no entry."""
    info = PROMPT_FORMATS[prompt_format].llamafactory
    entry = {"file_name": path.name, **info} if info and kept else None
    merge_dataset_info(path.with_name(DATASET_INFO), {path.stem: entry})


def lay_out_instruction(row: Row, prompt_format: str) -> Row:
    """Lay a row out for a trainer: the instruction and the input are one turn of the user."""
    layout = PROMPT_FORMATS[prompt_format]
    user = f"{row['instruction']}\n\n{row['input']}" if row["input"] else row["instruction"]
    laid_out = layout.lay_out(Conversation("", user, row["output"]))
    return laid_out | ({"source": row["source"]} if layout.has_origin else {})
