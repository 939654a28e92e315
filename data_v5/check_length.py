"""Step 4: keep the rows that fit in a model's context, with as many examples as fit.

Reads data/few-shot/<domain>_fintune.jsonl, for a domain that ends in "chat"
data/data_v5/<domain>_seq2seq.jsonl; writes data/data_v5/raw_data/<domain>_prompt_data.jsonl.
    python -m data_v5.check_length --domain math --tokenizer DIR --max_seq_length 2048

A row's length is that of the text that prepare_synthetic tokenises, prompt and response, with the
marks that the model puts at its ends. Of a row that is too long, examples are dropped, the least
similar first; one that does not fit alone is rejected. Without --tokenizer lengths are estimated
from the number of bytes.
With --finetune_output the rows that fit are also written for a trainer, and entered in the
`dataset_info.json` beside that file.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, PositiveInt
from tqdm import tqdm

from data_v5.reading.domain import domain_name
from data_v5.tokens.finetune_files import (
    check_finetune_file,
    finetune_file,
    lay_out_instruction,
    open_finetune_file,
)
from data_v5.tokens.model_tokenizers import SENTENCEPIECE_FILE, TOKENIZER_FILE
from data_v5.tokens.token_ids import (
    BosToken,
    EosToken,
    TokenEncoder,
    layout_encoder,
    tokenizer_folder,
)
from data_v5.tokens.token_layout import (
    CHAT_FIELDS,
    INSTRUCTION_FIELDS,
    SPECIAL_TOKENS,
    Encode,
    PromptTemplate,
    TextLayout,
    prompt_text,
    response_text,
    without_last_example,
)
from utils.cli import Flag, log, parse_flags, run
from utils.errors import PipelineError
from utils.finetune.chat_format import PROMPT_FORMATS
from utils.jsonl import Row, read_rows
from utils.processes import batched
from utils.records import first_empty_field, is_unicode
from utils.row_files import WriteRow
from utils.stage_output import StageOutput
from utils.token_counts import token_counter

# Rows whose tokens are counted together, on all cores.
BATCH = 512
MAX_SEQ_LENGTH = 2048
MAX_CHAT_LENGTH = 1024
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def is_chat_domain(domain: str) -> bool:
    """Tell `chat`, `mistral_chat`..., whose rows have `Input` and `Output`."""
    return domain.endswith("chat")


def find_row_fault(row: Row, fields: Sequence[str]) -> str | None:
    """Say why a row can't be trained on, whatever its length, or None."""
    texts = [row[field] for field in fields]
    for field, text in zip(fields, texts, strict=True):
        if not isinstance(text, str):
            return f"{field.lower()}_is_no_text"
    # An instruction may need no input.
    if empty := first_empty_field(row, [field for field in fields if field != "input"]):
        return f"empty_{empty.lower()}"
    return None if all(map(is_unicode, texts)) else "not_unicode"


@dataclass(frozen=True)
class RowCounter:
    """Counts the tokens of prompts with responses, and the marks at their ends, and says how."""

    count: Callable[[Sequence[tuple[str, str]]], list[int]]
    method: str
    is_exact: bool
    layout: TextLayout


def row_counter(name: str | None, layout: TextLayout) -> RowCounter:
    """Load a tokenizer as prepare_synthetic does, by its folder, or else as token_counter does.

    Then, and where a folder has no more than a tokenizer.json, two marks a row are assumed.
    """
    path = Path(name or "")
    if name and (
        path.is_dir() or (path.is_file() and path.name in (TOKENIZER_FILE, SENTENCEPIECE_FILE))
    ):
        folder = tokenizer_folder(name)
        try:
            encoder = layout_encoder(folder, layout)
        except PipelineError as error:
            has_marks = (layout.bos_token, layout.eos_token) != (None, None)
            if has_marks or not (folder / TOKENIZER_FILE).is_file():
                raise
            log.warning("%s; until then two marks a row are assumed", error)
        else:
            count = _lengths_apart if layout.encode == "apart" else _lengths
            return RowCounter(partial(count, encoder), f"tokenizer {path.name}", True, layout)
    elif layout.bos_token is not None or layout.eos_token is not None:
        raise PipelineError("--bos_token, --eos_token: need --tokenizer with a model's folder")
    counter = token_counter(name)
    return RowCounter(
        lambda pairs: [count + SPECIAL_TOKENS for count in counter.count(_joined(pairs))],
        counter.method,
        counter.is_exact,
        layout,
    )


