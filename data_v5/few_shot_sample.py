"""Step 2: find for each sampled question the most similar others, as its few-shot examples.

Reads the sample of step 1; writes data/few-shot/<domain>_fewshot.jsonl, a line for each question:
{"origin": record, "shot": [records, the nearest first]}. Rows that ask the same and differ in wrong
options alone are neither shots of each other nor shots together.
    python -m data_v5.few_shot_sample --domain math
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveInt
from tqdm import tqdm

from data_v5.reading.domain import Domain, load_domain
from data_v5.reading.formats import identity_text, solved_text
from data_v5.reading.questions import RECORD_FIELDS, text_digest
from data_v5.selection.neighbours import NO_ROW, nearest_neighbours
from utils.cli import Flag, parse_flags, run
from utils.errors import PipelineError
from utils.jsonl import Row, RowIndex
from utils.records import first_empty_field
from utils.similarity.embed import embed_texts, open_embedder
from utils.similarity.embedding_settings import (
    EmbeddingFlags,
    EmbeddingSettings,
    embedding_settings,
)
from utils.stage_output import StageOutput


@dataclass(frozen=True)
class Questions:
    """The usable questions of a sample: their rows' numbers in the file, and their texts.

    Questions of one group are the same one with other wrong options.
    """

    numbers: list[int]
    texts: list[str]
    groups: list[int]


def read_questions(index: RowIndex, domain: Domain, output: StageOutput) -> Questions:
    """Scan a sample; records that can't be used and repeated questions are rejected."""
    formats = {source.title: source.format for source in domain.sources}
    questions = Questions([], [], [])
    seen: set[bytes] = set()
    groups: dict[bytes, int] = {}
    for number, record in tqdm(index.scan(), "questions", unit=" rows", disable=None):
        if empty := first_empty_field(record, ("question", "answer", "source")):
            output.reject(record, f"empty_{empty}")
            continue
        if not isinstance(record["fields"], dict):
            output.reject(record, "unreadable_fields")
            continue
        if record["source"] not in formats:
            domain.source(record["source"])  # raises, with the names that there are
        rules = formats[record["source"]]
        text = identity_text(record, rules)
        digest = text_digest(text)
        if digest in seen:
            output.reject(record, "duplicate_question")
            continue
        seen.add(digest)
        questions.numbers.append(number)
        questions.texts.append(text)
        solved = text_digest(solved_text(record, rules))
        questions.groups.append(groups.setdefault(solved, len(groups)))
    return questions


def find_shots(
    questions: Questions,
    num_shots: int,
    embedding: EmbeddingSettings,
    cache_folder: Path,
    rebuild: bool = False,
) -> Iterator[tuple[int, list[int]]]:
    """Yield each question's row and the rows of its nearest others, the nearest first.

    Among equally near ones the earlier row comes first. Of a group only the nearest is a shot, and
    a question's own group gives none.
    """
    embeddings = embed_texts(questions.texts, embedding, cache_folder, rebuild)
    everyone = range(len(questions.texts))
    groups = np.array(questions.groups)
    # So many are enough even if the nearest are all of the largest groups.
    largest = np.sort(np.bincount(groups))[::-1][: num_shots - 1]
    wanted = min(int(largest.sum()) + 1, len(everyone) - 1)
    neighbours, _ = nearest_neighbours(embeddings, list(everyone), wanted, groups)
    for place in everyone:
        nearest: dict[int, int] = {}
        for other in neighbours[place].tolist():
            if other != NO_ROW:
                nearest.setdefault(questions.groups[other], questions.numbers[other])
        yield questions.numbers[place], list(nearest.values())[:num_shots]


@dataclass(frozen=True, kw_only=True)
class Flags(EmbeddingFlags):
    """Find few-shot examples for sampled questions."""

    domain: Annotated[str, Field(description="a name in data_v5/domains, or the path of a YAML")]
    sample_question_path: Annotated[
        Path | None,
        Flag(metavar="PATH"),
        Field(description="the sample (default: data/<domain>_question.jsonl)"),
    ] = None
    output_dir: Annotated[Path, Field(description="folder of the examples")] = Path("data/few-shot")
    num_shots: Annotated[PositiveInt, Field(description="examples for each question")] = 5
    seed: Annotated[
        int, Flag("--seed", "--random_seed"), Field(description="of the embeddings")
    ] = 42
    force_rebuild: Annotated[
        tuple[Literal["embeddings"], ...],
        Flag(joined=True, metavar="NAMES"),
        Field(description="compute anew: embeddings"),
    ] = ()
    cache_dir: Annotated[Path, Field(description="folder of what is kept")] = Path("cache")


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    rebuild = bool(arguments.force_rebuild)
    domain = load_domain(arguments.domain)
    embedding = embedding_settings(arguments, arguments.seed)
    cache_folder = arguments.cache_dir / domain.name
    source = arguments.sample_question_path or Path("data") / f"{domain.name}_question.jsonl"
    target = arguments.output_dir / f"{domain.name}_fewshot.jsonl"
    output = StageOutput(target, [domain.path, source], stage="shots")
    embeddings_by = open_embedder(embedding, cache_folder).identity()
    with RowIndex(source, RECORD_FIELDS) as index, output:
        questions = read_questions(index, domain, output)
        check_enough(len(set(questions.groups)), arguments.num_shots, source)
        pairs = find_shots(questions, arguments.num_shots, embedding, cache_folder, rebuild)
        for number, near in tqdm(
            pairs, "shots", len(questions.numbers), unit=" rows", disable=None
        ):
            shots: list[Row] = [index.read(other) for other in near]
            output.keep({"origin": index.read(number), "shot": shots})
        output.summary["settings"] = {
            "domain": str(domain.path),
            "num_shots": arguments.num_shots,
            "random_seed": arguments.seed,
            "embeddings": embeddings_by,
        }


def check_enough(questions: int, num_shots: int, source: Path) -> None:
    """Refuse too few questions: each is shown with others and never with itself."""
    if questions <= num_shots:
        raise PipelineError(
            f"{source}: holds {questions} different usable questions, and each needs {num_shots} "
            f"others; sample at least {num_shots + 1}, or lower --num_shots"
        )


if __name__ == "__main__":
    run(main)
