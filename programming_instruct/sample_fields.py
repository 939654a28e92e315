"""The fields of a sample, read from rows that others may have written."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from programming_instruct.target_area import Area
from utils.code.fences import plain_label
from utils.errors import PipelineError
from utils.jsonl import Row
from utils.records import is_unicode, text_id


class BadSample(Exception):
    """A row is no sound sample; the message is its reject reason."""


class Sample(NamedTuple):
    """The texts of a sample; `words` and `chat` are empty where there are none."""

    history: tuple[str, ...]
    current: str
    following: str
    words: str
    chat: str
    area: Area
    # The language of the current code, as the label of a fenced block.
    label: str


def read_sample(row: Row) -> Sample:
    """Read a row that has `history`, `current`, `user` and `next`; BadSample if one is unsound.

    `user` and `chat` may be null, as may the area: nothing said, nothing pointed at.
    """
    if fault := find_code_fault(row):
        raise BadSample(fault)
    past = row["history"]
    history = tuple(map(code_of, past)) if isinstance(past, list) else (None,)
    codes = tuple(code for code in history if code is not None)
    if len(codes) < len(history):
        raise BadSample("bad_history")
    current, following = row["current"]["code"], row["next"]["code"]
    words, chat = _optional_text(row, "user"), _optional_text(row, "chat")
    if not all(map(is_unicode, (*codes, current, following, words, chat))):
        raise BadSample("not_unicode")
    label = label_of_code(row["current"])
    return Sample(codes, current, following, words, chat, area_of_row(row, len(current)), label)


def find_code_fault(row: Row) -> str | None:
    """Say why a row has no pair of codes to work on, or None.

    Either code may be empty, as at the start of a file; a next that equals current is sound.
    """
    current, following = code_of(row["current"]), code_of(row["next"])
    if current is None:
        return "no_current_code"
    if following is None:
        return "no_next_code"
    return None if current.strip() or following.strip() else "empty_code"


def code_of(value: Any) -> str | None:
    """Give the code of a code object, `{"type": "code", "lang": ..., "code": ...}`, or None."""
    code = value.get("code") if isinstance(value, dict) else None
    return code if isinstance(code, str) else None


def label_of_code(value: Row) -> str:
    """Give the language of a code object as the label of a fenced block: one word, or none."""
    language = value.get("lang")
    return plain_label(language.strip()) if isinstance(language, str) else ""


def area_of_row(row: Row, length: int) -> Area:
    """Read `area`, or `loc` where there is none; BadSample if it does not fit the code."""
    area = row["area"] if "area" in row else row.get("loc")
    if area is None:
        return None
    ends = area if isinstance(area, list) else [area, area]
    # By type, since a bool is an int too.
    if len(ends) != 2 or any(type(end) is not int for end in ends):
        raise BadSample("bad_area")
    left, right = ends
    if not 0 <= left <= right <= length:
        raise BadSample("bad_area")
    return [left, right] if isinstance(area, list) else int(left)


def identity_of(row: Row, position: int) -> str:
    """Name a sound row for its random draws: by its id, else by its texts and position."""
    for field in ("prompt_id", "task_id"):
        if isinstance(row.get(field), str) and row[field]:
            return str(row[field])
    return f"{text_id(row['current']['code'], row['next']['code'])}-{position}"


def refuse_doubled_inputs(paths: Iterable[str]) -> None:
    """Raise PipelineError if a file is named twice."""
    seen: set[Path] = set()
    for path in paths:
        if Path(path).resolve() in seen:
            raise PipelineError(f"--input_path {path}: named twice; name it once")
        seen.add(Path(path).resolve())


def _optional_text(row: Row, field: str) -> str:
    text = row.get(field)
    if text is None:
        return ""
    if not isinstance(text, str):
        raise BadSample(f"bad_{field}")
    return text.strip()
