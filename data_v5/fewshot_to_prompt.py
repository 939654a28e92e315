"""Step 3: word each question with its few-shot examples.

Reads DIR/<domain>_fewshot.jsonl; writes DIR/<domain>_fintune.jsonl with `instruction, input,
output, source, example_lengths`, in the folder it reads from.
    python -m data_v5.fewshot_to_prompt --domain math --dir data/few-shot

With --finetune_output the same rows are also written for a trainer, and entered in the
`dataset_info.json` beside that file.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt
from tqdm import tqdm

from data_v5.reading.domain import load_domain
from data_v5.reading.formats import Format, Unusable
from data_v5.selection.shot_prompts import Made, PromptRules, make_shot_prompt
from data_v5.tokens.finetune_files import (
    check_finetune_file,
    finetune_file,
    lay_out_instruction,
    open_finetune_file,
)
from utils.cli import Flag, log, parse_flags, run
from utils.errors import PipelineError
from utils.finetune.chat_format import PROMPT_FORMATS
from utils.jsonl import Row, read_rows
from utils.row_files import WriteRow
from utils.stage_output import StageOutput

RECORD_FIELDS = ("question", "answer", "source", "fields")
# With fewer rows of a source, one letter may be right in all of them by chance.
ROWS_TO_JUDGE = 20


def read_shots(path: Path) -> Iterator[tuple[Row, list[Row]]]:
    """Yield each question with its shots; PipelineError if a record lacks a field."""
    for number, row in enumerate(read_rows(path, ["origin", "shot"]), 1):
        shots = row["shot"]
        if not isinstance(shots, list):
            raise PipelineError(f"{path}, row {number}: field 'shot' must be a list of records")
        for record in (row["origin"], *shots):
            _check_record(f"{path}, row {number}", record)
        yield row["origin"], shots


def _check_record(place: str, record: Any) -> None:
    if not isinstance(record, dict):
        raise PipelineError(f"{place}: a record is no object; run few_shot_sample again")
    for name in RECORD_FIELDS:
        if name not in record:
            raise PipelineError(
                f"{place}: a record has no '{name}' (has: {', '.join(record)}); "
                "run few_shot_sample again"
            )


class ShotTally:
    """What became of the shots, and which letters were right, for the summary."""

    def __init__(self) -> None:
        self.rows_by_shots: Counter[int] = Counter()
        self.dropped = 0
        self.skipped: Counter[str] = Counter()
        self.right_letters: dict[str, Counter[str]] = {}

    def add(self, made: Made) -> None:
        self.rows_by_shots[made.shots_used] += 1
        self.dropped += made.shots_dropped
        self.skipped.update(made.shots_skipped)
        if made.label:
            self.right_letters.setdefault(made.row["source"], Counter())[made.label] += 1

    def warn_of_fixed_places(self) -> None:
        """Name the sources whose right answer is always in one place, which a model would learn."""
        for source, letters in self.right_letters.items():
            if len(letters) == 1 and letters.total() >= ROWS_TO_JUDGE:
                log.warning(
                    "%s: the right option is (%s) in all %s rows; set `shuffle_options: true` in "
                    "its format",
                    *(source, *letters, f"{letters.total():,}"),
                )

    def figures(self) -> Row:
        """Give the summary's figures; right letters by source show a biased set of options."""
        return {
            "rows_by_shots": {str(n): self.rows_by_shots[n] for n in sorted(self.rows_by_shots)},
            "shots_dropped_for_length": self.dropped,
            "shots_skipped": dict(self.skipped.most_common()),
            "right_letters": {
                source: dict(sorted(letters.items()))
                for source, letters in sorted(self.right_letters.items())
            },
        }


def write_shot_prompts(
    output: StageOutput,
    pairs: Iterator[tuple[Row, list[Row]]],
    rules: PromptRules,
    write_also: WriteRow,
) -> ShotTally:
    """Write a row for each question, or reject it."""
    tally = ShotTally()
    for origin, shots in tqdm(pairs, desc="wording", unit="row", disable=None):
        try:
            made = make_shot_prompt(origin, shots, rules)
        except Unusable as reason:
            output.reject({"origin": origin, "shot": shots}, str(reason))
            continue
        output.keep(made.row)
        write_also(made.row)
        tally.add(made)
    return tally


def styled(rules: Format, option_style: str) -> Format:
    """Word options as the flag says; answers without options stay what they are."""
    return rules.with_letter_answers() if option_style == "tabs" and rules.options else rules


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Word questions with few-shot examples."""

    domain: Annotated[str, Field(description="a name in data_v5/domains, or the path of a YAML")]
    dir: Annotated[Path, Field(description="folder of the input and the output")] = Path(
        "data/few-shot"
    )
    max_words: Annotated[PositiveInt, Field(description="words of a row")] = 1500
    option_style: Annotated[
        Literal["domain", "tabs"],
        Field(
            description="as the domain says, or each option as a tab, its letter and a full stop, "
            "and the letter alone as the answer"
        ),
    ] = "domain"
    random_seed: Annotated[
        int, Flag("--random_seed", "--seed"), Field(description="of the options' order")
    ] = 42
    finetune_output: Annotated[
        Path | None,
        Flag(metavar="PATH"),
        Field(description="write the rows for a trainer too (.jsonl or .parquet)"),
    ] = None
    output_format: Annotated[
        str, Flag(choices=list(PROMPT_FORMATS)), Field(description="layout of --finetune_output")
    ] = "alpaca"


def main(argv: list[str] | None = None) -> None:
    args = parse_flags(Flags, argv)
    domain = load_domain(args.domain)
    source = args.dir / f"{domain.name}_fewshot.jsonl"
    rules = PromptRules(
        domain.instruction,
        {one.title: styled(one.format, args.option_style) for one in domain.sources},
        args.max_words,
        args.random_seed,
    )
    target = args.dir / f"{domain.name}_fintune.jsonl"
    trainer_file = finetune_file(args.finetune_output, args.output_format)
    check_finetune_file(trainer_file, target, [source])
    output = StageOutput(target, [source], stage="prompts")
    with output:
        lay_out = partial(lay_out_instruction, prompt_format=args.output_format)
        write = open_finetune_file(output, trainer_file, lay_out)
        tally = write_shot_prompts(output, read_shots(source), rules, write)
        output.summary["settings"] = {
            key: str(value) if isinstance(value, Path) else value
            for key, value in vars(args).items()
        }
        output.summary |= tally.figures()
    tally.warn_of_fixed_places()
    if trainer_file:
        trainer_file.enter()


if __name__ == "__main__":
    run(main)
