"""Evaluates the diversity of files of instructions, several side by side.

    python -m joydataforge.evaluate_diversity --input_files a.jsonl b.jsonl --field input \\
        --label_field task_label --output_dir results/diversity

Writes one table to the terminal and to `diversity.md` and `diversity.csv`, all figures to
`diversity.json`, and one picture, `diversity.svg`, into the output folder.
"""

import argparse
import sys
from collections import Counter
from pathlib import Path

from utils.cli import log, run
from utils.errors import PipelineError
from utils.jsonl import atomic_file, write_json
from utils.report.diversity_figures import as_csv, as_markdown, as_text, notes, panels
from utils.report.plotting import write_small_multiples
from utils.report.survey import name_files
from utils.similarity.diversity_measures import DiversitySettings, measure_files, read_file_texts
from utils.similarity.embedding_settings import add_embedding_flags, embedding_settings

STEM = "diversity"


def parse_arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure how diverse files of instructions are.")
    add = parser.add_argument
    add("--input_files", nargs="+", required=True, help="JSON Lines or JSON arrays")
    add("--field", help="holds the text (default: of each file, the first known one it has)")
    add("--label_field", default="task_label", help="holds labels (default: %(default)s)")
    add("--output_dir", default="results/diversity", help="default: %(default)s")
    add(
        "--max_rows",
        type=int,
        default=20_000,
        help="of a larger file so many are drawn (default: %(default)s)",
    )
    add("--figure_format", choices=("svg", "png", "pdf"), default="svg", help="of the picture")
    add("--cache_dir", help="keep the embeddings in this folder (default: nowhere)")
    add("--random_seed", type=int, default=42, help="of all samples (default: %(default)s)")
    add_embedding_flags(parser)
    arguments = parser.parse_args(argv)
    if arguments.max_rows < 2:
        raise PipelineError("--max_rows must be 2 or more")
    for path, count in Counter(Path(path).resolve() for path in arguments.input_files).items():
        if count > 1:
            raise PipelineError(f"{path}: is named {count} times; name each file once")
    return arguments


def main(argv: list[str] | None = None) -> None:
    arguments = parse_arguments(argv)
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
