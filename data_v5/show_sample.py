"""Show in the terminal what the steps make of a domain: a cluster, a few-shot row, a tokenised row.

Reads the files where the steps put them by default; --number says which cluster and which rows.
    python -m data_v5.show_sample --domain math --tokenizer DIR \\
        --tokenized_file data/data_v5/tokenized/train.jsonl
"""

import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, PositiveInt

from data_v5.reading.columns import Unusable
from data_v5.reading.domain import Domain, load_domain
from data_v5.reading.question_sources import open_questions
from data_v5.reading.questions import QuestionStore, question_record
from data_v5.selection.clusters import ClusterFile, read_clusters
from data_v5.tokens.model_tokenizers import ModelTokens, load_model_tokens
from data_v5.tokens.tensor_files import load_tensors
from data_v5.tokens.token_files import FIELDS
from data_v5.tokens.token_ids import tokenizer_folder
from utils.cli import Flag, harmless, parse_flags, run
from utils.errors import PipelineError
from utils.jsonl import read_rows
from utils.parquet_files import read_parquet

# Questions of a cluster, and last lines of a prompt.
SHOWN_QUESTIONS = 5
SHOWN_LINES = 12
WIDTH = 90


def heading(title: str) -> str:
    return f"\n── {title} " + "─" * max(2, WIDTH - 4 - len(title))


def in_one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= WIDTH else line[: WIDTH - 1] + "…"


def store_questions(
    domain: Domain, store: QuestionStore, max_rows: int | None, keeps_other_answers: bool
) -> None:
    """Collect the questions as step 1 does, so that they get the same numbers."""
    for source in domain.sources:
        for row in islice(open_questions(source)(), max_rows):
            if source.selects(row):
                try:
                    store.add(question_record(row, source), source, keeps_other_answers)
                except Unusable:
                    continue


def _stored_clusters(
    stack: ExitStack, domain: Domain, path: Path, max_rows: int | None
) -> tuple[QuestionStore, ClusterFile]:
    """Read the clusters, and the questions as they were when those were made."""
    for keeps_other_answers in (False, True):
        store = stack.enter_context(QuestionStore())
        store_questions(domain, store, max_rows, keeps_other_answers)
        try:
            return store, read_clusters(path, len(store), store.fingerprint())
        except PipelineError:
            continue
    raise PipelineError(
        f"{path}: not the clusters of the questions that the domain has now; run select_data "
        "again, or give its --max_rows"
    )


def cluster_lines(domain: Domain, path: Path, number: int, max_rows: int | None) -> Iterator[str]:
    """Show the questions of a cluster, its centre first; the sources are read again for them."""
    with ExitStack() as stack:
        store, content = _stored_clusters(stack, domain, path, max_rows)
        if not content.clusters:
            yield heading(f"{path}: no clusters")
            yield f"no {content.min_community_size} questions are as alike as {content.threshold:g}"
            return
        cluster = pick(content.clusters, number, path, "clusters")
        place = f"cluster {number:,} of {len(content.clusters):,} in {path}"
        yield heading(f"{place}: {len(cluster):,} questions")
        yield f"cosine to the centre, which comes first, at least {content.threshold:g}"
        yield from (f"  {in_one_line(store.texts[one])}" for one in cluster[:SHOWN_QUESTIONS])
        if len(cluster) > SHOWN_QUESTIONS:
            yield f"  … {len(cluster) - SHOWN_QUESTIONS:,} more"


def few_shot_lines(path: Path, number: int) -> Iterator[str]:
    """Show a question and those that go before it as examples."""
    row = pick(read_rows(path, ["origin", "shot"]), number, path, "rows")
    yield heading(f"row {number:,} of {path}")
    yield row["origin"]["question"]
    yield f"is nearest to {len(row['shot'])} others:"
    yield from (f"  {in_one_line(shot['question'])}" for shot in row["shot"])


def decoded_lines(path: Path, number: int, tokenizer: ModelTokens) -> Iterator[str]:
    """Show the end of a prompt and the response, decoded."""
    hint = "is this a file of prepare_synthetic?"
    rows: Iterable[Any]
    if path.suffix == ".pt":
        rows = load_tensors(path, FIELDS)
    elif path.suffix == ".parquet":
        rows = read_parquet(path, FIELDS, FIELDS, hint)
    else:
        rows = read_rows(path, FIELDS)
    row = pick(rows, number, path, "rows")
    tokens, labels = row["input_ids"], row["labels"]
    # An ignored label is negative, whichever number it is.
    learnt = sum(label >= 0 for label in labels)
    yield heading(f"row {number:,} of {path}: {len(tokens):,} tokens, {learnt:,} of them learnt")
    prompt = tokenizer.decode(tokens[: len(tokens) - learnt]).split("\n")
    if len(prompt) > SHOWN_LINES:
        yield f"… {len(prompt) - SHOWN_LINES:,} lines of the prompt before"
    yield "\n".join(prompt[-SHOWN_LINES:]).rstrip("\n")
    yield "⟦" + tokenizer.decode(tokens[len(tokens) - learnt :]) + "⟧"


def pick(values: Iterable[Any], number: int, path: Path, name: str) -> Any:
    """Take the value with a number, from 1."""
    count = 0
    for count, value in enumerate(islice(values, number), 1):
        if count == number:
            return value
    raise PipelineError(f"{path}: holds {count:,} {name}; --number {number} is none of them")


@dataclass(frozen=True, kw_only=True)
class Flags:
    """Show what the steps make of a domain."""

    domain: Annotated[str, Field(description="a name in data_v5/domains, or the path of a YAML")]
    number: Annotated[PositiveInt, Field(description="which cluster and which rows")] = 1
    cluster_path: Annotated[
        Path | None,
        Flag(metavar="PATH"),
        Field(description="(default: data/<domain>_cluster.json)"),
    ] = None
    max_rows: Annotated[
        int | None, Field(description="as select_data was given it (default: all)")
    ] = None
    dir: Annotated[Path, Field(description="of the few-shot examples")] = Path("data/few-shot")
    tokenized_file: Annotated[
        Path | None,
        Flag(metavar="PATH"),
        Field(description=".pt, .jsonl or .parquet (default: none)"),
    ] = None
    tokenizer: Annotated[
        str | None, Flag(metavar="DIR"), Field(description="what --tokenized_file was made with")
    ] = None

    def __post_init__(self) -> None:
        if self.tokenized_file and not self.tokenizer:
            raise ValueError("--tokenized_file: needs --tokenizer, to read it by; name the folder")


def lines(arguments: Flags) -> Iterator[str]:
    """Yield what is shown of a row: its cluster, its shots and, if there is a file, its tokens."""
    domain = load_domain(arguments.domain)
    number = arguments.number
    cluster_path = arguments.cluster_path or Path("data") / f"{domain.name}_cluster.json"
    yield from cluster_lines(domain, cluster_path, number, arguments.max_rows)
    yield from few_shot_lines(arguments.dir / f"{domain.name}_fewshot.jsonl", number)
    if arguments.tokenized_file:
        tokenizer = load_model_tokens(tokenizer_folder(arguments.tokenizer))
        yield from decoded_lines(arguments.tokenized_file, number, tokenizer)


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    # An empty first line sets the page apart from the log.
    text = harmless("\n".join(lines(arguments)) + "\n")
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
    sys.stdout.flush()


if __name__ == "__main__":
    run(main)
