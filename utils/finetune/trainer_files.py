"""Files for trainers: their rows, and their entries in the `dataset_info.json` of LLaMA-Factory."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from utils.cli import log
from utils.errors import PipelineError
from utils.files.locks import waited_lock
from utils.finetune.chat_format import PROMPT_FORMATS, TrainingConversation
from utils.jsonl import Row, read_json, write_json
from utils.row_files import ROW_SUFFIXES, WriteRow
from utils.stage_output import StageOutput

DATASET_INFO = "dataset_info.json"


class TrainerFile:
    """A file of training rows, entered in the `dataset_info.json` beside it when it is written.

        file = TrainerFile(path, PROMPT_FORMATS["alpaca"].llamafactory)
        file.check_info()
        with StageOutput(path) as output:
            file.open(output)
            output.keep(row, file.write)
        file.enter()

    `info` is what LLaMA-Factory must know to load it, None if it can't.
    """

    def __init__(self, path: Path, info: dict[str, Any] | None) -> None:
        self.path = path
        self.info = info
        self.rows = 0
        self._write: WriteRow | None = None

    @property
    def dataset_info(self) -> Path:
        return self.path.with_name(DATASET_INFO)

    def check_name(self, suffixes: Sequence[str] = ROW_SUFFIXES, flag: str = "") -> None:
        """Raise PipelineError if trainers would not know the file's kind by its name."""
        if self.path.suffix not in suffixes:
            *others, last = suffixes
            raise PipelineError(
                f"{flag}{self.path}: must end in {', '.join(others)} or {last}, by which trainers "
                "know its kind"
            )

    def check_info(self) -> None:
        """Raise PipelineError if the entry could not be written once the rows are."""
        load_dataset_info(self.dataset_info)

    def open(self, output: StageOutput) -> None:
        """Have the rows put in place with a stage's output, of which this may be the first file."""
        is_first = self.path == output.path
        self._write = output.write_kept if is_first else output.open_also(self.path)

    def write(self, row: Row) -> None:
        """Write one row, laid out already."""
        assert self._write is not None, "the file is not open"
        self._write(row)
        self.rows += 1

    def enter(self) -> None:
        """Describe the file to LLaMA-Factory; one it can't load, or without rows, has no entry.

        The entries of other files, and their order, stay as they are.
        """
        with waited_lock(self.dataset_info):  # exports into one folder share it
            entries = load_dataset_info(self.dataset_info)
            if self.info and self.rows:
                entries[self.path.stem] = {"file_name": self.path.name, **self.info}
            else:
                entries.pop(self.path.stem, None)
            if entries or self.dataset_info.exists():
                write_json(self.dataset_info, entries)

    def report(self, prompt_format: str) -> None:
        """Say under which name LLaMA-Factory knows the file."""
        if self.info is None:
            log.info("LLaMA-Factory reads no %s; %s has no entry", prompt_format, self.dataset_info)
        elif self.rows:
            log.info("data set '%s' in %s", self.path.stem, self.dataset_info)


def load_dataset_info(path: Path) -> dict[str, Any]:
    """Read the entries that are there already; none if there is no such file."""
    if not path.exists():
        return {}
    entries = read_json(path, "mend or move it")
    if not isinstance(entries, dict):
        raise PipelineError(
            f"{path}: must be one JSON object, an entry a data set; mend or move it"
        )
    return entries


def lay_out_row(
    prompt_format: str, conversation: TrainingConversation, make_origin: Callable[[], Row]
) -> Row:
    """Lay a training row out: the conversation and, where the layout has room, its origin."""
    layout = PROMPT_FORMATS[prompt_format]
    row = layout.lay_out(conversation)
    return row | make_origin() if layout.has_origin else row
