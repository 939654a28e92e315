"""What a run has paid for, on disk: finished samples, failed ones, and rounds of unfinished ones.

The output is an append log of finished samples, keyed by (prompt_id, sample_index). The recovery
file keeps what conversations under way have got. Each line reaches the operating system before the
next request of its conversation goes out.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

from utils.cli import log
from utils.errors import PipelineError
from utils.files.append_log import AppendLog, mend_tail, refuse_foreign
from utils.files.atomic import sweep_unfinished
from utils.files.locks import real_path, taken_lock
from utils.generation.recovery import (
    Figures,
    Recovery,
    SampleKey,
    Spending,
    is_recovery_header,
    log_rows,
    sample_key,
)
from utils.jsonl import Row, atomic_file, bounded_lines, dump_row, load_row
from utils.providers.replies import Reply, Usage, sound_usage
from utils.stage_output import sibling

# Rows begin with these fields so that a resume reads a line's first bytes, not its megabytes.
_HEAD = re.compile(
    rb'\{"prompt_id":"([^"\\]+)","sample_index":(\d+),"prompt_hash":"(\w+)","model":"[^"\\]*",'
    rb'"finish_reason":\[[^\]]*\],"usage":(\[[^\]]*\])'
)


class Finished(NamedTuple):
    """What a resume needs of a finished sample."""

    key: SampleKey
    prompt_hash: str
    usage: list[Row]


class Journal:
    """The files of one run: opened under a lock, appended to, put in order at the end.

    `fingerprint` holds the settings that shape the answers. `resume` continues what is there,
    `overwrite` throws it away; with neither, existing work is an error.
    """

    def __init__(
        self,
        output_file: str | Path,
        recovery_file: str | Path,
        fingerprint: dict[str, Any],
        resume: bool = False,
        overwrite: bool = False,
    ) -> None:
        # Through a link, the files beside an output are those beside what the link leads to.
        self.output_file = real_path(output_file)
        self.failed_file = sibling(output_file, ".failed.jsonl")
        self.done: dict[SampleKey, str] = {}
        self.failed: dict[SampleKey, Row] = {}
        self.paid: Spending = Counter()
        self._recovery = Recovery(Path(recovery_file), fingerprint)
        self._locks = ExitStack()
        with ExitStack() as undo:
            undo.callback(self._locks.close)
            self._take_locks()
            self._open(resume, overwrite)
            undo.pop_all()

    # Opening

    def _take_locks(self) -> None:
        for file in (self.output_file, self._recovery.path):
            if file.is_dir():
                raise PipelineError(f"{file}: is a folder; name a file")
            self._locks.callback(taken_lock(file).release)

    def _open(self, resume: bool, overwrite: bool) -> None:
        known = {
            self.output_file: _is_finished,
            self._recovery.path: is_recovery_header,
            self.failed_file: _is_failed,
        }
        files = list(known)
        for file, is_ours in known.items():
            if file.exists():
                refuse_foreign(file, is_ours, b'{"prompt_id":"')
            sweep_unfinished(file)
        if overwrite:
            for file in files:
                file.unlink(missing_ok=True)
        held = [file for file in files if file.exists() and file.stat().st_size]
        if held and not resume:
            raise PipelineError(
                f"{held[0]}: exists; --continue_from_error goes on with it, "
                "--overwrite starts afresh and loses it"
            )
        if held and self._recovery.path not in held:
            log.warning(
                "%s: missing; can't tell whether %s was made with the same settings",
                self._recovery.path,
                held[0],
            )
        for file in held:
            mend_tail(file)
        self._load_finished()
        self._load_failed()
        self._recovery.load(self.done)
        self.paid.update(self._recovery.paid())
        self._recovery.compact()
        self._recovery.open()
        self._output = AppendLog(self.output_file)
        self._failures = AppendLog(self.failed_file)

    def _load_finished(self) -> None:
        if not self.output_file.exists():
            return
        for finished in read_finished(self.output_file):
            self.done[finished.key] = finished.prompt_hash
            for usage in finished.usage:
                self.paid.update(sound_usage(usage))

    def _load_failed(self) -> None:
        for row in log_rows(self.failed_file, (*SampleKey._fields, "reject_reason")):
            if (key := sample_key(row)) not in self.done:
                self.failed[key] = row

    # Checking

    def check_prompts(self, hashes: dict[str, str]) -> None:
        """Refuse to go on if a prompt that was answered has changed or is gone.

        `hashes` maps every prompt_id of the input to the hash of its texts.
        """
        for key, prompt_hash in (self._recovery.prompt_hashes() | self.done).items():
            if key.prompt_id not in hashes:
                raise PipelineError(
                    f"{self.output_file}: answers prompt {key.prompt_id}, which is gone from the "
                    "input; use the prompts it was made with or name another output"
                )
            if hashes[key.prompt_id] != prompt_hash:
                raise PipelineError(
                    f"{self.output_file}: prompt {key.prompt_id} has other texts in the input now; "
                    "use the prompts it was made with or name another output"
                )

    def answered_rounds(self, key: SampleKey) -> list[Reply]:
        """List the replies an unfinished sample has got already."""
        return self._recovery.answered_rounds(key)

    def cut_off_reply(self, key: SampleKey, round_index: int) -> Reply | None:
        """Return the reply of a round that was cut off and is to be asked for once more."""
        return self._recovery.cut_off_reply(key, round_index)

    # Writing

    def add_round(self, key: SampleKey, prompt_hash: str, reply: Reply) -> None:
        self._recovery.add_round(key, prompt_hash, reply)

    def add_cut_off(self, key: SampleKey, prompt_hash: str, reply: Reply) -> None:
        self._recovery.add_cut_off(key, prompt_hash, reply)

    def add_waste(self, usage: Usage) -> None:
        """Note the cost of an answer that no row will hold, so that a resumed run counts it."""
        self._recovery.add_waste(usage)

    @property
    def figures(self) -> Figures:
        """What the runs before this one took."""
        return self._recovery.figures

    def add_figures(self, figures: Figures) -> None:
        """Note what has been counted since the last figures."""
        self._recovery.add_figures(figures)

    def add_finished(self, key: SampleKey, row: Row) -> None:
        """Write a finished sample, which then counts as done and no longer as failed."""
        self._output.append(dump_row(row))
        self.done[key] = row["prompt_hash"]
        self.failed.pop(key, None)

    def add_failed(self, key: SampleKey, row: Row) -> None:
        self._failures.append(dump_row(row))
        self.failed[key] = row

    @property
    def unsynced_rows(self) -> int:
        """Lines that the system has but the disk may not: lost if the power fails."""
        return self._output.unsynced + self._recovery.unsynced + self._failures.unsynced

    def sync(self) -> None:
        """Force everything written so far to the disk (slow; safe to call from a thread)."""
        self._recovery.sync()
        self._output.sync()
        self._failures.sync()

    def close(self) -> None:
        """Sync and let go; drops the list of failures where none is left."""
        with self._locks:
            self.sync()
            self._recovery.close()
            self._output.close()
            self._failures.close()
            if self.failed:
                with atomic_file(self.failed_file) as file:
                    file.writelines(map(dump_row, self.failed.values()))
            else:
                self.failed_file.unlink(missing_ok=True)

    def put_in_order(self, prompt_ids: Iterable[str]) -> None:
        """Rewrite the output once in the order of the prompts; equal runs give equal bytes.

        Every row is kept, also those of samples that this run was not asked for.
        """
        self._output.sync()
        places = {prompt_id: number for number, prompt_id in enumerate(prompt_ids)}
        offsets = _row_offsets(self.output_file)
        wanted = sorted(offsets, key=lambda key: (places[key.prompt_id], key.sample_index))
        if wanted != list(offsets):
            with open(self.output_file, "rb") as file, atomic_file(self.output_file) as ordered:
                for key in wanted:
                    file.seek(offsets[key])
                    ordered.write(file.readline())
            self._output.reopen()
        self._recovery.drop_finished(self.done)


def _row_offsets(path: Path) -> dict[SampleKey, int]:
    offsets: dict[SampleKey, int] = {}
    offset = 0
    with open(path, "rb") as file:
        for line in bounded_lines(file, path):
            offsets.setdefault(_finished(line, path).key, offset)
            offset += len(line)
    return offsets


def _is_finished(line: bytes) -> bool:
    try:
        _finished(line, Path())
    except PipelineError:
        return False
    return True


def _is_failed(line: bytes) -> bool:
    try:
        row = load_row(line)
    except ValueError:
        return False
    return isinstance(row, dict) and {*SampleKey._fields, "reject_reason"} <= row.keys()


def read_finished(path: Path) -> Iterator[Finished]:
    """Yield what a resume needs of each row of an output."""
    with open(path, "rb") as file:
        for line in bounded_lines(file, path):
            yield _finished(line, path)


def _finished(line: bytes, path: Path) -> Finished:
    head = _HEAD.match(line)
    try:
        if head:
            prompt_id, index, prompt_hash, usage = head.groups()
            return Finished(
                SampleKey(prompt_id.decode(), int(index)), prompt_hash.decode(), load_row(usage)
            )
        row = load_row(line)
        key = SampleKey(row["prompt_id"], row["sample_index"])
        return Finished(key, row["prompt_hash"], row["usage"])
    except (ValueError, KeyError, TypeError):
        raise PipelineError(
            f"{path}: holds a row that this stage did not write; name another output"
        ) from None
