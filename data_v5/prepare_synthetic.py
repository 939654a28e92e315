"""Step 6: tokenise instruction and chat rows for LitGPT.

Reads <domain>_prompt_data.jsonl of each domain; writes train and test files of `input_ids,
input_ids_no_response, labels`, and rows.jsonl, which says where each row went.
    python -m data_v5.prepare_synthetic --tokenizer DIR --domains chat,cnn,math,science \\
        --input_data_path data/data_v5/raw_data \\
        --destination_path data/data_v5/tokenized/llama --max_seq_length 2048 --mask_inputs

A domain's rows are `instruction, input, output`, or a chat's `Input, Output`, which is tokenised as
it stands: mistral_chat is the chat written by chat_2_seq2seq --template mistral. Rows with one
prompt, and those of one chat tree, are all in train or all in test. Memory holds some rows
and a few hundred bytes for each; a .pt file's tensors must be held to be saved, about 30 bytes a
token.
"""

import logging
import random
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, NonNegativeInt
from tqdm import tqdm

from data_v5.reading.domain import domain_name
from data_v5.tokens.held_out import ExampleUse, Split, draw_split
from data_v5.tokens.tensor_files import require_torch
from data_v5.tokens.token_files import FORMATS, TokenRow, make_token_row, token_writer
from data_v5.tokens.token_ids import BosToken, EosToken, layout_encoder, tokenizer_folder
from data_v5.tokens.token_layout import (
    CHAT_FIELDS,
    INSTRUCTION_FIELDS,
    Encode,
    PromptTemplate,
    TextLayout,
    is_chat,
)
from data_v5.tokens.token_rows import Encoded, EncodeRules, TokenSpool, encode_batch
from utils.cli import Flag, log, parse_flags, run
from utils.errors import PipelineError
from utils.files.atomic import sweep_unfinished
from utils.jsonl import Row, missing_field, read_rows
from utils.processes import batched, map_in_order, worker_count
from utils.sampling import derive_seed
from utils.stage_output import StageOutput

BATCH = 256
SPLITS = ("train", "test")
MARK = "domain"


def named_once(names: tuple[str, ...]) -> tuple[str, ...]:
    """Take the names of domains, each of which has a file; the path of a YAML names its domain."""
    names = tuple(map(domain_name, names))
    if not names or len(set(names)) < len(names):
        raise ValueError(f"{','.join(names)!r}: name domains once each, as chat,math")
    return names


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Tokenise instruction and chat rows for LitGPT."""

    tokenizer: Annotated[
        str, Flag(metavar="DIR"), Field(description="a model's folder on this machine")
    ]
    domains: Annotated[
        tuple[str, ...],
        Flag(joined=True),
        AfterValidator(named_once),
        Field(description="joined by commas; names, or the paths of YAML files"),
    ] = ("chat", "cnn", "math", "science")
    input_data_path: Annotated[Path, Field(description="folder of <domain>_prompt_data.jsonl")] = (
        Path("data/data_v5/raw_data")
    )
    destination_path: Annotated[Path, Field(description="folder of what is written")] = Path(
        "data/data_v5/tokenized"
    )
    max_seq_length: Annotated[int, Field(ge=2, description="tokens a row")] = 2048
    mask_inputs: Annotated[bool, Field(description="ignore the prompt's tokens in the labels")] = (
        False
    )
    ignore_index: Annotated[
        int,
        Field(
            description="label of a masked token: -1 in the lit-gpt of 2023, -100 in LitGPT since "
            "2024 and elsewhere"
        ),
    ] = -1
    test_split_fraction: Annotated[
        float, Field(ge=0, lt=1, allow_inf_nan=False, description="share of the test rows")
    ] = 0.03
    test_split_by: Annotated[
        Literal["prompt", "question"],
        Field(description="question: no test question is an example in training"),
    ] = "prompt"
    output_format: Annotated[
        tuple[str, ...], Flag(choices=FORMATS), Field(description="pt needs torch")
    ] = ("pt",)
    prompt_template: PromptTemplate = "alpaca"
    encode: Encode = "together"
    bos_token: BosToken = None
    eos_token: EosToken = None
    seed: Annotated[
        int, Flag("--seed", "--random_seed"), Field(description="of the split and the order")
    ] = 42
    num_workers: Annotated[
        NonNegativeInt,
        Field(description="processes; one uses all cores by threads, 0 is one a core"),
    ] = 1


def read_domain(path: Path, domain: str) -> Iterator[Row]:
    """Yield a domain's rows, marked with it; PipelineError if one has the fields of no layout."""
    for number, row in enumerate(read_rows(path), 1):
        if missing := missing_field(row, CHAT_FIELDS if is_chat(row) else INSTRUCTION_FIELDS):
            raise PipelineError(
                f"{path}, row {number}: field {missing} is missing (has: {', '.join(row)}); "
                "is this a file of check_length?"
            )
        yield row | {MARK: domain}


