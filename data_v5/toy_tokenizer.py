"""Train a small tokenizer on a file's texts, to try the steps without a model's.

A byte-level BPE, which can write any text. Writes `tokenizer.json` and `tokenizer_config.json`, as
a model's folder on the Hugging Face Hub has them. A model has its own: take that for training.
    python -m data_v5.toy_tokenizer --input_file data_v5/examples/questions.jsonl \\
        --output_dir data/data_v5/tokenizer
"""

import argparse
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from data_v5.tokens.token_ids import TOKENIZER_FILE
from utils.cli import log, run
from utils.errors import PipelineError
from utils.jsonl import atomic_file, write_json
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


def read_texts(path: Path, fields: Sequence[str]) -> Iterator[str]:
    """Yield the texts of the fields; what is no text is passed over."""
    for row in read_records(path, fields):
        yield from (row[field] for field in fields if isinstance(row[field], str))


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
    folder.mkdir(parents=True, exist_ok=True)
    write_json(folder / CONFIG_FILE, CONFIG)
    with atomic_file(folder / TOKENIZER_FILE) as file:
        file.write(tokenizer.to_str(pretty=True).encode())


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Train a small tokenizer on a file's texts.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    questions = Path("data_v5/examples/questions.jsonl")
    add("--input_file", type=Path, default=questions, help="the rows")
    add("--fields", nargs="+", default=["question", "answer"], help="the texts of a row")
    add("--output_dir", type=Path, default=Path("data/data_v5/tokenizer"), help="the folder")
    add("--vocab_size", type=int, default=1000, help="most tokens")
    arguments = parser.parse_args(argv)
    if arguments.vocab_size < LEAST_TOKENS:
        raise PipelineError(
            f"--vocab_size {arguments.vocab_size}: must be at least {LEAST_TOKENS}, a token for "
            "each byte and the marks at the ends"
        )
    return arguments


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
    texts = read_texts(arguments.input_file, arguments.fields)
    tokenizer = train_tokenizer(texts, arguments.vocab_size)
    save_tokenizer(tokenizer, arguments.output_dir)
    size = tokenizer.get_vocab_size()
    log.info("a tokenizer of %s tokens -> %s", f"{size:,}", arguments.output_dir)


if __name__ == "__main__":
    run(main)
