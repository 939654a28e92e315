"""What will happen to rows in a trainer: how long they are, what is cut, how they pack.

Text that trainers take for something else than text is found here too.
"""

import re
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, TypeVar

from utils.cli import log
from utils.errors import PipelineError
from utils.finetune.chat_format import TrainingConversation
from utils.processes import batched
from utils.token_counts import TokenCounter

# What chat templates of current models use, as text: ChatML, Llama, Gemma, DeepSeek, Mistral, and
# the thoughts and calls of Qwen.
_CONTROL_TOKENS = (
    r"<\|[^\s<>|]{1,40}\|>",
    r"<｜[^\s<>｜]{1,40}｜>",
    r"</?s>",
    r"<(?:unk|pad|bos|eos|mask|sop|eop)>",
    r"</?think>",
    r"</?tool_(?:call|response)>",
    r"</?(?:start|end)_of_(?:turn|image)>",
    r"<fim_(?:prefix|middle|suffix|pad)>",
    r"<</?SYS>>",
)
_BRACKET_TOKENS = re.compile(r"\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS)\]|\[gMASK\]")
# Multimodal templates count these and refuse a row that has no file for them.
_MEDIA = ("<image>", "<video>", "<audio>")
_TURN_NUMBER = "{{idx}}"
_HANDLEBARS = re.compile(r"\{\{[^{}\n]+\}\}")

CONTROL_TOKEN = "control_token"
MEDIA_PLACEHOLDER = "media_placeholder"
TURN_NUMBER = "turn_number_placeholder"
HANDLEBARS = "handlebars"
UNSAFE_KINDS = (CONTROL_TOKEN, MEDIA_PLACEHOLDER, TURN_NUMBER, HANDLEBARS)
T = TypeVar("T")
# Rows whose tokens are counted together.
BATCH = 256
# LLaMA-Factory packs the rows of one batch of its preprocessing with each other.
PACKING_BATCH = 1000


class UnsafeText:
    """Finds what a trainer would not take as text, with the special tokens of its tokenizer."""

    def __init__(self, special_tokens: Iterable[str] = ()) -> None:
        own = [re.escape(token) for token in special_tokens if token.startswith("<")]
        # All begin with the same character: the search leaps from one to the next.
        rests = [pattern.removeprefix("<") for pattern in (*_CONTROL_TOKENS, *own)]
        self._control = re.compile(f"<(?:{'|'.join(rests)})")
        self._others = [
            token for token in special_tokens if not token.startswith("<") and token.strip()
        ]

    def kinds(self, conversation: TrainingConversation) -> list[str]:
        """List the kinds of unsafe text in a row, each once."""
        text = "\n".join(conversation)
        user = conversation.user
        has_braces = "{{" in user
        found = {
            CONTROL_TOKEN: self.has_control_token(text),
            MEDIA_PLACEHOLDER: any(mark in text for mark in _MEDIA),
            TURN_NUMBER: has_braces and _TURN_NUMBER in user,
            HANDLEBARS: has_braces and bool(_HANDLEBARS.search(user.replace(_TURN_NUMBER, ""))),
        }
        return [kind for kind, is_there in found.items() if is_there]

    def has_control_token(self, text: str) -> bool:
        """Tell whether a tokenizer would read part of a text as a control token."""
        return bool(
            self._control.search(text)
            or _BRACKET_TOKENS.search(text)
            or any(token in text for token in self._others)
        )


class RowLength(NamedTuple):
    """Tokens of a row: all of it with the chat template's, and those under the loss."""

    total: int
    trainable: int


class LengthGauge:
    """Measures rows as a chat template will lay them out."""

    def __init__(self, counter: TokenCounter, opening: str = "") -> None:
        """`opening` is what the template puts before an answer."""
        self._counter = counter
        self._opening = counter.count([opening])[0]
        self._system: dict[str, int] = {"": 0}

    def measure(self, conversations: Sequence[TrainingConversation]) -> list[RowLength]:
        """Count the tokens of conversations in one call, which tokenizers take in parallel."""
        texts = [text for one in conversations for text in (one.user, one.assistant)]
        counts = iter(self._counter.count(texts))
        return [self._length(one, next(counts), next(counts)) for one in conversations]

    def measure_stream(
        self, items: Iterable[T], conversation_of: Callable[[T], TrainingConversation]
    ) -> Iterator[tuple[T, RowLength]]:
        """Yield each item with the length of its conversation, measured a batch at a time."""
        for batch in batched(items, BATCH):
            yield from zip(batch, self.measure(list(map(conversation_of, batch))), strict=True)

    def _length(self, conversation: TrainingConversation, user: int, assistant: int) -> RowLength:
        turns = len(conversation.turns()) * self._counter.turn_tokens
        total = self._system_tokens(conversation.system) + user + assistant
        # The mark that ends the answer is trained on too.
        return RowLength(total + turns + self._opening, assistant + 1)

    def _system_tokens(self, system: str) -> int:
        if system not in self._system:
            self._system[system] = self._counter.count([system])[0]
        return self._system[system]


