"""Turn samples into conversations for training, in files that LLaMA-Factory, TRL and Axolotl load.

Reads samples, with a target area or without; writes training rows, and their entry in the
`dataset_info.json` beside them.
    python -m programming_instruct.export_conversation --input_path data/tmp_area.json \\
        --output_path data/finetune/next_edit_sharegpt.jsonl --answer_format search_replace
Every answer is proved before it is written: applied to the current code, it gives the next.
"""

import json
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field
from tqdm import tqdm

from programming_instruct.conversation_text import (
    ANSWERS,
    SampleText,
    TextSettings,
    make_text,
)
from programming_instruct.sample_fields import (
    BadSample,
    identity_of,
    read_sample,
    refuse_doubled_inputs,
)
from utils.cli import Flag, parse_flags, run
from utils.code.write_edit import NotProvable
from utils.finetune.chat_format import PROMPT_FORMATS, origin
from utils.finetune.export import EMPTY_THOUGHT, UNKNOWN
from utils.finetune.preflight import LengthGauge, Preflight
from utils.finetune.settings import (
    CutoffLength,
    FinalNewline,
    NoThink,
    Tokenizer,
    TooLong,
    UnsafeText,
)
from utils.finetune.trainer_files import TrainerFile, lay_out_row
from utils.jsonl import Row
from utils.records import TRACED_FIELDS, is_unicode
from utils.row_files import ROW_SUFFIXES, read_joined
from utils.sampling import derive_seed
from utils.stage_output import StageOutput
from utils.token_counts import token_counter

REQUIRED = ("history", "current", "user", "next")
SUFFIXES = (".json", *ROW_SUFFIXES)
# What `meta` tells of a sample, where it is known.
TOLD = (*TRACED_FIELDS, "task_id", "problem_id", "data_type", "area", "loc")


class Worded(NamedTuple):
    """A sample ready to be written."""

    row: Row
    text: SampleText
    training_row: Row


class SampleExport:
    """Words, judges and writes samples, and counts over them."""

    def __init__(
        self, settings: TextSettings, output_format: str, random_seed: int, preflight: Preflight
    ) -> None:
        self._settings = settings
        self._prompt_format = output_format
        self._random_seed = random_seed
        self._preflight = preflight
        thought = EMPTY_THOUGHT if settings.no_think else ""
        self._gauge = LengthGauge(preflight.counter, thought)
        self.counts: Counter[str] = Counter()

    def write(self, rows: Iterable[Row], output: StageOutput, file: TrainerFile) -> None:
        """Write all samples, kept or rejected."""
        worded = self._word_all(rows, output)
        for one, length in self._gauge.measure_stream(worded, lambda one: one.text.conversation):
            if fault := self._preflight.find_fault(one.text.conversation, length):
                output.reject(one.row, fault)
                continue
            output.keep(one.training_row, file.write)
            self._preflight.add(length, data_type_of(one.row))
            self._count(one)

    def _word_all(self, rows: Iterable[Row], output: StageOutput) -> Iterator[Worded]:
        for position, row in enumerate(rows):
            try:
                yield self._word(row, position)
            except (BadSample, NotProvable) as error:
                output.reject(row, str(error))

    def _word(self, row: Row, position: int) -> Worded:
        sample = read_sample(row)
        identity = identity_of(row, position)
        rng = random.Random(derive_seed(self._random_seed, identity, "answer_format"))
        text = make_text(sample, self._settings, rng)
        training_row = lay_out_row(
            self._prompt_format, text.conversation, lambda: origin_of(row, text, identity)
        )
        return Worded(row, text, training_row)

    def _count(self, one: Worded) -> None:
        self.counts[one.text.answer_format] += 1
        self.counts["no_change"] += one.text.code_before == one.text.code_after
        self.counts["without_chat"] += not one.row.get("chat")
        self.counts["final_newlines_added"] += one.text.has_new_newline


def data_type_of(row: Row) -> str:
    """Name the source of a sample: aiprogrammer, commit or submit."""
    known = row.get("data_type")
    return known if isinstance(known, str) and known else UNKNOWN


def origin_of(row: Row, text: SampleText, identity: str) -> Row:
    """Name what a row was made of, in strings and under stage 6's names, so that both files mix.

    A sample that knows no commit goes by its id.
    """
    commit = row.get("commit")
    parts = commit if isinstance(commit, list) else [commit]
    is_known = bool(parts) and all(isinstance(part, str) and part for part in parts)
    told = {field: row[field] for field in TOLD if field in row}
    named = {"commit": commit if is_known else identity, "instr_type": data_type_of(row)}
    fields = origin(named, text.code_before, text.code_after)
    told["answer_format"] = text.answer_format
    fields["meta"] = json.dumps(told, ensure_ascii=False)
    if not all(map(is_unicode, fields.values())):
        raise BadSample("not_unicode")
    return fields


def check_trainer_file(file: TrainerFile, inputs: Sequence[str]) -> None:
    """Refuse what trainers would not know, and mistakes found late otherwise."""
    file.check_name(SUFFIXES)
    refuse_doubled_inputs(inputs)
    file.check_info()


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Turn samples into conversations for training."""

    input_path: Annotated[list[str], Field(description="samples; files are joined")]
    output_path: Annotated[str, Field(description="training rows (.jsonl, .json or .parquet)")]
    answer_format: Annotated[
        tuple[str, ...],
        Flag(choices=list(ANSWERS)),
        Field(description="what an answer gives; of several, one is drawn for each sample"),
    ] = ("whole",)
    output_format: Annotated[
        str,
        Flag("--output_format", "--prompt_format", choices=list(PROMPT_FORMATS)),
        Field(description="layout of a row"),
    ] = "share_gpt"
    no_think: NoThink = False
    final_newline: FinalNewline = "add"
    tokenizer: Tokenizer = None
    cutoff_len: CutoffLength = 2048
    too_long: TooLong = None
    unsafe_text: UnsafeText = "keep"
    random_seed: Annotated[int, Field(description="of the answer formats")] = 42


def parse_arguments(argv: list[str] | None) -> Flags:
    flags = parse_flags(Flags, argv)
    return replace(flags, too_long=flags.too_long or ("drop" if flags.tokenizer else "keep"))


def summarise_export(
    arguments: Flags, export: SampleExport, preflight: Preflight
) -> dict[str, Any]:
    settings = {name: value for name, value in vars(arguments).items() if "_path" not in name}
    return {
        "settings": settings,
        "written": dict(sorted(export.counts.items())),
        "preflight": preflight.figures(),
    }


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    layout = PROMPT_FORMATS[arguments.output_format]
    file = TrainerFile(Path(arguments.output_path), layout.llamafactory)
    check_trainer_file(file, arguments.input_path)
    preflight = Preflight(
        token_counter(arguments.tokenizer),
        arguments.cutoff_len,
        too_long=arguments.too_long,
        unsafe_text=arguments.unsafe_text,
    )
    formats = tuple(dict.fromkeys(arguments.answer_format))
    settings = TextSettings(formats, arguments.final_newline, arguments.no_think)
    export = SampleExport(settings, arguments.output_format, arguments.random_seed, preflight)
    with StageOutput(file.path, arguments.input_path, stage="fine-tune") as output:
        file.open(output)
        samples = read_joined(arguments.input_path, REQUIRED)
        export.write(tqdm(samples, desc="writing", unit="sample", disable=None), output, file)
        preflight.check()
        output.summary |= summarise_export(arguments, export, preflight)
    file.enter()
    file.report(arguments.output_format)
    preflight.report()


if __name__ == "__main__":
    run(main)
