"""What one file of rows holds, found in one pass: counts, lengths, repeats and a sample.

The tables at the head of the report are made of it: one line a file, and its token lengths.
"""

from __future__ import annotations

import hashlib
from array import array
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from utils.errors import PipelineError
from utils.jsonl import Row, read_json, read_rows
from utils.progress import progress
from utils.providers.replies import Usage
from utils.report.row_views import EDIT_KINDS, FILE_KINDS, RowView, kind_of, views
from utils.row_files import read_records
from utils.sampling import BottomK
from utils.stage_output import sibling
from utils.token_counts import estimate_tokens

MOST_NAMES = 6
# How many rows of each reject reason are kept to choose from.
REJECTED_PER_REASON = 60
WHOLE = "whole example"
YieldGroup = tuple[str, str, str]
Watch = Callable[[RowView, int], None]


@dataclass(frozen=True)
class SurveySettings:
    """How many rows are kept for what can't be done with all, and by which seed."""

    sample_rows: int = 5000
    random_seed: int = 42


@dataclass
class FileSurvey:
    """The figures of one file; the arrays hold a few bytes a row."""

    path: Path
    label: str
    kind: str
    sample: BottomK[RowView]
    summary: dict[str, Any] = field(default_factory=dict)
    rows: int = 0
    incomplete: int = 0
    models: Counter[str] = field(default_factory=Counter)
    styles: Counter[str] = field(default_factory=Counter)
    edit_kinds: Counter[str] = field(default_factory=Counter)
    topics: Counter[int] = field(default_factory=Counter)
    versions: Counter[int] = field(default_factory=Counter)
    parts: Counter[str] = field(default_factory=Counter)
    groups: Counter[YieldGroup] = field(default_factory=Counter)
    # The same, a row counted for each style of instruction that it has.
    style_groups: Counter[YieldGroup] = field(default_factory=Counter)
    # Of replies: which sample of which model, as many as a prompt was asked for.
    askings: set[tuple[str, int | None]] = field(default_factory=set)
    usage: dict[YieldGroup, Usage] = field(default_factory=dict)
    lengths: dict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("L")))
    modified_lines: array[int] = field(default_factory=lambda: array("L"))
    hunks: array[int] = field(default_factory=lambda: array("L"))
    hashes: dict[str, array[int]] = field(default_factory=lambda: defaultdict(lambda: array("Q")))
    rejected: dict[str, BottomK[RowView]] = field(default_factory=dict)
    # Of rows that were both judged and tested, kept or rejected: what either said.
    judged_and_tested: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def stage(self) -> str:
        """Name the stage that wrote the file; "None" where no summary tells."""
        return str(self.summary.get("stage"))

    @property
    def judged(self) -> int:
        """Count the rows that its stage kept or rejected; it may have put some in another file."""
        kept, rejected = (self.summary.get(name) for name in ("kept", "rejected"))
        kept = kept if isinstance(kept, int) else self.rows
        return max(kept, self.rows) + (rejected if isinstance(rejected, int) else 0)

    @property
    def is_edits(self) -> bool:
        """Whether its rows are edits of a program, whatever stage they stand at."""
        return self.kind in EDIT_KINDS

    def add(self, samples: list[RowView]) -> None:
        """Count a row, given as its samples."""
        self.rows += 1
        first = samples[0]
        self.edit_kinds.update([first.edit_kind] if first.edit_kind else [])
        self.note_agreement(first)
        self.models.update([first.model] if first.model else [])
        self.styles.update(view.style for view in samples if view.style)
        self.groups[
            first.model, first.style if self.kind != "triplets" else "", first.edit_kind
        ] += 1
        self.style_groups.update((v.model, v.style, v.edit_kind) for v in samples)
        if self.kind == "replies":
            self.askings.add((first.model, first.sample_index))
        self.parts.update(first.parts)
        if first.versions is not None:
            self.versions[first.versions] += 1
        if first.topic is not None:
            self.topics[first.topic] += 1
        if first.modified_lines is not None and first.hunks is not None:
            self.modified_lines.append(max(0, first.modified_lines))
            self.hunks.append(max(0, first.hunks))
        self._add_usage(first)
        self._add_lengths(samples)
        for view in samples:
            self.sample.add(view.identity, view)

    def note_agreement(self, view: RowView) -> None:
        """Count what judges and tests said of a row, if both did."""
        if (said := (view.evidence.judged, view.evidence.tested)) and all(said):
            self.judged_and_tested[said] += 1

    def _add_usage(self, view: RowView) -> None:
        group = (view.model, "", view.edit_kind)
        for part in view.usage:
            spent = Usage(
                _count(part, "prompt_tokens"),
                _count(part, "completion_tokens"),
                _count(part, "cached_tokens"),
            )
            self.usage[group] = self.usage.get(group, Usage(0, 0)) + spent

    def _add_lengths(self, samples: list[RowView]) -> None:
        """Note token lengths and the hashes that show repeats."""
        first = samples[0]
        if not self.is_edits:
            total = sum(map(estimate_tokens, first.texts.values()))
            self.lengths["all texts"].append(total)
            self.hashes["row"].append(int(first.identity, 16))
            return
        self.incomplete += not all(view.is_complete for view in samples)
        code = 0
        for name, text in (("code before", first.code_before), ("code after", first.code_after)):
            tokens = estimate_tokens(text or "")
            self.lengths[name].append(tokens)
            code += tokens
        self.hashes["code before"].append(hash(first.code_before) & 0xFFFF_FFFF_FFFF_FFFF)
        instructions = [estimate_tokens(view.instruction or "") for view in samples]
        self.lengths["instruction"].extend(instructions)
        # One length an edit: with the longer of its instructions.
        self.lengths[WHOLE].append(code + max(instructions))
        self.hashes["row"].extend(int(view.identity, 16) for view in samples)

    def contents(self) -> bytes:
        """Hash the samples whatever their order: equal where two files hold the same."""
        return hashlib.sha256(np.sort(np.array(self.hashes["row"], np.uint64)).tobytes()).digest()

    def repeats(self, what: str) -> int:
        """Count the rows that repeat an earlier one in this: "row" or "code before"."""
        from pandas import Series

        return int(Series(np.array(self.hashes[what], dtype=np.uint64)).duplicated().sum())


