"""Texts as the token ids of a model, from its folder on this machine; nothing is downloaded."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from data_v5.tokens.model_tokenizers import (
    SENTENCEPIECE_FILE,
    TOKENIZER_FILE,
    load_model_tokens,
)
from data_v5.tokens.token_layout import TextLayout
from utils.cli import Flag
from utils.errors import PipelineError
from utils.jsonl import read_json

# The flags that name the marks around a text.
BosToken = Annotated[
    str | None,
    Flag(metavar="TOKEN"),
    Field(description="begins a text; '' for none (default: the model's)"),
]
EosToken = Annotated[
    str | None, Flag(metavar="TOKEN"), Field(description="ends a text (default: the model's)")
]
# Where a model's folder says which tokens begin and end a text, the first that does so counts.
_TOKEN_FILES = ("tokenizer_config.json", "special_tokens_map.json")
_ID_FILES = ("generation_config.json", "config.json")


class TokenEncoder:
    """Encodes texts by a model's tokenizer, without the marks at their ends.

    `bos_id` is None where the model's texts begin without a mark, as LitGPT finds it: the
    `add_bos_token` of `tokenizer_config.json`, Llama's tokenizer class, or what the tokenizer
    itself puts there.
    """

    def __init__(
        self, folder: Path, bos_token: str | None = None, eos_token: str | None = None
    ) -> None:
        """Load a folder; the tokens named go before what it says, an empty `bos_token` is none."""
        self.folder = folder
        self._tokens = load_model_tokens(folder)
        self.special_ids = self._tokens.special_ids
        self.spelled = self._tokens.spelled
        eos_id = self._id_of(eos_token) if eos_token else self._find_id("eos")
        if eos_id is None:
            raise PipelineError(
                f"{folder}: no {_TOKEN_FILES[0]} or {_ID_FILES[0]} says which token ends a text; "
                "copy them from the model, or name it with --eos_token"
            )
        self.eos_id = eos_id
        if bos_token is not None:
            self.bos_id = self._id_of(bos_token) if bos_token else None
        else:
            self.bos_id = self._find_id("bos") if self._begins_with_mark() else None

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Encode texts, on several threads unless TOKENIZERS_PARALLELISM is false."""
        return self._tokens.encode(texts)

    def decode(self, ids: Sequence[int]) -> str:
        """Write tokens as text, marks and all."""
        return self._tokens.decode(ids)

    def begin(self, ids: list[int]) -> list[int]:
        """Put the mark of a beginning before tokens, where there is one and they lack it."""
        return ids if self.bos_id is None or ids[:1] == [self.bos_id] else [self.bos_id, *ids]

    def end(self, ids: list[int]) -> list[int]:
        """Put the mark of an end after tokens that lack it."""
        return ids if ids[-1:] == [self.eos_id] else [*ids, self.eos_id]

    def _id_of(self, token: str) -> int:
        number = self._tokens.id_of(token)
        if number is None:
            raise PipelineError(f"{self.folder}: the tokenizer has no token {token!r}; mend it")
        return number

    def _find_id(self, kind: str) -> int | None:
        for name in _TOKEN_FILES:
            token = _read_settings(self.folder / name).get(f"{kind}_token")
            token = token.get("content") if isinstance(token, dict) else token
            if isinstance(token, str):
                return self._id_of(token)
        for name in _ID_FILES:
            number = _read_settings(self.folder / name).get(f"{kind}_token_id")
            number = number[0] if isinstance(number, list) and number else number
            if isinstance(number, int):
                return number
        return self._tokens.marks.get(kind)

    def _begins_with_mark(self) -> bool:
        settings = _read_settings(self.folder / _TOKEN_FILES[0])
        if isinstance(settings.get("add_bos_token"), bool):
            return bool(settings["add_bos_token"])
        if str(settings.get("tokenizer_class")).startswith("LlamaTokenizer"):
            return True
        opening = self._tokens.opening_id
        return opening is not None and opening == self._find_id("bos")


@lru_cache(maxsize=4)
def token_encoder(
    folder: Path, bos_token: str | None = None, eos_token: str | None = None
) -> TokenEncoder:
    """Load a folder's tokenizer once in each process."""
    return TokenEncoder(folder, bos_token, eos_token)


def layout_encoder(folder: Path, layout: TextLayout) -> TokenEncoder:
    """Load a folder's tokenizer with the marks of a layout."""
    return token_encoder(folder, layout.opening_token(), layout.eos_token)


def tokenizer_folder(name: str) -> Path:
    """Find the folder of a tokenizer by its path, or by that of its file; PipelineError."""
    path = Path(name)
    if path.is_file() and path.name in (TOKENIZER_FILE, SENTENCEPIECE_FILE):
        return path.parent
    if not path.is_dir():
        raise PipelineError(
            f"--tokenizer {name}: no such folder; name one on this machine that holds a model's "
            f"{TOKENIZER_FILE} or {SENTENCEPIECE_FILE}"
        )
    return path


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    settings = read_json(path, "mend it")
    return settings if isinstance(settings, dict) else {}