class Preflight:
    """Judges rows by length and content, and adds up what is found out about them."""

    def __init__(
        self, counter: TokenCounter, cutoff_len: int, *, too_long: str, unsafe_text: str
    ) -> None:
        """`too_long` and `unsafe_text` say what to do with such rows: keep, drop, or error."""
        self.counter = counter
        self.cutoff_len = cutoff_len
        self._do_with = {"too_long": too_long, "unsafe_text": unsafe_text}
        self._longest = 0
        self._too_long = 0
        self._unsafe: Counter[str] = Counter()
        self._unsafe_text = UnsafeText(counter.special_tokens)
        self._lengths: array[int] = array("l")
        self._trainable: Counter[str] = Counter()
        self._rows: Counter[str] = Counter()

    def find_fault(self, conversation: TrainingConversation, length: RowLength) -> str | None:
        """Count what is wrong with a row, and say why it must go, if it must."""
        kinds = self._unsafe_text.kinds(conversation)
        self._unsafe.update(kinds)
        self._longest = max(self._longest, length.total)
        # A row of just this length is cut when rows are packed.
        is_too_long = length.total >= self.cutoff_len
        self._too_long += is_too_long
        if is_too_long and self._do_with["too_long"] == "drop":
            return "too_long"
        return kinds[0] if kinds and self._do_with["unsafe_text"] == "drop" else None

    def check(self) -> None:
        """Raise PipelineError if rows are too long where that was asked for."""
        if self._too_long and self._do_with["too_long"] == "error":
            raise PipelineError(
                f"{self._too_long:,} rows reach {self.cutoff_len:,} tokens, the longest has "
                f"{self._longest:,}; raise --cutoff_len, or take --too_long drop"
            )

    def add(self, length: RowLength, source: str) -> None:
        """Count a row of the training file."""
        self._lengths.append(length.total)
        self._trainable[source] += length.trainable
        self._rows[source] += 1

    def figures(self) -> dict[str, Any]:
        """Sum up for the summary file."""
        return {
            "method": self.counter.method,
            "cutoff_len": self.cutoff_len,
            "too_long": self._too_long,
            "unsafe_text": {kind: self._unsafe[kind] for kind in UNSAFE_KINDS},
            "tokens": sum(self._lengths),
            "lengths": quantiles(self._lengths),
            "packing": self._packing(),
            "sources": {
                source: {"rows": self._rows[source], "trainable_tokens": tokens}
                for source, tokens in sorted(self._trainable.items())
            },
        }

    def report(self) -> None:
        """Say what the trainer will make of the rows."""
        figures = self.figures()
        if figures["lengths"]:
            for line in _describe(figures, self.counter):
                log.info("%s", line)
        if self._too_long and self._do_with["too_long"] == "keep":
            log.warning(
                "%s rows reach %s tokens and would be cut without a word: raise "
                "--cutoff_len, here and in the trainer, or take --too_long drop",
                *(f"{self._too_long:,}", f"{self.cutoff_len:,}"),
            )
        if self._unsafe:
            kinds = (f"{k.replace('_', ' ')} {n:,}" for k, n in self._unsafe.most_common())
            is_kept = self._do_with["unsafe_text"] == "keep"
            log.warning(
                "rows with text that trainers may misread: %s (%s)",
                ", ".join(kinds),
                "kept; --unsafe_text drop leaves them out" if is_kept else "left out",
            )

    def _packing(self) -> dict[str, Any]:
        """Pack the rows into sequences of `cutoff_len` and say how full these are."""
        sequences = tokens = 0
        for start in range(0, len(self._lengths), PACKING_BATCH):
            batch = self._lengths[start : start + PACKING_BATCH]
            cut = [min(length, self.cutoff_len) for length in batch]
            sequences += count_packs(cut, self.cutoff_len)
            tokens += sum(cut)
        room = sequences * self.cutoff_len
        return {"sequences": sequences, "efficiency": round(tokens / room, 4) if room else 0.0}


def _describe(figures: dict[str, Any], counter: TokenCounter) -> Iterator[str]:
    lengths, packing = figures["lengths"], figures["packing"]
    hint = "" if counter.is_exact else "; --tokenizer counts them"
    yield (
        f"tokens a row: median {lengths['p50']:,}, 99% up to {lengths['p99']:,}, longest "
        f"{lengths['max']:,} ({counter.method}{hint})"
    )
    yield (
        f"packed at {figures['cutoff_len']:,} tokens: {packing['sequences']:,} sequences, "
        f"{packing['efficiency']:.1%} full"
    )
    sources = (f"{name} {n['trainable_tokens']:,}" for name, n in figures["sources"].items())
    yield f"trained tokens: {', '.join(sources)}"


def quantiles(lengths: Sequence[int]) -> dict[str, int]:
    """Give the smallest, the median, the 90th and 99th percentile and the largest."""
    if not lengths:
        return {}
    ordered = sorted(lengths)
    last = len(ordered) - 1
    places = {"min": 0, "p50": last // 2, "p90": last * 9 // 10, "p99": last * 99 // 100}
    return {name: ordered[place] for name, place in (places | {"max": last}).items()}


def count_packs(lengths: Sequence[int], capacity: int) -> int:
    """Count the sequences that hold rows of these lengths, none of them above the capacity.

    Each sequence takes the longest row that still fits, over and over, as LLaMA-Factory packs.
    """
    left = sorted(lengths)
    packs = 0
    while left:
        packs += 1
        room = capacity
        while place := bisect_right(left, room):
            room -= left.pop(place - 1)
    return packs
