"""The work of stage 6: rows of several files surveyed, then made, judged and written in one go.

What they come from is counted on the way: seeds, the licences of these, and models.
"""

import random
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any

from tqdm import tqdm

from utils.code.write_edit import NotProvable
from utils.errors import PipelineError
from utils.finetune.chat_format import seeds_of
from utils.finetune.preflight import LengthGauge, Preflight
from utils.finetune.shares import ShareTable
from utils.finetune.training_rows import (
    TEXTS,
    RowSettings,
    TrainingRow,
    find_fault,
    make_training_row,
)
from utils.finetune.validation_split import (
    RowGrouping,
    SplitCheck,
    draw_validation,
    largest_group,
)
from utils.jsonl import Row, RowIndex
from utils.row_files import WriteRow
from utils.sampling import derive_seed
from utils.stage_output import StageOutput

UNKNOWN = "unknown"
# What Qwen3's template puts before an answer without thoughts.
EMPTY_THOUGHT = "<think>\n\n</think>\n\n"


class Inputs:
    """The rows of several files as one, in the order of the files or shuffled."""

    def __init__(self, paths: Sequence[str], files: ExitStack) -> None:
        required = ["commit", *TEXTS]
        self._indexes = [files.enter_context(RowIndex(path, required)) for path in paths]

    def scan(self) -> Iterator[Row]:
        for index in self._indexes:
            for _, row in index.scan():
                yield row

    def order(self, seed: int) -> Sequence[int]:
        """Number the rows in the order they are written; several files are shuffled together."""
        numbers = range(sum(map(len, self._indexes)))
        if len(self._indexes) == 1:
            return numbers
        shuffled = list(numbers)
        random.Random(derive_seed(seed, "order")).shuffle(shuffled)
        return shuffled

    def read(self, order: Sequence[int]) -> Iterator[tuple[int, Row]]:
        """Read scanned rows again, with their numbers."""
        starts = list(accumulate(map(len, self._indexes), initial=0))
        for number in order:
            place = bisect_right(starts, number) - 1
            yield number, self._indexes[place].read(number - starts[place])


@dataclass
class EditSurvey:
    """What is known of each row before any is written; a sound row's reason is ""."""

    reasons: list[str] = field(default_factory=list)
    is_val: bytearray = field(default_factory=bytearray)
    # How the validation rows were found, for the summary.
    method: dict[str, Any] = field(default_factory=lambda: {"method": "none"})


def survey_edits(inputs: Inputs, val_ratio: float, seed: int) -> EditSurvey:
    """Find faulty rows, and choose the rows for validation."""
    found = EditSurvey()
    grouping = RowGrouping(seed) if val_ratio else None
    check = SplitCheck(seed)
    sound = []
    for number, row in enumerate(tqdm(inputs.scan(), desc="reading", unit="row", disable=None)):
        found.reasons.append(find_fault(row) or "")
        is_sound = not found.reasons[-1]
        found.is_val.append(is_sound and row.get("split") == "val")
        if grouping and is_sound:
            sound.append(number)
            grouping.add(prompt_of(row), row["code_before_purify"], seeds_of(row))
        elif is_sound:
            check.add(number, row["code_before_purify"], bool(found.is_val[-1]))
    if any(found.is_val):
        if grouping:
            raise PipelineError(
                "--val_ratio: rows are marked `split: val` already, and these are the validation "
                "rows; leave it out"
            )
        alike = check.validation_like_training()
        for number in alike:
            found.reasons[number], found.is_val[number] = "near_duplicate_of_training", False
        found.method = {"method": "split field", "near_duplicates": len(alike)}
    elif grouping:
        groups = grouping.finish()
        for position in draw_validation(groups, val_ratio, seed):
            found.is_val[sound[position]] = True
        # What is nearly the same is of one group, and so on one side.
        found.method = {
            "method": "groups",
            "near_duplicates": 0,
            "largest_group": largest_group(groups),
        }
    return found


