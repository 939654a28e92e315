"""Stage 6: turn edits into fine-tuning files that load, whole, in LLaMA-Factory, TRL and Axolotl.

Reads mixes or filtered files; writes training rows, those for validation beside them, their entries
in `dataset_info.json` and a data set card.
    python generate_finetune_dataset.py data/filtered/ocedata_mix_dt_filtered.jsonl \\
        data/finetune/ocedata_mix_ft.jsonl --prompt_format share_gpt

Every answer is proved before it is written: applied to the code before, it gives the code after.
"""

import logging
import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field
from tqdm import tqdm

from utils.cli import Flag, Share, log, parse_flags, run
from utils.code.write_edit import EDIT_FORMATS
from utils.errors import PipelineError
from utils.finetune.chat_format import PROMPT_FORMATS, SYSTEM_PROMPTS
from utils.finetune.dataset_card import read_history, write_card
from utils.finetune.export import EditExport, Inputs, survey_edits
from utils.finetune.preflight import Preflight
from utils.finetune.settings import (
    CutoffLength,
    FinalNewline,
    NoThink,
    Tokenizer,
    TooLong,
    UnsafeText,
)
from utils.finetune.trainer_files import TrainerFile
from utils.finetune.training_rows import RowSettings
from utils.jsonl import open_input
from utils.stage_output import StageOutput, refuse_overwriting_inputs
from utils.token_counts import token_counter

USAGE = (
    "%(prog)s INPUT OUTPUT [options]\n"
    "       %(prog)s --input_file A [B ...] --output_file C [options]"
)


class Files:
    """The files that are written: training rows, and those for validation beside them."""

    def __init__(self, path: Path, prompt_format: str) -> None:
        info = PROMPT_FORMATS[prompt_format].llamafactory
        self.train = TrainerFile(path, info)
        self.validation = TrainerFile(path.with_name(f"{path.stem}_val{path.suffix}"), info)

    def of(self, split: str) -> Path:
        return (self.train if split == "train" else self.validation).path


def check_files(files: Files, inputs: Sequence[str]) -> None:
    """Refuse what would not be found or read later, and whatever would destroy an input."""
    files.train.check_name()
    resolved = [Path(path).resolve() for path in inputs]
    for number, path in enumerate(resolved):
        if path in resolved[:number]:
            raise PipelineError(f"--input_file {inputs[number]}: named twice; name it once")
    refuse_overwriting_inputs(files.validation.path, inputs)
    files.train.check_info()


def report_split(rows: dict[str, int], split: dict[str, Any], path: Path) -> None:
    """Say how far validation is apart from training."""
    if rows["validation"]:
        log.info(
            "validation: %s rows -> %s; %s rows left it, their code before is nearly that of a "
            "training row; %s of its %s seeds are in training rows too%s",
            *(f"{rows['validation']:,}", path, f"{split['near_duplicates']:,}"),
            *(f"{split[name]:,}" for name in ("shared_seeds", "validation_seeds")),
            " (create_prompt.py --val_ratio sets seeds apart)" if split["shared_seeds"] else "",
        )


def enter_files(files: Files, prompt_format: str) -> None:
    """Describe the files to LLaMA-Factory, and warn of validation rows that are not this run's."""
    files.train.enter()
    files.validation.enter()
    files.train.report(prompt_format)
    path = files.validation.path
    if not files.validation.rows and path.exists():
        log.warning("%s is from an earlier run and may hold rows of this one; delete it", path)


def read_system_prompt(text: str | None, edit_format: str) -> str:
    """Take the text as it is, from a file if it begins with @, or the default's."""
    if text is None:
        return SYSTEM_PROMPTS[edit_format]
    if not text.startswith("@"):
        return text
    with open_input(text[1:]) as file:
        try:
            return str(file.read().decode()).strip()
        except UnicodeDecodeError:
            raise PipelineError(f"{text[1:]}: not UTF-8 text; save it as UTF-8") from None


