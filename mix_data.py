"""Stage 4: mix triplets of several models and instruction styles into one data set.

Reads the files named in the config; writes its output_file.
    python mix_data.py --config mix_config/ocedata_mix_descriptive.yaml

Entry i of `input_files, ratios, instr_types, model_names` describes one source. Each source draws
its share of `total_samples`, and no edit (code before and after) is drawn twice, whichever entries
it stands in, as long as there are others; after that once with each style of instruction, which is
told. `allow_both_styles: false` refuses such a mix, `true` draws so from the start.
"""

import random
import sys
from array import array
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field
from tqdm import tqdm

from utils.cli import log, parse_flags, run
from utils.config import load_config
from utils.errors import PipelineError
from utils.jsonl import Row, RowIndex
from utils.records import first_empty_field, purified, traced
from utils.report.review import Review
from utils.sampling import check_shares, derive_seed, largest_remainder, share_by_margins
from utils.stage_output import StageOutput

ANY_KIND = ""
# A drawn row is one number, entry and row, so that a million of them stay small and shuffle fast.
ROW_BITS = 40
Name = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Flags:
    """Mix triplets into one data set."""

    config: Annotated[str, Field(description="YAML file of the mix (see mix_config/)")]


@dataclass(frozen=True)
class MixConfig:
    """The keys of a mix file; the four lists correspond one to one."""

    input_files: Annotated[list[Name], Field(min_length=1)]
    ratios: list[Annotated[float, Field(ge=0, allow_inf_nan=False)]]
    instr_types: list[Literal["descriptive", "lazy"]]
    model_names: list[Name]
    output_file: Name
    total_samples: Annotated[int, Field(strict=True, ge=1)]
    random_seed: Annotated[int, Field(strict=True)] = 42
    edit_kind_quota: dict[Name, Annotated[float, Field(ge=0, allow_inf_nan=False)]] | None = None
    review_file: Name | None = None
    # Without it an edit comes once as long as there are others, as published mixes ask for more.
    allow_both_styles: Annotated[bool, Field(strict=True)] | None = None

    def __post_init__(self) -> None:
        lengths = {
            key: len(getattr(self, key))
            for key in ("input_files", "ratios", "instr_types", "model_names")
        }
        if len(set(lengths.values())) > 1:
            counts = ", ".join(f"{key} has {length}" for key, length in lengths.items())
            raise ValueError(f"the lists differ in length ({counts}); give each entry one of each")
        check_shares("ratios", self.ratios)
        if self.edit_kind_quota is not None:
            check_shares("edit_kind_quota", self.edit_kind_quota.values())
        self._check_repeats()

    def _check_repeats(self) -> None:
        paths = [Path(path).resolve() for path in self.input_files]
        for (path, style), count in Counter(zip(paths, self.instr_types, strict=True)).items():
            if count > 1:
                raise ValueError(
                    f"{path.name} with {style} stands {count} times, which would draw rows twice; "
                    "make it one entry with the ratios added"
                )

    @property
    def files_read(self) -> list[str]:
        return [*self.input_files, *([self.review_file] if self.review_file else [])]

    @property
    def kinds(self) -> list[str]:
        """The edit kinds that places are shared over; without a quota, one that takes all."""
        return list(self.edit_kind_quota or [ANY_KIND])


@dataclass(frozen=True)
class MixSource:
    """One entry of the mix and, by edit kind, the numbers of the rows it may draw."""

    number: int
    index: RowIndex
    instr_type: str
    model_name: str
    eligible: dict[str, "array[int]"]
    review: Review
    # By row, a number that the rows of one edit share, in all files.
    edits: "array[int]"
    # Of each row that it may not draw, the number and the reason.
    refused: "array[int]" = field(default_factory=lambda: array("L"))
    reasons: list[str] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The `instr_type` that rows drawn from here carry: `<model>_<style>`."""
        return f"{self.model_name}_{self.instr_type}"

    @property
    def text_fields(self) -> tuple[str, str, str]:
        """The input's fields for code before, code after and the instruction of this style."""
        instruction = purified(f"instruct_{self.instr_type}")
        return purified("code_before"), purified("code_after"), instruction

    def sort_row(self, number: int, row: Row) -> None:
        """Note a row of the source's file as one to draw from or as refused."""
        if reason := self.why_refused(row):
            self.refused.append(number)
            self.reasons.append(sys.intern(reason))
        else:
            self.eligible[self.kind_of(row)].append(number)

    def why_refused(self, row: Row) -> str | None:
        """Say why a row is not eligible: an empty text, a reviewer's mark, a kind without quota."""
        if empty := first_empty_field(row, self.text_fields):
            return f"empty_{empty.removesuffix('_purify')}"
        if not row["commit"]:
            return "empty_commit"
        if self.review.rejects(*(row[name] for name in self.text_fields)):
            return "rejected_by_review"
        return None if self.kind_of(row) in self.eligible else "edit_kind_without_quota"

    def kind_of(self, row: Row) -> str:
        """Name the edit kind whose quota a row counts for."""
        return ANY_KIND if ANY_KIND in self.eligible else str(row["edit_kind"])

    def mixed(self, row: Row) -> Row:
        """Turn a triplet into a row of the mix."""
        before, after, instruction = self.text_fields
        return {
            "commit": row["commit"],
            "code_snippet": row["code_snippet"],
            before: row[before],
            after: row[after],
            "instruct_purify": row[instruction],
            "instr_type": self.label,
            **traced(row),
        }