def _joined(pairs: Sequence[tuple[str, str]]) -> list[str]:
    return [prompt + response for prompt, response in pairs]


def _lengths(encoder: TokenEncoder, pairs: Sequence[tuple[str, str]]) -> list[int]:
    return [len(encoder.end(encoder.begin(ids))) for ids in encoder.encode(_joined(pairs))]


def _lengths_apart(encoder: TokenEncoder, pairs: Sequence[tuple[str, str]]) -> list[int]:
    prompts = encoder.encode([prompt for prompt, _ in pairs])
    responses = encoder.encode([response for _, response in pairs])
    return [
        len(encoder.begin(prompt)) + len(encoder.end(response))
        for prompt, response in zip(prompts, responses, strict=True)
    ]


def count_row_tokens(rows: Sequence[Row], counter: RowCounter) -> list[int]:
    """Count the tokens of each row."""
    template = counter.layout.template
    return counter.count([(prompt_text(row, template), response_text(row)) for row in rows])


class Measured(NamedTuple):
    """A row as it came and as it fits, if it does; lengths are 0 where it has a fault."""

    row: Row
    fault: str | None
    length: int
    fitting: Row | None
    fitting_length: int
    examples_dropped: int


def measured_rows(
    rows: Iterable[Row], fields: Sequence[str], counter: RowCounter, limit: int
) -> Iterator[Measured]:
    """Yield each row, in order, with its fault if it has one, its length, and what of it fits."""
    for batch in batched(rows, BATCH):
        faults = [find_row_fault(row, fields) for row in batch]
        sound = [row for row, fault in zip(batch, faults, strict=True) if fault is None]
        measured = iter(_fit(sound, counter, limit))
        for row, fault in zip(batch, faults, strict=True):
            yield Measured(row, fault, 0, None, 0, 0) if fault else next(measured)


def _fit(rows: Sequence[Row], counter: RowCounter, limit: int) -> list[Measured]:
    lengths = count_row_tokens(rows, counter)
    fitted = [
        Measured(row, None, length, row, length, 0)
        for row, length in zip(rows, lengths, strict=True)
    ]
    # One example less each time, of all rows that are still too long.
    while long := [n for n, one in enumerate(fitted) if one.fitting and one.fitting_length > limit]:
        shorter = [without_last_example(fitted[place].fitting or {}) for place in long]
        counts = iter(count_row_tokens([row for row in shorter if row], counter))
        for place, row in zip(long, shorter, strict=True):
            fitted[place] = (
                fitted[place]._replace(
                    fitting=row,
                    fitting_length=next(counts),
                    examples_dropped=fitted[place].examples_dropped + 1,
                )
                if row
                else fitted[place]._replace(fault="too_long", fitting=None)
            )
    return fitted


def length_quantiles(lengths: Sequence[int]) -> dict[str, int]:
    """Give the smallest length, the largest, and those that shares of the rows do not exceed."""
    ordered = sorted(lengths)
    if not ordered:
        return {}
    # The nearest rank: a length that a row has.
    ranks = {f"{share:.0%}": int(share * (len(ordered) - 1) + 0.5) for share in QUANTILES}
    figures = {name: ordered[rank] for name, rank in ranks.items()}
    return {"min": ordered[0], **figures, "max": ordered[-1]}