class Intake:
    """Takes encoded rows in, and counts what the rows are like."""

    def __init__(self, domains: Sequence[str], spool: TokenSpool) -> None:
        self.names = list(domains)
        self.spool = spool
        # Of each row: its domain's number, and its number in the domain's file.
        self.domains, self.numbers = array("I"), array("I")
        self.examples = ExampleUse()
        self.merged_ends = self.with_special = self.with_spelled = 0

    def add(self, row: Encoded, domain: str, number: int) -> None:
        """Take in one encoded row, `number` being its place in its domain's file."""
        self.spool.add(row)
        self.examples.add(row.question, row.examples)
        self.domains.append(self.names.index(domain))
        self.numbers.append(number)
        self.merged_ends += row.masked < len(row.prompt)
        self.with_special += row.has_special
        self.with_spelled += row.has_spelled

    def domain(self, number: int) -> str:
        """Name the domain of a row, by its number over all domains."""
        return self.names[self.domains[number]]

    def trace(self, number: int) -> Row:
        """Say where a row comes from, and how long it is."""
        tokens, prompt_tokens = self.spool.lengths(number)
        return {
            "domain": self.domain(number),
            "row": self.numbers[number],
            "tokens": tokens,
            "prompt_tokens": prompt_tokens,
        }

    def counts(self, number: int) -> dict[str, int]:
        """Give what a row adds to its split's figures."""
        return {
            "tokens": self.spool.lengths(number)[0],
            f"rows_{self.domain(number)}": 1,
            "truncated": self.spool.truncated[number],
        }


def encode_all(
    files: dict[str, Path],
    rules: EncodeRules,
    num_workers: int,
    intake: Intake,
    output: StageOutput,
) -> None:
    """Encode the rows of all domains, in order; those that can't be used are rejected."""
    batches = (
        (domain, rows)
        for domain, path in files.items()
        for rows in batched(read_domain(path, domain), BATCH)
    )
    numbers: Counter[str] = Counter()
    with tqdm(desc="tokenising", unit="row", disable=None) as progress:
        for domain, results in map_in_order(partial(encode_batch, rules), batches, num_workers):
            for result in results:
                numbers[domain] += 1
                if isinstance(result, Encoded):
                    intake.add(result, domain, numbers[domain])
                else:
                    output.reject(result.row, result.reason)
            progress.update(len(results))


def write_splits(
    intake: Intake,
    drawn: Split,
    args: Flags,
    output: StageOutput,
    written: Sequence[str],
) -> dict[str, Counter[str]]:
    """Write the rows of each split in drawn order; returns counts by split."""
    order = list(range(len(intake.spool)))
    random.Random(derive_seed(args.seed, "order")).shuffle(order)
    for number in sorted(drawn.left_out):
        output.reject(intake.trace(number), "test_question_in_shots")
    order = [number for number in order if number not in drawn.left_out]
    figures = {}
    for split in SPLITS:
        numbers = [number for number in order if (number in drawn.test) == (split == "test")]
        figures[split] = Counter(rows=len(numbers), tokens=0)
        if not numbers:
            continue
        with ExitStack() as opened:
            paths = [args.destination_path / f"{split}.{one}" for one in written]
            writers = [
                opened.enter_context(token_writer(output.open_file(path), path.suffix))
                for path in paths
            ]
            progress = tqdm(numbers, desc=f"writing {split}", unit="row", disable=None)
            for position, row in enumerate(token_rows(intake, progress, args)):
                for write in writers:
                    write(row, intake.spool.raw_tokens[numbers[position]])
                found = {"split": split, "position": position, **intake.trace(numbers[position])}
                output.keep(found)
                figures[split].update(intake.counts(numbers[position]))
    return figures


def token_rows(intake: Intake, numbers: Iterable[int], args: Flags) -> Iterator[TokenRow]:
    """Yield rows of the spool as they are written."""
    for number in numbers:
        full, prompt = intake.spool.read(number)
        masked = intake.spool.masked[number] if args.mask_inputs else 0
        yield make_token_row(full, prompt, masked, args.ignore_index)