def open_sources(config: MixConfig, review: Review, files: ExitStack) -> list[MixSource]:
    """Index each input file once and note what every entry may draw from it."""
    indexes: dict[Path, RowIndex] = {}
    edits: dict[Path, array[int]] = {}
    sources = []
    for number, name in enumerate(config.input_files):
        path = Path(name).resolve()
        if path not in indexes:
            check_there(name)
            indexes[path] = files.enter_context(RowIndex(name, required_fields(config, path)))
            edits[path] = array("Q")
        eligible = {kind: array("L") for kind in config.kinds}
        style, model = config.instr_types[number], config.model_names[number]
        index = indexes[path]
        sources.append(MixSource(number, index, style, model, eligible, review, edits[path]))
    for path, index in indexes.items():
        readers = [source for source in sources if source.index is index]
        for number, row in tqdm(index.scan(), desc=str(index.path), unit="row", disable=None):
            edits[path].append(edit_number(row))
            for source in readers:
                source.sort_row(number, row)
    return sources


def check_there(name: str) -> None:
    """Raise PipelineError if a checked file is not made yet, and say of what to make it."""
    unchecked = name.removesuffix("_checked.jsonl") + ".jsonl"
    if not Path(name).exists() and name != unchecked and Path(unchecked).exists():
        raise PipelineError(
            f"{name}: no such file, only {unchecked}; run "
            f"`python check_quality.py {unchecked} {name}`, or name the unchecked in input_files"
        )


def edit_number(row: Row) -> int:
    """Hash the codes before and after: 8 bytes that all rows of one edit share."""
    texts = [str(row[purified(name)]) for name in ("code_before", "code_after")]
    content = f"{len(texts[0])}\n{texts[0]}{texts[1]}".encode("utf-8", "surrogatepass")
    return int.from_bytes(blake2b(content, digest_size=8).digest(), "little")


def required_fields(config: MixConfig, path: Path) -> list[str]:
    """List the fields that the rows of one input file must have."""
    styles = [
        style
        for name, style in zip(config.input_files, config.instr_types, strict=True)
        if Path(name).resolve() == path
    ]
    texts = ["code_before", "code_after", *(f"instruct_{style}" for style in styles)]
    kind = [] if config.edit_kind_quota is None else ["edit_kind"]
    return ["commit", "code_snippet", *map(purified, texts), *kind]


def allocate(config: MixConfig) -> list[dict[str, int]]:
    """Say how many rows each entry gives of each edit kind; all sums are exact."""
    by_entry = largest_remainder(config.total_samples, config.ratios)
    shares = list((config.edit_kind_quota or {ANY_KIND: 1.0}).values())
    by_kind = largest_remainder(config.total_samples, shares)
    table = share_by_margins(by_entry, by_kind)
    return [dict(zip(config.kinds, counts, strict=True)) for counts in table]


def check_supply(sources: Sequence[MixSource], needed: Sequence[dict[str, int]]) -> None:
    """Raise PipelineError if an entry has fewer eligible rows than the mix needs of it."""
    short = [
        f"{source.index.path} has {len(source.eligible[kind]):,} eligible rows"
        f"{f' of edit kind {kind!r}' if kind else ''} for {source.label}, {count:,} are needed"
        for source, counts in zip(sources, needed, strict=True)
        for kind, count in counts.items()
        if len(source.eligible[kind]) < count
    ]
    if short:
        raise PipelineError(
            f"{'; '.join(short)}; lower total_samples or that share, or make more triplets"
        )


def draw_rows(
    sources: Sequence[MixSource], needed: Sequence[dict[str, int]], config: MixConfig
) -> "array[int]":
    """Draw each entry's rows as (entry, row) numbers in shuffled order, no edit twice.

    Entries with the fewest rows to spare draw first, as others can do without the same edits.
    """
    drawn, taken = array("Q"), set[tuple[int, str]]()
    parts = [
        (source, kind, count)
        for source, counts in zip(sources, needed, strict=True)
        for kind, count in counts.items()
    ]
    for source, kind, count in sorted(parts, key=lambda part: rows_to_spare(*part)):
        rng = random.Random(derive_seed(config.random_seed, "draw", source.number, kind))
        rows = draw_edits(source, kind, count, rng, taken, config.allow_both_styles)
        drawn.extend(source.number << ROW_BITS | row for row in rows)
    random.Random(derive_seed(config.random_seed, "order")).shuffle(drawn)
    return drawn


