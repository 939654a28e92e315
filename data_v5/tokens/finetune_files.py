"""The rows of a step written for a trainer too, and entered in its `dataset_info.json`."""

from collections.abc import Callable, Iterable
from pathlib import Path

from utils.errors import PipelineError
from utils.finetune.chat_format import PROMPT_FORMATS, TrainingConversation
from utils.finetune.trainer_files import TrainerFile, lay_out_row
from utils.jsonl import Row
from utils.row_files import WriteRow
from utils.stage_output import StageOutput, refuse_overwriting_inputs, written_files


def finetune_file(path: Path | None, prompt_format: str) -> TrainerFile | None:
    """Name the trainer's file of a step, if it is to write one."""
    return TrainerFile(path, PROMPT_FORMATS[prompt_format].llamafactory) if path else None


def check_finetune_file(
    file: TrainerFile | None, output_file: Path, inputs: Iterable[Path]
) -> None:
    """Raise PipelineError if a trainer can't read the file, or the step reads or writes it."""
    if file is None:
        return
    file.check_name(flag="--finetune_output ")
    written = {one.resolve() for one in written_files(output_file)}
    for one in (file.path, file.dataset_info):
        if one.resolve() in written:
            raise PipelineError(
                f"--finetune_output {file.path}: {one} is written for {output_file} already; name "
                "another"
            )
    refuse_overwriting_inputs(file.path, inputs)
    file.check_info()


def open_finetune_file(
    output: StageOutput, file: TrainerFile | None, lay_out: Callable[[Row], Row]
) -> WriteRow:
    """Open the trainer's file beside the step's others; without one, rows go nowhere."""
    if file is None:
        return lambda row: None
    file.open(output)
    return lambda row: file.write(lay_out(row))


def lay_out_instruction(row: Row, prompt_format: str) -> Row:
    """Lay a row out for a trainer: the instruction and the input are one turn of the user."""
    user = f"{row['instruction']}\n\n{row['input']}" if row["input"] else row["instruction"]
    conversation = TrainingConversation("", user, row["output"])
    return lay_out_row(prompt_format, conversation, lambda: {"source": row["source"]})