def one_word(text: str) -> str:
    """Take the label of a fenced block."""
    if not re.fullmatch(r"[\w.+#-]*", text):
        raise ValueError(f"must be one word, like python or c++, not {text!r}")
    return text


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Turn edits into fine-tuning files."""

    paths: Annotated[
        list[str], Flag("PATH", nargs="*"), Field(description="the input and the output file")
    ]
    input_file: Annotated[
        list[str],
        Field(description="mixes or filtered files; several are shuffled together"),
    ] = field(default_factory=list)
    output_file: Annotated[
        str, Field(description="where the training rows go (.jsonl or .parquet)")
    ] = ""
    prompt_format: Annotated[
        str, Flag(choices=PROMPT_FORMATS), Field(description="layout of a row")
    ] = "share_gpt"
    edit_format: Annotated[
        str, Flag(choices=list(EDIT_FORMATS)), Field(description="what an answer gives")
    ] = "whole"
    system_prompt: Annotated[
        str | None,
        Flag(metavar="TEXT"),
        Field(description="or @FILE, or '' for none (default: by format)"),
    ] = None
    language: Annotated[
        str, AfterValidator(one_word), Field(description="label of the fenced blocks")
    ] = "python"
    codeblock_share: Annotated[Share, Field(description="rows with code before in a block")] = 0.5
    no_think: NoThink = False
    final_newline: FinalNewline = "add"
    val_ratio: Annotated[
        Share, Field(description="rows to set apart, in groups (default: none)")
    ] = 0.0
    tokenizer: Tokenizer = None
    cutoff_len: CutoffLength = 2048
    too_long: TooLong = None
    unsafe_text: UnsafeText = "keep"
    random_seed: Annotated[int, Field(description="of order, blocks and validation")] = 42

    def __post_init__(self) -> None:
        flags = [flag for flag in (self.input_file, self.output_file) if flag]
        if (len(self.paths), len(flags)) not in ((2, 0), (0, 2)):
            raise ValueError("give INPUT and OUTPUT, or both --input_file and --output_file")


def parse_arguments(argv: list[str] | None) -> Flags:
    """Read the flags, the files given as two paths or as two flags."""
    flags = parse_flags(Flags, argv, USAGE)
    return replace(
        flags,
        paths=[],
        input_file=flags.paths[:1] or flags.input_file,
        output_file=flags.paths[1] if flags.paths else flags.output_file,
        too_long=flags.too_long or ("drop" if flags.tokenizer else "keep"),
    )


def row_settings(arguments: Flags) -> RowSettings:
    given = {one.name: getattr(arguments, one.name) for one in fields(RowSettings)}
    prompt = read_system_prompt(arguments.system_prompt, arguments.edit_format)
    return RowSettings(**given | {"system_prompt": prompt})


def summarise(
    arguments: Flags, files: Files, settings: RowSettings, export: EditExport
) -> dict[str, Any]:
    """Gather what the summary file and the data set card tell."""
    chosen = ("val_ratio", "tokenizer", "cutoff_len", "too_long", "unsafe_text")
    return {
        "settings": asdict(settings) | {name: getattr(arguments, name) for name in chosen},
        "rows": export.rows,
        "final_newlines_added": export.final_newlines_added,
        "preflight": export.preflight.figures(),
        "card": {
            "name": files.train.path.stem,
            "files": {name: files.of(name).name for name, n in export.rows.items() if n},
            "licenses": export.origins.licenses(),
            "models": export.origins.models(),
            "history": read_history(arguments.input_file),
        },
    }


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    files = Files(Path(arguments.output_file), arguments.prompt_format)
    settings = row_settings(arguments)
    check_files(files, arguments.input_file)
    preflight = Preflight(
        token_counter(arguments.tokenizer),
        arguments.cutoff_len,
        too_long=arguments.too_long,
        unsafe_text=arguments.unsafe_text,
    )
    output = StageOutput(files.train.path, arguments.input_file, stage="fine-tune")
    with ExitStack() as opened:
        inputs = Inputs(arguments.input_file, opened)
        found = survey_edits(inputs, arguments.val_ratio, settings.random_seed)
        opened.enter_context(output)
        files.train.open(output)
        if any(found.is_val):
            files.validation.open(output)
        export = EditExport(settings, preflight, output)
        order = inputs.order(settings.random_seed)
        rows = tqdm(inputs.read(order), "writing", len(order), unit="row", disable=None)
        export.write(rows, found, files.train.write, files.validation.write)
        preflight.check()
        split = found.method | export.origins.seeds()
        output.summary |= summarise(arguments, files, settings, export) | {"split": split}
        output.summary["shares"] = export.shares.figures()
    enter_files(files, settings.prompt_format)
    write_card(files.train.path.parent)
    preflight.report()
    for line, has_moved in export.shares.lines():
        log.log(logging.WARNING if has_moved else logging.INFO, "%s", line)
    report_split(export.rows, split, files.validation.path)


if __name__ == "__main__":
    run(main)
