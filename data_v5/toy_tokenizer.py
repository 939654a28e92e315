"""Train a small tokenizer on a file's texts, to try the steps without a model's.

A byte-level BPE, which can write any text. Writes `tokenizer.json` and `tokenizer_config.json`, as
a model's folder on the Hugging Face Hub has them. A model has its own: take that for training.
    python -m data_v5.toy_tokenizer --input_file data_v5/examples/questions.jsonl \\
        --output_dir data/data_v5/tokenizer
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from data_v5.tokens.model_tokenizers import TOKENIZER_FILE
from utils.cli import log, parse_flags, run
from utils.files.wholeness import say_if_doubtful
from utils.jsonl import atomic_file, write_json
from utils.records import is_unicode
from utils.row_files import read_records

BOS, EOS = "<s>", "</s>"
# A byte each, and the two marks.
LEAST_TOKENS = 258
CONFIG_FILE = "tokenizer_config.json"
CONFIG = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "bos_token": BOS,
    "eos_token": EOS,
    "add_bos_token": True,
    "clean_up_tokenization_spaces": False,
}


def read_training_texts(path: Path, fields: Sequence[str]) -> Iterator[str]:
    """Yield the texts of the fields; what is no text is passed over."""
    for row in read_records(path, fields):
        texts = (row[field] for field in fields if isinstance(row[field], str))
        yield from (text for text in texts if is_unicode(text))


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Train a byte-level BPE of at most so many tokens; the same texts give the same one."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        min_frequency=2,
        special_tokens=[BOS, EOS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def save_tokenizer(tokenizer: Tokenizer, folder: Path) -> None:
    """Write the two files by which `transformers` knows a tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CONFIG_FILE, CONFIG)
    with atomic_file(folder / TOKENIZER_FILE) as file:
        file.write(tokenizer.to_str(pretty=True).encode())


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Train a small tokenizer on a file's texts."""

    input_file: Annotated[Path, Field(description="the rows")] = Path(
        "data_v5/examples/questions.jsonl"
    )
    fields: Annotated[tuple[str, ...], Field(description="the texts of a row")] = (
        "question",
        "answer",
    )
    output_dir: Annotated[Path, Field(description="the folder")] = Path("data/data_v5/tokenizer")
    vocab_size: Annotated[
        int,
        Field(
            ge=LEAST_TOKENS,
            description="most tokens, among them one for each byte and the marks at the ends",
        ),
    ] = 1000


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    say_if_doubtful(arguments.input_file)
    texts = read_training_texts(arguments.input_file, arguments.fields)
    tokenizer = train_tokenizer(texts, arguments.vocab_size)
    save_tokenizer(tokenizer, arguments.output_dir)
    size = tokenizer.get_vocab_size()
    log.info("a tokenizer of %s tokens -> %s", f"{size:,}", arguments.output_dir)


if __name__ == "__main__":
    run(main)
