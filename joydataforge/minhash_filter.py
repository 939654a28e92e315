"""MinHash filter: keeps the first of each cluster of near duplicates.

Two texts are near duplicates if the Jaccard similarity of their n-grams reaches the threshold;
MinHash finds the candidates, an exact comparison decides.
    python -m joydataforge.minhash_filter --input_file X.jsonl --output_file Y.jsonl \\
        --field input --threshold 0.7 --ngram 5 --num_perm 128

Rejected rows say which row they repeat; the clusters go to `<output stem>.clusters.jsonl`.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, PositiveInt
from tqdm import tqdm

from joydataforge.selection.text_dedup import Shingling, clusters, find_duplicate_texts, sign_texts
from joydataforge.selection.text_rows import RowFlags, TextRows
from utils.cli import log, parse_flags, run
from utils.jsonl import Row
from utils.similarity.near_duplicates import Match, chance_to_meet
from utils.stage_output import StageOutput, sibling, stage_of

LARGEST_SHOWN = 10
SHOWN_CHARACTERS = 200


@dataclass(frozen=True, kw_only=True)
class Flags(RowFlags):
    """Keep the first of each cluster of near repeats."""

    threshold: Annotated[
        float, Field(gt=0, le=1, allow_inf_nan=False, description="Jaccard similarity")
    ] = 0.7
    ngram: Annotated[PositiveInt, Field(description="units of an n-gram")] = 5
    unit: Annotated[
        Literal["word", "character", "code"],
        Field(description="what n-grams are made of; word serves any language"),
    ] = "word"
    language: Annotated[str, Field(description="of --unit code")] = "python"
    num_perm: Annotated[PositiveInt, Field(description="of the signatures")] = 128
    num_workers: Annotated[PositiveInt, Field(description="processes")] = 1
    random_seed: Annotated[int, Field(description="of the signatures")] = 42


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    rows = TextRows(arguments.input_file, arguments.field)
    shingling = Shingling(arguments.unit, arguments.ngram, arguments.language)
    texts = rows.read_texts()
    store = sign_texts(
        (text or "" for text in tqdm(texts, desc="signing", unit="row", disable=None)),
        shingling,
        arguments.num_perm,
        arguments.random_seed,
        arguments.num_workers,
    )
    duplicates = dict(
        find_duplicate_texts(store, lambda n: texts[n] or "", shingling, arguments.threshold)
    )
    groups = clusters(duplicates.items())
    output = StageOutput(
        arguments.output_file, [arguments.input_file], stage=stage_of(arguments.input_file)
    )
    clusters_file = sibling(arguments.output_file, ".clusters.jsonl")
    with output:
        write_cluster = output.open_also(clusters_file)
        write_unique(rows, texts, duplicates, output)
        for cluster in worded_clusters(groups, texts):
            write_cluster(cluster)
        output.summary |= {"minhash": duplicate_figures(arguments, rows.field, groups, texts)}
    log.info("%s clusters -> %s", f"{len(groups):,}", clusters_file)


def write_unique(
    rows: TextRows, texts: list[str | None], duplicates: dict[int, Match], output: StageOutput
) -> None:
    """Keep or reject each row; a rejected one names the row it repeats, both counted from 1."""
    ids = {match.number: None for match in duplicates.values()}
    for number, row in enumerate(rows):
        if number in ids:
            ids[number] = row.get("prompt_id")
        if texts[number] is None:
            output.reject(row, f"empty_{rows.field}")
        elif (match := duplicates.get(number)) is not None:
            marks: Row = {"row": number + 1, "repeats_row": match.number + 1}
            if ids[match.number] is not None:
                marks["repeats_prompt_id"] = ids[match.number]
            marks["similarity"] = round(match.similarity, 4)
            output.reject({**row, **marks}, "near_duplicate")
        else:
            output.keep(row)


def worded_clusters(groups: dict[int, list[Match]], texts: list[str | None]) -> Iterator[Row]:
    """Yield the clusters in the order of their kept rows, whose numbers count from 1."""
    for number, (first, members) in enumerate(groups.items(), 1):
        repeats = [
            {
                "row": member.number + 1,
                "similarity": round(member.similarity, 4),
                "text": texts[member.number],
            }
            for member in members
        ]
        yield {
            "cluster": number,
            "size": len(members) + 1,
            "kept_row": first + 1,
            "kept_text": texts[first],
            "repeats": repeats,
        }


def duplicate_figures(
    arguments: Flags,
    field: str,
    groups: dict[int, list[Match]],
    texts: list[str | None],
) -> dict[str, Any]:
    """Sum up the clusters: how many of each size, and the largest with its beginning."""
    sizes = Counter(len(members) + 1 for members in groups.values())
    largest = sorted(groups, key=lambda first: (-len(groups[first]), first))[:LARGEST_SHOWN]
    names = ("threshold", "ngram", "unit", "num_perm", "random_seed")
    return {
        "field": field,
        **{name: getattr(arguments, name) for name in names},
        # What the bands may miss; a pair that is found is compared exactly.
        "chance_to_find_a_pair_at_threshold": round(
            chance_to_meet(arguments.threshold, arguments.threshold, arguments.num_perm), 4
        ),
        "clusters": len(groups),
        "near_duplicates": sum(len(members) for members in groups.values()),
        "cluster_sizes": {str(size): sizes[size] for size in sorted(sizes)},
        "largest": [
            {
                "kept_row": first + 1,
                "size": len(groups[first]) + 1,
                "text": (texts[first] or "")[:SHOWN_CHARACTERS],
            }
            for first in largest
        ],
    }


if __name__ == "__main__":
    run(main)
