"""Step 2: find for each sampled question the most similar others, as its few-shot examples.

Reads the sample of step 1 and all the questions that it was drawn from, whose embeddings step 1 has
kept; writes data/few-shot/<domain>_fewshot.jsonl, a line for each question: {"origin": record,
"shot": [records, the nearest first]}. Rows that ask the same and differ in wrong options alone are
neither shots of each other nor shots together.
    python -m data_v5.few_shot_sample --domain math
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, PositiveInt
from tqdm import tqdm

from data_v5.reading.domain import Domain, load_domain
from data_v5.reading.formats import final_answer, identity_text, solved_text
from data_v5.reading.questions import RECORD_FIELDS, corpus_file, text_digest
from data_v5.selection.neighbours import NO_ROW, nearest_neighbours
from utils.cli import Flag, log, parse_flags, run
from utils.errors import PipelineError
from utils.jsonl import Row, RowIndex
from utils.records import first_empty_field
from utils.similarity.cosine import Floats
from utils.similarity.embed import embed_texts, open_embedder
from utils.similarity.embedding_settings import (
    EmbeddingFlags,
    embedding_settings,
)
from utils.stage_output import StageOutput


@dataclass(frozen=True)
class Questions:
    """The usable questions of a file: their rows' numbers in it, their texts and their hashes.

    Questions of one group are the same one with other wrong options.
    """

    numbers: list[int]
    texts: list[str]
    digests: list[bytes]
    groups: list[int]


def read_questions(
    index: RowIndex, domain: Domain, reject: Callable[[Row, str], object]
) -> Questions:
    """Scan a file of questions; records that can't be used and repeated ones are rejected."""
    formats = {source.title: source.format for source in domain.sources}
    questions = Questions([], [], [], [])
    seen: set[bytes] = set()
    groups: dict[bytes, int] = {}
    for number, record in tqdm(index.scan(), "questions", unit=" rows", disable=None):
        if empty := first_empty_field(record, ("question", "answer", "source")):
            reject(record, f"empty_{empty}")
            continue
        if not isinstance(record["fields"], dict):
            reject(record, "unreadable_fields")
            continue
        if str(record["source"]) not in formats:
            domain.source(record["source"])  # raises, with the names that there are
        rules = formats[record["source"]]
        text = identity_text(record, rules)
        # With another answer it is another one, which step 1 may keep.
        digest = text_digest(text) + text_digest(final_answer(record, rules))
        if digest in seen:
            reject(record, "duplicate_question")
            continue
        seen.add(digest)
        questions.numbers.append(number)
        questions.texts.append(text)
        questions.digests.append(digest)
        solved = text_digest(solved_text(record, rules))
        questions.groups.append(groups.setdefault(solved, len(groups)))
    return questions


def read_corpus(index: RowIndex, domain: Domain) -> Questions:
    """Scan the questions that the sample was drawn from, in step 1's order."""

    def refuse(record: Row, reason: str) -> None:
        raise PipelineError(f"{index.path}: holds a row with {reason}; run select_data again")

    return read_questions(index, domain, refuse)


def places_in(corpus: Questions, sample: Questions, path: Path) -> list[int]:
    """Find each sampled question's place in the corpus; PipelineError if one is not there."""
    places = {digest: place for place, digest in enumerate(corpus.digests)}
    missing = sum(digest not in places for digest in sample.digests)
    if missing:
        raise PipelineError(
            f"{path}: lacks {missing:,} of the sampled questions; run select_data again, or give "
            "--shots_from sample"
        )
    return [places[digest] for digest in sample.digests]


def find_shots(
    corpus: Questions, places: Sequence[int], num_shots: int, embeddings: Floats
) -> Iterator[tuple[list[int], float]]:
    """Yield the rows of the questions nearest to each one in `places`, and their mean cosine.

    Among equally near ones the earlier row comes first. Of a group only the nearest is a shot, and
    a question's own group gives none.
    """
    groups = np.array(corpus.groups)
    # So many are enough even if the nearest are all of the largest groups.
    largest = np.sort(np.bincount(groups))[::-1][: num_shots - 1]
    wanted = min(int(largest.sum()) + 1, len(groups) - 1)
    neighbours, cosines = nearest_neighbours(embeddings, list(places), wanted, groups)
    for others, near in zip(neighbours.tolist(), cosines.tolist(), strict=True):
        nearest: dict[int, tuple[int, float]] = {}
        for other, cosine in zip(others, near, strict=True):
            if other != NO_ROW:
                nearest.setdefault(corpus.groups[other], (corpus.numbers[other], cosine))
        taken = list(nearest.values())[:num_shots]
        yield [row for row, _ in taken], sum(cosine for _, cosine in taken) / len(taken)


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
    shots_from: Annotated[
        Literal["corpus", "sample"],
        Field(description="where examples are looked for: all questions of step 1, or the sample"),
    ] = "corpus"
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
    pool = shots_file(source, arguments.shots_from)
    with RowIndex(source, RECORD_FIELDS) as index, output, ExitStack() as opened:
        sample = read_questions(index, domain, output.reject)
        corpus, others, places = sample, index, list(range(len(sample.texts)))
        if pool != source:
            others = opened.enter_context(RowIndex(pool, RECORD_FIELDS))
            corpus = read_corpus(others, domain)
            places = places_in(corpus, sample, pool)
        check_enough(len(set(corpus.groups)), arguments.num_shots, pool)
        embeddings = embed_texts(corpus.texts, embedding, cache_folder, rebuild)
        found = find_shots(corpus, places, arguments.num_shots, embeddings)
        cosines = 0.0
        for number, (near, cosine) in tqdm(
            zip(sample.numbers, found, strict=True),
            *("shots", len(places)),
            unit=" rows",
            disable=None,
        ):
            shots: list[Row] = [others.read(other) for other in near]
            output.keep({"origin": index.read(number), "shot": shots})
            cosines += cosine
        output.summary |= {
            "questions_to_choose_from": len(corpus.texts),
            "mean_cosine": round(cosines / len(places), 4) if places else None,
        }
        output.summary["settings"] = {
            "domain": str(domain.path),
            "shots_from": str(pool),
            "num_shots": arguments.num_shots,
            "random_seed": arguments.seed,
            "embeddings": embeddings_by,
        }
    if places:
        log.info(
            "the examples' mean cosine is %.3f, of %s questions to choose from",
            *(cosines / len(places), f"{len(corpus.texts):,}"),
        )


def shots_file(sample: Path, shots_from: str) -> Path:
    """Name the file of the questions that may be shots; without step 1's it is the sample."""
    corpus = corpus_file(sample)
    if shots_from == "corpus" and corpus.is_file():
        return corpus
    if shots_from == "corpus" and sample.is_file():
        log.warning(
            "%s: no such file; examples are looked for in the sample alone; run select_data again "
            "for those of all questions",
            corpus,
        )
    return sample


def check_enough(questions: int, num_shots: int, source: Path) -> None:
    """Refuse too few questions: each is shown with others and never with itself."""
    if questions <= num_shots:
        raise PipelineError(
            f"{source}: holds {questions} different usable questions, and each needs {num_shots} "
            f"others; sample at least {num_shots + 1}, or lower --num_shots"
        )


if __name__ == "__main__":
    run(main)
