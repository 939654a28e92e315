"""Tokens of training rows, counted by a model's tokenizer, or estimated where there is none."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from utils.errors import PipelineError
from utils.jsonl import load_row, read_document

# About what the tokenizers of current models make of Python and of English; Chinese comes out
# near 0.75 tokens a character.
BYTES_PER_TOKEN = 4
# Why a row is left out whose code before is longer than it may be.
TOO_LONG_BEFORE = "too_many_tokens_before"
ESTIMATE_METHOD = f"UTF-8 bytes / {BYTES_PER_TOKEN}, rounded up"
# ChatML puts five tokens around a turn's text: <|im_start|> role \n ... <|im_end|> \n
TURN_TOKENS = 5
_TURN_START = "<|im_start|>"
_EMPTY_TURN = "<|im_start|>assistant\n<|im_end|>\n"


def estimate_tokens(text: str) -> int:
    """Estimate the tokens of a text by `ESTIMATE_METHOD`."""
    return -(-len(text.encode("utf-8", "surrogatepass")) // BYTES_PER_TOKEN)


class TokenCounter(Protocol):
    """Counts the tokens of texts, and says how."""

    # A sentence for people: which tokenizer, or what the estimate is.
    method: str
    is_exact: bool
    # What the chat template adds to each turn.
    turn_tokens: int
    special_tokens: Sequence[str]

    def count(self, texts: Sequence[str]) -> list[int]: ...


class TokenEstimate:
    """Counts by the size of a text, where no tokenizer is named."""

    method = f"estimated: {ESTIMATE_METHOD}"
    is_exact = False
    turn_tokens = TURN_TOKENS
    special_tokens: Sequence[str] = ()

    def count(self, texts: Sequence[str]) -> list[int]:
        return [estimate_tokens(text) for text in texts]


class ModelTokenizer:
    """Counts by a `tokenizer.json`."""

    is_exact = True

    def __init__(self, path: Path, name: str) -> None:
        self._tokenizer = load_tokenizer(path)
        self.method = f"tokenizer {name}"
        added = self._tokenizer.get_added_tokens_decoder().values()
        self.special_tokens: Sequence[str] = sorted(
            token.content for token in added if token.special
        )
        self.turn_tokens = TURN_TOKENS
        if _TURN_START in self.special_tokens:
            self.turn_tokens = self.count([_EMPTY_TURN])[0]

    def count(self, texts: Sequence[str]) -> list[int]:
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(one) for one in encoded]


def token_counter(name: str | None) -> TokenCounter:
    """Load a tokenizer by its folder, its file, or the name of a model on the Hub."""
    if name is None:
        return TokenEstimate()
    path = Path(name)
    if path.is_dir():
        path /= "tokenizer.json"
    elif not path.is_file():
        # Not a path: what is left is a model's name.
        if name.count("/") != 1 or name.startswith((".", "/")):
            raise PipelineError(
                f"--tokenizer {name}: no such folder; name one that holds a tokenizer.json, or a "
                "model on the Hub as owner/name"
            )
        # Slow to import, and most runs name a folder or nothing.
        from utils.hub import model_file

        path = Path(model_file(name, "tokenizer.json"))
    # A model is named, the folders of this machine are not.
    return ModelTokenizer(path, Path(name).name if Path(name).exists() else name)


def load_tokenizer(path: Path) -> Any:
    """Load a `tokenizer.json`, which then neither cuts nor pads; PipelineError if it is none."""
    # Slow to import, and most runs count no tokens.
    from tokenizers import Tokenizer

    if not path.is_file():
        raise PipelineError(f"{path}: no such file; --tokenizer needs a fast tokenizer's")
    text = read_document(path).decode("utf-8", "replace")
    # The package raises nothing more specific than Exception.
    if not _looks_like_tokenizer(text):
        raise PipelineError(f"{path}: not a tokenizer; name the folder of a model")
    tokenizer = Tokenizer.from_str(text)
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer


def _looks_like_tokenizer(text: str) -> bool:
    try:
        content = load_row(text)
    except ValueError:
        return False
    return isinstance(content, dict) and isinstance(content.get("model"), dict)
