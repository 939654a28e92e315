"""What a run has paid for, on disk: finished samples, and the rounds of unfinished ones.

The output is an append log of finished samples, keyed by (prompt_id, sample_index). The recovery
file journals the rounds already answered of conversations that are still under way; its first line
is a header with the settings, so that a run is not continued with others by mistake. Each line
reaches the operating system before the next request of its conversation goes out.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock, Timeout

from utils.errors import PipelineError
from utils.generation.append_log import AppendLog, mend_tail
from utils.generation.replies import Reply
from utils.jsonl import Row, atomic_file, dump_row, load_row
from utils.stage_output import sibling


class SampleKey(NamedTuple):
    """Names one sample: the n-th answer (from 1) to one prompt."""

    prompt_id: str
    sample_index: int


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
        self.output_file = Path(output_file)
        self.recovery_file = Path(recovery_file)
        self.failed_file = sibling(output_file, ".failed.jsonl")
        self.done: dict[SampleKey, str] = {}
        self.failed: dict[SampleKey, Row] = {}
        self.usages: list[Row] = []
        self._rounds: dict[SampleKey, list[tuple[str, Reply]]] = {}
        self._fingerprint = fingerprint
        self.output_file.parent.mkdir(parents=True, exist_ok=True)
        self.recovery_file.parent.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self.output_file.with_name(f".{self.output_file.name}.lock"))
        self._take_lock()
        try:
            self._open(resume, overwrite)
        except BaseException:
            self._lock.release()
            raise

    # Opening

    def _take_lock(self) -> None:
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            raise PipelineError(
                f"{self.output_file}: another run is writing it; wait for it or name another output"
            ) from None

    def _open(self, resume: bool, overwrite: bool) -> None:
        files = (self.output_file, self.recovery_file, self.failed_file)
        if overwrite:
            for file in files:
                file.unlink(missing_ok=True)
        held = [file for file in files if file.exists() and file.stat().st_size]
        if held and not resume:
            raise PipelineError(
                f"{held[0]}: exists; --continue_from_error goes on with it, "
                "--overwrite starts afresh and loses it"
            )
        for file in held:
            mend_tail(file)
        self._load_finished()
        self._load_failed()
        self._load_rounds()
        self._compact_recovery()
        self._output = AppendLog(self.output_file)
        self._recovery = AppendLog(self.recovery_file)
        self._failures = AppendLog(self.failed_file)

    def _load_finished(self) -> None:
        if not self.output_file.exists():
            return
        for finished in read_finished(self.output_file):
            self.done[finished.key] = finished.prompt_hash
            self.usages.extend(finished.usage)

    def _load_failed(self) -> None:
        for row in _log_rows(self.failed_file):
            key = SampleKey(row["prompt_id"], row["sample_index"])
            if key not in self.done:
                self.failed[key] = row

    def _load_rounds(self) -> None:
        rows = _log_rows(self.recovery_file)
        header = next(rows, None)
        if header is None:
            return
        self._refuse_other_settings(header.get("fingerprint"))
        for row in rows:
            key = SampleKey(row["prompt_id"], row["sample_index"])
            reply = Reply.from_row(row["reply"])
            if key not in self.done:
                self._rounds.setdefault(key, []).append((row["prompt_hash"], reply))
                self.usages.append(row["reply"]["usage"])

    def _refuse_other_settings(self, before: Any) -> None:
        if not isinstance(before, dict):
            raise PipelineError(
                f"{self.recovery_file}: does not begin with a run's settings; "
                "is it the recovery file of this output?"
            )
        names = [*self._fingerprint, *(name for name in before if name not in self._fingerprint)]
        for name in names:
            old, new = before.get(name), self._fingerprint.get(name)
            if old != new:
                raise PipelineError(
                    f"{self.recovery_file}: made with {name} {old!r}, now {new!r}; "
                    "go on with the same settings or name another output"
                )

    def _compact_recovery(self) -> None:
        """Write the recovery file anew: the header, and the rounds of unfinished samples alone."""
        with atomic_file(self.recovery_file) as file:
            file.write(dump_row({"fingerprint": self._fingerprint}))
            for key, rounds in self._rounds.items():
                for prompt_hash, reply in rounds:
                    file.write(dump_row(_round_row(key, prompt_hash, reply)))

    # Checking

    def check_prompts(self, hashes: dict[str, str]) -> None:
        """Refuse to go on if a prompt that was answered has changed or is gone.

        `hashes` maps every prompt_id of the input to the hash of its texts.
        """
        begun = {key: rounds[0][0] for key, rounds in self._rounds.items()}
        for key, prompt_hash in (self.done | begun).items():
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
        return [reply for _, reply in self._rounds.get(key, [])]

    # Writing

    def add_round(self, key: SampleKey, prompt_hash: str, reply: Reply) -> None:
        self._recovery.append(dump_row(_round_row(key, prompt_hash, reply)))

    def add_finished(self, key: SampleKey, row: Row) -> None:
        self._output.append(dump_row(row))
        self.done[key] = row["prompt_hash"]
        self.failed.pop(key, None)

    def add_failed(self, key: SampleKey, row: Row) -> None:
        self._failures.append(dump_row(row))
        self.failed[key] = row

    @property
    def unsynced_rows(self) -> int:
        return self._output.unsynced + self._recovery.unsynced + self._failures.unsynced

    def sync(self) -> None:
        """Force everything written so far to the disk (slow; safe to call from a thread)."""
        for log in (self._recovery, self._output, self._failures):
            log.sync()

    def close(self) -> None:
        """Sync and let go; drops the list of failures where none is left."""
        self.sync()
        for log in (self._output, self._recovery, self._failures):
            log.close()
        if self.failed:
            with atomic_file(self.failed_file) as file:
                file.writelines(map(dump_row, self.failed.values()))
        else:
            self.failed_file.unlink(missing_ok=True)
        self._lock.release()

    def put_in_order(self, keys: Iterable[SampleKey]) -> None:
        """Rewrite the output once, rows in the order of `keys`; equal runs give equal bytes."""
        self._output.sync()
        offsets: dict[SampleKey, int] = {}
        offset = 0
        with open(self.output_file, "rb") as file:
            for line in file:
                offsets[_finished(line, self.output_file).key] = offset
                offset += len(line)
            wanted = [offsets[key] for key in keys if key in offsets]
            if wanted == list(offsets.values()):
                return
            with atomic_file(self.output_file) as ordered:
                for position in wanted:
                    file.seek(position)
                    ordered.write(file.readline())
        self._output.reopen()
        self._rounds.clear()
        self._compact_recovery()
        self._recovery.reopen()


def read_finished(path: Path) -> Iterator[Finished]:
    """Yield what a resume needs of each row of an output."""
    with open(path, "rb") as file:
        for line in file:
            yield _finished(line, path)


def _finished(line: bytes, path: Path) -> Finished:
    head = _HEAD.match(line)
    if head:
        prompt_id, index, prompt_hash, usage = head.groups()
        return Finished(
            SampleKey(prompt_id.decode(), int(index)), prompt_hash.decode(), load_row(usage)
        )
    try:
        row = load_row(line)
        key = SampleKey(row["prompt_id"], row["sample_index"])
        return Finished(key, row["prompt_hash"], row["usage"])
    except (ValueError, KeyError, TypeError):
        raise PipelineError(
            f"{path}: holds a row that this stage did not write; name another output"
        ) from None


def _round_row(key: SampleKey, prompt_hash: str, reply: Reply) -> Row:
    return {**key._asdict(), "prompt_hash": prompt_hash, "reply": reply.as_row()}


def _log_rows(path: Path) -> Iterator[Row]:
    if not path.exists():
        return
    with open(path, "rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield load_row(line)
            except ValueError:
                raise PipelineError(
                    f"{path}, line {number}: not valid JSON; mend or delete the line"
                ) from None
