"""The rows of a file of any kind, and the text that each is judged by."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field
from tqdm import tqdm

from utils.jsonl import Row
from utils.records import find_text_field, text_of
from utils.row_files import read_records


@dataclass(frozen=True, kw_only=True)
class RowFlags:
    """The flags of a script that selects rows of one file."""

    input_file: Annotated[str, Field(description="rows in JSON Lines or a JSON array")]
    output_file: Annotated[str, Field(description="where the kept rows go (.jsonl or .json)")]
    field: Annotated[
        list[str] | None,
        Field(
            description="hold the text; of several the texts are joined (default: the first known "
            "one that the first row has)"
        ),
    ] = None


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
