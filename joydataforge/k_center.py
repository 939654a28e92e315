"""K-center: chooses rows that leave no other row far from all of them.

Each next row is the one farthest from those chosen, by the embeddings of the texts (Gonzalez 1985).
    python -m joydataforge.k_center --input_file X.jsonl --output_file Y.jsonl --size 2000

The first rows chosen are a choice themselves: with `--order pick` any beginning of the output is.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, PositiveInt

from joydataforge.selection.center_search import Centers, k_center
from joydataforge.selection.text_rows import RowFlags, TextRows
from utils.cli import Flag, log, parse_flags, run
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.similarity.embed import embed_texts
from utils.similarity.embedding_settings import EmbeddingFlags, embedding_settings
from utils.stage_output import StageOutput, stage_of

RANK_FIELD = "k_center_rank"
# Two rows of length 1 are 2 apart at most.
EDGES = np.linspace(0, 2, 21)


@dataclass(frozen=True, kw_only=True)
class Flags(RowFlags, EmbeddingFlags):
    """Choose rows that cover all others."""

    size: Annotated[PositiveInt | None, Flag(one_of=True), Field(description="rows to choose")] = (
        None
    )
    share: Annotated[
        float | None,
        Flag(one_of=True),
        Field(
            gt=0, le=1, allow_inf_nan=False, description="of the rows to choose, above 0 up to 1"
        ),
    ] = None
    order: Annotated[
        Literal["input", "pick"],
        Field(description="of the output: that of the input, or the chosen first first"),
    ] = "input"
    cache_dir: Annotated[
        str | None, Field(description="keep the embeddings in this folder (default: nowhere)")
    ] = None
    random_seed: Annotated[int, Field(description="of the first row")] = 42


def main(argv: list[str] | None = None) -> None:
    arguments = parse_flags(Flags, argv)
    settings = embedding_settings(arguments, arguments.random_seed)
    output = StageOutput(
        arguments.output_file, [arguments.input_file], stage=stage_of(arguments.input_file)
    )
    rows = TextRows(arguments.input_file, arguments.field)
    texts = rows.read_texts()
    usable = [number for number, text in enumerate(texts) if text is not None]
    if not usable:
        raise PipelineError(f"{arguments.input_file}: no row has a text in '{rows.field}'")
    cache = Path(arguments.cache_dir) if arguments.cache_dir else None
    embeddings = embed_texts([text for text in texts if text is not None], settings, cache)
    size = arguments.size or max(1, round(arguments.share * len(usable)))
    found = k_center(embeddings, size, random_seed=arguments.random_seed)
    ranks = {usable[place]: rank for rank, place in enumerate(found.chosen, 1)}
    with output:
        write(rows, texts, ranks, arguments.order, output)
        output.summary |= {
            "k_center": {
                "field": rows.field,
                "embeddings": settings.backend + (f" {settings.model}" if settings.model else ""),
                "order": arguments.order,
                "random_seed": arguments.random_seed,
                **center_figures(found),
            }
        }
    log.info("%s", said_of(output.summary["k_center"], len(usable) - len(ranks)))


def write(
    rows: TextRows,
    texts: list[str | None],
    ranks: dict[int, int],
    order: str,
    output: StageOutput,
) -> None:
    """Write the chosen rows with their rank; the others are passed over, not rejected."""
    picked: dict[int, Row] = {}
    left = 0
    for number, row in enumerate(rows):
        if texts[number] is None:
            output.reject(row, f"empty_{rows.field}")
        elif number not in ranks:
            left += 1
        elif order == "input":
            output.keep({**row, RANK_FIELD: ranks[number]})
        else:
            picked[ranks[number]] = row
    for rank in sorted(picked):
        output.keep({**picked[rank], RANK_FIELD: rank})
    output.pass_over("not_chosen", left)


def center_figures(found: Centers) -> dict[str, Any]:
    """Tell how well the chosen rows cover the others: the radius, and the distances of those."""
    is_left = np.ones(len(found.distances), dtype=bool)
    is_left[found.chosen] = False
    left: NDArray[np.float64] = found.distances[is_left]
    counts, _ = np.histogram(left.clip(0, 2), EDGES)
    return {
        "chosen": len(found.chosen),
        "radius": round(found.radius, 6),
        # Of rows of length 1, by the law of cosines.
        "lowest_cosine_to_a_chosen_row": round(1 - found.radius**2 / 2, 6),
        "mean_distance": round(float(left.mean()), 6) if len(left) else 0.0,
        "distances": {
            "edges": [round(float(edge), 2) for edge in EDGES],
            "rows": counts.tolist(),
        },
    }


def said_of(found: dict[str, Any], left: int) -> str:
    """Word what the choice leaves out, for the summary line."""
    if not left:
        return "all rows are chosen"
    return (
        f"radius {found['radius']:.3f}: each row left out has a chosen one with a cosine of "
        f"{found['lowest_cosine_to_a_chosen_row']:.3f} or more; mean distance "
        f"{found['mean_distance']:.3f}"
    )


if __name__ == "__main__":
    run(main)