def split_files(folder: Path, suffixes: Sequence[str]) -> list[Path]:
    """List the train and test files of some formats."""
    return [folder / f"{split}.{suffix}" for split in SPLITS for suffix in suffixes]


def report(figures: dict[str, Counter[str]], destination: Path, written: Sequence[str]) -> None:
    """Say what each split holds."""
    for split, counts in figures.items():
        files = ", ".join(str(destination / f"{split}.{one}") for one in written)
        if counts["rows"]:
            log.info("%s: %s rows, %s tokens, %s rows cut -> %s", split, f"{counts['rows']:,}",
                     f"{counts['tokens']:,}", f"{counts['truncated']:,}", files)  # fmt: skip
            continue
        log.warning("%s: no rows", split)


def report_overlap(seen: int, test_rows: int, mask_inputs: bool) -> None:
    """Say how many test rows a model reads, with their answers, while it is trained."""
    level, advice = logging.INFO, ""
    if seen and not mask_inputs:
        level = logging.WARNING
        advice = " and are learnt; take --mask_inputs, or --test_split_by question"
    log.log(
        level,
        "test rows whose question and answer stand in a train prompt: %s of %s%s",
        *(f"{seen:,}", f"{test_rows:,}", advice),
    )


def layout_settings(args: Flags) -> Row:
    """Name what the files hang on; neither folders of this machine nor workers are among it."""
    names = ("domains", "max_seq_length", "mask_inputs", "ignore_index", "test_split_fraction",
             "test_split_by", "prompt_template", "encode", "output_format", "seed")  # fmt: skip
    settings = {name: getattr(args, name) for name in names}
    return settings | {"tokenizer": tokenizer_folder(args.tokenizer).resolve().name}


def main(argv: list[str] | None = None) -> None:
    args = parse_flags(Flags, argv)
    written = list(dict.fromkeys(args.output_format))
    if "pt" in written:
        require_torch()
    num_workers = worker_count(args.num_workers)
    rules = EncodeRules(
        tokenizer_folder(args.tokenizer),
        args.max_seq_length,
        TextLayout(args.prompt_template, args.encode, args.bos_token, args.eos_token),
        has_threads=num_workers == 1,
    )
    encoder = layout_encoder(rules.folder, rules.layout)
    files = {name: args.input_data_path / f"{name}_prompt_data.jsonl" for name in args.domains}
    for name, path in files.items():
        if not path.is_file():
            raise PipelineError(f"{path}: no such file; run check_length, or leave {name} out")
    output = StageOutput(args.destination_path / "rows.jsonl", list(files.values()), stage="tokens")
    output.replace_as_one([output.path, *split_files(args.destination_path, written)])
    with output, TokenSpool(args.destination_path) as spool:
        for path in split_files(args.destination_path, FORMATS):
            sweep_unfinished(path)
        intake = Intake(args.domains, spool)
        encode_all(files, rules, num_workers, intake, output)
        if not len(spool):
            raise PipelineError(
                f"{args.input_data_path}: no row can be used ({dict(output.reasons)}); mend them, "
                "or raise --max_seq_length"
            )
        drawn = draw_split(
            intake.spool.groups,
            intake.examples,
            args.test_split_fraction,
            args.seed,
            by_question=args.test_split_by == "question",
        )
        figures = write_splits(intake, drawn, args, output, written)
        output.summary |= {
            "settings": layout_settings(args)
            | {"bos_id": encoder.bos_id, "eos_id": encoder.eos_id},
            "splits": figures,
            "test_rows_in_train_prompts": drawn.seen,
            "prompt_end_merged_with_response": intake.merged_ends,
            "rows_with_special_tokens_in_text": intake.with_special,
            "rows_with_marks_read_as_letters": intake.with_spelled,
        }
    report(figures, args.destination_path, written)
    others = [one for one in FORMATS if one not in written]
    for path in split_files(args.destination_path, others):
        if path.exists():
            log.warning("%s is of an earlier run, and %s does not describe it", path, output.path)
    if intake.with_spelled:
        log.warning(
            "%s rows hold the name of a mark (%s), which SentencePiece reads as letters, as LitGPT "
            "does; a folder with a tokenizer.json makes marks of them",
            *(f"{intake.with_spelled:,}", ", ".join(encoder.spelled)),
        )
    report_overlap(drawn.seen, len(drawn.test), args.mask_inputs)


if __name__ == "__main__":
    run(main)
