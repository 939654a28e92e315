"""Stage 6: turn edits into a fine-tuning file for LLaMA-Factory.

Reads a mix or a filtered file; writes training rows, and their entry in `dataset_info.json` beside
them.
    python generate_finetune_dataset.py data/filtered/ocedata_mix_dt_filtered.jsonl \\
        data/finetune/ocedata_mix_ft.jsonl --prompt_format share_gpt
"""

import argparse
import json
from pathlib import Path
from typing import Any

from tqdm import tqdm

from utils.chat_format import (
    PROMPT_FORMATS,
    SYSTEM_PROMPT,
    dataset_info_entry,
    provenance,
    trace,
    user_turn,
    whole_answer,
    whole_lines,
)
from utils.cli import log, run
from utils.errors import PipelineError
from utils.jsonl import Row, open_input, read_rows, write_json
from utils.stage_output import StageOutput

# The input's fields, and what a reject reason calls them.
TEXTS = {
    "code_before_purify": "code_before",
    "code_after_purify": "code_after",
    "instruct_purify": "instruction",
    "instr_type": "instr_type",
}
DATASET_INFO = "dataset_info.json"


def find_fault(row: Row) -> str | None:
    """Say why a row can't be trained on, or None."""
    commit = row["commit"]
    parts = commit if isinstance(commit, list) else [commit]
    if not all(isinstance(part, str) for part in parts) or not any(parts):
        return "empty_commit"
    for field, name in TEXTS.items():
        if not isinstance(row[field], str) or not row[field].strip():
            return f"empty_{name}"
    texts = [*(row[field] for field in TEXTS), *parts, trace(row)]
    return None if all(map(is_unicode, texts)) else "not_unicode"


def is_unicode(text: str) -> bool:
    """Tell whether a text has a UTF-8 form; one lone surrogate would end a trainer's load."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def training_row(row: Row, prompt_format: str) -> Row:
    """Make a sound row of an edit into a conversation and what it was made of."""
    code_before = whole_lines(row["code_before_purify"])
    code_after = whole_lines(row["code_after_purify"])
    user = user_turn(code_before, row["instruct_purify"])
    conversation = PROMPT_FORMATS[prompt_format](SYSTEM_PROMPT, user, whole_answer(code_after))
    return conversation | provenance(row, code_before, code_after)


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


def check_output(path: Path) -> None:
    """Refuse names under which the trainer would not find or not read the file."""
    if path.suffix != ".jsonl":
        raise PipelineError(f"{path}: must end in .jsonl, by which the trainer knows its kind")


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Turn edits into a fine-tuning file.")
    add = parser.add_argument
    add("input_file", help="a mix, from mix_data.py or dt_filtering.py")
    add("output_file", help="where the training rows go (.jsonl)")
    add(
        "--prompt_format",
        choices=list(PROMPT_FORMATS),
        default="share_gpt",
        help="layout of a row (default: %(default)s)",
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    output_file = Path(arguments.output_file)
    check_output(output_file)
    info_file = output_file.with_name(DATASET_INFO)
    entries = load_dataset_info(info_file)
    rows = read_rows(arguments.input_file, ["commit", *TEXTS])
    with StageOutput(output_file, [arguments.input_file]) as output:
        for row in tqdm(rows, unit=" rows", disable=None):
            if fault := find_fault(row):
                output.reject(row, fault)
            else:
                output.keep(training_row(row, arguments.prompt_format))
    entries[output_file.stem] = dataset_info_entry(output_file.name, arguments.prompt_format)
    write_json(info_file, entries)
    log.info("data set '%s' in %s", output_file.stem, info_file)


if __name__ == "__main__":
    run(main)
