"""Evaluates the diversity of files of instructions, several side by side.

    python -m joydataforge.evaluate_diversity --input_files a.jsonl b.jsonl --field input \\
        --label_field task_label --output_dir results/diversity

Writes one table to the terminal and to `diversity.md` and `diversity.csv`, all figures to
`diversity.json`, and one picture, `diversity.svg`, into the output folder.
"""

import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from utils.cli import log, parse_flags, run
from utils.errors import PipelineError
from utils.files.wholeness import say_if_doubtful
from utils.jsonl import atomic_file, write_json
from utils.report.diversity_figures import as_csv, as_markdown, as_text, notes, panels
from utils.report.plotting import write_small_multiples
from utils.report.survey import name_files
from utils.similarity.diversity_measures import DiversitySettings, measure_files, read_file_texts
from utils.similarity.embedding_settings import EmbeddingFlags, embedding_settings

STEM = "diversity"


@dataclass(frozen=True, kw_only=True)
class Flags(EmbeddingFlags):
    """Measure how diverse files of instructions are."""

    input_files: Annotated[list[str], Field(description="JSON Lines or JSON arrays")]
    field: Annotated[
        str | None,
        Field(description="holds the text (default: of each file, the first known one it has)"),
    ] = None
    label_field: Annotated[str, Field(description="holds labels")] = DiversitySettings.label_field
    output_dir: Annotated[str, Field(description="folder of what is written")] = "results/diversity"
    max_rows: Annotated[int, Field(ge=2, description="of a larger file so many are drawn")] = (
        DiversitySettings.max_rows
    )
    figure_format: Annotated[Literal["svg", "png", "pdf"], Field(description="of the picture")] = (
        "svg"
    )
    cache_dir: Annotated[
        str | None, Field(description="keep the embeddings in this folder (default: nowhere)")
    ] = None
    random_seed: Annotated[int, Field(description="of all samples")] = DiversitySettings.random_seed

    def __post_init__(self) -> None:
        for path, count in Counter(Path(path).resolve() for path in self.input_files).items():
            if count > 1:
                raise ValueError(f"{path}: is named {count} times; name each file once")


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    folder = Path(arguments.output_dir)
    if folder.exists() and not folder.is_dir():
        raise PipelineError(f"--output_dir {folder}: is a file; name a folder")
    settings = DiversitySettings(
        arguments.field,
        arguments.label_field,
        arguments.max_rows,
        arguments.random_seed,
        embedding_settings(arguments, arguments.random_seed),
        Path(arguments.cache_dir) if arguments.cache_dir else None,
    )
    for path in arguments.input_files:
        say_if_doubtful(path)
    named = zip(arguments.input_files, name_files(arguments.input_files), strict=True)
    files = [read_file_texts(path, name, settings) for path, name in named]
    measured = measure_files(files, settings)
    write_json(folder / f"{STEM}.json", measured)
    for ending, text in ((".csv", as_csv(measured)), (".md", as_markdown(measured))):
        with atomic_file(folder / f"{STEM}{ending}") as file:
            file.write(text.encode("utf-8", "replace"))
    picture = folder / f"{STEM}.{arguments.figure_format}"
    write_small_multiples("Diversity", panels(measured), picture)
    sys.stdout.write(as_text(measured))
    for note in notes(measured):
        log.info("%s", note)
    log.info("-> %s", folder)


if __name__ == "__main__":
    run(main)