def rows_to_spare(source: MixSource, kind: str, count: int) -> int:
    """Say how many eligible rows of a kind an entry need not draw."""
    return len(source.eligible[kind]) - count


def draw_edits(
    source: MixSource,
    kind: str,
    count: int,
    rng: random.Random,
    taken: set[tuple[int, str]],
    allow_both_styles: bool | None,
) -> list[int]:
    """Draw an entry's rows whose edits are not taken yet, and take them."""
    eligible = source.eligible[kind]
    order = rng.sample(eligible, len(eligible))
    # Of an edit that is taken in whatever style, "" is taken too.
    styles = [source.instr_type] if allow_both_styles else [""]
    if allow_both_styles is None:
        styles.append(source.instr_type)
    rows = list[int]()
    for style in styles:
        found = take_untaken(source, order, count - len(rows), style, taken)
        if found and allow_both_styles is None and style:
            log.warning(
                f"{source.label}: {len(found):,} rows are of edits drawn in the other style too, "
                "as no others are left; allow_both_styles: false refuses that, true allows it"
            )
        rows += found
    if len(rows) < count:
        of_kind = f" of kind {kind!r}" if kind else ""
        raise PipelineError(
            f"{source.index.path}: {len(rows):,} edits{of_kind} that no other row has are left "
            f"for {source.label}, {count:,} are needed; lower total_samples, make more "
            "triplets, or set allow_both_styles: true to draw an edit once a style"
        )
    return rows


def take_untaken(
    source: MixSource, order: Sequence[int], count: int, style: str, taken: set[tuple[int, str]]
) -> list[int]:
    """Take the first rows whose edits are not taken in a style, or in any where it is ""."""
    rows = list[int]()
    for row in order:
        if len(rows) == count:
            break
        edit = source.edits[row]
        if (edit, style) not in taken:
            taken |= {(edit, ""), (edit, source.instr_type)}
            rows.append(row)
    return rows


def read_mixed(sources: Sequence[MixSource], drawn: Sequence[int]) -> Iterator[Row]:
    """Read the drawn rows back in their order."""
    for number in tqdm(drawn, desc="mixing", unit="row", disable=None):
        source = sources[number >> ROW_BITS]
        yield source.mixed(source.index.read(number & (1 << ROW_BITS) - 1))


def source_figures(source: MixSource, needed: dict[str, int]) -> Row:
    """Sum up one entry for the summary file."""
    kinds = {
        kind: {"eligible": len(source.eligible[kind]), "sampled": count}
        for kind, count in needed.items()
    }
    return {
        "input_file": str(source.index.path),
        "instr_type": source.label,
        "rows": len(source.index),
        "eligible": sum(map(len, source.eligible.values())),
        "sampled": sum(needed.values()),
        "not_eligible": dict(Counter(source.reasons).most_common()),
        **({} if ANY_KIND in kinds else {"edit_kinds": kinds}),
    }


def write_mix(
    output: StageOutput,
    sources: Sequence[MixSource],
    needed: Sequence[dict[str, int]],
    drawn: Sequence[int],
) -> None:
    """Write the drawn rows, the refused ones with their reasons, and the figures of each entry."""
    for row in read_mixed(sources, drawn):
        output.keep(row)
    output.summary["distinct_edits"] = distinct = count_edits(sources, drawn)
    log.info(f"{distinct:,} distinct edits in {len(drawn):,} rows")
    output.summary["entries"] = []
    for source, counts in zip(sources, needed, strict=True):
        for number, reason in zip(source.refused, source.reasons, strict=True):
            output.reject(source.index.read(number) | {"instr_type": source.label}, reason)
        entry = source_figures(source, counts)
        output.pass_over("not_sampled", entry["eligible"] - entry["sampled"])
        output.summary["entries"].append(entry)
        log.info(f"{source.label}: {entry['sampled']:,} of {entry['eligible']:,} eligible rows")


def count_edits(sources: Sequence[MixSource], drawn: Sequence[int]) -> int:
    """Count the edits that the drawn rows are of."""
    last = (1 << ROW_BITS) - 1
    return len({sources[number >> ROW_BITS].edits[number & last] for number in drawn})


def main(argv: list[str] | None = None) -> None:
    config = load_config(parse_flags(Flags, argv).config, MixConfig)
    output = StageOutput(config.output_file, inputs=dict.fromkeys(config.files_read), stage="mix")
    review = Review(config.review_file)
    with ExitStack() as files:
        sources = open_sources(config, review, files)
        needed = allocate(config)
        check_supply(sources, needed)
        drawn = draw_rows(sources, needed, config)
        with output:
            output.summary["settings"] = asdict(config)
            if config.review_file:
                review.report()
                output.summary["review"] = review.counts()
            write_mix(output, sources, needed, drawn)


if __name__ == "__main__":
    run(main)