def write_fitting(
    output: StageOutput,
    rows: Iterable[Row],
    fields: Sequence[str],
    counter: RowCounter,
    limit: int,
    write_also: WriteRow,
) -> None:
    """Write the rows that fit and reject the others; figures go to the summary."""
    lengths: list[int] = []
    kept = 0
    dropped: Counter[int] = Counter()
    progress = tqdm(rows, desc="measuring", unit="row", disable=None)
    for one in measured_rows(progress, fields, counter, limit):
        if one.length:
            lengths.append(one.length)
        if one.fitting is None:
            marks = {"tokens": one.length} if one.length else {}
            output.reject(one.row | marks, one.fault or "too_long")
            continue
        output.keep(one.fitting)
        write_also(one.fitting)
        kept += one.fitting_length
        dropped[one.examples_dropped] += 1
    output.summary["tokens"] = {
        "counted_by": counter.method,
        "max_seq_length": limit,
        "kept": kept,
        "of_all_rows": length_quantiles(lengths),
    }
    shortened = {str(count): dropped[count] for count in sorted(dropped) if count}
    output.summary["rows_by_examples_dropped"] = shortened
    if shortened:
        log.info("%s rows fit with fewer examples", f"{dropped.total() - dropped[0]:,}")


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Keep the rows that fit in a model's context."""

    domain: Annotated[str, Field(description="math, chat...; or the path of its YAML")]
    tokenizer: Annotated[
        str | None,
        Flag(metavar="DIR_OR_FILE"),
        Field(description="counts exactly (default: an estimate)"),
    ] = None
    max_seq_length: Annotated[
        PositiveInt | None,
        Field(description=f"in tokens (default: {MAX_SEQ_LENGTH}, for chat {MAX_CHAT_LENGTH})"),
    ] = None
    input_file: Annotated[
        Path | None,
        Field(
            description="(default: data/few-shot/<domain>_fintune.jsonl, for chat "
            "data/data_v5/<domain>_seq2seq.jsonl)"
        ),
    ] = None
    output_file: Annotated[
        Path | None,
        Field(description="(default: data/data_v5/raw_data/<domain>_prompt_data.jsonl)"),
    ] = None
    prompt_template: PromptTemplate = "alpaca"
    encode: Encode = "together"
    bos_token: BosToken = None
    eos_token: EosToken = None
    finetune_output: Annotated[
        Path | None,
        Flag(metavar="PATH"),
        Field(description="write instructions that fit for a trainer too (.jsonl or .parquet)"),
    ] = None
    output_format: Annotated[
        str, Flag(choices=list(PROMPT_FORMATS)), Field(description="layout of --finetune_output")
    ] = "alpaca"


def parse_arguments(argv: list[str] | None) -> Flags:
    """Read the flags and fill in what hangs on the domain."""
    args = parse_flags(Flags, argv)
    # The path of a YAML names its domain, as in the steps before.
    domain = domain_name(args.domain)
    is_chat = is_chat_domain(domain)
    usual = (
        Path(f"data/data_v5/{domain}_seq2seq.jsonl")
        if is_chat
        else Path(f"data/few-shot/{domain}_fintune.jsonl")
    )
    return replace(
        args,
        domain=domain,
        max_seq_length=args.max_seq_length or (MAX_CHAT_LENGTH if is_chat else MAX_SEQ_LENGTH),
        input_file=args.input_file or usual,
        output_file=args.output_file or Path(f"data/data_v5/raw_data/{domain}_prompt_data.jsonl"),
    )


def needed_fields(args: Flags) -> Sequence[str]:
    """Name the fields that rows must have; PipelineError if a trainer's file can't be written."""
    if args.finetune_output is None:
        return CHAT_FIELDS if is_chat_domain(args.domain) else INSTRUCTION_FIELDS
    if is_chat_domain(args.domain):
        raise PipelineError(
            f"--finetune_output {args.finetune_output}: is for instructions; conversations are "
            "written for a trainer by prepare_chat --finetune_output"
        )
    return (*INSTRUCTION_FIELDS, "source")


def main(argv: list[str] | None = None) -> None:
    args = parse_arguments(argv)
    fields = needed_fields(args)
    trainer_file = finetune_file(args.finetune_output, args.output_format)
    check_finetune_file(trainer_file, args.output_file, [args.input_file])
    layout = TextLayout(args.prompt_template, args.encode, args.bos_token, args.eos_token)
    counter = row_counter(args.tokenizer, layout)
    if not counter.is_exact:
        log.warning("no --tokenizer: lengths are %s", counter.method)
    output = StageOutput(args.output_file, [args.input_file], stage="prompts")
    with output:
        lay_out = partial(lay_out_instruction, prompt_format=args.output_format)
        write = open_finetune_file(output, trainer_file, lay_out)
        write_fitting(
            output,
            read_rows(args.input_file, fields),
            fields,
            counter,
            args.max_seq_length,
            write,
        )
    if trainer_file:
        trainer_file.enter()


if __name__ == "__main__":
    run(main)
