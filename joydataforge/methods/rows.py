"""The rows a method works on: any instruction data, each with an id and a query."""

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from joydataforge.methods.settings import MethodConfig
from joydataforge.methods.templates import HISTORY, all_places, check_places, field_text, places
from utils.errors import PipelineError
from utils.jsonl import Row, dump_row
from utils.records import text_id
from utils.row_files import read_records

QUERY_FIELD = "input"
# What an earlier run may have said of a row; it is not so of this run.
_SAID_OF_OTHER_RUNS = ("reject_reason", "reject_reasons", "from_cache")


def planned_rows(config: MethodConfig) -> Iterator[Row]:
    """Yield the rows of the wanted range, each with a `prompt_id`; unusable ones with a reason.

    A row keeps its `prompt_id`; one without gets the hash of its query and its history. Where an
    id repeats, a number is added. A row that lacks a field which a prompt has a place for, or has
    null there, is unusable.
    """
    needed = [name for name in used_fields(config) if name not in (QUERY_FIELD, HISTORY)]
    taken: dict[str, int] = {}
    for row in islice(_read(config), config.threshold_low, config.threshold):
        row = {name: value for name, value in row.items() if name not in _SAID_OF_OTHER_RUNS}
        reason = _reject_reason(row, needed)
        known_by = query_of(row) if QUERY_FIELD in row else dump_row(row).decode()
        row_id = _own_id(str(row.get("prompt_id") or text_id(known_by)), taken)
        yield {**row, "prompt_id": row_id} | ({"reject_reason": reason} if reason else {})
    if not taken:
        raise PipelineError(
            f"{config.data_read_path}: has no rows from threshold_low {config.threshold_low} on; "
            "lower it"
        )


def _own_id(base: str, taken: dict[str, int]) -> str:
    """Add a number to an id that is taken; counts how often each was asked for."""
    row_id = base
    while row_id in taken:
        taken[base] += 1
        row_id = f"{base}-{taken[base]}"
    taken[row_id] = 1
    return row_id


def _reject_reason(row: Row, needed: list[str]) -> str | None:
    query = row.get(QUERY_FIELD)
    if not isinstance(query, str) or not query.strip():
        return "empty_input"
    return next((f"missing_{name}" for name in needed if row.get(name) is None), None)


def _read(config: MethodConfig) -> Iterator[Row]:
    if not config.data_read_path:
        raise PipelineError("key 'data_read_path' is missing; name the file of the rows")
    is_array = config.file_type == "json" if config.file_type else None
    for number, row in enumerate(read_records(config.data_read_path, is_array=is_array), 1):
        if not isinstance(row, dict):
            raise PipelineError(
                f"{config.data_read_path}, row {number}: a {type(row).__name__}; each row must be "
                "an object"
            )
        if number == 1 and QUERY_FIELD not in row:
            raise PipelineError(
                f"{config.data_read_path}: field '{QUERY_FIELD}' is missing (has: "
                f"{', '.join(row)}); is this the file of the rows?"
            )
        yield row


def query_of(row: Row) -> str:
    """Give the text by which a row's answer is known again: its query after its history."""
    query = field_text(QUERY_FIELD, row[QUERY_FIELD])
    history = row.get(HISTORY)
    return f"{field_text(HISTORY, history)}\n{query}" if history else query


def full_query(config: MethodConfig) -> Callable[[Row], str]:
    """Give the function that words a row's query with all else that the prompts say of it.

    Rows of one instruction and different code are different queries, if a prompt shows the code.
    """
    others = sorted(_named_places(config, all_places) - {QUERY_FIELD, HISTORY})

    def worded(row: Row) -> str:
        said = [
            f"{name}: {field_text(name, row[name])}" for name in others if row.get(name) is not None
        ]
        return "\n".join([*said, query_of(row)])

    return worded


def used_fields(config: MethodConfig) -> list[str]:
    """List the fields of the rows that a prompt, anywhere in the settings, can't do without."""
    needed = _named_places(config, places)
    return [name for name in first_fields(config) if name in needed]


def _named_places(settings: Any, find: Callable[[str], list[str]]) -> set[str]:
    """Collect the places of all texts in settings, however deep they stand."""
    if isinstance(settings, str):
        return set(find(settings))
    if dataclasses.is_dataclass(settings):
        settings = vars(settings)
    if isinstance(settings, Mapping):
        settings = list(settings.values())
    inner = settings if isinstance(settings, (list, tuple)) else ()
    return set().union(*(_named_places(each, find) for each in inner))


def first_fields(config: MethodConfig) -> list[str]:
    """List the fields of the first row; PipelineError if the file can't be read."""
    return list(next(_read(config)))


def check_templates(config: MethodConfig, extra: Any = (), **templates: str) -> None:
    """Check that the prompts have places only for what the first row has, or what is `extra`.

    A history is never missing: rows without one have none.
    """
    known = list(dict.fromkeys([*first_fields(config), HISTORY, *extra]))
    for key, template in templates.items():
        check_places(key, template, known)
        if key.startswith("prompt") and template.strip() and not all_places(template):
            raise PipelineError(
                f"key '{key}': the prompt shows nothing of a row; put {{{QUERY_FIELD}}} into it"
            )


def input_paths(config: MethodConfig) -> list[Path]:
    return [Path(config.data_read_path)] if config.data_read_path else []
