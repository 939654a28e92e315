"""Turns real edits (`instruction`, `input`, `output` a line) into rows as stage 5 writes them.

python -m tests.consumers.real_edits FILE OUTPUT
"""

import sys
from collections.abc import Iterator

from utils.jsonl import Row, read_rows, write_rows


def edits(path: str) -> Iterator[Row]:
    for number, row in enumerate(read_rows(path, ["instruction", "input", "output"])):
        yield {
            "commit": [f"real-{number}"],
            "code_snippet": [],
            "code_before_purify": row["input"],
            "code_after_purify": row["output"],
            "instruct_purify": row["instruction"],
            "instr_type": "real_descriptive",
        }


if __name__ == "__main__":
    write_rows(sys.argv[2], edits(sys.argv[1]))
