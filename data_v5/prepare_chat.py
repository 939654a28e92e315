"""Step 5a: take conversations from trees of messages.

Reads a file of trees in OpenAssistant's format, plain or gzipped; writes one conversation a row,
`{"messages": [{"role", "content"}], "tree_id", "lang"}`.
    python -m data_v5.prepare_chat --input_file 2023-04-12_oasst_ready.trees.jsonl --lang en

A message that is deleted, failed its review, or is labelled beyond a limit cuts its path: what
stands before it is kept up to the last answer. With `--paths best` the next best reply takes its
place. Trees are read one by one; one nested deeper than about 500 messages can't be parsed.
"""

import gzip
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, PositiveInt
from tqdm import tqdm

from data_v5.chats.message_trees import BadTree, TreeRules, TreeWalk, check_tree
from data_v5.tokens.finetune_files import (
    check_finetune_file,
    finetune_file,
    open_finetune_file,
)
from utils.cli import Flag, Share, log, parse_flags, run
from utils.errors import PipelineError
from utils.finetune.chat_format import TrainingDialogue, to_from_value, to_messages
from utils.jsonl import Row, bounded_lines, open_input, parse_line
from utils.row_files import WriteRow
from utils.stage_output import StageOutput

REQUIRED = ("message_tree_id", "prompt")
GZIP_MAGIC = b"\x1f\x8b"
# States of trees that moderators stopped; only exports of all trees hold any.
STOPPED = ("aborted_low_grade", "halted_by_moderator")
# Votes of yes and no, of which half must not be yes, or scales that have 0.5 in their middle.
LIMIT = 0.5
AtMost = Annotated[Share, Field(description="skip messages with more votes for it")]
LAYOUTS = {"share_gpt": to_messages, "share_gpt_from_value": to_from_value}


def read_trees(path: Path) -> Iterator[tuple[str, Row]]:
    """Yield each tree with its place in the file; gzip is known by its first bytes."""
    with _unpacked(path) as lines:
        number = 0
        try:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield f"{path}, line {number}", parse_line(path, number, line, REQUIRED)
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise PipelineError(
                f"{path}: breaks off after line {number} ({error}); download it again"
            ) from None
    if not number:
        raise PipelineError(f"{path}: holds no trees; download it again")


@contextmanager
def _unpacked(path: Path) -> Iterator[Iterable[bytes]]:
    with open_input(path) as probe:
        is_packed = probe.read(len(GZIP_MAGIC)) == GZIP_MAGIC
    with open_input(path) as file:
        yield bounded_lines(gzip.GzipFile(fileobj=file) if is_packed else file, path)


def to_training_row(row: Row, prompt_format: str) -> Row:
    """Lay a conversation out for a trainer, with where it comes from in strings."""
    dialogue = TrainingDialogue([(turn["role"], turn["content"]) for turn in row["messages"]])
    return LAYOUTS[prompt_format](dialogue) | {
        "tree_id": str(row["tree_id"]),
        "lang": row["lang"] or "",
    }


