"""The files every stage leaves: kept rows, rejected rows with reasons, and a summary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Literal, get_args

from utils.cli import log
from utils.errors import PipelineError
from utils.files.atomic import AtomicFiles
from utils.files.locks import real_path, taken_lock
from utils.files.wholeness import WRITTEN, say_if_doubtful, summary_in
from utils.jsonl import Row, dump_row, write_json
from utils.row_files import WriteRow, row_writer

# What a stage makes; "rows" where a filter of any rows can't tell.
Stage = Literal[
    "seeds", "prompts", "replies", "triplets", "mix", "filtered", "fine-tune",
    "snippets", "versions", "commits", "samples",
    "answers", "votes", "lineages", "candidates", "pairs",
    "questions", "shots", "chats", "exchanges", "tokens",
    "rows",
]  # fmt: skip


def sibling(output_file: str | Path, ending: str) -> Path:
    """Name a file beside an output: `data/x.jsonl` -> `data/x` + ending."""
    path = Path(output_file)
    return path.with_name(path.stem + ending)


def written_files(output_file: str | Path) -> list[Path]:
    """List the files that a stage writes for an output."""
    endings = (".rejected.jsonl", ".summary.json")
    return [Path(output_file), *(sibling(output_file, ending) for ending in endings)]


def refuse_overwriting_inputs(output_file: str | Path, inputs: Iterable[str | Path]) -> None:
    """Raise PipelineError if the output, or a file beside it, is one of the inputs."""
    written = [path.resolve() for path in written_files(output_file)]
    for source in inputs:
        if Path(source).resolve() in written:
            raise PipelineError(
                f"{source}: is an input and would be overwritten; name another output"
            )


def stage_of(path: str | Path) -> Stage:
    """Read which stage made a file from the summary beside it; "rows" where none tells."""
    stage: Any = (summary_in(sibling(path, ".summary.json")) or {}).get("stage")
    return stage if stage in get_args(Stage) else "rows"


class StageOutput:
    """Collects a stage's rows and puts all its files in place when the block ends well.

        with StageOutput("data/x.jsonl", inputs=["data/y.jsonl"]) as output:
            output.keep(row)
            output.reject(row, "no_code_block")

    Nothing is left half-written: on an error the old files stay as they were. `summary` takes
    further figures for `<output stem>.summary.json`, which names the other files by their digests:
    it goes before they change and comes when all have, so that what a crash leaves shows.
    """

    def __init__(
        self,
        output_file: str | Path,
        inputs: Iterable[str | Path] = (),
        *,
        stage: Stage = "rows",
    ) -> None:
        self._inputs = inputs = list(inputs)
        refuse_overwriting_inputs(output_file, inputs)
        for path in written_files(output_file):
            if path.is_dir():
                raise PipelineError(f"{path}: is a folder; name a file")
        self.stage = stage
        self.path = Path(output_file)
        self.rejected_path = sibling(output_file, ".rejected.jsonl")
        self.summary_path = sibling(output_file, ".summary.json")
        self.kept = 0
        self.reasons: Counter[str] = Counter()
        self.rejected = 0
        self.passed_over: Counter[str] = Counter()
        self.summary: dict[str, Any] = {"inputs": [str(path) for path in inputs]}
        self._replaced: list[Path] = []

    def __enter__(self) -> StageOutput:
        with ExitStack() as locks, ExitStack() as undo:
            try:
                # Files of one stem share their summary, whatever their endings.
                for path in (self.path, self.summary_path):
                    locks.callback(taken_lock(path).release)
                self._files = undo.enter_context(AtomicFiles(self._before_renaming))
                self._writers = undo.enter_context(ExitStack())
                self.write_kept = self.open_also(self.path)
                self._rejected_file = self.open_file(self.rejected_path)
            except OSError as error:
                raise PipelineError(f"{self.path}: can't be written ({error.strerror})") from None
            for source in self._inputs:
                say_if_doubtful(source)
            self._closing, self._locks = undo.pop_all(), locks.pop_all()
        return self

    def open_file(self, path: Path) -> IO[bytes]:
        """Open one more file, of whatever it may be, to be put in place with the others."""
        return self._files.open(path)

    def open_also(self, path: Path) -> WriteRow:
        """Open one more file of kept rows, to be put in place with the others."""
        return self._writers.enter_context(row_writer(self.open_file(path), path.suffix))

    def replace_as_one(self, paths: Iterable[Path]) -> None:
        """Have no file of an earlier run at these paths when the first new one takes its name.

        For files that are read together by who asks no summary: a crash then leaves files of one
        run, be it not all of them, and never some of two runs.
        """
        self._replaced.extend(paths)

    def keep(self, row: Row, write: WriteRow | None = None) -> None:
        """Write a kept row to the output, or by `write` to a file of `open_also`."""
        self.kept += 1
        (write or self.write_kept)(row)

    def reject(self, row: Row, *reasons: str) -> None:
        """Put a row aside with its reasons; the first one is its `reject_reason`, and counts."""
        self.rejected += 1
        self.reasons[reasons[0]] += 1
        marks: Row = {"reject_reason": reasons[0]}
        if len(reasons) > 1:
            marks["reject_reasons"] = list(reasons)
        self._rejected_file.write(dump_row({**row, **marks}))

    def leave_rejected(self) -> None:
        """Put the rejected rows in place though the stage is about to fail, as they say why."""
        self._files.put_in_place(self.rejected_path)

    def pass_over(self, reason: str, count: int) -> None:
        """Count good rows that a draw left out; they are written nowhere."""
        if count:
            self.passed_over[reason] += count

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._locks:
            self._closing.__exit__(kind, error, trace)
            if kind is not None:
                return
            write_json(self.summary_path, self.counts() | self.summary | {WRITTEN: self._written})
        log.info("%s", self.summary_line())

    def _before_renaming(self) -> None:
        self._written = self._files.digests()
        for path in (self.summary_path, *self._replaced):
            real_path(path).unlink(missing_ok=True)
        if not self.rejected:
            self._files.drop(self.rejected_path)
            del self._written[self.rejected_path.name]

    def rows_in(self) -> int:
        """Count the rows that came in, which is what must add up."""
        return self.kept + self.rejected + self.passed_over.total()

    def counts(self) -> dict[str, Any]:
        return {
            "stage": self.stage,
            "rows_in": self.rows_in(),
            "kept": self.kept,
            "rejected": self.rejected,
            "reject_reasons": dict(self.reasons.most_common()),
            **({"passed_over": dict(self.passed_over)} if self.passed_over else {}),
        }

    def summary_line(self) -> str:
        """Word the stage's last line, reasons by how many rows they took."""
        reasons = ", ".join(
            f"{reason.replace('_', ' ')} {count:,}"
            for reason, count in (self.reasons + self.passed_over).most_common()
        )
        kept = f"kept {self.kept:,} of {self.rows_in():,}"
        return f"{kept}{'; ' + reasons if reasons else ''} -> {self.path}"