def _count(part: dict[str, Any], name: str) -> int:
    value = part.get(name)
    return value if isinstance(value, int) else 0


def open_survey(path: str | Path, label: str, settings: SurveySettings) -> FileSurvey:
    """Begin the survey of a file: its kind, and the counts beside it."""
    summary = read_summary(path)
    return FileSurvey(
        Path(path),
        label,
        kind_of(_first_row(path), str(summary.get("stage"))),
        BottomK(settings.sample_rows, settings.random_seed),
        summary,
    )


def _first_row(path: str | Path) -> Row:
    row = next(read_file(path), None)
    if row is None:
        raise PipelineError(f"{path}: holds no rows; run the stage that writes it again")
    return row


def read_file(path: str | Path) -> Iterator[Row]:
    """Yield the rows of JSON Lines, Parquet or a JSON array; a bare text is a snippet."""
    if Path(path).suffix.lower() == ".parquet":
        # Slow to import, and few reports need it.
        from utils.parquet_files import parquet_columns, read_parquet

        yield from read_parquet(path, parquet_columns(path))
        return
    if Path(path).suffix.lower() != ".json":
        yield from read_rows(path)
        return
    for number, record in enumerate(read_records(path), 1):
        row = {"code": record} if isinstance(record, str) else record
        if not isinstance(row, dict):
            raise PipelineError(
                f"{path}, element {number}: a {type(record).__name__}; "
                "each must be an object or a text"
            )
        yield row