class ChatWriter:
    """Writes the conversations of trees, and what was rejected."""

    def __init__(
        self, walk: TreeWalk, skip_states: Iterable[str], output: StageOutput, min_turns: int = 1
    ) -> None:
        self._walk = walk
        self._min_turns = min_turns
        self._skip_states = frozenset(skip_states)
        self._output = output
        self.trees = 0

    def write(self, trees: Iterable[tuple[str, Row]], write_also: WriteRow) -> None:
        """Write the conversations of every tree to both outputs; a bad tree is rejected whole."""
        for place, tree in trees:
            self.trees += 1
            found = 0
            try:
                for row, fault in self._conversations(tree, place):
                    found += 1
                    if fault:
                        self._output.reject(row, fault)
                        continue
                    self._output.keep(row)
                    write_also(row)
            except BadTree as error:
                self._output.reject(tree, str(error))
                continue
            if not found:
                reason = self._walk.rules.skip_reason(tree["prompt"])
                self._output.reject(tree, f"prompt_{reason}" if reason else "no_answer")

    def _conversations(self, tree: Row, place: str) -> Iterator[tuple[Row, str | None]]:
        check_tree(tree["prompt"], place)
        tree_id, language = tree["message_tree_id"], tree["prompt"].get("lang")
        if not isinstance(tree_id, str) or not tree_id:
            raise BadTree("empty_tree_id")
        state = tree.get("tree_state")
        if not isinstance(state, str | None):
            raise BadTree("malformed_tree_state")
        if state in self._skip_states:
            raise BadTree(f"tree_{state}")
        for messages, fault in self._walk.conversations(tree["prompt"]):
            known = language if isinstance(language, str) else None
            if not fault and len(messages) < self._min_turns:
                fault = "too_few_turns"
            yield {"messages": messages, "tree_id": tree_id, "lang": known}, fault

    def figures(self) -> Row:
        return {
            "trees": self.trees,
            "paths": self._walk.paths,
            "equal_paths_merged": self._walk.merged,
            "last_user_turns_dropped": self._walk.shortened,
            "messages_skipped": dict(self._walk.skipped.most_common()),
        }


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Take conversations from trees of messages."""

    input_file: Annotated[Path, Field(description="trees, one a line; plain or gzipped")]
    output_file: Annotated[Path, Field(description="the conversations")] = Path(
        "data/data_v5/chat.jsonl"
    )
    paths: Annotated[
        Literal["all", "best"],
        Field(description="every path from root to leaf, or the best-ranked reply's"),
    ] = "all"
    lang: Annotated[
        list[str] | None,
        Flag(metavar="CODE"),
        Field(description="keep these, as en or pt-BR (default: all)"),
    ] = None
    max_spam: AtMost = LIMIT
    max_fails_task: AtMost = LIMIT
    max_lang_mismatch: AtMost = LIMIT
    max_not_appropriate: AtMost = LIMIT
    max_pii: AtMost = LIMIT
    max_hate_speech: AtMost = LIMIT
    max_sexual_content: AtMost = LIMIT
    max_toxicity: AtMost = LIMIT
    max_violence: AtMost = LIMIT
    min_quality: Annotated[Share, Field(description="skip messages rated lower")] = LIMIT
    skip_synthetic: Annotated[
        bool, Field(description="skip messages that a model wrote, as the export marks them")
    ] = False
    min_turns: Annotated[
        PositiveInt, Field(description="reject conversations of fewer messages")
    ] = 1
    skip_tree_states: Annotated[
        tuple[str, ...],
        Flag(nargs="*", metavar="STATE"),
        Field(description="leave out trees in these"),
    ] = STOPPED
    finetune_output: Annotated[
        Path | None,
        Flag(metavar="PATH"),
        Field(description="write the rows for a trainer too (.jsonl or .parquet)"),
    ] = None
    output_format: Annotated[
        str, Flag(choices=list(LAYOUTS)), Field(description="layout of --finetune_output")
    ] = "share_gpt"


def tree_rules(args: Flags) -> TreeRules:
    limits = {name.removeprefix("max_"): n for name, n in vars(args).items() if "max_" in name}
    least = {"quality": args.min_quality}
    return TreeRules(args.paths == "best", args.lang, limits, least, args.skip_synthetic)


def main(argv: list[str] | None = None) -> None:
    args = parse_flags(Flags, argv)
    trainer_file = finetune_file(args.finetune_output, args.output_format)
    check_finetune_file(trainer_file, args.output_file, [args.input_file])
    output = StageOutput(args.output_file, [args.input_file], stage="chats")
    with output:
        writer = ChatWriter(
            TreeWalk(tree_rules(args)), args.skip_tree_states, output, args.min_turns
        )
        lay_out = partial(to_training_row, prompt_format=args.output_format)
        write = open_finetune_file(output, trainer_file, lay_out)
        progress = tqdm(read_trees(args.input_file), desc="walking", unit="tree", disable=None)
        writer.write(progress, write)
        output.summary["settings"] = {
            key: value if not isinstance(value, Path) else str(value)
            for key, value in vars(args).items()
            if value is not None
        }
        output.summary |= writer.figures()
    if trainer_file:
        trainer_file.enter()
    if not output.kept:
        log.warning("no conversation is left; see %s for the reasons", output.rejected_path)


if __name__ == "__main__":
    run(main)
