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

import argparse
import logging
import random
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from tqdm import tqdm

from data_v5.tokens.held_out import ExampleUse, Split, draw_split
from data_v5.tokens.tensor_files import require_torch
from data_v5.tokens.token_files import FORMATS, TokenRow, make_token_row, token_file
from data_v5.tokens.token_ids import token_encoder, tokenizer_folder
from data_v5.tokens.token_layout import CHAT_FIELDS, INSTRUCTION_FIELDS, is_chat
from data_v5.tokens.token_rows import Encoded, EncodeRules, TokenSpool, encode_batch
from utils.cli import log, run
from utils.errors import PipelineError
from utils.jsonl import Row, missing_field, read_rows
from utils.processes import batched, map_in_order, worker_count
from utils.sampling import derive_seed
from utils.stage_output import StageOutput

BATCH = 256
SPLITS = ("train", "test")
MARK = "domain"


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
        self.merged_ends = self.with_special = 0

    def add(self, row: Encoded, domain: str, number: int) -> None:
        """Take in one encoded row, `number` being its place in its domain's file."""
        self.spool.add(row)
        self.examples.add(row.question, row.examples)
        self.domains.append(self.names.index(domain))
        self.numbers.append(number)
        self.merged_ends += row.masked < len(row.prompt)
        self.with_special += row.has_special

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
    args: argparse.Namespace,
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
            writers = [opened.enter_context(token_file(path)) for path in paths]
            progress = tqdm(numbers, desc=f"writing {split}", unit="row", disable=None)
            for position, row in enumerate(token_rows(intake, progress, args)):
                for write in writers:
                    write(row)
                found = {"split": split, "position": position, **intake.trace(numbers[position])}
                output.keep(found)
                figures[split].update(intake.counts(numbers[position]))
    return figures


def token_rows(
    intake: Intake, numbers: Iterable[int], args: argparse.Namespace
) -> Iterator[TokenRow]:
    """Yield rows of the spool as they are written."""
    for number in numbers:
        full, prompt = intake.spool.read(number)
        masked = intake.spool.masked[number] if args.mask_inputs else 0
        yield make_token_row(full, prompt, masked, args.ignore_index)


def report(figures: dict[str, Counter[str]], destination: Path, written: Sequence[str]) -> None:
    """Say what each split holds; a test file of an earlier run is named."""
    for split, counts in figures.items():
        files = ", ".join(str(destination / f"{split}.{one}") for one in written)
        if counts["rows"]:
            log.info("%s: %s rows, %s tokens, %s rows cut -> %s", split, f"{counts['rows']:,}",
                     f"{counts['tokens']:,}", f"{counts['truncated']:,}", files)  # fmt: skip
            continue
        log.warning("%s: no rows", split)
        for path in (destination / f"{split}.{one}" for one in written):
            if path.exists():
                log.warning("%s is from an earlier run; delete it", path)


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


def domain_list(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names or len(set(names)) < len(names):
        raise argparse.ArgumentTypeError(f"{text!r}: name domains once each, as chat,math")
    return names


def token_number(text: str) -> int:
    if int(text) < 2:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 2")
    return int(text)


def share(text: str) -> float:
    if not 0 <= float(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be from 0 to below 1")
    return float(text)


def workers(text: str) -> int:
    if int(text) < 0:
        raise argparse.ArgumentTypeError(f"{text}: must be at least 0")
    return int(text)


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Tokenise instruction and chat rows for LitGPT.")
    add = parser.add_argument
    add("--tokenizer", required=True, metavar="DIR", help="a model's folder on this machine")
    add("--domains", type=domain_list, default="chat,cnn,math,science",
        help="joined by commas (default: chat,cnn,math,science)")  # fmt: skip
    add("--input_data_path", type=Path, default=Path("data/data_v5/raw_data"),
        help="folder of <domain>_prompt_data.jsonl (default: data/data_v5/raw_data)")  # fmt: skip
    add("--destination_path", type=Path, default=Path("data/data_v5/tokenized"),
        help="(default: data/data_v5/tokenized)")  # fmt: skip
    add("--max_seq_length", type=token_number, default=2048, help="tokens a row (default: 2048)")
    add("--mask_inputs", action="store_true", help="ignore the prompt's tokens in the labels")
    add("--ignore_index", type=int, default=-1, help="label of a masked token: -1 in the lit-gpt "
        "of 2023, -100 in LitGPT since 2024 and elsewhere (default: -1)")  # fmt: skip
    add("--test_split_fraction", type=share, default=0.03, help="(default: 0.03)")
    add("--test_split_by", choices=("prompt", "question"), default="prompt",
        help="question: no test question is an example in training (default: prompt)")  # fmt: skip
    add("--output_format", nargs="+", choices=FORMATS, default=["pt"],
        help="pt needs torch (default: pt)")  # fmt: skip
    add("--bos_token", metavar="TOKEN", help="begins a text; '' for none (default: the model's)")
    add("--eos_token", metavar="TOKEN", help="ends a text (default: the model's)")
    add(
        "--seed",
        "--random_seed",
        type=int,
        default=42,
        help="of the split and the order (default: 42)",
    )
    add("--num_workers", type=workers, default=1, help="processes; one uses all cores by threads, "
        "0 is one a core (default: 1)")  # fmt: skip
    return parser.parse_args(argv)


def settings_of(args: argparse.Namespace) -> Row:
    """Name what the files hang on; neither folders of this machine nor workers are among it."""
    names = ("domains", "max_seq_length", "mask_inputs", "ignore_index", "test_split_fraction",
             "test_split_by", "output_format", "seed")  # fmt: skip
    settings = {name: getattr(args, name) for name in names}
    return settings | {"tokenizer": tokenizer_folder(args.tokenizer).resolve().name}


def main(argv: list[str] | None = None) -> None:
    args = parse_arguments(argv)
    written = list(dict.fromkeys(args.output_format))
    if "pt" in written:
        require_torch()
    num_workers = worker_count(args.num_workers)
    rules = EncodeRules(
        tokenizer_folder(args.tokenizer),
        args.max_seq_length,
        args.bos_token,
        args.eos_token,
        has_threads=num_workers == 1,
    )
    encoder = token_encoder(rules.folder, rules.bos_token, rules.eos_token)
    files = {name: args.input_data_path / f"{name}_prompt_data.jsonl" for name in args.domains}
    for name, path in files.items():
        if not path.is_file():
            raise PipelineError(f"{path}: no such file; run check_length, or leave {name} out")
    output = StageOutput(args.destination_path / "rows.jsonl", list(files.values()))
    with output, TokenSpool(args.destination_path) as spool:
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
            "settings": settings_of(args) | {"bos_id": encoder.bos_id, "eos_id": encoder.eos_id},
            "splits": figures,
            "test_rows_in_train_prompts": drawn.seen,
            "prompt_end_merged_with_response": intake.merged_ends,
            "rows_with_special_tokens_in_text": intake.with_special,
        }
    report(figures, args.destination_path, written)
    report_overlap(drawn.seen, len(drawn.test), args.mask_inputs)


if __name__ == "__main__":
    run(main)
