"""The rows of a file of any kind, and the text that each is judged by."""

import argparse
from collections.abc import Iterator

from tqdm import tqdm

from utils.jsonl import Row
from utils.records import find_text_field, text_of
from utils.row_files import read_records


def add_row_flags(parser: argparse.ArgumentParser) -> None:
    """Add the flags of a script that selects rows of one file."""
    add = parser.add_argument
    add("--input_file", required=True, help="rows in JSON Lines or a JSON array")
    add("--output_file", required=True, help="where the kept rows go (.jsonl or .json)")
    add(
        "--field",
        nargs="+",
        help="hold the text; of several the texts are joined (default: the first known one that "
        "the first row has)",
    )


class TextRows:
    """The rows of a file, read anew each time they are gone through; none may lack a field.

    `field` names the fields that hold the text, with a plus between them.
    """

    def __init__(self, path: str, fields: list[str] | None) -> None:
        self._path = path
        self._fields = fields or [find_text_field(next(read_records(path, ())), path)]
        self.field = "+".join(self._fields)

    def __iter__(self) -> Iterator[Row]:
        rows = read_records(self._path, self._fields)
        yield from tqdm(rows, desc="reading", unit="row", disable=None)

    def read_texts(self) -> list[str | None]:
        """Read the texts of all rows; None for a row whose fields hold none."""
        return ["\n".join(self._texts(row)) or None for row in self]

    def _texts(self, row: Row) -> Iterator[str]:
        return filter(None, (text_of(row[name]) for name in self._fields))
