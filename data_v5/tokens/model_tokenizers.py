"""A model's tokenizer on this machine: its tokenizer.json, or the tokenizer.model of SentencePiece.

A tokenizer.json goes before a tokenizer.model, as in LitGPT. A tokenizer.model is read by the
package of SentencePiece itself, for what others make of it splits some texts otherwise. Older files
are converted by transformers.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

from utils.errors import PipelineError
from utils.token_counts import load_tokenizer

TOKENIZER_FILE = "tokenizer.json"
SENTENCEPIECE_FILE = "tokenizer.model"


class ModelTokens(Protocol):
    """What is asked of a tokenizer, whoever made it.

    `special_ids` are the tokens that a text may name, `opening_id` is what the tokenizer itself
    puts before a text, `marks` are the ends of a text, by `bos` and `eos`, if it says so itself.
    A text that holds one of `spelled` holds the name of a mark, and no mark.
    """

    special_ids: frozenset[int]
    opening_id: int | None
    marks: dict[str, int]
    spelled: tuple[str, ...]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode texts without the marks at their ends."""
        ...

    def decode(self, ids: Sequence[int]) -> str:
        """Write tokens as text, marks and all."""
        ...

    def id_of(self, token: str) -> int | None:
        """Find a token by its name."""
        ...


class FastTokenizer:
    """A tokenizer of the package `tokenizers`."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        added = tokenizer.get_added_tokens_decoder().items()
        self.special_ids = frozenset(number for number, token in added if token.special)
        self.opening_id = next(iter(tokenizer.encode("", add_special_tokens=True).ids), None)
        self.marks: dict[str, int] = {}
        self.spelled: tuple[str, ...] = ()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode texts, on several threads unless TOKENIZERS_PARALLELISM is false."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [one.ids for one in encoded]

    def decode(self, ids: Sequence[int]) -> str:
        """Write tokens as text, marks and all."""
        return str(self._tokenizer.decode(list(ids), skip_special_tokens=False))

    def id_of(self, token: str) -> int | None:
        """Find a token by its name."""
        number: int | None = self._tokenizer.token_to_id(token)
        return number


class SentencePieceTokenizer:
    """A tokenizer of the package `sentencepiece`; a mark's name in a text is read as letters."""

    special_ids: frozenset[int] = frozenset()
    opening_id = None

    def __init__(self, path: Path) -> None:
        self._processor = _sentencepiece_processor(path)
        marks = {"bos": self._processor.bos_id(), "eos": self._processor.eos_id()}
        self.marks = {name: number for name, number in marks.items() if number >= 0}
        self.spelled = tuple(map(self._processor.id_to_piece, self.marks.values()))

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode texts one by one."""
        return [self._processor.encode(text) for text in texts]

    def decode(self, ids: Sequence[int]) -> str:
        """Write tokens as text, marks by their names."""
        parts: list[str] = []
        plain: list[int] = []
        for number in ids:
            if not self._processor.is_control(number):
                plain.append(number)
                continue
            parts += [self._processor.decode(plain), self._processor.id_to_piece(number)]
            plain = []
        return "".join([*parts, self._processor.decode(plain)])

    def id_of(self, token: str) -> int | None:
        """Find a token by its name."""
        number = int(self._processor.piece_to_id(token))
        return number if self._processor.id_to_piece(number) == token else None


def _sentencepiece_processor(path: Path) -> Any:
    try:
        from sentencepiece import SentencePieceProcessor
    except ImportError:
        raise PipelineError(
            f"{path}: needs the package 'sentencepiece'; pip install sentencepiece, or add the "
            f"model's {TOKENIZER_FILE}"
        ) from None
    try:
        return SentencePieceProcessor(model_file=str(path))
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().split("\n")[0]
        raise PipelineError(
            f"{path}: is no model of SentencePiece ({reason}); add the model's {TOKENIZER_FILE}"
        ) from None


def load_model_tokens(folder: Path) -> ModelTokens:
    """Load the tokenizer of a model's folder; PipelineError where it can't be had."""
    if (folder / TOKENIZER_FILE).is_file():
        return FastTokenizer(load_tokenizer(folder / TOKENIZER_FILE))
    if (folder / SENTENCEPIECE_FILE).is_file():
        return SentencePieceTokenizer(folder / SENTENCEPIECE_FILE)
    return FastTokenizer(_convert(folder))


def _convert(folder: Path) -> Any:
    """Build a tokenizer from older files, as transformers does: vocab.json and merges.txt..."""
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise PipelineError(
            f"{folder}: has no {TOKENIZER_FILE}; add one, or pip install transformers, which "
            "converts older files"
        ) from None
    try:
        loaded = AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
    except (OSError, ValueError, KeyError, ImportError) as error:
        reason = str(error).strip().split("\n")[0]
        raise PipelineError(
            f"{folder}: holds no {TOKENIZER_FILE} and transformers can't read it ({reason}); name "
            "the folder of a model"
        ) from None
    tokenizer = getattr(loaded, "backend_tokenizer", None)
    if tokenizer is None:
        raise PipelineError(f"{folder}: has no fast tokenizer; add its {TOKENIZER_FILE}")
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