def survey_rows(survey: FileSurvey, *watchers: Watch) -> None:
    """Read a file's rows once; each watcher is shown every sample, and its row's number from 1."""
    rows = progress(read_file(survey.path), survey.label, "row")
    for number, row in enumerate(rows, 1):
        samples = list(views(row, survey.stage))
        survey.add(samples)
        for watch in watchers:
            for view in samples:
                watch(view, number)


def survey_rejected(survey: FileSurvey, seed: int) -> None:
    """Draw rows of each reason from the file of rejected rows beside a surveyed one.

    These are what its stage read, so their kind shows in their fields alone.
    """
    path = sibling(survey.path, ".rejected.jsonl")
    if not path.exists():
        return
    for row in progress(read_rows(path), path.name, "row"):
        view = next(views(row))
        survey.note_agreement(view)
        if view.reason not in survey.rejected:
            survey.rejected[view.reason] = BottomK(REJECTED_PER_REASON, seed)
        survey.rejected[view.reason].add(view.identity, view)


def read_summary(path: str | Path) -> dict[str, Any]:
    """Read the counts that the stage left beside its output; nothing where there are none."""
    beside = sibling(path, ".summary.json")
    if not beside.exists():
        return {}
    summary = read_json(beside, "run its stage again")
    return summary if isinstance(summary, dict) else {}


def in_stage_order(surveys: Iterable[FileSurvey]) -> list[FileSurvey]:
    """Sort files by stage; files of one stage stay in the order they were named."""
    return sorted(surveys, key=lambda survey: FILE_KINDS.index(survey.kind))


def without_repeated_files(surveys: Iterable[FileSurvey]) -> list[FileSurvey]:
    """Leave out files that hold the same edits as an earlier one, as a fine-tuning file does."""
    different: dict[bytes, FileSurvey] = {}
    for survey in surveys:
        different.setdefault(survey.contents(), survey)
    return list(different.values())


def name_files(paths: Sequence[str]) -> list[str]:
    """Label files by their names alone where these differ, else by their paths."""
    stems = Counter(Path(path).stem for path in paths)
    return [Path(p).stem if stems[Path(p).stem] == 1 else Path(p).as_posix() for p in paths]


def file_lines(surveys: Sequence[FileSurvey]) -> list[dict[str, Any]]:
    """Sum up each file: its kind, rows, rejected rows, repeats, models and styles."""
    return [
        {
            "label": survey.label,
            "path": survey.path.as_posix(),
            "kind": survey.kind,
            "rows": survey.rows,
            "rejected": survey.summary.get("rejected"),
            "judged": survey.judged,
            "incomplete": survey.incomplete,
            "repeated": survey.repeats("row"),
            "same_code": survey.repeats("code before") if survey.is_edits else None,
            "models": most_common(survey.models),
            "styles": most_common(survey.styles),
        }
        for survey in surveys
    ]


def most_common(counts: Counter[str]) -> list[list[Any]]:
    """List the most frequent names with their counts, the rest as one."""
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown = [[name, count] for name, count in ordered[:MOST_NAMES]]
    rest = sum(count for _, count in ordered[MOST_NAMES:])
    return [*shown, ["others", rest]] if rest else shown


def token_length_lines(surveys: Sequence[FileSurvey], cutoff_len: int) -> list[dict[str, Any]]:
    """Give median, 95th percentile, maximum and the share over the cutoff of each part."""
    from pandas import Series

    lines = []
    for survey in surveys:
        for part, lengths in survey.lengths.items():
            values = Series(np.frombuffer(lengths, dtype=lengths.typecode))
            median, p95, most = values.quantile([0.5, 0.95, 1]).round().astype(int).tolist()
            lines.append(
                {
                    "label": survey.label,
                    "part": part,
                    "median": median,
                    "p95": p95,
                    "max": most,
                    "over": round(float(values.gt(cutoff_len).mean()), 6)
                    if survey.is_edits
                    else None,
                }
            )
    return lines