def prompt_of(row: Row) -> str:
    """Name the prompt a row came from; without an id, its seeds stand for it."""
    return str(row.get("prompt_id") or row["commit"])


class EditExport:
    """Makes, judges and writes the rows, and counts over them."""

    def __init__(self, settings: RowSettings, preflight: Preflight, output: StageOutput) -> None:
        self._settings = settings
        self.preflight = preflight
        self._output = output
        thought = EMPTY_THOUGHT if settings.no_think else ""
        self._gauge = LengthGauge(preflight.counter, thought)
        self.origins = Origins()
        self.shares = ShareTable()
        self.rows = {"train": 0, "validation": 0}
        self.final_newlines_added = 0

    def write(
        self,
        rows: Iterable[tuple[int, Row]],
        found: EditSurvey,
        write_train: WriteRow,
        write_val: WriteRow,
    ) -> None:
        """Write all rows, kept or rejected."""
        made = (one for row in rows if (one := self._make(*row, found)))
        measured = self._gauge.measure_stream(made, lambda one: one[2].conversation)
        for (number, row, training), length in measured:
            if fault := self.preflight.find_fault(training.conversation, length):
                self._reject(row, fault)
                continue
            is_val = bool(found.is_val[number])
            self._output.keep(training.row, write_val if is_val else write_train)
            self._count(row, training, is_val)
            if not is_val:
                self.preflight.add(length, row["instr_type"])

    def _make(
        self, number: int, row: Row, found: EditSurvey
    ) -> tuple[int, Row, TrainingRow] | None:
        if reason := found.reasons[number]:
            self._reject(row, reason)
            return None
        try:
            return number, row, make_training_row(row, self._settings)
        except NotProvable as error:
            self._reject(row, str(error))
            return None

    def _reject(self, row: Row, reason: str) -> None:
        self._output.reject(row, reason)
        self.shares.add(row, is_kept=False)

    def _count(self, row: Row, training: TrainingRow, is_val: bool) -> None:
        self.shares.add(row, is_kept=True)
        self.origins.add(row, is_val)
        self.rows["validation" if is_val else "train"] += 1
        self.final_newlines_added += training.has_new_newline


class Origins:
    """Counts seeds, licences and models over the rows of a data set."""

    def __init__(self) -> None:
        self._training: set[str] = set()
        self._validation: set[str] = set()
        self._licenses: dict[str, str] = {}
        self._models: Counter[str] = Counter()

    def add(self, row: Row, is_val: bool) -> None:
        seeds = seeds_of(row)
        (self._validation if is_val else self._training).update(seeds)
        self._licenses.update(zip(seeds, _licenses(row, len(seeds)), strict=False))
        self._models[_model(row)] += 1

    def licenses(self) -> dict[str, int]:
        """Count the seeds by licence, the most frequent first."""
        return _by_count(Counter(self._licenses.values()))

    def models(self) -> dict[str, int]:
        """Count the rows by model, the most frequent first."""
        return _by_count(self._models)

    def seeds(self) -> dict[str, int]:
        """Count the seeds of each side, and those that both sides share."""
        return {
            "training_seeds": len(self._training),
            "validation_seeds": len(self._validation),
            "shared_seeds": len(self._training & self._validation),
        }


def _licenses(row: Row, count: int) -> Iterator[str]:
    """Yield the licence of each seed; a single one is that of all."""
    found: Any = row.get("license")
    listed = found if isinstance(found, list) and len(found) == count else [found] * count
    for name in listed:
        yield name if isinstance(name, str) and name.strip() else UNKNOWN


def _model(row: Row) -> str:
    model = row.get("model")
    # The type of an instruction is `<model>_<descriptive or lazy>`.
    return model if isinstance(model, str) and model else str(row["instr_type"].rpartition("_")[0])


def _by_count(counts: Counter[str]) -> dict[str, int]:
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
