"""Rows encoded as LitGPT does, and kept in a file until it is known where each one goes."""

from __future__ import annotations

import os
import tempfile
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from data_v5.check_length import find_row_fault
from data_v5.tokens.token_ids import TokenEncoder, layout_encoder
from data_v5.tokens.token_layout import (
    CHAT_FIELDS,
    INSTRUCTION_FIELDS,
    TextLayout,
    example_blocks,
    is_chat,
    prompt_text,
    response_text,
    untemplated_text,
)
from utils.jsonl import Row
from utils.records import text_id

ID_BYTES = 4


@dataclass(frozen=True)
class EncodeRules:
    """Whose tokens, how many a row, and of which text."""

    folder: Path
    max_seq_length: int
    layout: TextLayout = TextLayout()
    # Whether the tokenizer may use threads, which several processes must not.
    has_threads: bool = True


class Encoded(NamedTuple):
    """A row's tokens as arrays of uint32."""

    full: NDArray[np.uint32]
    prompt: NDArray[np.uint32]
    # The row's tokens that are the prompt's: all of `prompt`, unless its end and the beginning of
    # the response are one token.
    masked: int
    # Rows with equal keys stay on one side of the split.
    group: int
    is_truncated: bool
    has_special: bool
    # Whether the text names a mark that the tokenizer reads as letters.
    has_spelled: bool
    # What LitGPT counts as the row's tokens without the prompt's template.
    raw_tokens: int
    # Hashes of the question with its response, 0 if there is none, and of the prompt's examples.
    question: int
    examples: Sequence[int]


class Rejected(NamedTuple):
    """A row that is not written, and why."""

    row: Row
    reason: str


def encode_batch(
    rules: EncodeRules, batch: tuple[str, Sequence[Row]]
) -> tuple[str, list[Encoded | Rejected]]:
    """Encode rows of a domain, whose name is passed on."""
    domain, rows = batch
    return domain, encode_rows(rules, rows)


def encode_rows(rules: EncodeRules, rows: Sequence[Row]) -> list[Encoded | Rejected]:
    """Encode rows that have the fields of a layout, in any process.

    As in LitGPT: the prompt and the response are encoded, as one text or each alone, with the mark
    of a beginning where the model has one and the mark of an end; then cut to `max_seq_length`.
    """
    if not rules.has_threads:
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
    encoder = layout_encoder(rules.folder, rules.layout)
    faults = [
        find_row_fault(row, CHAT_FIELDS if is_chat(row) else INSTRUCTION_FIELDS) for row in rows
    ]
    sound = [row for row, fault in zip(rows, faults, strict=True) if fault is None]
    encoded = iter(_encode(sound, encoder, rules))
    results: list[Encoded | Rejected] = []
    for row, fault in zip(rows, faults, strict=True):
        if fault:
            results.append(Rejected(row, fault))
            continue
        results.append(_finish(row, next(encoded), rules.max_seq_length))
    return results


class _Tokens(NamedTuple):
    """A row's tokens with the marks at their ends."""

    prompt: list[int]
    full: list[int]
    has_special: bool
    has_spelled: bool
    untemplated: int


def _encode(rows: Sequence[Row], encoder: TokenEncoder, rules: EncodeRules) -> Iterator[_Tokens]:
    prompts = [prompt_text(row, rules.layout.template) for row in rows]
    is_apart = rules.layout.encode == "apart"
    others = [
        response_text(row) if is_apart else prompt + response_text(row)
        for prompt, row in zip(prompts, rows, strict=True)
    ]
    plain = encoder.encode([untemplated_text(row) for row in rows])
    texts = map("".join, zip(prompts, others, strict=True))
    encoded = zip(encoder.encode(prompts), encoder.encode(others), plain, texts, strict=True)
    for prompt, other, untemplated, text in encoded:
        spelled = any(mark in text for mark in encoder.spelled)
        special = not encoder.special_ids.isdisjoint(prompt + other if is_apart else other)
        begun = encoder.begin(prompt)
        full = begun + encoder.end(other) if is_apart else encoder.end(encoder.begin(other))
        yield _Tokens(begun, full, special, spelled, len(encoder.begin(untemplated)))


def _finish(row: Row, tokens: _Tokens, limit: int) -> Encoded | Rejected:
    prompt, full = tokens.prompt, tokens.full
    if len(prompt) >= limit:
        return Rejected(row, "prompt_too_long")
    masked = _common_length(prompt, full)
    origin = row.get("tree_id")
    group = _hash(origin if isinstance(origin, str) else prompt_text(row))
    examples, question = example_blocks(row)
    return Encoded(
        np.array(full[:limit], dtype=np.uint32),
        np.array(prompt, dtype=np.uint32),
        masked,
        group,
        len(full) > limit,
        tokens.has_special,
        tokens.has_spelled,
        min(tokens.untemplated, limit) + min(len(full) - masked, limit),
        _hash(question) if question else 0,
        [_hash(example) for example in examples],
    )


def _hash(text: str) -> int:
    return int(text_id(text), 16)


def _common_length(prompt: Sequence[int], full: Sequence[int]) -> int:
    """Count the tokens that both begin with; the last one of `full` is never among them."""
    if prompt == full[: len(prompt)] and len(prompt) < len(full):
        return len(prompt)
    pairs = enumerate(zip(prompt, full[:-1], strict=False))
    return next((i for i, (one, other) in pairs if one != other), len(full) - 1)


class TokenSpool:
    """Encoded rows in a temporary file; about forty bytes a row stay in memory."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        # Beside the output, where there is room for it.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115
        self._starts, self._size = array("Q"), 0
        self._full_lengths, self._prompt_lengths = array("I"), array("I")
        self.masked, self.raw_tokens = array("I"), array("I")
        self.groups = array("Q")
        self.truncated = bytearray()

    def __enter__(self) -> TokenSpool:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, row: Encoded) -> None:
        """Write a row's token ids to the file; what is noted of it takes a few bytes of memory."""
        self._starts.append(self._size)
        for values, lengths in (
            (row.full, self._full_lengths),
            (row.prompt, self._prompt_lengths),
        ):
            lengths.append(len(values))
            self._size += self._file.write(values.tobytes())
        self.masked.append(row.masked)
        self.raw_tokens.append(row.raw_tokens)
        self.groups.append(row.group)
        self.truncated.append(row.is_truncated)

    def lengths(self, number: int) -> tuple[int, int]:
        """Give the numbers of a row's tokens, and of its prompt's."""
        return self._full_lengths[number], self._prompt_lengths[number]

    def read(self, number: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Read a row's tokens, and its prompt's."""
        length = self._full_lengths[number]
        self._file.seek(self._starts[number])
        data = self._file.read((length + self._prompt_lengths[number]) * ID_BYTES)
        values = np.frombuffer(data, dtype=np.uint32).astype(np.int64)
        return values[:length].copy(), values[length:].copy()
