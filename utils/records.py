"""What the rows of the pipeline have in common: ids, rounds, trace and the fields of texts."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from utils.errors import PipelineError
from utils.jsonl import Row

# What stands before each part of a training row.
HEADINGS = ("## Code Before:", "## Instruction:", "## Code After:")
# Names that files of instructions use, the more telling ones first.
TEXT_FIELDS = (
    *("instruct_purify", "instruct_descriptive_purify", "instruct_descriptive", "instruction"),
    *("input", "question", "query", "problem", "messages", "conversations", "prompt", "text"),
    *("message", "content", "user"),
)
_USERS = ("user", "human")
TRIPLET_FIELDS = ("code_before", "code_after", "instruct_descriptive", "instruct_lazy")
INSTRUCTION_TYPES = ("descriptive", "lazy")
# Kinds of edit that change no behaviour: every test that passed before passes after, and no other.
KEEPING_KINDS = frozenset(
    ("refactoring", "typing", "documentation", "performance", "rename", "renaming")
)
# What ties a training row to its seeds and its reply; these travel from stage to stage.
TRACED_FIELDS = (
    "prompt_id",
    "sample_index",
    "model",
    "license",
    "repos",
    "old_file",
    "edit_kind",
    "split",
    "behaviour",
    "tests",
    "verification",
)


def find_text_field(row: Any, path: object) -> str:
    """Name the field of a file's first row that holds its text, or would hold it.

    PipelineError if the row has none of the known ones, or is no object.
    """
    if not isinstance(row, dict):
        raise PipelineError(f"{path}: a {type(row).__name__}; each record must be an object")
    known = [name for name in TEXT_FIELDS if name in row]
    filled = [name for name in known if text_of(row[name]) is not None]
    if not known:
        raise PipelineError(
            f"{path}: no field is known to hold the text (has: {', '.join(row)}); "
            "name it with --field"
        )
    return (filled or known)[0]


def text_of(value: Any) -> str | None:
    """Take the text of a field: a text, several, or the user's turns; None if there is none."""
    if isinstance(value, str):
        return value if value.strip() else None
    if not isinstance(value, list):
        return None
    return "\n".join(_texts(value)) or None


def _texts(values: Iterable[Any]) -> Iterable[str]:
    for value in values:
        if isinstance(value, dict):
            is_users = value.get("role", value.get("from")) in _USERS
            value = value.get("content", value.get("value")) if is_users else None
        if isinstance(value, str) and value.strip():
            yield value


def labels_of(value: Any) -> list[str]:
    """List the labels of a field: a text, a number or several of them; none of anything else."""
    found = value if isinstance(value, list) else [value]
    return [
        str(each)
        for each in found
        if isinstance(each, (str, int, float)) and str(each).strip() and not isinstance(each, bool)
    ]


def purified(field: str) -> str:
    """Name the cleaned form of a triplet's field."""
    return f"{field}_purify"


def traced(row: Row) -> Row:
    """Pick the traced fields that a row has."""
    return {field: row[field] for field in TRACED_FIELDS if field in row}


def first_empty_field(row: Row, fields: Iterable[str]) -> str | None:
    """Name the first of the fields that holds no text: empty, blank, null or no string."""
    for field in fields:
        if not isinstance(row[field], str) or not row[field].strip():
            return field
    return None


def text_id(*texts: str) -> str:
    """Hash texts into an id of 16 hex digits."""
    joined = "\x1f".join(texts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:16]


def with_prompt_ids(rows: Iterable[Row]) -> Iterator[Row]:
    """Give each row without a `prompt_id` the hash of its texts plus a repeat number.

    The repeat number keeps equal prompts of a foreign file apart: `3f…9a`, `3f…9a-2`, ...
    """
    seen: Counter[str] = Counter()
    for row in rows:
        if "prompt_id" in row:
            yield row
            continue
        base = text_id(str(row.get("system", "")), *round_texts(row))
        seen[base] += 1
        repeat = f"-{seen[base]}" if seen[base] > 1 else ""
        yield {"prompt_id": base + repeat, **row}


def round_texts(row: Row) -> list[str]:
    """List the user turns of a prompt; a plain string is a single round."""
    user = row["user"]
    return [str(text) for text in user] if isinstance(user, list) else [str(user)]


def is_unicode(text: str) -> bool:
    """Tell whether a text has a UTF-8 form; half a character, a lone surrogate, has none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
