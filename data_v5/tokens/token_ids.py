"""Texts as the token ids of a model, from its folder on this machine; nothing is downloaded."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from utils.cli import Flag
from utils.errors import PipelineError
from utils.jsonl import read_json
from utils.token_counts import load_tokenizer

# The flags that name the marks around a text.
BosToken = Annotated[
    str | None,
    Flag(metavar="TOKEN"),
    Field(description="begins a text; '' for none (default: the model's)"),
]
EosToken = Annotated[
    str | None, Flag(metavar="TOKEN"), Field(description="ends a text (default: the model's)")
]
TOKENIZER_FILE = "tokenizer.json"
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
        self._tokenizer = _load(folder)
        self.special_ids = frozenset(
            number for number, token in self._added_tokens() if token.special
        )
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
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [one.ids for one in encoded]

    def begin(self, ids: list[int]) -> list[int]:
        """Put the mark of a beginning before tokens, where there is one and they lack it."""
        return ids if self.bos_id is None or ids[:1] == [self.bos_id] else [self.bos_id, *ids]

    def end(self, ids: list[int]) -> list[int]:
        """Put the mark of an end after tokens that lack it."""
        return ids if ids[-1:] == [self.eos_id] else [*ids, self.eos_id]

    def _added_tokens(self) -> list[tuple[int, Any]]:
        return sorted(self._tokenizer.get_added_tokens_decoder().items())

    def _id_of(self, token: str) -> int:
        number = self._tokenizer.token_to_id(token)
        if number is None:
            raise PipelineError(f"{self.folder}: the tokenizer has no token {token!r}; mend it")
        return int(number)

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
        return None

    def _begins_with_mark(self) -> bool:
        settings = _read_settings(self.folder / _TOKEN_FILES[0])
        if isinstance(settings.get("add_bos_token"), bool):
            return bool(settings["add_bos_token"])
        if str(settings.get("tokenizer_class")).startswith("LlamaTokenizer"):
            return True
        opening = self._tokenizer.encode("", add_special_tokens=True).ids[:1]
        return bool(opening) and opening[0] == self._find_id("bos")


@lru_cache(maxsize=4)
def token_encoder(
    folder: Path, bos_token: str | None = None, eos_token: str | None = None
) -> TokenEncoder:
    """Load a folder's tokenizer once in each process."""
    return TokenEncoder(folder, bos_token, eos_token)


def tokenizer_folder(name: str) -> Path:
    """Find the folder of a tokenizer by its path or its `tokenizer.json`'s; PipelineError."""
    path = Path(name)
    if path.is_file() and path.name == TOKENIZER_FILE:
        return path.parent
    if not path.is_dir():
        raise PipelineError(
            f"--tokenizer {name}: no such folder; name one on this machine that holds a model's "
            f"{TOKENIZER_FILE}"
        )
    return path


def _load(folder: Path) -> Any:
    if (folder / TOKENIZER_FILE).is_file():
        return load_tokenizer(folder / TOKENIZER_FILE)
    return _convert(folder)


def _convert(folder: Path) -> Any:
    """Build a tokenizer from older files, as transformers does: vocab.json, tokenizer.model..."""
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


def _read_settings(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    settings = read_json(path, "mend it")
    return settings if isinstance(settings, dict) else {}
